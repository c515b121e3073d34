//! A bucket of tokens that fills at a rate, as Kafka's `TokenBucket` (KIP-599). Pure.
//!
//! Who comes while the bucket is not below zero gets all that it asks for, and may leave it far below; the next one waits until it is full
//! enough again. So one large request is always possible, and the long run keeps the rate.

use super::rate::Window;
use std::time::Duration;

/// What is left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bucket {
    /// `None`: full.
    state: Option<(f64, Duration)>,
}

impl Bucket {
    /// How long to wait until tokens may be taken; zero when now.
    pub fn wait(&mut self, window: Window, limit: f64, now: Duration) -> Duration {
        let tokens = self.filled(window, limit, now);
        if tokens >= 0.0 {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f64(-tokens / limit).unwrap_or(Duration::MAX)
    }

    /// Takes tokens, however few there are.
    pub fn take(&mut self, window: Window, limit: f64, tokens: f64, now: Duration) {
        let left = self.filled(window, limit, now) - tokens;
        self.state = Some((left.min(most(window, limit)), now));
    }

    fn filled(&mut self, window: Window, limit: f64, now: Duration) -> f64 {
        let most = most(window, limit);
        let tokens = self.state.map_or(most, |(tokens, at)| {
            most.min(tokens + limit * now.saturating_sub(at).as_secs_f64())
        });
        self.state = Some((tokens, now));
        tokens
    }
}

/// What the bucket holds: a whole window's worth.
fn most(window: Window, limit: f64) -> f64 {
    window.whole().as_secs_f64() * limit
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window {
        samples: 10,
        size: Duration::from_secs(1),
    };

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_full_bucket_serves_once_and_then_fills_at_its_rate() {
        let mut bucket = Bucket::default();
        assert_eq!(bucket.wait(WINDOW, 5.0, seconds(100)), Duration::ZERO);
        bucket.take(WINDOW, 5.0, 80.0, seconds(100));
        assert_eq!(bucket.wait(WINDOW, 5.0, seconds(100)), seconds(6));
        assert_eq!(bucket.wait(WINDOW, 5.0, seconds(105)), seconds(1));
        assert_eq!(bucket.wait(WINDOW, 5.0, seconds(106)), Duration::ZERO);
    }

    #[test]
    fn rest_does_not_save_more_than_a_window() {
        let mut bucket = Bucket::default();
        bucket.take(WINDOW, 1.0, 10.0, seconds(0));
        bucket.take(WINDOW, 1.0, 11.0, seconds(1_000));
        assert_eq!(bucket.wait(WINDOW, 1.0, seconds(1_000)), seconds(1));
    }
}
