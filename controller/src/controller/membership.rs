//! Changing who belongs to the quorum: learners that follow, voters that decide.
//!
//! All of it is asked of the active controller, which runs it beside the proposals: a member that is slow to catch up holds
//! up neither. What a change consists of is decided by [`super::admission`], which is pure.

use super::Controller;
use super::admission::{self, Admission, Change, Known, Newcomer};
use crate::ids::BrokerId;
use crate::raft::{Peer, RaftId, StateMachine, Types};
use openraft::{ChangeMembers, Instant, Raft};
use openraft_rt::WatchReceiver;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// A member that the leader heard within this time is alive.
const ALIVE: Duration = Duration::from_millis(1_000);

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
        let nodes = BTreeMap::from([(id, peer)]);
        self.change(ChangeMembers::AddNodes(nodes), true).await
    }

    /// Makes these members the voters; they must be learners or voters already. Voters that are not named leave.
    ///
    /// # Errors
    /// When this node is not the active controller, or another change is under way.
    pub async fn set_voters(&self, voters: BTreeSet<RaftId>) -> Result<(), MembershipError> {
        self.change(ChangeMembers::ReplaceAllVoters(voters), false)
            .await
    }

    /// Takes in a node that asks for it, or corrects what the quorum knows of it; what it was before under the same node id leaves. Says
    /// whether the node has become all that it asked for: if not, it asks again.
    ///
    /// # Errors
    /// When this node is not the active controller, another change is under way, or another process with this node id is alive.
    pub async fn admit(&self, newcomer: Newcomer) -> Result<bool, MembershipError> {
        match admission::decide(&self.known(), &newcomer) {
            Admission::Complete => Ok(true),
            Admission::Refused(why) => Err(MembershipError(why)),
            Admission::Change(change) => {
                let completes = change.completes;
                self.change(change_members(change), false).await?;
                Ok(completes)
            }
            Admission::CatchingUp => Ok(false),
        }
    }

    /// Has the voter of this id go on as a learner.
    ///
    /// # Errors
    /// As [`Controller::set_voters`]; also when it is no voter, or the last one.
    pub async fn remove_voter(&self, id: RaftId) -> Result<(), MembershipError> {
        let voters = BTreeSet::from([id]);
        self.change(ChangeMembers::RemoveVoters(voters), true).await
    }

    /// Makes a learner a voter.
    ///
    /// # Errors
    /// As [`Controller::set_voters`]; also when it is no learner.
    pub async fn add_voter(&self, id: RaftId) -> Result<(), MembershipError> {
        let voters = BTreeSet::from([id]);
        self.change(ChangeMembers::AddVoterIds(voters), true).await
    }

    /// Lets go of the learners of a node that is no longer registered.
    ///
    /// # Errors
    /// As [`Controller::set_voters`].
    pub async fn forget(&self, node: BrokerId) -> Result<(), MembershipError> {
        let known = self.known();
        let learners: BTreeSet<RaftId> = known
            .members
            .iter()
            .filter(|(id, member)| id.node == node && !member.votes)
            .map(|(id, _)| *id)
            .collect();
        if learners.is_empty() {
            return Ok(());
        }
        self.change(ChangeMembers::RemoveNodes(learners), false)
            .await
    }

    /// Founds the cluster, together with the others that do the same with the same members. Without effect on a node that has a log.
    ///
    /// # Errors
    /// When openraft has stopped.
    pub async fn initialize(&self, members: BTreeMap<RaftId, Peer>) -> Result<(), MembershipError> {
        let raft = self.raft.clone();
        self.on_runtime(async move {
            if raft.is_initialized().await.map_err(error)? {
                return Ok(());
            }
            raft.initialize(members).await.map_err(error)
        })
        .await
        .unwrap_or_else(stopped)
    }

    /// Has another voter take over, if this node leads and there is one that has caught up. Does not wait for it.
    pub async fn hand_over(&self) {
        let known = self.known();
        let me = self.id();
        let heir = known
            .members
            .iter()
            .filter(|(id, member)| **id != me && member.votes && member.is_alive)
            .max_by_key(|(_, member)| member.matched)
            .map(|(id, _)| *id);
        let (Some(heir), true) = (heir, self.quorum().leader == Some(me)) else {
            return;
        };
        let raft = self.raft.clone();
        let handed = self.on_runtime(async move { raft.trigger().transfer_leader(heir).await });
        // It fails only when openraft has stopped, and then there is nothing to hand over.
        drop(handed.await);
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

    /// The members as the leader sees them.
    fn known(&self) -> Known {
        known(&self.raft)
    }

    async fn change(
        &self,
        change: ChangeMembers<RaftId, Peer>,
        retain: bool,
    ) -> Result<(), MembershipError> {
        let raft = self.raft.clone();
        self.on_runtime(async move {
            raft.runtime_config().tick(true);
            let changed = raft.change_membership(change, retain).await;
            changed.map(drop).map_err(error)
        })
        .await
        .unwrap_or_else(stopped)
    }
}

