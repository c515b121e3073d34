//! tokio's `watch`, but that waiters are woken in the order in which they began to wait.
//!
//! tokio wakes them in a random order, so that a simulated run with two of them has no single course. The value, its versions and the end
//! of the channel are tokio's; only who waits, waits here. [`crate::Level`] is the shorter word where a value only has to be reached.

use futures::future::FutureExt;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{Notify, watch};

pub use watch::Ref;
pub use watch::error::{RecvError, SendError};

/// As `tokio::sync::watch::Sender`.
#[derive(Debug)]
pub struct Sender<T> {
    inner: watch::Sender<T>,
    /// After the sender itself, so that whoever is woken finds it gone.
    waiters: Waiters,
}

/// As `tokio::sync::watch::Receiver`.
#[derive(Debug)]
pub struct Receiver<T> {
    inner: watch::Receiver<T>,
    waiters: Arc<Notify>,
}

/// Woken once more when the sender is gone.
#[derive(Clone, Debug)]
struct Waiters(Arc<Notify>);

/// A new channel that holds `value`, which counts as seen.
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(value);
    let receiver = sender.subscribe();
    (sender, receiver)
}

impl<T> Sender<T> {
    pub fn new(value: T) -> Self {
        Self {
            inner: watch::Sender::new(value),
            waiters: Waiters(Arc::new(Notify::new())),
        }
    }

    /// # Errors
    /// When nobody receives any more.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let sent = self.inner.send(value);
        self.waiters.0.notify_waiters();
        sent
    }

    pub fn send_replace(&self, value: T) -> T {
        let before = self.inner.send_replace(value);
        self.waiters.0.notify_waiters();
        before
    }

    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.inner.send_modify(modify);
        self.waiters.0.notify_waiters();
    }

    /// Wakes nobody when `modify` says that it changed nothing.
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let is_modified = self.inner.send_if_modified(modify);
        if is_modified {
            self.waiters.0.notify_waiters();
        }
        is_modified
    }

    pub fn borrow(&self) -> Ref<'_, T> {
        self.inner.borrow()
    }

    pub fn subscribe(&self) -> Receiver<T> {
        Receiver {
            inner: self.inner.subscribe(),
            waiters: self.waiters.0.clone(),
        }
    }
}

impl<T> Receiver<T> {
    /// Waits for a value that was not seen, and counts it as seen. Cancel safe.
    ///
    /// # Errors
    /// When every sender is gone, and the last value was seen.
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        loop {
            let mut woken = pin!(self.waiters.notified());
            woken.as_mut().enable();
            // Only looked at: a budget that is used up must not be taken for a value that is old.
            let changed = tokio::task::unconstrained(self.inner.changed());
            if let Some(changed) = changed.now_or_never() {
                return changed;
            }
            woken.await;
        }
    }

    /// Waits until the value is what `is_reached` wants; it may have changed again by the time it is looked at. Cancel safe.
    ///
    /// # Errors
    /// When every sender is gone, and the last value is another.
    pub async fn wait_for(
        &mut self,
        mut is_reached: impl FnMut(&T) -> bool,
    ) -> Result<Ref<'_, T>, RecvError> {
        while !is_reached(&self.inner.borrow_and_update()) {
            self.changed().await?;
        }
        Ok(self.inner.borrow())
    }

    /// # Errors
    /// When every sender is gone.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        self.inner.has_changed()
    }

    pub fn borrow(&self) -> Ref<'_, T> {
        self.inner.borrow()
    }

    /// Counts the value as seen.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        self.inner.borrow_and_update()
    }
}

impl<T: Default> Default for Sender<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            waiters: self.waiters.clone(),
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            waiters: self.waiters.clone(),
        }
    }
}

impl Drop for Waiters {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    #[tokio::test]
    async fn waiters_are_woken_in_the_order_in_which_they_came() {
        let (sender, receiver) = channel(0);
        let woken = Arc::new(Mutex::new(Vec::new()));
        let waiting = |number: i32| {
            let (mut receiver, woken) = (receiver.clone(), woken.clone());
            async move {
                receiver.wait_for(|value| *value >= 2).await.unwrap();
                woken.lock().push(number);
            }
        };
        let tasks: Vec<_> = (0..20)
            .map(|number| tokio::spawn(waiting(number)))
            .collect();
        tokio::task::yield_now().await;
        sender.send_replace(1);
        tokio::task::yield_now().await;
        assert!(woken.lock().is_empty());
        sender.send_modify(|value| *value = 2);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*woken.lock(), (0..20).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_value_is_seen_once_and_the_end_after_it() {
        let (sender, mut receiver) = channel(0);
        assert!(receiver.changed().now_or_never().is_none());
        sender.send(1).unwrap();
        drop(sender);
        assert!(receiver.changed().await.is_ok());
        assert_eq!(*receiver.borrow(), 1);
        assert!(receiver.changed().await.is_err());
        assert!(receiver.wait_for(|value| *value == 2).await.is_err());
    }

    #[tokio::test]
    async fn whoever_waits_learns_that_the_sender_is_gone() {
        let (sender, mut receiver) = channel(0);
        let waiting = tokio::spawn(async move { receiver.changed().await.is_err() });
        tokio::task::yield_now().await;
        drop(sender);
        assert!(waiting.await.unwrap());
    }
}
