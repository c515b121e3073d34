//! A value that tasks wait on until it has reached something, woken in the order in which they began to wait.
//!
//! tokio's `watch` wakes its waiters in a random order, so that a simulated run with two of them has no single course. Use it where there
//! is one waiter, or where waking ends everything.

use parking_lot::Mutex;
use std::pin::pin;
use tokio::sync::Notify;

/// See the module.
#[derive(Debug, Default)]
pub struct Level<T> {
    value: Mutex<T>,
    changed: Notify,
}

impl<T> Level<T> {
    pub fn new(value: T) -> Self {
        Self {
            value: Mutex::new(value),
            changed: Notify::new(),
        }
    }

    /// Changes the value and wakes whoever waits.
    pub fn set(&self, value: T) {
        *self.value.lock() = value;
        self.changed.notify_waiters();
    }

    /// Looks at the value.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.value.lock())
    }

    /// Resolves when the value is what `is_reached` wants. It may have changed again by then. Cancel safe.
    pub async fn until(&self, is_reached: impl Fn(&T) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.with(&is_reached) {
                return;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn waiters_are_woken_in_the_order_in_which_they_came() {
        let (level, woken) = (Arc::new(Level::new(0)), Arc::new(Mutex::new(Vec::new())));
        let mut tasks = Vec::new();
        for number in 0..20 {
            let (level, woken) = (level.clone(), woken.clone());
            tasks.push(tokio::spawn(async move {
                level.until(|value| *value >= 2).await;
                woken.lock().push(number);
            }));
        }
        tokio::task::yield_now().await;
        level.set(1);
        tokio::task::yield_now().await;
        assert!(woken.lock().is_empty());
        level.set(2);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*woken.lock(), (0..20).collect::<Vec<_>>());
        level.until(|value| *value == 2).await;
    }
}
