//! The state of the metadata quorum, as DescribeQuorum and the metrics show it.

use crate::raft::{DecidedMembers, Peer, RaftId, StateMachine, Types};
use openraft::{Instant, Raft};
use openraft_rt::WatchReceiver;
use std::time::Duration;

/// The quorum as this node knows it. Indexes are the raft log's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuorumStatus {
    pub leader: Option<RaftId>,
    /// The raft term: Kafka's leader epoch.
    pub term: u64,
    /// The index after the last entry known to be committed: Kafka's high watermark.
    pub high_watermark: u64,
    /// Those on whose votes the cluster may count: a voter whose taking in is not committed is an observer still.
    pub voters: Vec<MemberStatus>,
    pub observers: Vec<MemberStatus>,
    /// This node has no log: it has never belonged to a quorum.
    pub is_empty: bool,
    /// openraft has stopped on this node.
    pub is_stopped: bool,
}

/// One member of the quorum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberStatus {
    pub id: RaftId,
    pub peer: Peer,
    /// The index after the last entry that it is known to have; `None` where only the leader knows.
    pub end: Option<u64>,
    /// How long ago the leader heard it last; `None` where only the leader knows, and of the leader itself.
    pub heard_ago: Option<Duration>,
}

pub(super) fn status(raft: &Raft<Types, StateMachine>, decided: &DecidedMembers) -> QuorumStatus {
    let metrics = raft.metrics().borrow_watched().clone();
    let membership = metrics.membership_config.membership().clone();
    let end_of = |id: RaftId| {
        if id == metrics.id {
            return metrics.last_log_index.map(|last| last + 1);
        }
        let replicated = metrics.replication.as_ref()?.get(&id)?;
        replicated.as_ref().map(|last| last.index + 1)
    };
    let heard_ago = |id: RaftId| {
        let heard = metrics.heartbeat.as_ref()?.get(&id)?.as_ref()?;
        Some(heard.elapsed()).filter(|_| id != metrics.id)
    };
    let member = |id: RaftId| MemberStatus {
        id,
        peer: membership.get_node(&id).cloned().unwrap_or_default(),
        end: end_of(id),
        heard_ago: heard_ago(id),
    };
    let decided = decided.voters();
    let leader = metrics.current_leader;
    let is_decided =
        |id: &RaftId| decided.is_empty() || decided.contains(id) || leader == Some(*id);
    let (voters, coming): (Vec<RaftId>, Vec<RaftId>) = membership.voter_ids().partition(is_decided);
    let observers = coming.into_iter().chain(membership.learner_ids());
    QuorumStatus {
        leader,
        term: metrics.current_term,
        high_watermark: metrics
            .local_committed
            .map_or(0, |committed| committed.index + 1),
        voters: voters.into_iter().map(member).collect(),
        observers: observers.map(member).collect(),
        is_empty: metrics.last_log_index.is_none() && metrics.snapshot.is_none(),
        is_stopped: metrics.running_state.is_err(),
    }
}
