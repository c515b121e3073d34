//! Replicas on their way from one log directory to another (KIP-113): what is asked for, and what is under way.
//!
//! ```text
//!   ask ─▶ queue ─▶ copy: piece by piece, beside the log in use ─▶ caught up ─▶ in the writer's turn: the rest, synced, swapped
//!     └─ back, or elsewhere: cancelled, the copy goes               └─ the log was cut: so is the copy
//! ```
//! Guarantees: until the swap the partition is the old log, from the swap on the copy, which then holds the same and is durable; whatever
//! dies in between, a restart finds one whole log and, if that is the old one, goes on copying. Nobody who waits for the partition
//! notices. Does not pace itself: `replication/moving.rs` does. Source: `ReplicaManager.alterReplicaLogDirs`, `ReplicaAlterLogDirsThread`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ottla_controller::ids::TopicId;
use ottla_controller::image::Image;
use ottla_protocol::{ErrorCode, Uuid};
use ottla_storage::log::{LogReader, LogWriter};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::hosted::Place;
use super::replica::Partition;
use super::table::Table;
use super::waits::Ended;

type Key = (TopicId, i32);

/// The longest name of a topic whose copies can have one of their own (`UnifiedLog.logFutureDirName`, KAFKA-4893).
const NAME_MAX: usize = 255 - "-.".len() - 32 - "-future".len();

/// See the module.
#[derive(Default)]
pub(super) struct Moves {
    under_way: Mutex<BTreeMap<Key, Arc<Move>>>,
    queue: Mutex<VecDeque<Arc<Move>>>,
    arrived: Notify,
    /// Where replicas are to lie that this broker does not have yet.
    preferred: Mutex<BTreeMap<Key, Uuid>>,
    /// Replicas that lie elsewhere than the cluster knows, and are marked so.
    pub settled: Mutex<BTreeSet<Key>>,
}

/// One replica on its way.
pub struct Move {
    pub(super) partition: Arc<Partition>,
    /// The place of the directory among all.
    pub(super) to: usize,
    /// The copy's directory, if a run before this one began it.
    pub(super) found: Option<String>,
    pub(super) copy: Mutex<Option<LogWriter>>,
    seen: Mutex<Option<LogReader>>,
    is_cancelled: AtomicBool,
    stopped: Notify,
}

/// A copy as DescribeLogDirs tells of it.
#[derive(Debug)]
pub struct Copying {
    pub partition: Arc<Partition>,
    pub size_bytes: u64,
    /// How many offsets the log in use is ahead.
    pub lag: i64,
}

impl Move {
    fn new(partition: Arc<Partition>, to: usize, found: Option<String>) -> Arc<Self> {
        Arc::new(Self {
            partition,
            to,
            found,
            copy: Mutex::default(),
            seen: Mutex::default(),
            is_cancelled: AtomicBool::new(false),
            stopped: Notify::new(),
        })
    }

    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Acquire)
    }

    /// Resolves when it is cancelled. One waiter at a time.
    pub async fn cancelled(&self) {
        while !self.is_cancelled() {
            self.stopped.notified().await;
        }
    }

    pub(super) fn key(&self) -> Key {
        (self.partition.topic.id(), self.partition.index)
    }

    pub(super) fn show(&self, copy: &LogReader) {
        *self.seen.lock() = Some(copy.clone());
    }

    fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Release);
        self.stopped.notify_one();
    }

    fn copying(&self) -> Copying {
        let seen = self.seen.lock().clone();
        let end = seen.as_ref().map_or(0, |copy| copy.offsets().end.0);
        Copying {
            partition: self.partition.clone(),
            size_bytes: seen.map_or(0, |copy| copy.size_bytes()),
            lag: self.partition.offsets().end.0 - end,
        }
    }
}

impl Moves {
    /// Where a replica that is new here was asked to lie.
    pub fn preferred(&self, key: Key) -> Option<Uuid> {
        self.preferred.lock().get(&key).copied()
    }

    /// The partition, or its topic, is gone, or here.
    pub fn forget_preferred(&self, is_gone: impl Fn(&Key) -> bool) {
        self.preferred.lock().retain(|key, _| !is_gone(key));
    }

    pub fn cancel(&self, key: Key) {
        if let Some(moving) = self.under_way.lock().remove(&key) {
            moving.cancel();
        }
    }

    /// Ends a move for good, unless it was cancelled: `true` for one caller only.
    pub fn conclude(&self, moving: &Arc<Move>) -> bool {
        let mut under_way = self.under_way.lock();
        let is_this = under_way
            .get(&moving.key())
            .is_some_and(|one| Arc::ptr_eq(one, moving));
        if is_this {
            under_way.remove(&moving.key());
        }
        is_this
    }

