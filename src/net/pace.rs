//! How fast connections may be made (KIP-612). Pure: time is an argument.
//!
//! Connections that come evenly at the rate are never held up, and a second's worth may come at once; what comes faster is put off until
//! the rate is kept again. Kafka averages over eleven seconds, so that a burst of ten seconds' worth passes there; the long run is the same.

use std::time::Duration;

/// What may come at once, and the longest that one connection is put off (Kafka's quota window).
const WINDOW: Duration = Duration::from_secs(1);

/// The pace of one listener, or of all.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the last connection would have come, had all come evenly.
    due: Duration,
}

impl Pace {
    /// Whether anything is remembered that still matters.
    pub fn is_behind(&self, now: Duration) -> bool {
        self.due > now
    }

    /// Counts a connection at `now` and says how long it is to be put off. `None` is no limit.
    pub fn count(&mut self, now: Duration, per_second: Option<u32>) -> Duration {
        let Some(per_second) = per_second else {
            return Duration::ZERO;
        };
        let between = WINDOW.checked_div(per_second).unwrap_or(WINDOW);
        self.due = self.due.max(now) + between;
        self.due = self.due.min(now + 2 * WINDOW);
        self.due.saturating_sub(now + WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_seconds_worth_comes_at_once_and_the_rest_at_the_rate() {
        let mut pace = Pace::default();
        let now = ms(5_000);
        for _ in 0..10 {
            assert_eq!(pace.count(now, Some(10)), Duration::ZERO);
        }
        assert_eq!(pace.count(now, Some(10)), ms(100));
        assert_eq!(pace.count(now + ms(100), Some(10)), ms(100));
        assert_eq!(pace.count(now + ms(2_000), Some(10)), Duration::ZERO);
    }

    #[test]
    fn even_comers_are_never_put_off() {
        let mut pace = Pace::default();
        for number in 0..1_000 {
            assert_eq!(pace.count(ms(number * 10), Some(100)), Duration::ZERO);
        }
    }

    #[test]
    fn nobody_is_put_off_for_more_than_a_second_whatever_the_rate() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            assert!(pace.count(ms(1), Some(0)) <= WINDOW);
        }
        assert_eq!(pace.count(ms(1), Some(0)), WINDOW);
        assert_eq!(pace.count(ms(1), None), Duration::ZERO);
    }
}
