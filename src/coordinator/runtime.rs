//! The shards of one kind on this node: which are led here, in which epoch, and how requests reach them.
//!
//! [`Runtime::elect`] and [`Runtime::resign`] follow the metadata; [`Runtime::write`] and [`Runtime::read`] serve requests. The
//! order of operations on a shard is that of the calls.

use super::loader::{self, LoadError};
use super::seat::{End, Order, Post, Seat};
use super::{Draft, Journal, Shard, Ticket, Turn, View};
use crate::metrics::ShardMetrics;
use crate::world::Clock;
use ottla_protocol::ErrorCode;
use ottla_storage::offset::LeaderEpoch;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};

/// How long a shard that could not be loaded waits before the next attempt.
const LOAD_RETRY: Duration = Duration::from_secs(1);

/// See the module.
pub struct Runtime<S: Shard> {
    shard: Arc<S>,
    clock: Clock,
    /// The internal topic, for log lines.
    topic: &'static str,
    /// How much of a log is read at a time.
    piece_bytes: usize,
    metrics: ShardMetrics,
    led: Mutex<BTreeMap<i32, Led<S>>>,
    /// Moves when a shard begins to serve.
    loaded: Arc<Notify>,
}

/// A shard that this node leads. Dropped, it ends.
struct Led<S: Shard> {
    epoch: LeaderEpoch,
    is_loading: Arc<AtomicBool>,
    orders: mpsc::UnboundedSender<Order<S>>,
    _stop: oneshot::Sender<()>,
}

/// The answer to come. Errors: NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS, and what an append is refused with.
#[derive(Debug)]
pub struct Pending<R>(oneshot::Receiver<Result<R, ErrorCode>>);

impl<R> Future for Pending<R> {
    type Output = Result<R, ErrorCode>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A seat that is gone without a word was lost to a bug; the client looks for the next one.
        let lost = |_| Err(ErrorCode::NOT_COORDINATOR);
        Pin::new(&mut self.0)
            .poll(context)
            .map(|answered| answered.unwrap_or_else(lost))
    }
}

impl<S: Shard> Runtime<S> {
    pub fn new(
        shard: S,
        clock: Clock,
        topic: &'static str,
        piece_bytes: usize,
        metrics: ShardMetrics,
    ) -> Arc<Self> {
        Arc::new(Self {
            shard: Arc::new(shard),
            clock,
            topic,
            piece_bytes,
            metrics,
            led: Mutex::default(),
            loaded: Arc::default(),
        })
    }

    /// This node leads the partition in `epoch`: its shard is loaded, unless it is already. An older one ends.
    pub fn elect(&self, partition: i32, epoch: LeaderEpoch, journal: Arc<dyn Journal>) {
        let mut led = self.led.lock();
        if led.get(&partition).is_some_and(|led| led.epoch >= epoch) {
            return;
        }
        let (orders, queue) = mpsc::unbounded_channel();
        let (_stop, stop) = oneshot::channel();
        let is_loading = Arc::new(AtomicBool::new(true));
        let post = Post {
            shard: self.shard.clone(),
            journal,
            epoch,
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
        };
        let name = format!("{}-{partition}", self.topic);
        let state = State {
            is_loading: is_loading.clone(),
            loaded: self.loaded.clone(),
        };
        tokio::spawn(live(post, queue, stop, state, name, self.piece_bytes));
        led.insert(
            partition,
            Led {
                epoch,
                is_loading,
                orders,
                _stop,
            },
        );
    }

    /// This node leads the partition no more. Open requests are answered NOT_COORDINATOR.
    pub fn resign(&self, partition: i32) {
        self.led.lock().remove(&partition);
    }

    /// Resigns from everything.
    pub fn stop(&self) {
        self.led.lock().clear();
    }

    /// Resolves when the shard serves; the caller knows how long it will wait.
    pub async fn serving(&self, partition: i32) {
        let is_serving = || {
            let led = self.led.lock();
            led.get(&partition)
                .is_some_and(|led| !led.is_loading.load(Ordering::Acquire))
        };
        loop {
            let mut loaded = pin!(self.loaded.notified());
            loaded.as_mut().enable();
            if is_serving() {
                return;
            }
            loaded.await;
        }
    }

    /// The partitions led now.
    pub fn led(&self) -> Vec<i32> {
        self.led.lock().keys().copied().collect()
    }

    /// How many shards are loading, and how many serve.
    pub fn shards(&self) -> (usize, usize) {
        let led = self.led.lock();
        let is_loading = |led: &&Led<S>| led.is_loading.load(Ordering::Acquire);
        let loading = led.values().filter(is_loading).count();
        (loading, led.len() - loading)
    }

