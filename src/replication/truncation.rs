//! Where a follower's log must go back to, or begin anew: pure (`AbstractFetcherThread.getOffsetTruncationState`,
//! `fetchOffsetAndTruncate`; KIP-101, KIP-279, KIP-595).

use crate::partition::Cut;
use ottla_storage::offset::{LeaderEpoch, Offset};

/// The leader says that the histories part: the largest of its epochs that is not above ours, and where that ended there. `own` is
/// the largest epoch here that is not above the leader's, with its end here.
///
/// When this log does not know the leader's epoch, it goes back to the end of the one before, and the next fetch asks again.
pub fn diverging(
    leaders: (LeaderEpoch, Offset),
    own: Option<(LeaderEpoch, Offset)>,
    own_end: Offset,
) -> Cut {
    let (leader_epoch, leader_end) = leaders;
    let to = match own {
        Some((epoch, end)) if epoch != leader_epoch => end,
        Some((_, end)) => end.min(leader_end),
        None => leader_end,
    };
    Cut::To(to.min(own_end))
}

/// The leader does not have the offset that was asked for, but everything from `leader_start` to `leader_end`. `None`: ask again.
///
/// A log that is longer than its leader's (an unclean election) is cut to it; one that ends before the leader's begins starts there.
pub fn out_of_range(own_end: Offset, leader_start: Offset, leader_end: Offset) -> Option<Cut> {
    if leader_end < own_end {
        Some(Cut::To(leader_end))
    } else if leader_start > own_end {
        Some(Cut::RestartAt(leader_start))
    } else {
        None
    }
}

/// Where a log that is empty at `end` must begin to take a batch from `first.0` to `first.1`: the leader's log starts within that batch, since
/// records were deleted up to there, and a batch is never cut (`Partition.appendRecordsToFollowerOrFutureReplica`, KAFKA-6361).
pub fn begins_within(end: Offset, first: (Offset, Offset)) -> Option<Offset> {
    let (base, last) = first;
    (base < end && end <= last).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_part_where_their_last_common_epoch_ended() {
        // (name, leader's epoch and end, own epoch and end, own log end, expected)
        type Case = (&'static str, (i32, i64), Option<(i32, i64)>, i64, i64);
        let cases: [Case; 5] = [
            ("ours is longer", (4, 20), Some((4, 25)), 30, 20),
            ("the leader's is longer", (4, 20), Some((4, 15)), 30, 15),
            (
                "the leader's epoch is unknown here",
                (4, 20),
                Some((2, 10)),
                30,
                10,
            ),
            ("no epoch as old is known here", (1, 20), None, 30, 20),
            ("never beyond the end", (4, 20), Some((4, 25)), 18, 18),
        ];
        for (name, leaders, own, own_end, expected) in cases {
            let pair = |(epoch, end)| (LeaderEpoch(epoch), Offset(end));
            let cut = diverging(pair(leaders), own.map(pair), Offset(own_end));
            assert_eq!(cut, Cut::To(Offset(expected)), "{name}");
        }
    }

    #[test]
    fn an_empty_log_begins_where_the_batch_does_that_it_stands_in() {
        let begins = |end, base, last| begins_within(Offset(end), (Offset(base), Offset(last)));
        assert_eq!(begins(10, 8, 12), Some(Offset(8)));
        assert_eq!(begins(12, 8, 12), Some(Offset(8)));
        assert_eq!(begins(8, 8, 12), None, "it follows");
        assert_eq!(begins(5, 8, 12), None, "offsets may be missing");
        assert_eq!(begins(13, 8, 12), None, "all of it was had");
    }

    #[test]
    fn out_of_range_means_too_long_or_too_old_or_nothing() {
        let cut = |own, start, end| out_of_range(Offset(own), Offset(start), Offset(end));
        assert_eq!(cut(30, 0, 20), Some(Cut::To(Offset(20))));
        assert_eq!(cut(5, 10, 20), Some(Cut::RestartAt(Offset(10))));
        assert_eq!(cut(15, 10, 20), None);
        assert_eq!(cut(10, 10, 20), None);
        assert_eq!(cut(20, 10, 20), None);
    }
}
