//! AddRaftVoter (key 80), versions 0-1 (KIP-853): a node that follows the metadata becomes a voter of its quorum.
//!
//! v1 may ask for an answer before the change is committed; here it always is. The node has joined as a learner by itself before; where it
//! listens is what it said then, not what the request says.

use super::raft_voters::{self, Change, Refused};
use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::controller::{MemberStatus, QuorumStatus};
use ottla_controller::raft::RaftId;
use ottla_protocol::messages::add_raft_voter::{AddRaftVoterRequest, AddRaftVoterResponse};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;
use std::time::Duration;

/// How many entries a learner may lack: the rest comes with the change that makes it a voter.
const CAUGHT_UP_ENTRIES: u64 = 100;
/// Between two looks at a learner that is catching up.
const RETRY: Duration = Duration::from_millis(50);
/// A request waits no longer than this, whatever it asks.
const WAIT_MAX: Duration = Duration::from_secs(60);

pub struct AddRaftVoter;

impl Api for AddRaftVoter {
    type Request = AddRaftVoterRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const NEEDS: Needs = &[(Operation::Alter, ResourceType::Cluster)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: AddRaftVoterRequest,
    ) -> Reply<AddRaftVoterResponse> {
        Reply::later(async move {
            let refused = add(&context, &meta, &request).await.err();
            let error_code = refused.as_ref().map_or(ErrorCode::NONE, |it| it.code);
            AddRaftVoterResponse {
                error_code,
                error_message: refused.map(|it| Str::from(it.message)),
                ..Default::default()
            }
        })
    }
}

async fn add(context: &Context, meta: &Meta, request: &AddRaftVoterRequest) -> Result<(), Refused> {
    let caller = context.caller(meta);
    let may = caller.may(Operation::Alter, Resource::Cluster);
    may.map_err(|error| Refused::new(error, error.message()))?;
    let id = raft_voters::id(request.voter_id, request.voter_directory_id);
    let cluster_id = request.cluster_id.as_deref();
    raft_voters::check_cluster(&context.metadata.image(), cluster_id)?;
    raft_voters::check_dynamic(&context.config.quorum.founding)?;
    check(&raft_voters::led_here(context)?, id, request)?;
    let asked = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
    let caught_up = async {
        while !has_caught_up(&context.controller.quorum(), id) {
            tokio::time::sleep(RETRY).await;
        }
    };
    let waited = tokio::time::timeout(asked.min(WAIT_MAX), caught_up).await;
    waited.map_err(|_| {
        let message = format!(
            "New voter {} is not ready to receive requests",
            raft_voters::name(id)
        );
        Refused::new(ErrorCode::REQUEST_TIMED_OUT, message)
    })?;
    raft_voters::change(context, Change::Add(id)).await
}

fn check(status: &QuorumStatus, id: RaftId, request: &AddRaftVoterRequest) -> Result<(), Refused> {
    raft_voters::check_id(id, "Add voter request didn't include a valid voter")?;
    if request.listeners.is_empty() {
        let message = "Add voter request didn't include the endpoint for the default listener";
        return Err(Refused::new(ErrorCode::INVALID_REQUEST, message));
    }
    if status.voters.iter().any(|voter| voter.id.node == id.node) {
        let message = format!(
            "The voter id for {} is already part of the set of voters {}.",
            raft_voters::name(id),
            raft_voters::names(status)
        );
        return Err(Refused::new(ErrorCode::DUPLICATE_VOTER, message));
    }
    Ok(())
}

fn has_caught_up(status: &QuorumStatus, id: RaftId) -> bool {
    let is_near = |learner: &MemberStatus| {
        let end = learner.end.unwrap_or(0);
        end > 0 && end + CAUGHT_UP_ENTRIES >= status.high_watermark
    };
    let mut learners = status.observers.iter();
    learners.any(|learner| learner.id == id && is_near(learner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::Uuid;
    use ottla_protocol::messages::add_raft_voter::Listener;

    fn member(node: i32, end: Option<u64>) -> MemberStatus {
        MemberStatus {
            id: raft_voters::id(node, Uuid([7; 16])),
            end,
            ..Default::default()
        }
    }

    #[test]
    fn a_learner_votes_only_when_it_has_nearly_everything() {
        for (end, expected) in [(None, false), (Some(800), false), (Some(950), true)] {
            let status = QuorumStatus {
                high_watermark: 1000,
                voters: vec![member(1, Some(1000))],
                observers: vec![member(2, end)],
                ..Default::default()
            };
            let id = raft_voters::id(2, Uuid([7; 16]));
            assert_eq!(has_caught_up(&status, id), expected, "{end:?}");
            let elsewhere = raft_voters::id(2, Uuid([8; 16]));
            assert!(!has_caught_up(&status, elsewhere), "another directory");
        }
    }

    #[test]
    fn a_voter_in_another_directory_is_a_duplicate() {
        let status = QuorumStatus {
            voters: vec![member(1, None)],
            ..Default::default()
        };
        let request = AddRaftVoterRequest {
            listeners: vec![Listener::default()],
            ..Default::default()
        };
        let again = check(&status, raft_voters::id(1, Uuid([8; 16])), &request);
        assert_eq!(again.unwrap_err().code, ErrorCode::DUPLICATE_VOTER);
        assert!(check(&status, raft_voters::id(2, Uuid([8; 16])), &request).is_ok());
        let nowhere = check(&status, raft_voters::id(2, Uuid::ZERO), &request);
        assert_eq!(nowhere.unwrap_err().code, ErrorCode::INVALID_REQUEST);
    }
}
