//! BrokerRegistration (62): a broker's process introduces itself and gets its epoch (KIP-631, KIP-858, KIP-966).
//!
//! A new incarnation is registered fenced. Unless it proves by the previous epoch that it shut down cleanly, and in
//! directories that it had before, it leaves every ISR and ELR in the same decision. The same incarnation may amend its
//! registration and keeps its epoch.

use super::Refusal;
use super::fencing::{Event, partition_changes};
use super::rules::ConfigRules;
use crate::ids::{BrokerId, MetadataOffset, directory};
use crate::image::{Broker, Image, METADATA_VERSION, VersionRange};
use crate::liveness::Liveness;
use crate::outcome::Outcome;
use ottla_protocol::messages::broker_registration::{
    BrokerRegistrationRequest, BrokerRegistrationResponse, Feature, Listener,
};
use ottla_protocol::records::metadata::{
    BrokerEndpoint, BrokerFeature, MetadataRecord, RegisterBrokerRecord,
};
use ottla_protocol::{ErrorCode, Uuid};
use std::collections::BTreeSet;
use std::time::Duration;

/// Decides a registration. `now` is the time that [`Liveness`] goes by.
pub fn register_broker(
    image: &Image,
    rules: &dyn ConfigRules,
    liveness: &mut Liveness,
    request: &BrokerRegistrationRequest,
    now: Duration,
) -> Outcome<BrokerRegistrationResponse> {
    match register(image, rules, liveness, request, now) {
        Ok((records, broker_epoch)) => {
            let response = BrokerRegistrationResponse {
                broker_epoch,
                ..Default::default()
            };
            Outcome { records, response }
        }
        Err(refusal) => Outcome::unchanged(BrokerRegistrationResponse {
            error_code: refusal.code,
            ..Default::default()
        }),
    }
}

fn register(
    image: &Image,
    rules: &dyn ConfigRules,
    liveness: &mut Liveness,
    request: &BrokerRegistrationRequest,
    now: Duration,
) -> Result<(Vec<MetadataRecord>, i64), Refusal> {
    let id = BrokerId(request.broker_id);
    let existing = image.brokers.get(id);
    if image.cluster_id.as_deref() != Some(&*request.cluster_id) {
        let known = image.cluster_id.as_deref().unwrap_or_default();
        let message = format!(
            "Expected cluster ID {known}, but got cluster ID {}",
            request.cluster_id
        );
        return Err(Refusal::new(ErrorCode::INCONSISTENT_CLUSTER_ID, message));
    }
    let amended = existing.filter(|broker| broker.incarnation == request.incarnation_id);
    let lives = |broker: &Broker| !is_gone(broker, request) && liveness.has_session(broker, now);
    if amended.is_none() && existing.is_some_and(|existing| lives(existing)) {
        let message = "Another broker is registered with that broker id.";
        return Err(Refusal::new(
            ErrorCode::DUPLICATE_BROKER_REGISTRATION,
            message,
        ));
    }
    check_directories(image, id, &request.log_dirs)?;
    check_features(image, &request.features)?;
    let mut records = Vec::new();
    let mut record = record(request);
    if let Some(existing) = amended {
        record.fenced = existing.fenced;
        record.in_controlled_shutdown = existing.in_controlled_shutdown;
        record.broker_epoch = existing.epoch.0;
    } else {
        if let Some(existing) = existing {
            let clean = shut_down_cleanly(existing, request);
            let event = if clean {
                Event::Leaves(id)
            } else {
                Event::LostItsTail(id)
            };
            records = partition_changes(image, rules, event);
            liveness.forget(id);
        }
        // The epoch is the offset that this very record will have.
        let before = i64::try_from(records.len()).expect("fewer records than partitions");
        record.broker_epoch = image.offset.0 + 1 + before;
    }
    let epoch = record.broker_epoch;
    records.push(MetadataRecord::RegisterBroker(record));
    liveness.hear(id, MetadataOffset::NONE, now);
    Ok((records, epoch))
}

/// A process holds the lock of each of its directories, so one that comes from such a directory is evidence that the process
/// before it has ended: it need not wait for a session to run out, as in Kafka (architecture 11).
fn is_gone(existing: &Broker, request: &BrokerRegistrationRequest) -> bool {
    existing
        .log_dirs
        .iter()
        .any(|directory| request.log_dirs.contains(directory))
}

/// The previous epoch is only known to a broker that wrote it on its way out, into every directory that it still has.
fn shut_down_cleanly(existing: &Broker, request: &BrokerRegistrationRequest) -> bool {
    let kept = existing
        .log_dirs
        .iter()
        .all(|directory| request.log_dirs.contains(directory));
    kept && request.previous_broker_epoch == existing.epoch.0
}

fn check_directories(image: &Image, id: BrokerId, directories: &[Uuid]) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::new(ErrorCode::INVALID_REGISTRATION, message));
    if directories.is_empty() {
        return refuse("No directories specified in request".to_owned());
    }
    if directories.iter().copied().any(directory::is_reserved) {
        return refuse("Reserved directory ID in request".to_owned());
    }
    let distinct: BTreeSet<&Uuid> = directories.iter().collect();
    if distinct.len() != directories.len() {
        return refuse("Duplicate directory ID in request".to_owned());
    }
    for other in image.brokers.iter().filter(|other| other.id != id) {
        if let Some(shared) = other
            .log_dirs
            .iter()
            .find(|directory| distinct.contains(directory))
        {
            return refuse(format!(
                "Broker {} is already registered with directory {shared}",
                other.id
            ));
        }
    }
    Ok(())
}

/// Every finalised level must be in the range that the broker supports; a feature it does not name it supports at 0.
fn check_features(image: &Image, features: &[Feature]) -> Result<(), Refusal> {
    for (name, finalized) in image.features.iter() {
        let named = features.iter().find(|feature| *feature.name == **name);
        let range = match named {
            Some(feature) => VersionRange {
                min: feature.min_supported_version,
                max: feature.max_supported_version,
            },
            None if &**name == METADATA_VERSION => VersionRange { min: 1, max: 1 },
            None => VersionRange { min: 0, max: 0 },
        };
        if !range.contains(finalized) {
            let message = format!(
                "Unable to register because the broker does not support finalized version {finalized} of {name}. The \
                 broker wants a version between {} and {}, inclusive.",
                range.min, range.max
            );
            return Err(Refusal::new(ErrorCode::UNSUPPORTED_VERSION, message));
        }
    }
    Ok(())
}

fn record(request: &BrokerRegistrationRequest) -> RegisterBrokerRecord {
    let endpoint = |listener: &Listener| BrokerEndpoint {
        name: listener.name.clone(),
        host: listener.host.clone(),
        port: listener.port,
        security_protocol: listener.security_protocol,
        ..Default::default()
    };
    let feature = |feature: &Feature| BrokerFeature {
        name: feature.name.clone(),
        min_supported_version: feature.min_supported_version,
        max_supported_version: feature.max_supported_version,
        ..Default::default()
    };
    RegisterBrokerRecord {
        broker_id: request.broker_id,
        incarnation_id: request.incarnation_id,
        end_points: request.listeners.iter().map(endpoint).collect(),
        features: request.features.iter().map(feature).collect(),
        rack: request.rack.clone(),
        fenced: true,
        log_dirs: request.log_dirs.clone(),
        ..Default::default()
    }
}
