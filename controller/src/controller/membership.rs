//! Changing who belongs to the quorum: learners that follow, voters that decide.
//!
//! All of it is asked of the active controller, which runs it beside the proposals: a member that is slow to catch up holds
//! up neither.

use super::Controller;
use crate::raft::{Peer, RaftId};
use std::collections::BTreeSet;
use std::fmt;

/// Why the membership was not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipError(pub String);

impl fmt::Display for MembershipError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for MembershipError {}

impl Controller {
    /// Takes in a member that follows and does not vote. Does not wait until it has caught up.
    ///
    /// # Errors
    /// When this node is not the active controller, or another change is under way.
    pub async fn add_learner(&self, id: RaftId, peer: Peer) -> Result<(), MembershipError> {
        let raft = self.raft.clone();
        self.on_runtime(async move {
            raft.runtime_config().tick(true);
            raft.add_learner(id, peer, false)
                .await
                .map(drop)
                .map_err(error)
        })
        .await
        .unwrap_or_else(stopped)
    }

    /// Makes these members the voters; they must be learners or voters already. Voters that are not named leave.
    ///
    /// # Errors
    /// When this node is not the active controller, or another change is under way.
    pub async fn set_voters(&self, voters: BTreeSet<RaftId>) -> Result<(), MembershipError> {
        let raft = self.raft.clone();
        self.on_runtime(async move {
            raft.runtime_config().tick(true);
            raft.change_membership(voters, false)
                .await
                .map(drop)
                .map_err(error)
        })
        .await
        .unwrap_or_else(stopped)
    }

    /// Asks for a snapshot now. Does not wait for it.
    ///
    /// # Errors
    /// When the controller has stopped.
    pub async fn snapshot(&self) -> Result<(), MembershipError> {
        let raft = self.raft.clone();
        self.on_runtime(async move { raft.trigger().snapshot().await.map_err(error) })
            .await
            .unwrap_or_else(stopped)
    }
}

fn stopped() -> Result<(), MembershipError> {
    Err(error(super::ProposeError::Stopped))
}

fn error(error: impl fmt::Display) -> MembershipError {
    MembershipError(error.to_string())
}
