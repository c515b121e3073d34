//! One log directory: whether it can be used, how fast it is, and the threads that work on it.
//!
//! ```text
//!   online ◀──▶ full      the reserve is reached; reads, deletes and retention go on, produce gets KAFKA_STORAGE_ERROR
//!      │         │
//!      └────┬────┘
//!           ▼
//!        offline          an I/O error, for good: a failed sync is never retried (architecture 9)
//! ```
//! Guarantees: a failure is logged and announced once. Does not know partitions; [`super::Table`] listens.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ottla_protocol::Uuid;
use ottla_storage::dir::LogDirectory;
use ottla_storage::disk::{Disk, Space};
use ottla_storage::log::Failure;
use parking_lot::Mutex;

use super::pace::Pace;
use super::reserve::Reserve;
use crate::world::{Clock, Workers};

/// Syncs of different files overlap in the device; more than a few gain nothing.
const SYNC_THREADS: usize = 4;
const READ_THREADS: usize = 2;

/// One of `log.dirs`.
pub struct Directory {
    path: PathBuf,
    /// The directory's id in `meta.properties` (KIP-858).
    id: Uuid,
    disk: Arc<dyn Disk>,
    /// Held, and with it the lock on the directory; `None` for one that could not be opened.
    held: Option<LogDirectory>,
    clock: Clock,
    threads: Threads,
    condition: AtomicU8,
    /// Takes no new partitions (KIP-1066).
    cordoned: AtomicBool,
    pace: Mutex<Pace>,
    reserve: Mutex<Reserve>,
    /// As of the last look.
    space: Mutex<Option<Space>>,
    /// Partitions that live here or are about to.
    partitions: AtomicUsize,
    /// Counts everything that a checkpoint could tell.
    changes: AtomicU64,
    failed: OnceLock<String>,
    on_failure: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

/// The threads of one directory, so that a slow one holds up nobody else.
#[derive(Clone, Debug)]
pub struct Threads {
    /// One thread: slow writes, in order.
    pub writes: Workers,
    pub syncs: Workers,
    /// Cold reads, opening and deleting logs.
    pub reads: Workers,
}

/// Whether a directory can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Condition {
    Online = 0,
    Full = 1,
    Offline = 2,
}

impl Threads {
    /// Real threads, named after the directory's place in `log.dirs`.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn start(index: usize) -> io::Result<Self> {
        Self::of(index, Workers::threads)
    }

    /// What `workers` yields for each name and number of threads.
    ///
    /// # Errors
    /// Those of `workers`.
    pub fn of(
        index: usize,
        workers: impl Fn(&str, usize) -> io::Result<Workers>,
    ) -> io::Result<Self> {
        Ok(Self {
            writes: workers(&format!("disk{index}-write"), 1)?,
            syncs: workers(&format!("disk{index}-sync"), SYNC_THREADS)?,
            reads: workers(&format!("disk{index}-read"), READ_THREADS)?,
        })
    }

    /// Tasks on the current runtime, for simulation and tests.
    pub fn tasks() -> Self {
        Self {
            writes: Workers::tasks(),
            syncs: Workers::tasks(),
            reads: Workers::tasks(),
        }
    }
}

impl Directory {
    /// A directory in use. `id` is that in its `meta.properties`.
    pub fn new(held: LogDirectory, id: Uuid, clock: Clock, threads: Threads) -> Arc<Self> {
        let (path, disk) = (held.path().to_owned(), held.files().disk().clone());
        let directory = Self::build(path, disk, Some(held), id, clock, threads);
        directory.look_at_space();
        Arc::new(directory)
    }

    /// A directory that could not be opened: offline from the start, so that its partitions are known to be there.
    pub fn failed(
        path: PathBuf,
        disk: Arc<dyn Disk>,
        clock: Clock,
        threads: Threads,
        reason: &str,
    ) -> Arc<Self> {
        let directory = Self::build(path, disk, None, Uuid::default(), clock, threads);
        directory.fail(reason);
        Arc::new(directory)
    }

    fn build(
        path: PathBuf,
        disk: Arc<dyn Disk>,
        held: Option<LogDirectory>,
        id: Uuid,
        clock: Clock,
        threads: Threads,
    ) -> Self {
        Self {
            path,
            id,
            disk,
            held,
            clock,
            threads,
            condition: AtomicU8::new(Condition::Online as u8),
            cordoned: AtomicBool::new(false),
            pace: Mutex::default(),
            reserve: Mutex::default(),
            space: Mutex::default(),
            partitions: AtomicUsize::new(0),
            changes: AtomicU64::new(0),
            failed: OnceLock::new(),
            on_failure: OnceLock::new(),
        }
    }

