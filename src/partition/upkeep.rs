//! What the background does to all partitions: one pass each, for the loops in `background/`.
//!
//! Guarantees: a pass over partitions that need nothing costs a look at each and no file; work that blocks runs on the
//! directories' threads. Does not know when it is time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::{StreamExt, stream};
use ottla_storage::log::FlushScope;
use ottla_storage::offset::Offset;

use super::checkpoints::{Checkpoints, Write};
use super::home::Home;
use super::hosted::HostedTopic;
use super::replica::Partition;
use super::table::Table;
use super::waits::Ended;

/// Checking less than this after a crash takes a few hundredths of a second.
const WORTH_A_SYNC_BYTES: u64 = 64 << 20;
/// A log rests after this much time without an append.
const IDLE: Duration = Duration::from_secs(5 * 60);
/// Partitions worked on at the same time in one pass.
const AT_ONCE: usize = 8;

impl Table {
    /// Deletes segments by age and size (`log.retention.check.interval.ms`). Returns how many went.
    pub async fn enforce_retention(&self) -> usize {
        let partitions = self.serving();
        let mut enforced = stream::iter(partitions)
            .map(|partition| async move { (partition.enforce_retention().await, partition) })
            .buffer_unordered(AT_ONCE);
        let mut count = 0;
        while let Some((removal, partition)) = enforced.next().await {
            if let Some(removal) = removal {
                count += removal.segment_count();
                let delay = partition.topic.in_force().config.file_delete_delay;
                self.doom(removal, &partition.directory(), delay);
            }
        }
        count
    }

    /// Syncs partitions whose unflushed records have waited for `flush.ms` (`log.flush.scheduler.interval.ms`). Costs nothing
    /// for topics without one.
    pub async fn flush_overdue(&self) {
        let (now, hosted) = (self.options.clock.elapsed(), self.hosted());
        let timed = hosted
            .topics()
            .filter(|hosted| hosted.topic.in_force().config.flush_interval.is_some());
        let open = timed.flat_map(HostedTopic::partitions);
        let overdue: Vec<_> = open
            .filter(|partition| partition.is_flush_overdue(now))
            .cloned()
            .collect();
        stream::iter(overdue)
            .for_each_concurrent(AT_ONCE, |partition| async move {
                // A failure has taken the directory offline, and been logged.
                let _ = partition.flush(FlushScope::Data).await;
            })
            .await;
    }

    /// Proposes ISRs with the followers that have caught up, where that was not possible when they did.
    pub fn expand_isrs(&self) {
        self.serving()
            .iter()
            .for_each(|partition| partition.expand_isr());
    }

    /// Proposes ISRs without the followers that fell behind (half of `replica.lag.time.max.ms`).
    pub fn shrink_isrs(&self) {
        self.serving()
            .iter()
            .for_each(|partition| partition.shrink_isr());
    }

    /// Writes high watermarks and the hint of the logs' ends (`replica.high.watermark.checkpoint.interval.ms`).
    pub async fn checkpoint_high_watermarks(self: &Arc<Self>) {
        self.checkpoint(Checkpoints::write_high_watermarks).await;
        for partition in self.serving() {
            partition.settle_epochs_if_large();
        }
    }

    /// Writes recovery points (`log.flush.offset.checkpoint.interval.ms`).
    pub async fn checkpoint_recovery_points(self: &Arc<Self>) {
        self.checkpoint(Checkpoints::write_recovery_points).await;
    }

    /// Writes log starts (`log.flush.start.offset.checkpoint.interval.ms`).
    pub async fn checkpoint_log_starts(self: &Arc<Self>) {
        self.checkpoint(Checkpoints::write_log_starts).await;
    }

    /// Has the log starts of these partitions on disk when it returns, or their directory offline, or a full disk: where a checkpoint
    /// is under way, it waits for that one and looks again.
    pub async fn keep_log_starts(self: &Arc<Self>, partitions: &[Arc<Partition>]) {
        for (index, home) in self.homes.iter().enumerate() {
            let is_in =
                |partition: &Arc<Partition>| Arc::ptr_eq(&partition.directory(), &home.directory);
            if partitions.iter().any(is_in) {
                self.on_directory(index, |table, home| {
                    home.checkpoint(&table.in_order(), |files, logs| {
                        files.write_log_starts(&**home.directory.disk(), logs)
                    });
                })
                .await;
            }
        }
    }

