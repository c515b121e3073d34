//! Which of a log's oldest segments may go (`UnifiedLog.deleteOldSegments`). Pure: sizes, times and offsets in, a count out.
//!
//! Three reasons are tried in Kafka's order, each from the oldest segment on and stopping at the first that it does not cover:
//! 1. all of it lies below the log's start (after DeleteRecords), under every cleanup policy;
//! 2. the log is larger than `retention.bytes` even without it;
//! 3. its largest timestamp is older than `retention.ms`.
//!
//! Nothing at or above the high watermark goes. The active segment may go too when it is not empty: then the log is rolled first,
//! so that one segment is always left.

use crate::offset::Offset;

/// What is to know of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub base_offset: Offset,
    /// Size of the `.log` file in bytes.
    pub size_bytes: u64,
    /// Milliseconds; the file's modification time where no record has a timestamp.
    pub largest_timestamp: i64,
}

/// The topic's configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// `cleanup.policy` contains `delete`; otherwise only the first reason counts.
    pub is_delete: bool,
    /// `retention.ms`; `None` for −1.
    pub time_ms: Option<i64>,
    /// `retention.bytes`; `None` for −1.
    pub size_bytes: Option<u64>,
}

/// Where the log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub log_start: Offset,
    pub high_watermark: Offset,
    pub log_end: Offset,
}

/// Why segments go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    LogStart,
    Size,
    Time,
}

/// How many of the oldest segments go, by reason; `roll` when the active one is among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    pub count: usize,
    /// In the order of the segments; the counts add up to `count`.
    pub reasons: Vec<(Reason, usize)>,
    /// Roll the log before deleting.
    pub roll: bool,
}

/// Decides as of `now_ms`. `segments` are all of the log, oldest first, the active one last.
pub fn choose(
    segments: &[Candidate],
    bounds: &Bounds,
    retention: &Retention,
    now_ms: i64,
) -> Choice {
    let mut choice = Choice::default();
    choice.extend(Reason::LogStart, segments, bounds, |_, next| {
        next.is_some_and(|next| next.base_offset <= bounds.log_start)
    });
    if retention.is_delete {
        if let Some(limit_bytes) = retention.size_bytes {
            let left = &segments[choice.count..];
            let size_bytes: u64 = left.iter().map(|segment| segment.size_bytes).sum();
            let mut excess_bytes = size_bytes.saturating_sub(limit_bytes);
            choice.extend(Reason::Size, segments, bounds, |segment, _| {
                let rest = excess_bytes.checked_sub(segment.size_bytes);
                excess_bytes = rest.unwrap_or(excess_bytes);
                size_bytes >= limit_bytes && rest.is_some()
            });
        }
        if let Some(time_ms) = retention.time_ms {
            choice.extend(Reason::Time, segments, bounds, |segment, _| {
                now_ms.saturating_sub(segment.largest_timestamp) > time_ms
            });
        }
    }
    choice.roll = choice.count > 0 && choice.count == segments.len();
    choice
}

