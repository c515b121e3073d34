//! BrokerHeartbeat (63): a broker is alive, asks to be unfenced, or to leave (KIP-631); and what its silence means.
//!
//! ```text
//!            caught up with its registration          wants to shut down and leads something
//!   fenced ───────────────────────────────▶ unfenced ──────────────────────────────────────▶ shutting down
//!      ▲                                      │  │ wants to shut down, leads nothing             │ nothing led any more, and
//!      └──── silent, or wants to be fenced ───┘  └───────────────────▶ may go ◀──────────────────┘ all others know it
//! ```

use super::Refusal;
use super::draft::Draft;
use super::fencing::{fence, lose_directories, registration_change, start_shutdown, unfence};
use super::rules::ConfigRules;
use crate::ids::{BrokerEpoch, BrokerId, MetadataOffset};
use crate::image::{Broker, Image};
use crate::liveness::Liveness;
use crate::outcome::Outcome;
use ottla_protocol::messages::broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
use ottla_protocol::records::metadata::MetadataRecord;
use ottla_protocol::{ErrorCode, Uuid};
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Fenced,
    Unfenced,
    ShuttingDown,
    MayGo,
}

/// Decides a heartbeat: first what it says of the broker's directories, then what the broker may do. `now` is the time that [`Liveness`] goes by.
pub fn broker_heartbeat(
    image: &Image,
    rules: &dyn ConfigRules,
    liveness: &mut Liveness,
    request: &BrokerHeartbeatRequest,
    now: Duration,
) -> Outcome<BrokerHeartbeatResponse> {
    let id = BrokerId(request.broker_id);
    let broker = match registered(image, request.broker_id, request.broker_epoch) {
        Ok(broker) => broker,
        Err(refusal) => {
            let response = BrokerHeartbeatResponse {
                error_code: refusal.code,
                ..Default::default()
            };
            return Outcome::unchanged(response);
        }
    };
    let offset = MetadataOffset(request.current_metadata_offset);
    let is_caught_up = offset.0 >= broker.epoch.0;
    let mut draft = Draft::new(image);
    draft.add(directory_changes(image, rules, broker, request));
    let broker = &**draft.image.brokers.get(id).expect("found above");
    let next = next_standing(&draft.image, liveness, broker, request, is_caught_up);
    let moves = standing_changes(&draft.image, rules, broker, next);
    draft.add(moves);
    liveness.hear(id, offset, now);
    if next == Standing::ShuttingDown {
        liveness.start_shutdown(id, draft.image.offset);
    }
    if next == Standing::MayGo {
        liveness.forget(id);
    }
    let response = BrokerHeartbeatResponse {
        is_caught_up,
        is_fenced: matches!(next, Standing::Fenced | Standing::MayGo),
        should_shut_down: next == Standing::MayGo,
        ..Default::default()
    };
    Outcome {
        records: draft.records,
        response,
    }
}

/// Fences the brokers whose session ended: one at a time, so that each election sees the one before.
pub fn fence_silent_broker(
    image: &Image,
    rules: &dyn ConfigRules,
    liveness: &mut Liveness,
    now: Duration,
) -> Outcome<Option<BrokerId>> {
    let Some(silent) = liveness.silent(image, now).first().copied() else {
        return Outcome::unchanged(None);
    };
    liveness.forget(silent);
    let broker = image
        .brokers
        .get(silent)
        .expect("silent brokers are looked up in the image");
    Outcome {
        records: fence(image, rules, broker),
        response: Some(silent),
    }
}

/// Fences a broker whose process is known to have ended, if it is still this incarnation that serves. Says whether it did.
pub fn fence_gone_broker(
    image: &Image,
    rules: &dyn ConfigRules,
    liveness: &mut Liveness,
    id: BrokerId,
    epoch: BrokerEpoch,
) -> Outcome<bool> {
    let serving = image.brokers.get(id);
    match serving.filter(|broker| broker.epoch == epoch && !broker.fenced) {
        Some(broker) => {
            liveness.forget(id);
            Outcome {
                records: fence(image, rules, broker),
                response: true,
            }
        }
        None => Outcome::unchanged(false),
    }
}

