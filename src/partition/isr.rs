//! Which replicas are in sync: pure rules over what the leader knows of each follower.
//!
//! Guarantees: the leader is always in its own ISR; deciding changes nothing. Does not talk to the controller (the
//! leader proposes with AlterPartition and adopts what comes back as metadata). Source: `Partition.scala`, KIP-497.

use ottla_controller::ids::BrokerId;
use ottla_storage::offset::Offset;

/// What the leader knows of one follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follower {
    pub broker: BrokerId,
    /// The follower's log end, as its last fetch said.
    pub end: Offset,
    /// When its fetches last reached the leader's end of that time (monotonic milliseconds).
    pub caught_up_ms: i64,
}

/// Followers in `isr` that have not caught up for longer than `lag_time_max_ms` and are behind now
/// (`Partition.isFollowerOutOfSync`): the leader proposes to remove them.
pub fn choose_to_shrink(
    isr: &[BrokerId],
    followers: &[Follower],
    leader_end: Offset,
    now_ms: i64,
    lag_time_max_ms: i64,
) -> Vec<BrokerId> {
    followers
        .iter()
        .filter(|follower| isr.contains(&follower.broker))
        .filter(|follower| {
            follower.end != leader_end && now_ms - follower.caught_up_ms > lag_time_max_ms
        })
        .map(|follower| follower.broker)
        .collect()
}

/// Whether a follower outside the ISR may be proposed for it: it has reached the high watermark and the first offset
/// of the leader's own epoch (`Partition.isFollowerInSync`), so that nothing committed is missing on it.
pub fn may_join(follower: &Follower, high_watermark: Offset, epoch_start: Offset) -> bool {
    follower.end >= high_watermark && follower.end >= epoch_start
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn follower(broker: i32, end: i64, caught_up_ms: i64) -> Follower {
        Follower {
            broker: BrokerId(broker),
            end: Offset(end),
            caught_up_ms,
        }
    }

    #[test]
    fn only_a_follower_that_is_behind_and_late_leaves() {
        let followers = [
            follower(2, 10, 0),
            follower(3, 9, 0),
            follower(4, 9, 95),
            follower(5, 0, 0),
        ];
        let isr = [BrokerId(1), BrokerId(2), BrokerId(3), BrokerId(4)];
        assert_eq!(
            choose_to_shrink(&isr, &followers, Offset(10), 100, 30),
            vec![BrokerId(3)]
        );
        assert_eq!(
            choose_to_shrink(&isr, &followers, Offset(10), 30, 30),
            vec![],
            "exactly on time is in time"
        );
    }

    #[test]
    fn a_follower_joins_at_the_high_watermark_and_not_before_the_epochs_start() {
        assert!(may_join(&follower(2, 10, 0), Offset(10), Offset(7)));
        assert!(!may_join(&follower(2, 9, 0), Offset(10), Offset(7)));
        assert!(!may_join(&follower(2, 10, 0), Offset(8), Offset(11)));
    }
}
