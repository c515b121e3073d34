//! Copying a replica into another log directory, and the swap: see [`super::moving`].
//!
//! Guarantees: at most [`PIECE_BYTES`] (or one batch) in memory per move; the writer's turn is taken only for what is left once the copy
//! has caught up. What goes wrong ends the move and leaves the old log in use, but for a failure of the swap itself: then nobody
//! knows which of the two a restart will find, and the partition goes offline with its new directory.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use ottla_storage::checkpoint;
use ottla_storage::dir::LogDirectory;
use ottla_storage::log::{
    AppendError, Failure, FlushScope, LogReader, LogWriter, OpenError, OpenLog, ReadError, Trust,
};
use ottla_storage::offset::{LeaderEpoch, Offset};
use ottla_storage::segment::Patience;

use super::checkpoints::{Checkpoints, Key};
use super::home::Home;
use super::moving::Move;
use super::replica::Store;
use super::table::Table;
use super::waits::Ended;

/// Bytes copied at a time, as many as a follower fetches of a partition by default.
const PIECE_BYTES: u64 = 1 << 20;
/// Pieces that may be copied while nobody can write.
const LAST_PIECES: usize = 8;
/// Before trying again what may go better later.
const PAUSE: Duration = Duration::from_secs(1);

/// Asked before each piece of so many bytes.
pub type Throttle<'a> = &'a (dyn Fn(u64) -> BoxFuture<'static, ()> + Send + Sync);

/// What a step of a move came to.
enum Step {
    /// Caught up with what there was when it began.
    CaughtUp,
    Further,
    /// Not now.
    Pause(&'static str),
}

/// Why a move ends without having come to its end.
#[derive(Debug)]
enum Halt {
    Cancelled,
    Failed(String),
}

/// How the swap went.
enum Swap {
    Done,
    /// More has come than may be copied in the writer's turn.
    Behind,
    Halted(Halt),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.to_string())
    }
}

impl Table {
    /// Moves a replica. Resolves when it has moved, or will not.
    pub async fn carry_out(self: &Arc<Self>, moving: &Arc<Move>, throttle: Throttle<'_>) {
        let partition = &moving.partition;
        let to = self.homes[moving.to].directory.path().to_owned();
        tracing::info!(%partition, to = %to.display(), "a replica begins to move to another log directory");
        let moved = self.copy_and_swap(moving, throttle).await;
        match &moved {
            Ok(()) => {
                tracing::info!(%partition, to = %to.display(), "a replica has moved to another log directory");
            }
            Err(Halt::Cancelled) => {
                tracing::info!(%partition, to = %to.display(), "a replica stays where it is: its move was cancelled");
            }
            Err(Halt::Failed(why)) => {
                tracing::error!(%partition, to = %to.display(), why, "a replica stays where it is");
            }
        }
        if moved.is_err() {
            self.moves.conclude(moving);
            self.drop_copy(moving).await;
        }
    }

    async fn copy_and_swap(
        self: &Arc<Self>,
        moving: &Arc<Move>,
        throttle: Throttle<'_>,
    ) -> Result<(), Halt> {
        // What the checkpoints there may still say of a partition of this name is not about this copy.
        let name = name_of(moving);
        self.homes[moving.to].checkpoints.forget(&name);
        self.on_directory(moving.to, write_checkpoints).await;
        self.on_target(moving, |table, moving| table.open_copy(moving))
            .await?;
        loop {
            if self.is_over(moving) {
                return Err(Halt::Cancelled);
            }
            match self.step(moving, throttle).await? {
                Step::Further => {}
                Step::Pause(why) => {
                    tracing::warn!(partition = %moving.partition, why, "a moving replica waits");
                    drop(tokio::time::timeout(PAUSE, moving.cancelled()).await);
                }
                Step::CaughtUp => {
                    self.on_target(moving, |_, moving| {
                        with_copy(moving, |copy| copy.close().map_err(Halt::from))
                    })
                    .await?;
                    match self.try_to_swap(moving).await {
                        Swap::Behind => {}
                        Swap::Halted(halt) => return Err(halt),
                        Swap::Done => break,
                    }
                }
            }
        }
        self.on_directory(moving.to, write_checkpoints).await;
        for (index, home) in self.homes.iter().enumerate() {
            if index != moving.to && !home.directory.is_offline() {
                self.on_directory(index, write_checkpoints).await;
            }
        }
        Ok(())
    }

