//! A budget of memory that many connections share, counted in bytes.
//!
//! Entering is refused once the budget is used up. Of what has entered and needs more, one at a time goes on beyond the budget
//! ([`Memory::overdraw`]), so that nobody waits for memory that only waiters hold, and the budget is exceeded by no more than one of them.
//! Kafka's memory pool (KIP-72) takes the whole of a request at its start, and is exceeded by one likewise.

use prometheus::IntGauge;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// The budget.
pub struct Memory {
    limit_bytes: usize,
    used_bytes: AtomicUsize,
    /// Whether somebody goes on beyond the budget.
    is_overdrawn: AtomicBool,
    released: Notify,
    gauge: IntGauge,
}

/// A part of the budget in use; dropping it gives it back.
#[derive(Default)]
pub struct Charge {
    held: Option<(Arc<Memory>, usize)>,
    overdraft: Option<Overdraft>,
}

/// The right to go on beyond the budget; dropping it gives it to the next.
struct Overdraft(Arc<Memory>);

impl Memory {
    /// `gauge` shows what is in use.
    pub fn new(limit_bytes: usize, gauge: IntGauge) -> Arc<Self> {
        Arc::new(Self {
            limit_bytes,
            used_bytes: AtomicUsize::new(0),
            is_overdrawn: AtomicBool::new(false),
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
        self.until(Self::has_room).await;
    }

    /// Waits until what has entered may go on.
    pub async fn turn(self: Arc<Self>) {
        self.until(|memory| memory.has_room() || !memory.is_overdrawn.load(Ordering::Relaxed))
            .await;
    }

    async fn until(&self, is_so: fn(&Self) -> bool) {
        loop {
            let mut released = std::pin::pin!(self.released.notified());
            released.as_mut().enable();
            if is_so(self) {
                return;
            }
            released.await;
        }
    }

    /// Has the owner of `charge` go on beyond the budget, unless somebody else does.
    pub fn overdraw(self: &Arc<Self>, charge: &mut Charge) -> bool {
        if charge.overdraft.is_none() && !self.is_overdrawn.swap(true, Ordering::Relaxed) {
            charge.overdraft = Some(Overdraft(self.clone()));
        }
        charge.overdraft.is_some()
    }

    /// Takes `size_bytes`, whatever is left.
    pub fn charge(self: &Arc<Self>, size_bytes: usize) -> Charge {
        self.used_bytes.fetch_add(size_bytes, Ordering::Relaxed);
        self.gauge.add(size_bytes as i64);
        Charge {
            held: Some((self.clone(), size_bytes)),
            overdraft: None,
        }
    }
}

impl Charge {
    /// How much this holds.
    pub fn size_bytes(&self) -> usize {
        self.held.as_ref().map_or(0, |(_, size_bytes)| *size_bytes)
    }

    /// Holds more, or less, of the same budget.
    pub fn resize(&mut self, size_bytes: usize) {
        let Some((memory, held_bytes)) = &mut self.held else {
            return;
        };
        let before = std::mem::replace(held_bytes, size_bytes);
        memory.gauge.add(size_bytes as i64 - before as i64);
        if size_bytes >= before {
            let more = size_bytes - before;
            memory.used_bytes.fetch_add(more, Ordering::Relaxed);
        } else {
            let less = before - size_bytes;
            memory.used_bytes.fetch_sub(less, Ordering::Relaxed);
            memory.released.notify_waiters();
        }
    }

    /// Whether this may exceed the budget.
    pub fn is_overdrawn(&self) -> bool {
        self.overdraft.is_some()
    }

    /// From now on others may.
    pub fn end_overdraft(&mut self) {
        self.overdraft = None;
    }
}

impl Drop for Overdraft {
    fn drop(&mut self) {
        self.0.is_overdrawn.store(false, Ordering::Relaxed);
        self.0.released.notify_waiters();
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

    #[tokio::test]
    async fn one_at_a_time_goes_on_beyond_the_budget() {
        let memory = Memory::new(10, IntGauge::new("used", "used").unwrap());
        let mut first = memory.charge(6);
        let mut second = memory.charge(6);
        assert!(memory.overdraw(&mut first) && memory.overdraw(&mut first));
        assert!(!memory.overdraw(&mut second));
        first.resize(100);
        let mut turn = std::pin::pin!(memory.clone().turn());
        assert!(turn.as_mut().now_or_never().is_none());
        drop(first);
        turn.await;
        second.resize(12);
        assert!(memory.overdraw(&mut second) && !memory.has_room());
        second.resize(3);
        assert!(memory.has_room());
        drop(second);
        assert_eq!(memory.gauge.get(), 0);
    }
}