/// The broker with this id and epoch; BROKER_ID_NOT_REGISTERED or STALE_BROKER_EPOCH otherwise.
pub(super) fn registered(image: &Image, id: i32, epoch: i64) -> Result<&Broker, Refusal> {
    let (id, epoch) = (BrokerId(id), BrokerEpoch(epoch));
    let Some(broker) = image.brokers.get(id) else {
        let message = format!("No broker registration found for broker id {id}");
        return Err(Refusal::new(ErrorCode::BROKER_ID_NOT_REGISTERED, message));
    };
    if broker.epoch != epoch {
        let known = broker.epoch;
        let message = format!("Expected broker epoch {epoch} but found {known} for broker id {id}");
        return Err(Refusal::new(ErrorCode::STALE_BROKER_EPOCH, message));
    }
    Ok(broker)
}

fn standing(broker: &Broker) -> Standing {
    if broker.fenced {
        Standing::Fenced
    } else if broker.in_controlled_shutdown {
        Standing::ShuttingDown
    } else {
        Standing::Unfenced
    }
}

fn next_standing(
    image: &Image,
    liveness: &Liveness,
    broker: &Broker,
    request: &BrokerHeartbeatRequest,
    is_caught_up: bool,
) -> Standing {
    match standing(broker) {
        Standing::Fenced if request.want_shut_down => Standing::MayGo,
        Standing::Fenced if !request.want_fence && is_caught_up => Standing::Unfenced,
        Standing::Fenced => Standing::Fenced,
        Standing::Unfenced if request.want_fence && request.want_shut_down => Standing::MayGo,
        Standing::Unfenced if request.want_fence => Standing::Fenced,
        Standing::Unfenced if !request.want_shut_down => Standing::Unfenced,
        Standing::Unfenced if image.topics.has_leaderships(broker.id) => Standing::ShuttingDown,
        Standing::ShuttingDown if image.topics.has_leaderships(broker.id) => Standing::ShuttingDown,
        Standing::ShuttingDown if !liveness.may_leave(image, broker.id) => Standing::ShuttingDown,
        Standing::Unfenced | Standing::ShuttingDown | Standing::MayGo => Standing::MayGo,
    }
}

fn standing_changes(
    image: &Image,
    rules: &dyn ConfigRules,
    broker: &Broker,
    next: Standing,
) -> Vec<MetadataRecord> {
    if standing(broker) == next {
        return Vec::new();
    }
    match next {
        Standing::Fenced | Standing::MayGo => fence(image, rules, broker),
        Standing::Unfenced => unfence(image, rules, broker),
        Standing::ShuttingDown => start_shutdown(image, rules, broker),
    }
}

/// Directories that went offline since the registration, with what lay in them, and directories that take no more replicas
/// (KIP-1066). The last directory is not reported this way: its broker stops.
fn directory_changes(
    image: &Image,
    rules: &dyn ConfigRules,
    broker: &Broker,
    request: &BrokerHeartbeatRequest,
) -> Vec<MetadataRecord> {
    let (lost, online): (Vec<Uuid>, Vec<Uuid>) = broker
        .log_dirs
        .iter()
        .copied()
        .partition(|known| request.offline_log_dirs.contains(known));
    let cordoned = request
        .cordoned_log_dirs
        .as_ref()
        .map(|dirs| dirs.iter().copied().collect::<BTreeSet<Uuid>>());
    let recordoned = cordoned.filter(|now| {
        let before = broker.cordoned_log_dirs.as_deref().unwrap_or_default();
        !now.iter().eq(before)
    });
    if lost.is_empty() && recordoned.is_none() {
        return Vec::new();
    }
    let mut records = lose_directories(image, rules, broker, &lost);
    records.push(registration_change(broker.id, broker.epoch, |change| {
        if !lost.is_empty() {
            change.log_dirs = online;
        }
        change.cordoned_log_dirs = recordoned.map(|dirs| dirs.into_iter().collect());
    }));
    records
}