    fn is_over(&self, moving: &Move) -> bool {
        moving.is_cancelled()
            || moving.partition.role().ended.is_some()
            || self.homes[moving.to].directory.is_offline()
    }

    fn open_copy(&self, moving: &Move) -> Result<(), Halt> {
        let partition = &moving.partition;
        let held = self.homes[moving.to]
            .directory
            .held()
            .ok_or(Halt::Cancelled)?;
        let opened = moving
            .found
            .as_ref()
            .map(|name| self.open_log(moving, held, held.path().join(name)));
        let copy = match opened {
            Some(Ok(copy)) => copy,
            _ => {
                if let Some(name) = &moving.found {
                    tracing::warn!(%partition, name, "a copy that was begun cannot be gone on with: it is made anew");
                    held.removal_of(name).run()?;
                }
                let id = checkpoint::Uuid(partition.topic.id().0.0);
                let path = held.create_future(
                    partition.topic.name(),
                    partition.index,
                    &self.unique(),
                    id,
                )?;
                self.open_log(moving, held, path)
                    .map_err(|error| Halt::Failed(error.to_string()))?
            }
        };
        moving.show(copy.reader());
        *moving.copy.lock() = Some(copy);
        Ok(())
    }

    fn open_log(
        &self,
        moving: &Move,
        held: &LogDirectory,
        path: std::path::PathBuf,
    ) -> Result<LogWriter, OpenError> {
        let order = OpenLog {
            path,
            files: held.files().clone(),
            config: moving.partition.reader().config(),
            checkpointed: Default::default(),
            // No checkpoint speaks of copies: all of it is checked.
            trust: Trust::RecoveryPoint,
            now_ms: self.options.clock.wall_ms(),
        };
        Ok(order.open()?.writer)
    }

    /// Copies the next piece.
    async fn step(
        self: &Arc<Self>,
        moving: &Arc<Move>,
        throttle: Throttle<'_>,
    ) -> Result<Step, Halt> {
        let source = moving.partition.store();
        let aligned = source.reader.clone();
        let position = self
            .on_target(moving, move |table, moving| {
                let now_ms = table.options.clock.wall_ms();
                with_copy(moving, |copy| align(copy, &aligned, now_ms))
            })
            .await?;
        let end = source.reader.offsets().end;
        let reader = source.reader.clone();
        let reading = source
            .directory
            .threads()
            .reads
            .run(move || piece(&reader, position, end));
        let piece = match reading.await {
            Some(Ok(piece)) => piece,
            // The log was cut, or its start moved on.
            Some(Err(ReadError::OutOfRange { .. })) => return Ok(Step::Further),
            Some(Err(error)) => return Err(Halt::Failed(error.to_string())),
            None => return Err(Halt::Failed("reading the log panicked".to_owned())),
        };
        if piece.is_empty() {
            return Ok(Step::CaughtUp);
        }
        let size_bytes = piece.len() as u64;
        let room = futures::future::select(throttle(size_bytes), Box::pin(moving.cancelled()));
        drop(room.await);
        if !self.homes[moving.to].directory.has_room_for(size_bytes) {
            return Ok(Step::Pause("the log directory is full"));
        }
        let appended = self.on_target(moving, move |table, moving| {
            let now_ms = table.options.clock.wall_ms();
            with_copy(moving, |copy| append(copy, piece, now_ms))
        });
        match appended.await? {
            Some(reached) if reached >= end => Ok(Step::CaughtUp),
            Some(_) => Ok(Step::Further),
            None => Ok(Step::Pause("what was read does not follow on the copy")),
        }
    }

