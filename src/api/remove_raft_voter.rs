//! RemoveRaftVoter (key 81), version 0 (KIP-853): a voter of the metadata quorum votes no more, and follows as a learner. The
//! last one cannot go.

use super::raft_voters::{self, Change, Refused};
use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::controller::QuorumStatus;
use ottla_controller::raft::RaftId;
use ottla_protocol::messages::remove_raft_voter::{
    RemoveRaftVoterRequest, RemoveRaftVoterResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

pub struct RemoveRaftVoter;

impl Api for RemoveRaftVoter {
    type Request = RemoveRaftVoterRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const NEEDS: Needs = &[(Operation::Alter, ResourceType::Cluster)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: RemoveRaftVoterRequest,
    ) -> Reply<RemoveRaftVoterResponse> {
        Reply::later(async move {
            let refused = remove(&context, &meta, &request).await.err();
            let error_code = refused.as_ref().map_or(ErrorCode::NONE, |it| it.code);
            RemoveRaftVoterResponse {
                error_code,
                error_message: refused.map(|it| Str::from(it.message)),
                ..Default::default()
            }
        })
    }
}

async fn remove(
    context: &Context,
    meta: &Meta,
    request: &RemoveRaftVoterRequest,
) -> Result<(), Refused> {
    let caller = context.caller(meta);
    let may = caller.may(Operation::Alter, Resource::Cluster);
    may.map_err(|error| Refused::new(error, error.message()))?;
    let id = raft_voters::id(request.voter_id, request.voter_directory_id);
    let cluster_id = request.cluster_id.as_deref();
    raft_voters::check_cluster(&context.metadata.image(), cluster_id)?;
    raft_voters::check_dynamic(&context.config.quorum.founding)?;
    check(&raft_voters::led_here(context)?, id)?;
    raft_voters::change(context, Change::Remove(id)).await
}

fn check(status: &QuorumStatus, id: RaftId) -> Result<(), Refused> {
    raft_voters::check_id(id, "Remove voter request didn't include a valid voter")?;
    let votes = status.voters.iter().any(|voter| voter.id == id);
    if votes && status.voters.len() > 1 {
        return Ok(());
    }
    let message = format!(
        "Cannot remove voter {} from the set of voters {}",
        raft_voters::name(id),
        raft_voters::names(status)
    );
    Err(Refused::new(ErrorCode::VOTER_NOT_FOUND, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_controller::controller::MemberStatus;
    use ottla_protocol::Uuid;

    #[test]
    fn the_last_voter_and_another_directory_are_not_found() {
        let id = |node| raft_voters::id(node, Uuid([7; 16]));
        let voter = |node| MemberStatus {
            id: id(node),
            ..Default::default()
        };
        let mut status = QuorumStatus {
            voters: vec![voter(1)],
            ..Default::default()
        };
        let code = |status: &QuorumStatus, id| check(status, id).err().map(|it| it.code);
        assert_eq!(code(&status, id(1)), Some(ErrorCode::VOTER_NOT_FOUND));
        status.voters.push(voter(2));
        assert_eq!(code(&status, id(1)), None);
        let elsewhere = raft_voters::id(1, Uuid([8; 16]));
        assert_eq!(code(&status, elsewhere), Some(ErrorCode::VOTER_NOT_FOUND));
        assert_eq!(code(&status, id(-1)), Some(ErrorCode::INVALID_REQUEST));
    }
}