impl Choice {
    /// Adds the oldest of the segments that are left as long as the reason covers them.
    fn extend(
        &mut self,
        reason: Reason,
        segments: &[Candidate],
        bounds: &Bounds,
        mut is_covered: impl FnMut(&Candidate, Option<&Candidate>) -> bool,
    ) {
        let left = &segments[self.count..];
        let count = (0..left.len())
            .take_while(|index| {
                let (segment, next) = (&left[*index], left.get(index + 1));
                let end = next.map_or(bounds.log_end, |next| next.base_offset);
                let is_empty_active = next.is_none() && segment.size_bytes == 0;
                bounds.high_watermark >= end && !is_empty_active && is_covered(segment, next)
            })
            .count();
        if count > 0 {
            self.count += count;
            self.reasons.push((reason, count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Segments of 10 offsets and 100 bytes each, their largest timestamps 0, 1000, 2000, …
    fn segments(count: usize) -> Vec<Candidate> {
        (0..count as i64)
            .map(|index| Candidate {
                base_offset: Offset(index * 10),
                size_bytes: 100,
                largest_timestamp: index * 1_000,
            })
            .collect()
    }

    fn bounds(log_start: i64, high_watermark: i64, log_end: i64) -> Bounds {
        Bounds {
            log_start: Offset(log_start),
            high_watermark: Offset(high_watermark),
            log_end: Offset(log_end),
        }
    }

    fn by_time(time_ms: i64) -> Retention {
        Retention {
            is_delete: true,
            time_ms: Some(time_ms),
            size_bytes: None,
        }
    }

    fn by_size(size_bytes: u64) -> Retention {
        Retention {
            is_delete: true,
            time_ms: None,
            size_bytes: Some(size_bytes),
        }
    }

    fn counted(choice: &Choice) -> (usize, bool) {
        (choice.count, choice.roll)
    }

    #[test]
    fn what_lies_below_the_log_start_goes_under_every_policy() {
        for retention in [Retention::default(), by_time(i64::MAX)] {
            let at =
                |log_start| choose(&segments(4), &bounds(log_start, 40, 40), &retention, 0).count;
            assert_eq!((at(0), at(9), at(10), at(25), at(40)), (0, 0, 1, 2, 3));
        }
    }

    #[test]
    fn time_counts_from_the_largest_timestamp_and_stops_at_the_first_young_segment() {
        let at = |now_ms| {
            counted(&choose(
                &segments(4),
                &bounds(0, 40, 40),
                &by_time(500),
                now_ms,
            ))
        };
        assert_eq!(at(500), (0, false));
        assert_eq!(at(501), (1, false));
        assert_eq!(at(2_501), (3, false));
        assert_eq!(at(3_501), (4, true), "the active one is rolled and goes");
        let mut young_first = segments(3);
        young_first[0].largest_timestamp = i64::MAX;
        assert_eq!(
            choose(&young_first, &bounds(0, 30, 30), &by_time(500), 1 << 40).count,
            0
        );
    }

    #[test]
    fn size_takes_whole_segments_only_while_enough_is_left() {
        let at = |limit| {
            counted(&choose(
                &segments(4),
                &bounds(0, 40, 40),
                &by_size(limit),
                0,
            ))
        };
        assert_eq!(at(400), (0, false));
        assert_eq!(at(301), (0, false), "without the first, 300 would be left");
        assert_eq!(at(300), (1, false));
        assert_eq!(at(1), (3, false));
        assert_eq!(at(0), (4, true));
    }

    #[test]
    fn nothing_at_or_above_the_high_watermark_goes() {
        let at = |high_watermark| {
            choose(
                &segments(4),
                &bounds(0, high_watermark, 40),
                &by_time(0),
                1 << 40,
            )
            .count
        };
        assert_eq!((at(9), at(10), at(39), at(40)), (0, 1, 3, 4));
    }

    #[test]
    fn an_empty_active_segment_stays() {
        let mut last_is_empty = segments(3);
        last_is_empty[2].size_bytes = 0;
        let choice = choose(&last_is_empty, &bounds(0, 20, 20), &by_time(0), 1 << 40);
        assert_eq!(counted(&choice), (2, false));
        let only_empty = choose(
            &last_is_empty[2..],
            &bounds(20, 20, 20),
            &by_size(0),
            1 << 40,
        );
        assert_eq!(counted(&only_empty), (0, false));
    }

    #[test]
    fn each_reason_begins_where_the_last_one_ended() {
        let both = Retention {
            is_delete: true,
            time_ms: Some(500),
            size_bytes: Some(400),
        };
        let choice = choose(&segments(7), &bounds(10, 70, 70), &both, 3_501);
        assert_eq!(
            choice.reasons,
            [(Reason::LogStart, 1), (Reason::Size, 2), (Reason::Time, 1)]
        );
        assert_eq!(counted(&choice), (4, false));
    }

    proptest! {
        #[test]
        fn a_choice_never_reaches_the_high_watermark(
            count in 0..10usize, log_start in -5..120i64, high_watermark in -5..120i64,
            is_delete in any::<bool>(), time_ms in proptest::option::of(0..10_000i64), size_bytes in proptest::option::of(0..2_000u64), now_ms in 0..20_000i64,
        ) {
            let segments = segments(count);
            let log_end = count as i64 * 10;
            let choice = choose(&segments, &bounds(log_start, high_watermark, log_end), &Retention { is_delete, time_ms, size_bytes }, now_ms);
            prop_assert!(choice.count <= count);
            prop_assert!(choice.count == 0 || choice.count as i64 * 10 <= high_watermark);
            prop_assert_eq!(choice.reasons.iter().map(|(_, count)| count).sum::<usize>(), choice.count);
            prop_assert_eq!(choice.roll, count > 0 && choice.count == count);
        }
    }
}
