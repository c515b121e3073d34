//! Taking over from a leader whose process is known to be gone, without waiting until its lease has run out.
//!
//! Electing is what it is in raft: a quorum's votes, in a later term, for a log that is not behind. Only the leases that protect a living leader
//! from being disturbed are passed over, as they are when it hands over itself (Raft dissertation, 4.2.3). Voters stand in turn, by their
//! ids, so that they do not take each other's votes.

use super::Controller;
use crate::raft::{RaftId, Runtime, StateMachine, Types};
use openraft::Raft;
use openraft::raft::TransferLeaderRequest;
use openraft_rt::{AsyncRuntime, WatchReceiver};
use std::time::Duration;

/// How much later each next voter stands. An election takes two syncs and a round trip.
const TURN: Duration = Duration::from_millis(80);
/// How often this node stands before it leaves the matter to the election timeout.
const ATTEMPTS: u32 = 3;

impl Controller {
    /// Stands for election because the process of the leader `gone` has ended. Resolves when another leads, or after a few attempts.
    pub async fn succeed(&self, gone: RaftId) {
        let (raft, me) = (self.raft.clone(), self.id());
        // It answers nothing when the controller has stopped, and then there is nothing to lead.
        self.on_runtime(async move { succeed(&raft, me, gone).await })
            .await;
    }
}

async fn succeed(raft: &Raft<Types, StateMachine>, me: RaftId, gone: RaftId) {
    for attempt in 0..ATTEMPTS {
        let metrics = raft.metrics().borrow_watched().clone();
        let membership = metrics.membership_config.membership().clone();
        let mut living = membership.voter_ids().filter(|voter| *voter != gone);
        let Some(turn) = living.position(|voter| voter == me) else {
            return;
        };
        let turns = u32::try_from(turn).unwrap_or(0)
            + attempt * (1 + u32::try_from(living.count() + turn).unwrap_or(0));
        Runtime::sleep(TURN * turns).await;
        let metrics = raft.metrics().borrow_watched().clone();
        if metrics.current_leader.is_some_and(|leader| leader != gone) {
            return;
        }
        if attempt == 0 && metrics.vote.leader_id.voted_for != gone {
            // Another stands already.
            continue;
        }
        let request = TransferLeaderRequest::new(metrics.vote, me, None);
        // It is refused when another vote has come in between, which the next attempt looks at.
        let stood = raft.handle_transfer_leader(request).await;
        if stood.is_err() {
            return;
        }
    }
}
