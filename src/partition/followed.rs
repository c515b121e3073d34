//! Being followed: what a follower's fetch tells its leader, and the changes of the ISR that come of it.
//!
//! Guarantees: a fetch of one leader epoch counts in no other; one of an older process of the follower does not count at all
//! (KIP-903). Source: `Partition.updateFollowerFetchState`, `maybeShrinkIsr`, `submitAlterPartition`.

use std::sync::Arc;

use ottla_controller::ids::{BrokerEpoch, BrokerId};
use ottla_protocol::ErrorCode;
use ottla_storage::offset::{LeaderEpoch, Offset};

use super::isr::{Altered, Fate, Proposal};
use super::progress::{Fetched, FollowerProgress, LastFetch};
use super::replica::Partition;
use super::role::Role;

/// A follower that fetches.
#[derive(Clone, Debug)]
pub struct Fetcher {
    pub broker: BrokerId,
    /// `None` from one that does not say.
    pub broker_epoch: Option<BrokerEpoch>,
    pub session: Arc<LastFetch>,
}

/// What a follower says of one partition besides what it wants.
#[derive(Clone, Debug)]
pub struct Follow {
    pub fetcher: Fetcher,
    /// Where the follower's log starts.
    pub log_start: Offset,
    /// Whether this is how the request came, and not a second look for it.
    pub is_news: bool,
}

impl Partition {
    /// Whether a broker may fetch as a follower from a leader with this role (`Partition.followerReplicaOrThrow`).
    ///
    /// # Errors
    /// UNKNOWN_LEADER_EPOCH, or NOT_LEADER_OR_FOLLOWER when the request names no epoch, until the metadata names it here as well;
    /// NOT_LEADER_OR_FOLLOWER for an older process.
    pub(super) fn check_follower(
        &self,
        role: &Role,
        fetcher: &Fetcher,
        names_epoch: bool,
    ) -> Result<(), ErrorCode> {
        let is_follower = fetcher.broker != role.me && role.replicas.contains(&fetcher.broker);
        let standings = &self.replicating.standings;
        match is_follower {
            true if standings.is_stale(fetcher.broker, fetcher.broker_epoch) => {
                Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)
            }
            true => Ok(()),
            false if names_epoch => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
            false => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        }
    }

    /// A follower has asked for what comes after `offset`, when this log ended at `leader_end`: everything before is there.
    pub(super) fn followed(
        self: &Arc<Self>,
        epoch: LeaderEpoch,
        follow: &Follow,
        offset: Offset,
        leader_end: Offset,
    ) {
        let fetcher = &follow.fetcher;
        let standings = &self.replicating.standings;
        let (has_moved, proposal) = {
            let mut leading = self.steps.lock();
            let role = self.role();
            if !role.is_leader()
                || role.leader_epoch != epoch
                || standings.is_stale(fetcher.broker, fetcher.broker_epoch)
            {
                return;
            }
            let log_start = leading
                .follower(fetcher.broker)
                .map(|known| known.log_start);
            if log_start.is_some_and(|known| known != follow.log_start) {
                self.replicating.starts_moved.notify_waiters();
            }
            let end_moved = leading.fetched(
                fetcher.broker,
                Fetched {
                    offset,
                    log_start: follow.log_start,
                    leader_end,
                    broker_epoch: fetcher.broker_epoch,
                    now: self.directory().clock().elapsed(),
                    session: fetcher.session.clone(),
                },
            );
            let high_watermark = self.offsets().high_watermark;
            let proposal =
                leading.propose_to_expand(&role, fetcher.broker, high_watermark, standings);
            (end_moved && self.advance(&role, &mut leading), proposal)
        };
        if has_moved {
            self.directory().note_change();
            self.tell_subscribers();
        }
        if let Some(proposal) = proposal {
            tracing::info!(partition = %self, joins = %fetcher.broker, "a follower has caught up");
            self.replicating.proposals.submit(self, proposal);
        }
    }

    /// Proposes to take into the ISR whoever has caught up: for those that did so while they might not join, or while another change
    /// was under way, and that ask for nothing new since.
    pub fn expand_isr(self: &Arc<Self>) {
        let proposal = {
            let mut leading = self.steps.lock();
            let role = self.role.load();
            if leading.followers().len() < role.isr.len() {
                return;
            }
            let brokers: Vec<BrokerId> = role.replicas.to_vec();
            let high_watermark = self.offsets().high_watermark;
            let standings = &self.replicating.standings;
            brokers.into_iter().find_map(|broker| {
                leading.propose_to_expand(&role, broker, high_watermark, standings)
            })
        };
        if let Some(proposal) = proposal {
            self.replicating.proposals.submit(self, proposal);
        }
    }

    /// Proposes to take out of the ISR whoever has not caught up for longer than is allowed.
    pub(super) fn shrink_isr(self: &Arc<Self>) {
        let proposed = {
            let mut leading = self.steps.lock();
            if leading.followers().is_empty() {
                return;
            }
            let (role, end) = (self.role(), self.offsets().end);
            let conditions = self.conditions(&leading);
            leading.propose_to_shrink(&role, end, conditions)
        };
        let Some((proposal, late)) = proposed else {
            return;
        };
        let now = self.directory().clock().elapsed();
        for follower in late {
            let FollowerProgress { broker, end, .. } = follower;
            let lag_ms = follower.lag(now).map(|lag| lag.as_millis());
            tracing::warn!(partition = %self, %broker, %end, leader_end = %self.offsets().end, ?lag_ms, "a follower fell behind and leaves the ISR");
        }
        self.replicating.proposals.submit(self, proposal);
    }

    /// The controller has answered a proposal.
    pub fn isr_answered(
        self: &Arc<Self>,
        proposal: Proposal,
        answer: Result<Altered, ErrorCode>,
    ) -> Fate {
        let (fate, has_moved) = {
            let mut leading = self.steps.lock();
            let role = self.role();
            let (fate, next) = leading.answered(&role, &proposal, answer);
            let has_moved = next.is_some_and(|next| {
                let next = Arc::new(next);
                self.role.store(next.clone());
                self.advance(&next, &mut leading)
            });
            (fate, has_moved)
        };
        tracing::debug!(partition = %self, ?proposal, ?fate, "the controller answered");
        if has_moved {
            self.directory().note_change();
            self.tell_subscribers();
        }
        if matches!(fate, Fate::Adopted(_)) {
            self.expand_isr();
        }
        fate
    }

    /// The least log start among this leader and its living followers (`Partition.lowWatermarkIfLeader`).
    pub fn low_watermark(&self) -> Offset {
        let own = self.offsets().start;
        let standings = &self.replicating.standings;
        self.steps.lock().low_watermark(own, standings)
    }

    /// How many count as in sync: with the one that is joining, and without taking anybody out.
    pub(super) fn maximal_isr_len(&self) -> usize {
        let leading = self.steps.lock();
        leading.maximal_isr_len(&self.role.load())
    }
}
