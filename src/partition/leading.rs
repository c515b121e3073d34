//! What a leader keeps beside its log: how far each follower has come, and the ISR it has asked for. Pure.
//!
//! Guarantees: followers are exactly the other replicas of the role; a proposal lives no longer than the role it was made for. A
//! partition without followers owns no memory here. The owner's lock makes its changes one at a time.

use std::time::Duration;

use ottla_controller::ids::BrokerId;
use ottla_storage::offset::Offset;

use super::high_watermark::Position;
use super::isr::{self, Altered, Fate, Member, Proposal};
use super::progress::{Fetched, FollowerProgress};
use super::role::Role;
use super::standings::Standings;
use ottla_protocol::ErrorCode;

/// See the module.
#[derive(Debug)]
pub struct Leading {
    followers: Vec<FollowerProgress>,
    proposal: Option<Box<Proposal>>,
    /// The leader's end when the followers were last looked at.
    end: Offset,
}

/// What the rules depend on besides.
#[derive(Clone, Copy, Debug)]
pub struct Conditions<'a> {
    pub now: Duration,
    /// `replica.lag.time.max.ms`.
    pub lag_max: Duration,
    pub standings: &'a Standings,
}

impl Leading {
    pub fn none() -> Self {
        Self {
            followers: Vec::new(),
            proposal: None,
            end: Offset::ZERO,
        }
    }

    /// Takes on a role. `before` is the one that it replaces (`Partition.makeLeader`, `makeFollower`).
    pub fn take_role(&mut self, role: &Role, before: &Role, now: Duration) {
        self.proposal = None;
        if !role.is_leader() {
            self.followers = Vec::new();
            return;
        }
        let others = role.replicas.iter().filter(|broker| **broker != role.me);
        let (is_new_leader, is_new_epoch) = (
            !before.is_leader(),
            role.leader_epoch != before.leader_epoch,
        );
        let known = std::mem::take(&mut self.followers);
        let follow = |broker: &BrokerId| {
            let is_in_sync = role.isr.contains(broker);
            let known = known.iter().find(|follower| follower.broker == *broker);
            match known.filter(|_| !is_new_leader) {
                None => FollowerProgress::unknown(*broker, is_in_sync, now),
                Some(known) => {
                    let mut follower = known.clone();
                    if is_new_epoch {
                        follower.renew(role.epoch_start, is_in_sync, now);
                    } else if before.isr.contains(broker) && !is_in_sync {
                        follower.forget_times();
                    }
                    follower
                }
            }
        };
        self.followers = others.map(follow).collect();
    }

    pub fn follower(&self, broker: BrokerId) -> Option<&FollowerProgress> {
        self.followers
            .iter()
            .find(|follower| follower.broker == broker)
    }

    pub fn followers(&self) -> &[FollowerProgress] {
        &self.followers
    }

    /// A follower has fetched. Returns whether its end moved, which may move the high watermark.
    pub fn fetched(&mut self, broker: BrokerId, fetched: Fetched) -> bool {
        let known = self
            .followers
            .iter_mut()
            .find(|follower| follower.broker == broker);
        let Some(follower) = known else { return false };
        let before = follower.end;
        follower.fetched(fetched);
        follower.end != before
    }

    /// The leader's log ends here now. Returns whether that is news to a follower.
    pub fn end_is(&mut self, end: Offset) -> bool {
        let has_grown = end > self.end;
        if has_grown {
            for follower in &mut self.followers {
                follower.end_moved_from(self.end);
            }
        }
        self.end = end;
        has_grown && !self.followers.is_empty()
    }

    /// Whether the high watermark waits for this broker: in the maximal ISR.
    pub fn is_in_maximal_isr(&self, role: &Role, broker: BrokerId) -> bool {
        role.isr.contains(&broker) || self.joining() == Some(broker)
    }

    /// How many count as in sync when a produce is answered.
    pub fn maximal_isr_len(&self, role: &Role) -> usize {
        role.isr.len() + usize::from(self.joining().is_some())
    }

    fn joining(&self) -> Option<BrokerId> {
        self.proposal.as_ref().and_then(|proposal| proposal.joins)
    }

