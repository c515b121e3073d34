//! What openraft runs on: tokio, but that whoever waits for a value is woken in order (see [`crate::watch`]). Together with random numbers
//! from a seed (`DeterministicRng`) this gives a simulated quorum one course per seed.

use crate::watch as ordered;
use openraft_rt::watch::{RecvError, SendError, Watch, WatchReceiver, WatchSender};
use openraft_rt::{AsyncRuntime, OptionalSend, OptionalSync};
use openraft_rt_tokio::TokioRuntime;
use std::time::Duration;

/// See the module.
#[derive(Debug)]
pub struct Ordered(TokioRuntime);

/// Channels of [`crate::watch`].
pub struct OrderedWatch;

impl Watch for OrderedWatch {
    type Sender<T: OptionalSend + OptionalSync> = ordered::Sender<T>;
    type Receiver<T: OptionalSend + OptionalSync> = ordered::Receiver<T>;
    type Ref<'a, T: OptionalSend + 'a> = ordered::Ref<'a, T>;

    fn channel<T: OptionalSend + OptionalSync>(
        init: T,
    ) -> (ordered::Sender<T>, ordered::Receiver<T>) {
        ordered::channel(init)
    }
}

impl<T: OptionalSend + OptionalSync> WatchSender<OrderedWatch, T> for ordered::Sender<T> {
    fn send(&self, value: T) -> Result<(), SendError<T>> {
        ordered::Sender::send(self, value).map_err(|error| SendError(error.0))
    }

    fn send_if_modified<F: FnOnce(&mut T) -> bool>(&self, modify: F) -> bool {
        ordered::Sender::send_if_modified(self, modify)
    }

    fn borrow_watched(&self) -> ordered::Ref<'_, T> {
        self.borrow()
    }

    fn subscribe(&self) -> ordered::Receiver<T> {
        ordered::Sender::subscribe(self)
    }
}

impl<T: OptionalSend + OptionalSync> WatchReceiver<OrderedWatch, T> for ordered::Receiver<T> {
    async fn changed(&mut self) -> Result<(), RecvError> {
        let changed = ordered::Receiver::changed(self).await;
        changed.map_err(|_| RecvError(()))
    }

    fn borrow_watched(&self) -> ordered::Ref<'_, T> {
        self.borrow()
    }

    fn borrow_and_update(&mut self) -> ordered::Ref<'_, T> {
        ordered::Receiver::borrow_and_update(self)
    }
}

impl AsyncRuntime for Ordered {
    type JoinError = <TokioRuntime as AsyncRuntime>::JoinError;
    type JoinHandle<T: OptionalSend + 'static> = <TokioRuntime as AsyncRuntime>::JoinHandle<T>;
    type Sleep = <TokioRuntime as AsyncRuntime>::Sleep;
    type Instant = <TokioRuntime as AsyncRuntime>::Instant;
    type TimeoutError = <TokioRuntime as AsyncRuntime>::TimeoutError;
    type Timeout<R, T: Future<Output = R> + OptionalSend> =
        <TokioRuntime as AsyncRuntime>::Timeout<R, T>;
    type ThreadLocalRng = <TokioRuntime as AsyncRuntime>::ThreadLocalRng;
    type Mpsc = <TokioRuntime as AsyncRuntime>::Mpsc;
    type Watch = OrderedWatch;
    type Oneshot = <TokioRuntime as AsyncRuntime>::Oneshot;
    type Mutex<T: OptionalSend + 'static> = <TokioRuntime as AsyncRuntime>::Mutex<T>;

    fn spawn<T>(future: T) -> Self::JoinHandle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        TokioRuntime::spawn(future)
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        TokioRuntime::sleep(duration)
    }

    fn sleep_until(deadline: Self::Instant) -> Self::Sleep {
        TokioRuntime::sleep_until(deadline)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(
        duration: Duration,
        future: F,
    ) -> Self::Timeout<R, F> {
        TokioRuntime::timeout(duration, future)
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(
        deadline: Self::Instant,
        future: F,
    ) -> Self::Timeout<R, F> {
        TokioRuntime::timeout_at(deadline, future)
    }

    fn is_panic(join_error: &Self::JoinError) -> bool {
        TokioRuntime::is_panic(join_error)
    }

    fn thread_rng() -> Self::ThreadLocalRng {
        TokioRuntime::thread_rng()
    }

    fn new(threads: usize) -> Self {
        Self(TokioRuntime::new(threads))
    }

    fn block_on<F, T>(&mut self, future: F) -> T
    where
        F: Future<Output = T>,
    {
        self.0.block_on(future)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openraft_can_run_on_it() {
        openraft_rt::testing::Suite::<Ordered>::test_all();
    }
}
