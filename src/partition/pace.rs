//! How fast a directory's writes are, and so where the next one should run: pure.
//!
//! A write into the page cache takes microseconds and is cheapest on the thread that has the bytes. When the kernel
//! throttles or the device stalls it takes milliseconds to seconds, and then it must not hold up a runtime thread.
//!
//! Guarantees: after one very slow write the following ones go to the directory's thread until a few dozen fast ones
//! were seen; a write that is stuck *now* diverts the others before it has ended.

use std::time::Duration;

/// Recent writes slower than this move to the directory's own thread.
pub const SLOW: Duration = Duration::from_millis(1);

/// What one directory's recent writes took.
#[derive(Debug, Default)]
pub struct Pace {
    /// Moving average with weight ⅛ for the newest.
    average: Duration,
    /// When each write that is under way on a runtime thread began.
    inline_since: Vec<Duration>,
}

impl Pace {
    /// Where a write that begins `now` should run; `true` notes it as under way inline.
    pub fn may_run_inline(&mut self, now: Duration) -> bool {
        let is_stuck = self
            .inline_since
            .iter()
            .any(|since| now.saturating_sub(*since) > SLOW);
        let inline = !is_stuck && self.average <= SLOW;
        if inline {
            self.inline_since.push(now);
        }
        inline
    }

    /// An inline write that began at `since` is over, or went on elsewhere.
    pub fn inline_ended(&mut self, since: Duration) {
        if let Some(at) = self.inline_since.iter().position(|other| *other == since) {
            self.inline_since.swap_remove(at);
        }
    }

    /// A write, wherever it ran, took `took`.
    pub fn took(&mut self, took: Duration) {
        self.average = (self.average * 7 + took) / 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn inline(pace: &mut Pace, now: Duration) -> bool {
        let inline = pace.may_run_inline(now);
        if inline {
            pace.inline_ended(now);
        }
        inline
    }

    #[test]
    fn fast_writes_stay_inline_and_one_hiccup_does_not_move_them() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace.took(Duration::from_micros(20));
        }
        pace.took(ms(5));
        assert!(inline(&mut pace, ms(0)));
    }

    #[test]
    fn a_stall_moves_writes_away_until_they_are_fast_again() {
        let mut pace = Pace::default();
        pace.took(ms(5_000));
        assert!(!inline(&mut pace, ms(0)));
        for _ in 0..100 {
            pace.took(Duration::from_micros(20));
        }
        assert!(inline(&mut pace, ms(0)));
    }

    #[test]
    fn a_write_that_is_stuck_now_diverts_the_others_at_once() {
        let mut pace = Pace::default();
        assert!(pace.may_run_inline(ms(10)));
        assert!(pace.may_run_inline(ms(10)), "not stuck yet");
        pace.inline_ended(ms(10));
        assert!(!inline(&mut pace, ms(12)));
        pace.inline_ended(ms(10));
        assert!(inline(&mut pace, ms(12)));
    }
}
