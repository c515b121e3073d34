//! Wall and monotonic time. The only file of `src/` that asks the operating system what time it is.
//!
//! Guarantees: [`Clock::elapsed`] never goes back; a simulated clock moves exactly with `tokio::time`, so a paused or
//! simulated runtime decides it. Does not sleep: `tokio::time::sleep` does.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Far enough away to be never.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// Time as a value that is passed down. Cheap to clone; clones agree with each other.
#[derive(Clone, Debug)]
pub struct Clock {
    origin: Instant,
    /// The wall time at `origin`, when the wall clock is simulated too.
    simulated_origin_ms: Option<i64>,
    /// How far the wall clock is ahead of that, for tests that let it jump.
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clocks.
    pub fn system() -> Self {
        Self {
            origin: Instant::now(),
            simulated_origin_ms: None,
            ahead_ms: Arc::default(),
        }
    }

    /// A clock that reads `start_ms` (Unix epoch, milliseconds) now and moves with `tokio::time`.
    pub fn simulated(start_ms: i64) -> Self {
        Self {
            origin: Instant::now(),
            simulated_origin_ms: Some(start_ms),
            ahead_ms: Arc::default(),
        }
    }

    /// Milliseconds since the Unix epoch. May jump when the machine's clock is set.
    pub fn wall_ms(&self) -> i64 {
        let now_ms = match self.simulated_origin_ms {
            Some(start_ms) => start_ms.saturating_add(to_ms(self.elapsed())),
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, to_ms),
        };
        now_ms.saturating_add(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Lets the wall clock of this and of all its clones jump: from now on it is this far ahead (or behind, below 0) of what it would be.
    pub fn set_ahead_ms(&self, ahead_ms: i64) {
        self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
    }

    /// The moment `after` from now, for `tokio::time::timeout_at`. One too far away to count is years away.
    pub fn deadline(&self, after: Duration) -> Instant {
        let now = Instant::now();
        now.checked_add(after).unwrap_or_else(|| now + FAR)
    }

    /// Time since this clock (or the one it was cloned from) was made. Never goes back.
    pub fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.origin)
    }
}

fn to_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_simulated_clock_moves_exactly_with_the_runtime() {
        let clock = Clock::simulated(1_000);
        assert_eq!(clock.wall_ms(), 1_000);
        tokio::time::advance(Duration::from_millis(250)).await;
        assert_eq!(clock.wall_ms(), 1_250);
        assert_eq!(clock.clone().elapsed(), Duration::from_millis(250));
    }

    #[tokio::test(start_paused = true)]
    async fn a_jump_moves_the_wall_time_of_every_clone_and_nothing_else() {
        let clock = Clock::simulated(10_000);
        let clone = clock.clone();
        clock.set_ahead_ms(-4_000);
        assert_eq!(clone.wall_ms(), 6_000);
        assert_eq!(clone.elapsed(), Duration::ZERO);
        clone.set_ahead_ms(0);
        assert_eq!(clock.wall_ms(), 10_000);
    }

    #[test]
    fn the_system_clock_is_after_this_code_was_written() {
        assert!(Clock::system().wall_ms() > 1_700_000_000_000);
    }
}
