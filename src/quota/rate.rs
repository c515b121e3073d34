//! A rate over a sliding window of samples, as Kafka's `Rate` over `WindowedSum`. Pure.
//!
//! The window is at least all but one of its samples long, so that a burst after a rest counts against the whole window and not against
//! its first moment.

use std::collections::VecDeque;
use std::time::Duration;

/// How long the past counts: `quota.window.num` samples of `quota.window.size.seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub samples: u32,
    pub size: Duration,
}

/// What was used lately.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rate {
    samples: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Sample {
    start: Duration,
    last: Duration,
    value: f64,
}

impl Window {
    /// All of it.
    pub fn whole(self) -> Duration {
        self.size * self.samples
    }
}

impl Rate {
    /// Counts `value` at `now`.
    pub fn record(&mut self, window: Window, value: f64, now: Duration) {
        match self.samples.back_mut() {
            Some(sample) if now.saturating_sub(sample.start) < window.size => {
                sample.value += value;
                sample.last = now;
            }
            _ => {
                self.samples.push_back(Sample {
                    start: now,
                    last: now,
                    value,
                });
                // One more than the window holds: the oldest overlaps its edge.
                while self.samples.len() > window.samples as usize + 1 {
                    self.samples.pop_front();
                }
            }
        }
    }

    /// Per second.
    pub fn per_second(&mut self, window: Window, now: Duration) -> f64 {
        self.forget(window, now);
        let sum: f64 = self.samples.iter().map(|sample| sample.value).sum();
        sum / self.length(window, now).as_secs_f64()
    }

    /// How long to wait until the rate is back at `limit` per second (`QuotaUtils.throttleTime`); zero when it is not above.
    pub fn wait(&mut self, window: Window, limit: f64, now: Duration) -> Duration {
        let rate = self.per_second(window, now);
        if rate <= limit {
            return Duration::ZERO;
        }
        let seconds = (rate - limit) / limit * self.length(window, now).as_secs_f64();
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// Nothing that still counts.
    pub fn is_empty(&mut self, window: Window, now: Duration) -> bool {
        self.forget(window, now);
        self.samples.is_empty()
    }

    fn forget(&mut self, window: Window, now: Duration) {
        let whole = window.whole();
        self.samples
            .retain(|sample| now.saturating_sub(sample.last) < whole);
    }

    /// How much time the samples stand for.
    fn length(&self, window: Window, now: Duration) -> Duration {
        let oldest = self.samples.front().map_or(now, |sample| sample.start);
        let elapsed = now.saturating_sub(oldest);
        let size_ms = window.size.as_millis().max(1);
        let full = u32::try_from(elapsed.as_millis() / size_ms).unwrap_or(u32::MAX);
        let missing = window.samples.saturating_sub(1).saturating_sub(full);
        (elapsed + window.size * missing).max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window {
        samples: 11,
        size: Duration::from_secs(1),
    };

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_burst_counts_against_the_whole_window() {
        let mut rate = Rate::default();
        rate.record(WINDOW, 1_000.0, ms(5_000));
        assert_eq!(rate.per_second(WINDOW, ms(5_000)), 100.0);
        assert_eq!(rate.wait(WINDOW, 100.0, ms(5_000)), Duration::ZERO);
        rate.record(WINDOW, 500.0, ms(5_000));
        // 150 a second instead of 100: five seconds later it would be 1500 in 15.
        assert_eq!(rate.wait(WINDOW, 100.0, ms(5_000)), ms(5_000));
    }

    #[test]
    fn who_waits_as_told_keeps_the_limit_in_the_long_run() {
        let mut rate = Rate::default();
        let mut now = ms(0);
        for _ in 0..200 {
            rate.record(WINDOW, 300.0, now);
            let wait = rate.wait(WINDOW, 100.0, now);
            now += wait + ms(1);
        }
        let used = 200.0 * 300.0;
        let allowed = 100.0 * now.as_secs_f64();
        // A sample overlaps the window's edge: with eleven of them, an eleventh too much.
        assert!(
            used <= allowed * 12.0 / 11.0 + 1_000.0,
            "{used} of {allowed}"
        );
        assert!(used >= allowed * 0.9, "{used} of {allowed}");
    }

    #[test]
    fn what_is_older_than_the_window_does_not_count() {
        let mut rate = Rate::default();
        rate.record(WINDOW, 5_000.0, ms(0));
        assert!(rate.per_second(WINDOW, ms(10_999)) > 400.0);
        assert_eq!(rate.per_second(WINDOW, ms(11_000)), 0.0);
        assert!(rate.is_empty(WINDOW, ms(11_000)));
    }

    #[test]
    fn samples_are_bounded_however_long_it_goes_on() {
        let mut rate = Rate::default();
        for second in 0..1_000 {
            rate.record(WINDOW, 1.0, ms(second * 1_000));
        }
        assert_eq!(rate.samples.len(), 12);
        let rate = rate.per_second(WINDOW, ms(999_000));
        assert!((0.9..1.2).contains(&rate), "{rate}");
    }
}
