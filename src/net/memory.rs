//! A budget of memory that many connections share, counted in bytes.
//!
//! Entering is refused once the budget is used up; what entered may finish, beyond the budget if it must, as with Kafka's memory pool
//! (KIP-72). So nobody waits for memory that only waiters hold.

use prometheus::IntGauge;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// The budget.
pub struct Memory {
    limit_bytes: usize,
    used_bytes: AtomicUsize,
    released: Notify,
    gauge: IntGauge,
}

/// A part of the budget in use; dropping it gives it back.
#[derive(Default)]
pub struct Charge {
    held: Option<(Arc<Memory>, usize)>,
}

impl Memory {
    /// `gauge` shows what is in use.
    pub fn new(limit_bytes: usize, gauge: IntGauge) -> Arc<Self> {
        Arc::new(Self {
            limit_bytes,
            used_bytes: AtomicUsize::new(0),
            released: Notify::new(),
            gauge,
        })
    }

    /// Whether something may enter.
    pub fn has_room(&self) -> bool {
        self.used_bytes.load(Ordering::Relaxed) < self.limit_bytes
    }

    /// Waits until something may enter.
    pub async fn room(self: Arc<Self>) {
        loop {
            let mut released = std::pin::pin!(self.released.notified());
            released.as_mut().enable();
            if self.has_room() {
                return;
            }
            released.await;
        }
    }

    /// Takes `size_bytes`, whatever is left.
    pub fn charge(self: &Arc<Self>, size_bytes: usize) -> Charge {
        self.used_bytes.fetch_add(size_bytes, Ordering::Relaxed);
        self.gauge.add(size_bytes as i64);
        Charge {
            held: Some((self.clone(), size_bytes)),
        }
    }
}

impl Charge {
    /// How much this holds.
    pub fn size_bytes(&self) -> usize {
        self.held.as_ref().map_or(0, |(_, size_bytes)| *size_bytes)
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if let Some((memory, size_bytes)) = self.held.take() {
            memory.used_bytes.fetch_sub(size_bytes, Ordering::Relaxed);
            memory.gauge.sub(size_bytes as i64);
            memory.released.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn who_entered_may_exceed_the_budget_and_others_wait_for_it() {
        let gauge = IntGauge::new("used", "used").unwrap();
        let memory = Memory::new(10, gauge.clone());
        let first = memory.charge(8);
        assert!(memory.has_room());
        let second = memory.charge(8);
        assert!(!memory.has_room());
        assert_eq!((gauge.get(), second.size_bytes()), (16, 8));
        let mut room = std::pin::pin!(memory.clone().room());
        assert!(room.as_mut().now_or_never().is_none());
        drop(first);
        room.await;
        drop(second);
        assert_eq!(gauge.get(), 0);
    }
}