    /// Has the shard carry out an operation. Its place in the order is decided when this returns; the answer comes when
    /// everything that it rests on is committed.
    pub fn write(
        &self,
        partition: i32,
        operation: impl FnOnce(&S, &mut Draft<S>, Ticket, &Turn) + Send + 'static,
    ) -> Pending<S::Answer> {
        let (reply_to, answer) = oneshot::channel();
        self.give(partition, Order::Write(Box::new(operation), reply_to));
        Pending(answer)
    }

    /// Reads committed state.
    pub fn read<R: Send + 'static>(
        &self,
        partition: i32,
        operation: impl FnOnce(View<'_, S>) -> R + Send + 'static,
    ) -> Pending<R> {
        let (reply_to, answer) = oneshot::channel();
        let operation = move |view: Result<View<'_, S>, ErrorCode>| {
            let _ = reply_to.send(view.map(operation));
        };
        self.give(partition, Order::Read(Box::new(operation)));
        Pending(answer)
    }

    fn give(&self, partition: i32, order: Order<S>) {
        let orders = match self.led.lock().get(&partition) {
            None => Err(ErrorCode::NOT_COORDINATOR),
            Some(led) if led.is_loading.load(Ordering::Acquire) => {
                Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
            }
            Some(led) => Ok(led.orders.clone()),
        };
        match orders {
            Err(error) => order.refuse(error),
            Ok(orders) => {
                if let Err(refused) = orders.send(order) {
                    refused.0.refuse(ErrorCode::NOT_COORDINATOR);
                }
            }
        }
    }
}

/// What others see of a shard's life.
struct State {
    is_loading: Arc<AtomicBool>,
    loaded: Arc<Notify>,
}

impl State {
    fn set_loading(&self, is_loading: bool) {
        self.is_loading.store(is_loading, Ordering::Release);
        if !is_loading {
            self.loaded.notify_waiters();
        }
    }
}

/// Loads the shard and lets it work; again, when that is what it takes.
async fn live<S: Shard>(
    mut post: Post<S>,
    mut orders: mpsc::UnboundedReceiver<Order<S>>,
    mut stop: oneshot::Receiver<()>,
    state: State,
    name: String,
    piece_bytes: usize,
) {
    loop {
        state.set_loading(true);
        let began = post.clock.elapsed();
        let loading = loader::load::<S>(&*post.journal, post.epoch, piece_bytes);
        let loaded = tokio::select! {
            biased;
            _ = &mut stop => return,
            loaded = loading => loaded,
        };
        match loaded {
            Ok(loaded) => {
                let took = post.clock.elapsed().saturating_sub(began);
                post.metrics.loaded(took);
                if loaded.records > 0 {
                    tracing::info!(shard = %name, epoch = post.epoch.0, records = loaded.records,
                        bytes = loaded.bytes, ?took, "loaded");
                }
                if loaded.transactional > 0 {
                    tracing::warn!(shard = %name, batches = loaded.transactional,
                        "what was written in transactions is passed over: they are not built yet");
                }
                state.set_loading(false);
                let ended;
                (post, ended) = Seat::new(post, loaded.history)
                    .run(&mut orders, &mut stop)
                    .await;
                if ended == End::Over {
                    break;
                }
                tracing::warn!(shard = %name, "an operation was written in part; loading again");
            }
            Err(LoadError::Refused(error)) if is_over(error) => break,
            Err(error @ LoadError::Damaged(..)) => {
                tracing::error!(shard = %name, %error, "a shard cannot be loaded; what it coordinates is not served");
                break;
            }
            Err(error) => {
                tracing::warn!(shard = %name, %error, "a shard could not be loaded; trying again");
                tokio::select! {
                    biased;
                    _ = &mut stop => return,
                    () = tokio::time::sleep_until(post.clock.deadline(LOAD_RETRY)) => {}
                }
            }
        }
    }
    state.set_loading(false);
    orders.close();
    while let Some(order) = orders.recv().await {
        order.refuse(ErrorCode::NOT_COORDINATOR);
    }
}

/// Whether the metadata will say more, so that there is nothing to try again.
fn is_over(error: ErrorCode) -> bool {
    error == ErrorCode::NOT_LEADER_OR_FOLLOWER
        || error == ErrorCode::FENCED_LEADER_EPOCH
        || error == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        || error == ErrorCode::KAFKA_STORAGE_ERROR
}