    async fn try_to_swap(self: &Arc<Self>, moving: &Arc<Move>) -> Swap {
        let (table, moved) = (self.clone(), moving.clone());
        let reads = moving.partition.directory().threads().reads.clone();
        let swapping = moving
            .partition
            .with_writer_on(&reads, move |writer| table.swap(&moved, writer));
        swapping.await.unwrap_or(Swap::Halted(Halt::Cancelled))
    }

    /// In the writer's turn.
    fn swap(&self, moving: &Arc<Move>, writer: &mut LogWriter) -> Swap {
        let partition = &moving.partition;
        let target = &self.homes[moving.to].directory;
        let Some(held) = target.held().filter(|_| !self.is_over(moving)) else {
            return Swap::Halted(Halt::Cancelled);
        };
        let mut seat = moving.copy.lock();
        let Some(copy) = seat.as_mut() else {
            return Swap::Halted(Halt::Cancelled);
        };
        let now_ms = self.options.clock.wall_ms();
        match complete(copy, writer, now_ms) {
            Ok(true) => {}
            Ok(false) => return Swap::Behind,
            Err(halt) => return Swap::Halted(halt),
        }
        if let Err(failure) = copy.mark_whole() {
            target.report(&failure);
            return Swap::Halted(failure.into());
        }
        if !self.moves.conclude(moving) {
            return Swap::Halted(Halt::Cancelled);
        }
        let promoted = copy.promote(held.partition_path(partition.topic.name(), partition.index));
        let source = partition.store();
        let copy = seat.take().expect("looked at above, and locked since");
        let old = std::mem::replace(writer, copy);
        partition.settle_in(Store {
            directory: target.clone(),
            reader: writer.reader().clone(),
        });
        source.directory.remove_partition();
        target.add_partition();
        if let Err(failure) = promoted {
            target.fail(&failure.to_string());
            return Swap::Halted(failure.into());
        }
        if target.is_offline() {
            partition.end(Ended::DirectoryFailed);
        }
        self.settle(moving, &source, old);
        Swap::Done
    }

    /// The old log goes, and the cluster hears where the new one is.
    fn settle(&self, moving: &Move, source: &Store, old: LogWriter) {
        let partition = &moving.partition;
        match old.delete(&self.unique()) {
            Ok(removal) => {
                let delay = partition.topic.in_force().config.file_delete_delay;
                self.doom(removal, &source.directory, delay);
                self.moves.settled.lock().insert(moving.key());
            }
            Err(failure) => source.directory.report(&failure),
        }
        let mut homes = self.homes.iter();
        let was_here = |home: &&Home| Arc::ptr_eq(&home.directory, &source.directory);
        if let Some(home) = homes.find(was_here) {
            home.checkpoints.forget(&name_of(moving));
        }
        let directory = partition.directory().id();
        self.replicating()
            .placements
            .submit(moving.key(), directory);
    }

    /// Takes a copy that will not be needed off the disk.
    async fn drop_copy(self: &Arc<Self>, moving: &Arc<Move>) {
        if self.homes[moving.to].directory.is_offline() {
            return;
        }
        let dropped = self.on_target(moving, |table, moving| {
            match (moving.copy.lock().take(), &moving.found) {
                (Some(copy), _) => copy.delete(&table.unique())?.run()?,
                // Not opened yet.
                (None, Some(name)) => {
                    if let Some(held) = table.homes[moving.to].directory.held() {
                        held.removal_of(name).run()?;
                    }
                }
                (None, None) => {}
            }
            Ok(())
        });
        if let Err(Halt::Failed(why)) = dropped.await {
            tracing::warn!(partition = %moving.partition, why, "a copy that is not needed stays until the next start");
        }
    }