    async fn checkpoint(self: &Arc<Self>, write: Write) {
        self.on_each_directory(move |table, home| {
            if !home.checkpoints.is_due(write, home.directory.changes()) {
                return;
            }
            home.checkpoint(&table.in_order(), |files, logs| {
                write(files, &**home.directory.disk(), logs)
            });
        })
        .await;
    }

    /// Lets logs rest that nothing was appended to for some minutes.
    pub fn rest_idle(&self) {
        let now = self.options.clock.elapsed();
        self.serving()
            .iter()
            .for_each(|partition| partition.rest_if_idle(now, IDLE));
    }

    /// Forgets idle producers (`producer.id.expiration.check.interval.ms`). Returns how many.
    pub fn expire_producers(&self) -> usize {
        let now_ms = self.options.clock.wall_ms();
        self.serving()
            .iter()
            .map(|partition| partition.reader().expire_producers(now_ms))
            .sum()
    }

    /// Looks at the free space of every directory, so that a full one takes writes again once there is room.
    pub async fn look_at_space(self: &Arc<Self>) {
        self.on_each_directory(|_, home| {
            home.directory.look_at_space();
        })
        .await;
    }

    /// Stops everything in good order: whoever waits is told NOT_LEADER_OR_FOLLOWER, every log is closed and synced, the
    /// checkpoints and then the mark of a clean stop are written. Nothing may be appended afterwards.
    pub async fn shutdown(self: &Arc<Self>, broker_epoch: i64) {
        let partitions = self.in_order();
        for partition in &partitions {
            partition.end(Ended::NotLeader);
        }
        stream::iter(partitions)
            .for_each_concurrent(AT_ONCE, |partition| self.close(partition))
            .await;
        self.on_each_directory(move |table, home| {
            let disk = &**home.directory.disk();
            home.checkpoint(&table.in_order(), |files, logs| {
                files.write_all(disk, logs)?;
                match home.is_unclean.load(Ordering::Relaxed) {
                    true => Ok(()),
                    false => files.write_clean_shutdown(disk, broker_epoch),
                }
            });
        })
        .await;
    }

    /// Closes a log as a clean stop leaves it. One that never held a record has nothing to lose, and ten thousand such cost
    /// nothing.
    async fn close(&self, partition: Arc<Partition>) {
        if partition.offsets().end == Offset::ZERO || partition.directory().is_offline() {
            return;
        }
        let syncs = partition.directory().threads().syncs.clone();
        let closed = partition
            .with_writer_on(&syncs, |writer| writer.close())
            .await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::error!(%partition, ?closed, "a log could not be closed; the next start will check it");
            let is_here = |home: &&Home| Arc::ptr_eq(&home.directory, &partition.directory());
            self.homes
                .iter()
                .filter(is_here)
                .for_each(|home| home.is_unclean.store(true, Ordering::Relaxed));
        }
    }

    /// Every open partition of a working directory.
    fn serving(&self) -> Vec<Arc<Partition>> {
        self.hosted()
            .partitions()
            .filter(|partition| partition.role().ended.is_none())
            .cloned()
            .collect()
    }

    pub(super) fn in_order(&self) -> Vec<Arc<Partition>> {
        self.hosted().partitions().cloned().collect()
    }

    async fn on_each_directory(
        self: &Arc<Self>,
        act: impl Fn(&Self, &Home) + Copy + Send + 'static,
    ) {
        for index in 0..self.homes.len() {
            self.on_directory(index, act).await;
        }
    }

    /// On the directory's threads.
    pub(super) async fn on_directory(
        self: &Arc<Self>,
        index: usize,
        act: impl FnOnce(&Self, &Home) + Send + 'static,
    ) {
        let table = self.clone();
        let threads = self.homes[index].directory.threads().clone();
        // A panic there is logged by the thread.
        let _ = threads
            .reads
            .run(move || act(&table, &table.homes[index]))
            .await;
    }
}

impl Partition {
    /// While the file of leader epochs lacks the present one, the hint of the log's end stands where that epoch began, and
    /// a restart checks everything since. For a log that is worth it, one sync writes the file.
    fn settle_epochs_if_large(self: &Arc<Self>) {
        let is_behind = self.reader().checkpoint().end < self.offsets().end;
        if is_behind && self.reader().size_bytes() >= WORTH_A_SYNC_BYTES {
            self.ask_for_sync(FlushScope::Everything, None);
        }
    }
}