    /// The directory itself; `None` for one that could not be opened.
    pub(super) fn held(&self) -> Option<&LogDirectory> {
        self.held.as_ref()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn id(&self) -> Uuid {
        self.id
    }

    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn condition(&self) -> Condition {
        match self.condition.load(Ordering::Acquire) {
            0 => Condition::Online,
            1 => Condition::Full,
            _ => Condition::Offline,
        }
    }

    pub fn is_offline(&self) -> bool {
        self.condition() == Condition::Offline
    }

    /// Whether new partitions go elsewhere (KIP-1066).
    pub fn is_cordoned(&self) -> bool {
        self.cordoned.load(Ordering::Acquire)
    }

    pub fn set_cordoned(&self, cordoned: bool) {
        self.cordoned.store(cordoned, Ordering::Release);
    }

    /// Whether `size_bytes` more may be written; looks at the disk when much was written since the last look.
    pub fn has_room_for(&self, size_bytes: u64) -> bool {
        if self.reserve.lock().wants_look(size_bytes) {
            self.look_at_space();
        }
        self.condition() == Condition::Online
    }

    /// Looks at the disk's free space and becomes full or online accordingly. `None` when the disk does not say.
    pub fn look_at_space(&self) -> Option<Space> {
        let space = self.disk.space(&self.path).ok()?;
        *self.space.lock() = Some(space);
        let is_full = self
            .reserve
            .lock()
            .look(space.total_bytes, space.free_bytes);
        let (before, now) = if is_full {
            (Condition::Online, Condition::Full)
        } else {
            (Condition::Full, Condition::Online)
        };
        if self.change(before, now) {
            match now {
                Condition::Full => tracing::warn!(
                    directory = %self.path.display(), free_bytes = space.free_bytes,
                    "log directory is full up to its reserve: produce is refused until space is freed"
                ),
                _ => {
                    tracing::info!(directory = %self.path.display(), "log directory has room again")
                }
            }
        }
        Some(space)
    }

    /// The disk's space as of the last look.
    pub fn last_space(&self) -> Option<Space> {
        *self.space.lock()
    }

    /// An operation on this directory failed. Want of room makes it full, anything else the device says takes it offline.
    pub fn report(&self, failure: &Failure) {
        if failure.kind == io::ErrorKind::StorageFull {
            self.reserve.lock().refused();
            self.change(Condition::Online, Condition::Full);
        } else {
            self.fail(&failure.to_string());
        }
    }

    /// Takes the directory offline for good.
    pub fn fail(&self, reason: &str) {
        if self.failed.set(reason.to_owned()).is_err() {
            return;
        }
        self.condition
            .store(Condition::Offline as u8, Ordering::Release);
        tracing::error!(directory = %self.path.display(), reason, "log directory failed; its partitions are offline");
        if let Some(announce) = self.on_failure.get() {
            announce();
        }
    }

    /// Why it is offline.
    pub fn failure(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }

    /// Who is told, once, when this directory fails. The first caller wins.
    pub fn when_failed(&self, announce: impl Fn() + Send + Sync + 'static) {
        drop(self.on_failure.set(Box::new(announce)));
    }

    /// Where a write should run that begins now. `Some`: here, and [`Directory::inline_ended`] must follow.
    pub fn may_write_inline(&self) -> Option<Duration> {
        let now = self.clock.elapsed();
        self.pace.lock().may_run_inline(now).then_some(now)
    }

    pub fn inline_ended(&self, since: Duration) {
        self.pace.lock().inline_ended(since);
    }

    /// Runs a write and remembers how long it took.
    pub fn timed<R>(&self, write: impl FnOnce() -> R) -> R {
        let began = self.clock.elapsed();
        let result = write();
        self.pace
            .lock()
            .took(self.clock.elapsed().saturating_sub(began));
        result
    }

    pub fn partitions(&self) -> usize {
        self.partitions.load(Ordering::Relaxed)
    }

    /// Grows whenever an offset of any of its logs has moved.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    pub(super) fn note_change(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }

    pub(super) fn add_partition(&self) {
        self.partitions.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remove_partition(&self) {
        self.partitions.fetch_sub(1, Ordering::Relaxed);
    }

    fn change(&self, before: Condition, now: Condition) -> bool {
        self.condition
            .compare_exchange(before as u8, now as u8, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            to,
            "Directory({}, {:?})",
            self.path.display(),
            self.condition()
        )
    }
}
