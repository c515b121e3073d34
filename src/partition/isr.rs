//! Which replicas are in sync: pure rules over what the leader knows of each follower, and the change it has asked for.
//!
//! ```text
//!   role (committed ISR) ─▶ choose_to_expand / choose_to_shrink ─▶ Proposal ─▶ AlterPartition ─▶ judge ─▶ committed ISR
//! ```
//! Guarantees: the leader is always in its own ISR; one proposal at a time; until its fate is known the *maximal* ISR counts,
//! which is the committed one with whoever is to join and without taking anybody out (KIP-497); deciding changes nothing.
//! Source: `Partition.scala` (`maybeExpandIsr`, `maybeShrinkIsr`, `handleAlterPartitionError`).

use std::time::Duration;

use ottla_controller::ids::{BrokerEpoch, BrokerId, PartitionEpoch};
use ottla_protocol::ErrorCode;
use ottla_storage::offset::{LeaderEpoch, Offset};

use super::progress::FollowerProgress;
use super::role::Role;

/// An ISR that the leader asks the controller for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub leader_epoch: LeaderEpoch,
    /// Of the role that it changes; any other makes it void.
    pub partition_epoch: PartitionEpoch,
    pub isr: Vec<Member>,
    /// Who is to join; `None` when it shrinks.
    pub joins: Option<BrokerId>,
}

/// A broker of a proposed ISR, and the registration that the leader knows it by (KIP-903).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub broker: BrokerId,
    /// `None`: the leader has not heard of it; the controller then goes by its own.
    pub epoch: Option<BrokerEpoch>,
}

/// What the controller said to a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Altered {
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    pub isr: Vec<BrokerId>,
}

/// What becomes of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The partition has moved on meanwhile: nothing.
    Stale,
    /// It is the committed ISR now.
    Adopted(Altered),
    /// It was certainly not carried out: the committed ISR stands, and another proposal may be made.
    Withdrawn,
    /// Whether it was carried out the metadata will say; until then the maximal ISR counts.
    Undecided,
    /// Nobody decided: ask again.
    Retry,
}

/// Followers in the ISR that have not caught up for longer than `lag_max` and are behind now
/// (`Partition.isFollowerOutOfSync`): the leader proposes to remove them.
pub fn choose_to_shrink<'a>(
    role: &Role,
    followers: &'a [FollowerProgress],
    leader_end: Offset,
    now: Duration,
    lag_max: Duration,
) -> Vec<&'a FollowerProgress> {
    followers
        .iter()
        .filter(|follower| role.isr.contains(&follower.broker))
        .filter(|follower| !follower.is_caught_up(leader_end, now, lag_max))
        .collect()
}

/// Whether a follower outside the ISR has reached the high watermark and the first offset of the leader's own epoch
/// (`Partition.isFollowerInSync`), so that nothing committed is missing on it.
pub fn is_in_sync(
    follower: &FollowerProgress,
    high_watermark: Offset,
    epoch_start: Offset,
) -> bool {
    follower.end >= high_watermark && follower.end >= epoch_start
}