/// The entry of a change that has taken its first step only: both configurations are in force, and each needs its majority.
pub(super) fn unfinished(raft: &Raft<Types, StateMachine>) -> Option<u64> {
    let metrics = raft.metrics().borrow_watched().clone();
    let config = &metrics.membership_config;
    let is_joint = config.membership().get_joint_config().len() > 1;
    config.log_id().map(|at| at.index).filter(|_| is_joint)
}

/// Takes the second step of a change whose leader went away after the first.
pub(super) async fn finish(raft: Raft<Types, StateMachine>) {
    let membership = raft.metrics().borrow_watched().membership_config.clone();
    let membership = membership.membership();
    let members = membership.nodes().map(|(id, _)| *id).collect();
    let retain = admission::keeps_leaving(membership.get_joint_config(), &members);
    let nothing_more = ChangeMembers::AddVoterIds(BTreeSet::new());
    match raft.change_membership(nothing_more, retain).await {
        Ok(_) => {
            tracing::info!("finished a change of the quorum's membership that was left halfway")
        }
        Err(error) => tracing::info!(%error, "a change of the quorum's membership is halfway"),
    }
}

fn known(raft: &Raft<Types, StateMachine>) -> Known {
    let metrics = raft.metrics().borrow_watched().clone();
    let membership = metrics.membership_config.membership();
    let voters: BTreeSet<RaftId> = membership.voter_ids().collect();
    let is_alive = |id: &RaftId| {
        let heard = metrics.heartbeat.as_ref().and_then(|heard| heard.get(id));
        *id == metrics.id
            || heard
                .and_then(Option::as_ref)
                .is_some_and(|at| at.elapsed() < ALIVE)
    };
    let matched = |id: &RaftId| {
        if *id == metrics.id {
            return metrics.last_log_index;
        }
        let replicated = metrics.replication.as_ref()?.get(id)?;
        replicated.as_ref().map(|last| last.index)
    };
    let members = membership.nodes().map(|(id, peer)| {
        let member = admission::Member {
            peer: peer.clone(),
            votes: voters.contains(id),
            is_alive: is_alive(id),
            matched: matched(id),
        };
        (*id, member)
    });
    Known {
        members: members.collect(),
        last: metrics.last_log_index,
    }
}

fn change_members(change: Change) -> ChangeMembers<RaftId, Peer> {
    let mut steps = Vec::new();
    if !change.leaving_voters.is_empty() {
        steps.push(ChangeMembers::RemoveVoters(change.leaving_voters));
    }
    if !change.leaving_learners.is_empty() {
        steps.push(ChangeMembers::RemoveNodes(change.leaving_learners));
    }
    if !change.nodes.is_empty() {
        steps.push(ChangeMembers::SetNodes(change.nodes));
    }
    if !change.new_voters.is_empty() {
        steps.push(ChangeMembers::AddVoterIds(change.new_voters));
    }
    ChangeMembers::Batch(steps)
}

fn stopped() -> Result<(), MembershipError> {
    Err(error(super::ProposeError::Stopped))
}

fn error(error: impl fmt::Display) -> MembershipError {
    MembershipError(error.to_string())
}