    /// In the partition's turn of writing, so that it comes before a swap or after it. Answers whether this is a move now.
    fn begin(&self, moving: Arc<Move>, is_there: bool) -> bool {
        let mut under_way = self.under_way.lock();
        if let Some(other) = under_way.get(&moving.key()) {
            if other.to == moving.to {
                return false;
            }
            other.cancel();
            under_way.remove(&moving.key());
        }
        if !is_there {
            under_way.insert(moving.key(), moving.clone());
            self.queue.lock().push_back(moving);
            self.arrived.notify_one();
        }
        !is_there
    }
}

impl Table {
    /// Has a replica moved to the log directory with this path; `Ok` once that is under way, or it is there. To where it lies already
    /// cancels a move. A replica that this broker does not have yet will be created there.
    ///
    /// # Errors
    /// INVALID_TOPIC_EXCEPTION, LOG_DIR_NOT_FOUND, KAFKA_STORAGE_ERROR, INVALID_REPLICA_ASSIGNMENT for a cordoned directory,
    /// REPLICA_NOT_AVAILABLE, UNKNOWN_TOPIC_OR_PARTITION.
    pub async fn move_replica(
        self: &Arc<Self>,
        image: &Image,
        name: &str,
        index: i32,
        path: &Path,
    ) -> Result<(), ErrorCode> {
        if name.len() + index.to_string().len() > NAME_MAX {
            return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
        }
        let to = self
            .homes
            .iter()
            .position(|home| home.directory.path() == path)
            .ok_or(ErrorCode::LOG_DIR_NOT_FOUND)?;
        let directory = &self.homes[to].directory;
        if directory.is_offline() {
            return Err(ErrorCode::KAFKA_STORAGE_ERROR);
        }
        if directory.is_cordoned() {
            return Err(ErrorCode::INVALID_REPLICA_ASSIGNMENT);
        }
        let topic = image.topics.by_name(name);
        let topic = topic.filter(|topic| topic.partition(index).is_some());
        let topic = topic.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let partition = match self.hosted().place(topic.id, index) {
            Some(Place::Open(partition)) => partition.clone(),
            Some(Place::Quarantined(_)) => return Err(ErrorCode::KAFKA_STORAGE_ERROR),
            None => {
                let mut preferred = self.moves.preferred.lock();
                preferred.insert((topic.id, index), directory.id());
                return Err(ErrorCode::REPLICA_NOT_AVAILABLE);
            }
        };
        self.begin_move(&partition, to, None).await
    }

    async fn begin_move(
        self: &Arc<Self>,
        partition: &Arc<Partition>,
        to: usize,
        found: Option<String>,
    ) -> Result<(), ErrorCode> {
        let name = (partition.topic.name().to_string(), partition.index);
        let is_there = Arc::ptr_eq(&partition.directory(), &self.homes[to].directory);
        let is_failing = self.homes.iter().any(|home| home.directory.is_offline());
        // While a directory is offline nobody knows what of this partition lies in it (`Partition.maybeCreateFutureReplica`).
        let is_blocked = !is_there && (is_failing || self.homes[to].owner(&name).is_some());
        if is_blocked || partition.role().ended == Some(Ended::DirectoryFailed) {
            return Err(ErrorCode::KAFKA_STORAGE_ERROR);
        }
        let (table, moved) = (self.clone(), partition.clone());
        let begun = partition.with_writer(move |_| {
            let is_there = Arc::ptr_eq(&moved.directory(), &table.homes[to].directory);
            let moving = Move::new(moved, to, found.clone());
            let is_begun = table.moves.begin(moving, is_there);
            if let Some(unused) = found.filter(|_| !is_begun) {
                table.homes[to].leftovers.lock().push(unused);
            }
        });
        begun.await.map_err(|_| ErrorCode::REPLICA_NOT_AVAILABLE)
    }

    /// A partition was opened: a copy of it that an earlier run began is gone on with.
    pub(super) async fn resume_move(self: &Arc<Self>, partition: &Arc<Partition>) {
        let here = partition.directory();
        let mut is_resumed = false;
        for (to, home) in self.homes.iter().enumerate() {
            for name in home.take_futures(partition.topic.id(), partition.index) {
                let is_useful = !is_resumed && !Arc::ptr_eq(&home.directory, &here);
                let resumed = match is_useful {
                    true => self.begin_move(partition, to, Some(name.clone())).await,
                    false => Err(ErrorCode::NONE),
                };
                match resumed {
                    Ok(()) => is_resumed = true,
                    Err(_) => home.leftovers.lock().push(name),
                }
            }
        }
    }

    /// The next replica to move. One caller at a time.
    pub async fn next_move(&self) -> Arc<Move> {
        loop {
            let next = self.moves.queue.lock().pop_front();
            match next {
                Some(next) => return next,
                None => self.moves.arrived.notified().await,
            }
        }
    }

    /// How many are on their way, or wait for it.
    pub fn replicas_moving(&self) -> usize {
        self.moves.under_way.lock().len()
    }

    /// The copies that are being made in a directory.
    pub(super) fn copies_in(&self, to: usize) -> Vec<Copying> {
        let under_way = self.moves.under_way.lock();
        let here = under_way.values().filter(|moving| moving.to == to);
        here.map(|moving| moving.copying()).collect()
    }
}