/// What an answer means for the proposal it answers, on a leader whose role is `role` and whose outstanding proposal is
/// `outstanding`.
pub fn judge(
    role: &Role,
    outstanding: Option<&Proposal>,
    proposal: &Proposal,
    answer: Result<Altered, ErrorCode>,
) -> Fate {
    if outstanding != Some(proposal) || !role.is_leader() {
        return Fate::Stale;
    }
    match answer {
        Ok(altered) if altered.leader_epoch != role.leader_epoch => Fate::Undecided,
        Ok(altered) if altered.partition_epoch < role.partition_epoch => Fate::Undecided,
        Ok(altered) => Fate::Adopted(altered),
        // The controller says that the partition epoch is right and that nothing was done: no past or future one has.
        Err(ErrorCode::OPERATION_NOT_ATTEMPTED | ErrorCode::INELIGIBLE_REPLICA) => Fate::Withdrawn,
        Err(
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            | ErrorCode::UNKNOWN_TOPIC_ID
            | ErrorCode::FENCED_LEADER_EPOCH
            | ErrorCode::INVALID_UPDATE_VERSION
            | ErrorCode::INVALID_REQUEST
            | ErrorCode::NEW_LEADER_ELECTED,
        ) => Fate::Undecided,
        Err(_) => Fate::Retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::progress::{Fetched, LastFetch};

    const LAG: Duration = Duration::from_secs(30);

    fn follower(broker: i32, end: i64, leader_end: i64, at: u64) -> FollowerProgress {
        let mut follower = FollowerProgress::unknown(BrokerId(broker), false, Duration::ZERO);
        let now = Duration::from_secs(at);
        follower.fetched(Fetched {
            offset: Offset(end),
            log_start: Offset(0),
            leader_end: Offset(leader_end),
            broker_epoch: Some(BrokerEpoch(1)),
            now,
            session: LastFetch::at(now),
        });
        follower
    }

    fn leading(isr: &[i32]) -> Role {
        let brokers = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect();
        Role {
            leader: Some(BrokerId(1)),
            leader_epoch: LeaderEpoch(5),
            partition_epoch: PartitionEpoch(9),
            replicas: brokers(&[1, 2, 3, 4, 5]),
            isr: brokers(isr),
            ..Role::none(BrokerId(1))
        }
    }

    #[test]
    fn only_a_follower_that_is_behind_and_late_leaves() {
        let followers = [
            follower(2, 10, 10, 0),
            follower(3, 9, 9, 0),
            follower(4, 9, 9, 95),
            follower(5, 0, 0, 0),
        ];
        let leaving = |at| {
            choose_to_shrink(
                &leading(&[1, 2, 3, 4]),
                &followers,
                Offset(10),
                Duration::from_secs(at),
                LAG,
            )
            .iter()
            .map(|follower| follower.broker.0)
            .collect::<Vec<_>>()
        };
        assert_eq!(leaving(100), [3]);
        assert_eq!(leaving(30), [0; 0], "exactly on time is in time");
    }

    #[test]
    fn a_follower_joins_at_the_high_watermark_and_not_before_the_epochs_start() {
        assert!(is_in_sync(&follower(2, 10, 10, 0), Offset(10), Offset(7)));
        assert!(!is_in_sync(&follower(2, 9, 10, 0), Offset(10), Offset(7)));
        assert!(!is_in_sync(&follower(2, 10, 10, 0), Offset(8), Offset(11)));
    }

    #[test]
    fn an_answer_decides_only_the_proposal_it_belongs_to() {
        let role = leading(&[1, 2]);
        let proposal = Proposal {
            leader_epoch: LeaderEpoch(5),
            partition_epoch: PartitionEpoch(9),
            isr: Vec::new(),
            joins: Some(BrokerId(3)),
        };
        let altered = |leader_epoch, partition_epoch| Altered {
            leader_epoch: LeaderEpoch(leader_epoch),
            partition_epoch: PartitionEpoch(partition_epoch),
            isr: vec![BrokerId(1)],
        };
        let fate = |answer| judge(&role, Some(&proposal), &proposal, answer);
        assert_eq!(fate(Ok(altered(5, 10))), Fate::Adopted(altered(5, 10)));
        assert_eq!(
            fate(Ok(altered(5, 9))),
            Fate::Adopted(altered(5, 9)),
            "nothing had to change"
        );
        assert_eq!(fate(Ok(altered(6, 10))), Fate::Undecided);
        assert_eq!(fate(Ok(altered(5, 8))), Fate::Undecided);
        for (error, expected) in [
            (ErrorCode::INELIGIBLE_REPLICA, Fate::Withdrawn),
            (ErrorCode::OPERATION_NOT_ATTEMPTED, Fate::Withdrawn),
            (ErrorCode::FENCED_LEADER_EPOCH, Fate::Undecided),
            (ErrorCode::INVALID_UPDATE_VERSION, Fate::Undecided),
            (ErrorCode::UNKNOWN_TOPIC_ID, Fate::Undecided),
            (ErrorCode::INVALID_REQUEST, Fate::Undecided),
            (ErrorCode::NEW_LEADER_ELECTED, Fate::Undecided),
            (ErrorCode::NOT_CONTROLLER, Fate::Retry),
            (ErrorCode::UNKNOWN_SERVER_ERROR, Fate::Retry),
        ] {
            assert_eq!(fate(Err(error)), expected, "{error:?}");
        }
        let other = Proposal {
            joins: None,
            ..proposal.clone()
        };
        assert_eq!(
            judge(&role, Some(&other), &proposal, Ok(altered(5, 10))),
            Fate::Stale
        );
        assert_eq!(
            judge(&role, None, &proposal, Ok(altered(5, 10))),
            Fate::Stale
        );
    }
}
