//! How far a partition is committed: pure.
//!
//! The high watermark is the least position of the in-sync replicas (and of those catching up within the allowed lag
//! or being added: `Partition.maybeIncrementLeaderHW`). With strict min ISR (KIP-966) it stands still while fewer
//! than `min.insync.replicas` are in sync, so that what is acknowledged to readers survives an ELR election.
//! Within a leader epoch it never goes back; the caller guards that.
//!
//! The leader's own position is its log end. Under `flush.messages = n` it is the end only while fewer than `n` records
//! are unflushed, else the flushed end: never are more than `n − 1` acknowledged records only in the page cache, and
//! with `n = 1` none (architecture 9).

use ottla_storage::offset::Offset;

/// One replica's share in the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// How far the replica vouches for the log.
    pub end: Offset,
    /// Whether the high watermark must wait for it: in the ISR, or caught up recently enough to be joining it.
    pub counts: bool,
}

/// How far the leader itself vouches for its log.
pub fn own_position(end: Offset, flushed: Offset, flush_messages: i64) -> Offset {
    if end.since(flushed) < flush_messages {
        end
    } else {
        flushed
    }
}

/// The high watermark after a change, given the `current` one; `None` when it stays.
///
/// `in_sync` is the size of the ISR, the leader included; `strict_min_isr` is `min.insync.replicas` capped at the
/// number of replicas when eligible leader replicas are enabled, else 0.
pub fn advance(
    current: Offset,
    own: Offset,
    others: impl IntoIterator<Item = Position>,
    in_sync: usize,
    strict_min_isr: usize,
) -> Option<Offset> {
    if in_sync < strict_min_isr {
        return None;
    }
    let committed = others
        .into_iter()
        .filter(|position| position.counts)
        .map(|position| position.end)
        .fold(own, Offset::min);
    (committed > current).then_some(committed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(end: i64, counts: bool) -> Position {
        Position {
            end: Offset(end),
            counts,
        }
    }

    #[test]
    fn the_high_watermark_is_the_least_position_that_counts() {
        // (name, current, own, others, in_sync, strict, expected)
        type Case<'a> = (
            &'static str,
            i64,
            i64,
            &'a [Position],
            usize,
            usize,
            Option<i64>,
        );
        let cases: &[Case<'_>] = &[
            ("a lone replica follows its end", 3, 9, &[], 1, 0, Some(9)),
            ("nothing new", 9, 9, &[], 1, 0, None),
            (
                "the slowest in sync decides",
                3,
                9,
                &[at(7, true), at(5, true)],
                3,
                0,
                Some(5),
            ),
            (
                "one out of sync does not hold it back",
                3,
                9,
                &[at(7, true), at(0, false)],
                2,
                0,
                Some(7),
            ),
            ("it never goes back", 8, 9, &[at(5, true)], 2, 0, None),
            ("strict: too few in sync", 3, 9, &[at(5, false)], 1, 2, None),
            (
                "strict: enough in sync",
                3,
                9,
                &[at(5, true)],
                2,
                2,
                Some(5),
            ),
            (
                "the leader itself may be the slowest",
                3,
                4,
                &[at(7, true)],
                2,
                0,
                Some(4),
            ),
        ];
        for (name, current, own, others, in_sync, strict, expected) in cases {
            let moved = advance(
                Offset(*current),
                Offset(*own),
                others.iter().copied(),
                *in_sync,
                *strict,
            );
            assert_eq!(moved, expected.map(Offset), "{name}");
        }
    }

    #[test]
    fn at_most_flush_messages_less_one_records_are_vouched_for_unflushed() {
        assert_eq!(own_position(Offset(10), Offset(4), i64::MAX), Offset(10));
        assert_eq!(own_position(Offset(10), Offset(4), 1), Offset(4));
        assert_eq!(own_position(Offset(10), Offset(10), 1), Offset(10));
        assert_eq!(own_position(Offset(10), Offset(4), 7), Offset(10));
        assert_eq!(own_position(Offset(10), Offset(4), 6), Offset(4));
    }
}
