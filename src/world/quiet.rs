//! Keeps a peer from filling the log: one line a second, which says how many were left out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const PERIOD_MS: u64 = 1_000;

/// One kind of line.
#[derive(Debug, Default)]
pub struct Quiet {
    next_ms: AtomicU64,
    left_out: AtomicU64,
}

impl Quiet {
    /// Whether to write the line at `now`: if so, how many were left out before it.
    pub fn admits(&self, now: Duration) -> Option<u64> {
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let next_ms = self.next_ms.load(Ordering::Relaxed);
        let later_ms = now_ms.saturating_add(PERIOD_MS);
        let is_due = now_ms >= next_ms
            && self
                .next_ms
                .compare_exchange(next_ms, later_ms, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if is_due {
            return Some(self.left_out.swap(0, Ordering::Relaxed));
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_counts_those_left_out() {
        let quiet = Quiet::default();
        let at = |ms| quiet.admits(Duration::from_millis(ms));
        assert_eq!(at(5), Some(0));
        assert_eq!(at(6), None);
        assert_eq!(at(1_004), None);
        assert_eq!(at(1_005), Some(2));
    }
}