    /// On the threads of the directory that is moved to.
    async fn on_target<R: Send + 'static>(
        self: &Arc<Self>,
        moving: &Arc<Move>,
        act: impl FnOnce(&Self, &Move) -> Result<R, Halt> + Send + 'static,
    ) -> Result<R, Halt> {
        let (table, moved) = (self.clone(), moving.clone());
        let reads = &self.homes[moving.to].directory.threads().reads;
        let done = reads.run(move || act(&table, &moved)).await;
        done.unwrap_or_else(|| Err(Halt::Failed("a step of it panicked".to_owned())))
    }

    pub(super) fn unique(&self) -> String {
        let bytes = self.options.rng.uuid().0;
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn name_of(moving: &Move) -> Key {
    let partition = &moving.partition;
    (partition.topic.name().to_string(), partition.index)
}

fn write_checkpoints(table: &Table, home: &Home) {
    home.checkpoint(&table.in_order(), |files: &Checkpoints, logs| {
        files.write_all(&**home.directory.disk(), logs)
    });
}

fn with_copy<R>(
    moving: &Move,
    act: impl FnOnce(&mut LogWriter) -> Result<R, Halt>,
) -> Result<R, Halt> {
    act(moving.copy.lock().as_mut().ok_or(Halt::Cancelled)?)
}

/// Cuts the copy where it is not what the log is, and answers where it goes on.
fn align(copy: &mut LogWriter, log: &LogReader, now_ms: i64) -> Result<Offset, Halt> {
    let failed = |error: AppendError| Halt::Failed(error.to_string());
    while let Some(cut) = copy.reader().cut_to_match(log) {
        let before = copy.reader().offsets();
        let cut = copy.lower_recovery_point(cut)?.max(before.start);
        copy.truncate_to(cut, now_ms).map_err(failed)?;
        if copy.reader().offsets() == before {
            break;
        }
    }
    let start = log.offsets().start;
    if copy.reader().offsets().end < start {
        copy.truncate_fully_and_start_at(start, now_ms)
            .map_err(failed)?;
    }
    Ok(copy.reader().offsets().end)
}

/// The next bytes of a log.
fn piece(log: &LogReader, from: Offset, end: Offset) -> Result<Vec<u8>, ReadError> {
    let read = log.read(from, PIECE_BYTES, end, true, Patience::Wait)?;
    let mut bytes = Vec::new();
    for region in &read.regions {
        let region = region.to_vec(Patience::Wait);
        bytes.extend(region.map_err(|error| Failure::new("reading a log", &error))?);
    }
    Ok(bytes)
}

/// Where the copy ends now; `None` when the bytes do not follow on it.
fn append(copy: &mut LogWriter, piece: Vec<u8>, now_ms: i64) -> Result<Option<Offset>, Halt> {
    // The log's epochs are whatever they are.
    let appended = copy.append_as_follower(piece.into(), LeaderEpoch(i32::MAX), now_ms);
    if copy.reader().has_unflushed_segments()
        && let Some(task) = copy.reader().flush_task(FlushScope::Rolled)
    {
        copy.reader().flushed(task.run())?;
    }
    match appended {
        Ok(followed) => Ok(Some(followed.end)),
        Err(AppendError::Io(failure) | AppendError::Failed(failure)) => Err(failure.into()),
        Err(error) => {
            tracing::debug!(%error, "a piece of a log does not follow on its copy");
            Ok(None)
        }
    }
}

/// Copies what is left, and what the log knows besides. `false` when that is too much for now.
fn complete(copy: &mut LogWriter, log: &LogWriter, now_ms: i64) -> Result<bool, Halt> {
    let end = log.reader().offsets().end;
    for _ in 0..LAST_PIECES {
        let position = align(copy, log.reader(), now_ms)?;
        if position >= end {
            copy.set_config(log.reader().config());
            copy.take_over(log, now_ms)?;
            return Ok(true);
        }
        let piece =
            piece(log.reader(), position, end).map_err(|error| Halt::Failed(error.to_string()))?;
        if append(copy, piece, now_ms)?.is_none() {
            return Ok(false);
        }
    }
    Ok(false)
}