    /// Each follower's part in the high watermark (`Partition.maybeIncrementLeaderHW`): it waits for the maximal ISR, and for those
    /// that are caught up and may join, who would otherwise never reach it.
    pub fn positions<'a>(
        &'a self,
        role: &'a Role,
        end: Offset,
        conditions: Conditions<'a>,
    ) -> impl Iterator<Item = Position> + 'a {
        self.followers.iter().map(move |follower| Position {
            end: follower.end,
            counts: self.is_in_maximal_isr(role, follower.broker)
                || (follower.is_caught_up(end, conditions.now, conditions.lag_max)
                    && conditions
                        .standings
                        .may_join(follower.broker, follower.broker_epoch)),
        })
    }

    /// A follower that fetched just now: is it to join? Notes the proposal.
    pub fn propose_to_expand(
        &mut self,
        role: &Role,
        broker: BrokerId,
        high_watermark: Offset,
        standings: &Standings,
    ) -> Option<Proposal> {
        if self.proposal.is_some() || !role.is_leader() || role.isr.contains(&broker) {
            return None;
        }
        let follower = self.follower(broker)?;
        let joins = isr::is_in_sync(follower, high_watermark, role.epoch_start)
            && standings.may_join(broker, follower.broker_epoch);
        joins.then(|| {
            let isr = role.isr.iter().copied().chain([broker]);
            self.propose(role, isr.collect(), Some(broker), standings)
        })
    }

    /// Who has fallen behind is to leave. Notes the proposal; answers it with those who leave.
    pub fn propose_to_shrink(
        &mut self,
        role: &Role,
        end: Offset,
        conditions: Conditions<'_>,
    ) -> Option<(Proposal, Vec<FollowerProgress>)> {
        if self.proposal.is_some() || !role.is_leader() {
            return None;
        }
        let (now, lag_max) = (conditions.now, conditions.lag_max);
        let late = isr::choose_to_shrink(role, &self.followers, end, now, lag_max);
        if late.is_empty() {
            return None;
        }
        let late: Vec<_> = late.into_iter().cloned().collect();
        let stays = |broker: &BrokerId| !late.iter().any(|follower| follower.broker == *broker);
        let isr = role.isr.iter().copied().filter(stays).collect();
        Some((self.propose(role, isr, None, conditions.standings), late))
    }

    fn propose(
        &mut self,
        role: &Role,
        isr: Vec<BrokerId>,
        joins: Option<BrokerId>,
        standings: &Standings,
    ) -> Proposal {
        let epoch = |broker: BrokerId| match self.follower(broker) {
            _ if broker == role.me => standings.of(broker).map(|standing| standing.epoch),
            Some(follower) => follower.broker_epoch.flatten(),
            None => None,
        };
        let member = |broker| Member {
            broker,
            epoch: epoch(broker),
        };
        let proposal = Proposal {
            leader_epoch: role.leader_epoch,
            partition_epoch: role.partition_epoch,
            isr: isr.into_iter().map(member).collect(),
            joins,
        };
        self.proposal = Some(Box::new(proposal.clone()));
        proposal
    }

    /// The controller has answered. The role to go on with when the ISR is another now.
    pub fn answered(
        &mut self,
        role: &Role,
        proposal: &Proposal,
        answer: Result<Altered, ErrorCode>,
    ) -> (Fate, Option<Role>) {
        let fate = isr::judge(role, self.proposal.as_deref(), proposal, answer);
        let role = match &fate {
            Fate::Adopted(altered) => {
                self.proposal = None;
                Some(Role {
                    isr: altered.isr.clone().into(),
                    partition_epoch: altered.partition_epoch,
                    ..role.clone()
                })
            }
            Fate::Withdrawn => {
                self.proposal = None;
                None
            }
            Fate::Stale | Fate::Undecided | Fate::Retry => None,
        };
        (fate, role)
    }

    /// The least log start of those followers that are alive, and of the leader: what DeleteRecords waits for.
    pub fn low_watermark(&self, own: Offset, standings: &Standings) -> Offset {
        self.followers
            .iter()
            .filter(|follower| {
                standings
                    .of(follower.broker)
                    .is_some_and(|standing| !standing.is_fenced)
            })
            .map(|follower| follower.log_start)
            .fold(own, Offset::min)
    }
}
