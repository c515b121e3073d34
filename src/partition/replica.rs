//! One partition as this node holds it: its log, its role, and everybody who waits for something to happen to it.
//!
//! ```text
//!   append ─▶ slot (single writer) ─▶ LogWriter ─┐
//!   sync done ───────────────────────────────────┼▶ progress: own position ─▶ high watermark ─▶ waits, subscribers
//!   role change (in the slot) ───────────────────┘
//!   read ─▶ LogReader                              never waits for a writer
//! ```
//! Guarantees: progress and role changes exclude each other, so that no advance of one epoch reaches the waits of another;
//! a replica that ended answers everything with the reason. The operations are in files of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use ottla_protocol::ErrorCode;
use ottla_storage::log::{LogConfig, LogOffsets, LogReader, LogWriter};
use ottla_storage::offset::{LeaderEpoch, Offset};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::directory::Directory;
use super::flush::GroupCommit;
use super::high_watermark;
use super::leading::{Conditions, Leading};
use super::proposals::Replicating;
use super::role::Role;
use super::slot::Slot;
use super::subscribers::{ReadyList, Subscribers, Subscription, View};
use super::topic::Topic;
use super::waits::{Ended, Wait, Waits};
use super::writer::{Seat, Work};
use crate::partition::subscribers;

/// Where a replica lies: changed only by whoever holds the writer.
pub(super) struct Store {
    pub directory: Arc<Directory>,
    pub reader: LogReader,
}

/// See the module.
pub struct Partition {
    pub(super) topic: Arc<Topic>,
    pub(super) index: i32,
    /// Another one once the replica has moved to another directory.
    store: ArcSwap<Store>,
    pub(super) slot: Arc<Slot<Seat, Work>>,
    pub(super) role: ArcSwap<Role>,
    /// Held while progress is computed and while the role changes; never across I/O.
    pub(super) steps: Mutex<Leading>,
    pub(super) replicating: Arc<Replicating>,
    /// Follow the high watermark.
    committed: Arc<Waits>,
    /// Follow the position that this replica vouches for: the end, or the flushed end under `flush.messages`.
    durable: Arc<Waits>,
    subscribers: Arc<Subscribers>,
    pub(super) commit: GroupCommit,
    /// When something was last appended; milliseconds on the monotonic clock plus one, 0 while the log rests.
    last_append_ms: AtomicU64,
}

impl Partition {
    pub(super) fn new(
        topic: Arc<Topic>,
        index: i32,
        directory: Arc<Directory>,
        writer: LogWriter,
        role: Role,
        replicating: Arc<Replicating>,
    ) -> Arc<Self> {
        let offsets = writer.reader().offsets();
        // A log that never held a record holds nothing that it could let go of.
        let last_append_ms = u64::from(offsets.end > Offset::ZERO);
        let commit = GroupCommit::default();
        if offsets.flushed < offsets.end {
            commit.note_dirty(1);
        }
        Arc::new(Self {
            topic,
            index,
            store: ArcSwap::from_pointee(Store {
                directory,
                reader: writer.reader().clone(),
            }),
            slot: Slot::new(Some(writer)),
            role: ArcSwap::from_pointee(role),
            steps: Mutex::new(Leading::none()),
            replicating,
            committed: Waits::new(),
            durable: Waits::new(),
            subscribers: Arc::default(),
            commit,
            last_append_ms: AtomicU64::new(last_append_ms),
        })
    }

    pub fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    pub fn index(&self) -> i32 {
        self.index
    }

    pub fn directory(&self) -> Arc<Directory> {
        self.store.load().directory.clone()
    }

    pub(super) fn reader(&self) -> LogReader {
        self.store.load().reader.clone()
    }

    /// Directory and log as they belong together.
    pub(super) fn store(&self) -> Arc<Store> {
        self.store.load_full()
    }

    pub(super) fn is_in(&self, store: &Arc<Store>) -> bool {
        Arc::ptr_eq(&self.store.load(), store)
    }

    /// The log lies elsewhere from now on, with the same records. For whoever holds the writer; nobody who waits notices.
    pub(super) fn settle_in(&self, store: Store) {
        {
            let _steps = self.steps.lock();
            let high_watermark = self.offsets().high_watermark;
            store.reader.advance_high_watermark(high_watermark);
            self.store.store(Arc::new(store));
        }
        self.progress();
    }

    /// What the metadata says this node is to the partition.
    pub fn role(&self) -> Arc<Role> {
        self.role.load_full()
    }

    pub fn offsets(&self) -> LogOffsets {
        self.store.load().reader.offsets()
    }

    /// Bytes of the log's segments, for DescribeLogDirs.
    pub fn size_bytes(&self) -> u64 {
        self.reader().size_bytes()
    }

    /// Resolves when everything before `offset` is committed (the high watermark is at `offset` or beyond) in this leader
    /// epoch, or with the reason why that will not happen.
    pub fn committed(&self, epoch: LeaderEpoch, offset: Offset) -> Wait {
        self.committed.reached(epoch, offset)
    }

    /// Resolves when this replica vouches for everything before `offset`: at once, or when it is synced under `flush.messages`.
    pub fn durable(&self, epoch: LeaderEpoch, offset: Offset) -> Wait {
        self.durable.reached(epoch, offset)
    }

    /// Puts the reader's slot on its ready list whenever something visible changes, until the answer is dropped.
    pub fn subscribe(
        &self,
        list: &Arc<ReadyList>,
        slot: &Arc<subscribers::Slot>,
        view: View,
    ) -> Subscription {
        self.subscribers.subscribe(list, slot, view)
    }

    /// Whether a subscription is one with this very partition (and not with an earlier one of the same name).
    pub fn is_told_by(&self, subscription: &Subscription) -> bool {
        subscription.is_with(&self.subscribers)
    }

    /// Adopts what the metadata says. Resolves when it is in force: all that was queued before is done, and older waits are
    /// completed. Only here may the high watermark go back.
    pub fn take_role(self: &Arc<Self>, role: Role) -> oneshot::Receiver<()> {
        let partition = self.clone();
        self.with_writer(move |writer| partition.change_role(role, writer))
    }

    fn change_role(self: &Arc<Self>, mut role: Role, writer: &mut LogWriter) {
        {
            let mut leading = self.steps.lock();
            let before = self.role();
            if before.ended.is_some() || role.partition_epoch < before.partition_epoch {
                return;
            }
            let is_new_term =
                role.leader_epoch != before.leader_epoch || role.is_leader() != before.is_leader();
            let (leads, epoch) = (role.is_leader(), role.leader_epoch);
            if leads && is_new_term {
                role.epoch_start = self.offsets().end;
                if !writer.assign_epoch(epoch) {
                    // A node that starts may see old metadata first: of a time when it led, before it followed in a later epoch.
                    tracing::info!(partition = %self, %epoch, "the log knows a later leader epoch: waiting for newer metadata");
                    return;
                }
            } else {
                role.epoch_start = before.epoch_start;
            }
            if is_new_term {
                // Older waits end before anything of the new epoch can be acknowledged.
                self.end_waits(Ended::NotLeader);
                self.replicating.starts_moved.notify_waiters();
            }
            if leads && !is_new_term {
                let (is, was) = (role.isr.len(), before.isr.len());
                let counts = &self.replicating;
                counts
                    .shrunk
                    .fetch_add(u64::from(is < was), Ordering::Relaxed);
                counts
                    .expanded
                    .fetch_add(u64::from(is > was), Ordering::Relaxed);
            }
            leading.take_role(&role, &before, self.directory().clock().elapsed());
            self.role.store(Arc::new(role));
            if is_new_term {
                // Followers vouch too, with their next fetch.
                self.durable.begin(epoch, self.offsets().start);
            }
            if is_new_term && leads {
                self.committed.begin(epoch, self.offsets().high_watermark);
            }
        }
        self.progress();
        // What recovery found is vouched for, and readable, only once it is synced; no append may come to ask for that.
        self.flush_if_due();
        if self.role().is_leader() {
            self.expand_isr();
        }
        self.subscribers.notify();
    }

    /// This replica serves no more. Everything that waits learns why, now; everything later is answered with it.
    pub(super) fn end(&self, why: Ended) {
        {
            let _steps = self.steps.lock();
            let before = self.role();
            if before.ended.is_some() {
                return;
            }
            self.role.store(Arc::new(Role {
                ended: Some(why),
                ..Role::clone(&before)
            }));
            self.end_waits(why);
        }
        self.subscribers.notify();
    }

    /// Recomputes how far the partition is committed, after an append, a sync or a change of roles, and tells who waits.
    pub(super) fn progress(&self) {
        self.directory().note_change();
        let (has_moved, has_grown) = {
            let mut leading = self.steps.lock();
            let role = self.role.load();
            let leads = role.is_leader();
            if !leads {
                self.durable.advance(self.own_position());
            }
            let has_grown = leads && leading.end_is(self.offsets().end);
            (leads && self.advance(&role, &mut leading), has_grown)
        };
        if has_moved {
            self.subscribers.notify();
        } else if has_grown {
            self.subscribers.notify_end();
        }
    }

    /// Moves this leader's position, and the high watermark if it may; returns whether that moved.
    pub(super) fn advance(&self, role: &Role, leading: &mut Leading) -> bool {
        let in_force = self.topic.in_force();
        let offsets = self.offsets();
        let own =
            high_watermark::own_position(offsets.end, offsets.flushed, in_force.flush_messages);
        self.durable.advance(own);
        let others = leading.positions(role, offsets.end, self.conditions(leading));
        let min_isr = role.min_isr(in_force.config.min_in_sync_replicas);
        match high_watermark::advance(offsets.high_watermark, own, others, role.isr.len(), min_isr)
        {
            Some(high_watermark) if self.reader().advance_high_watermark(high_watermark) => {
                self.committed.advance(high_watermark);
                true
            }
            _ => false,
        }
    }

    /// How far the last follower in sync is behind; 0 where none follows.
    pub(super) fn lag_max(&self) -> i64 {
        let (end, role) = (self.offsets().end, self.role());
        let leading = self.steps.lock();
        let followers = leading.followers().iter();
        let in_sync = followers.filter(|one| role.isr.contains(&one.broker));
        let known = in_sync.filter(|one| one.end >= Offset::ZERO);
        known
            .map(|one| end.since(one.end))
            .max()
            .unwrap_or(0)
            .max(0)
    }

    /// How far this replica vouches for its log.
    fn own_position(&self) -> Offset {
        let (offsets, flush_messages) = (self.offsets(), self.topic.in_force().flush_messages);
        high_watermark::own_position(offsets.end, offsets.flushed, flush_messages)
    }

    /// Adopts the log's part of a changed topic configuration. What the topic accepts is in force already.
    pub(super) async fn reconfigure(self: &Arc<Self>, config: Arc<LogConfig>) {
        let partition = self.clone();
        let adopted = self.with_writer(move |writer| {
            writer.set_config(config);
            partition.progress();
            partition.flush_if_due();
        });
        // An error means that the partition was deleted meanwhile.
        drop(adopted.await);
    }

    /// Something was appended.
    pub(super) fn note_append(&self, now: Duration) {
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX - 1) + 1;
        self.last_append_ms.store(now_ms, Ordering::Relaxed);
        self.commit.note_dirty(now_ms);
    }

    /// Lets an idle log go of what it does not need (its producers, open files), once; the next append brings them back.
    pub(super) fn rest_if_idle(self: &Arc<Self>, now: Duration, idle: Duration) {
        let last_ms = self.last_append_ms.load(Ordering::Relaxed);
        if last_ms == 0 || now.saturating_sub(Duration::from_millis(last_ms - 1)) < idle {
            return;
        }
        let partition = self.clone();
        let resting = self.with_writer_on(&self.directory().threads().reads, move |writer| {
            match writer.rest() {
                Ok(()) => partition.last_append_ms.store(0, Ordering::Relaxed),
                Err(failure) => {
                    tracing::warn!(%partition, %failure, "an idle log keeps what it holds")
                }
            };
        });
        drop(resting);
    }

    /// Something that readers see has changed by other ways than progress (the log start).
    pub(super) fn tell_readers(&self) {
        self.directory().note_change();
        self.subscribers.notify();
    }

    /// Whether a request may be served here: [`Role::check`].
    pub(super) fn check(
        &self,
        current_leader_epoch: Option<LeaderEpoch>,
    ) -> Result<Arc<Role>, ErrorCode> {
        let role = self.role();
        role.check(current_leader_epoch).map(|()| role)
    }

    /// What the rules of the ISR depend on; the time is not asked for where nobody follows.
    pub(super) fn conditions(&self, leading: &Leading) -> Conditions<'_> {
        Conditions {
            now: match leading.followers().is_empty() {
                true => Duration::ZERO,
                false => self.directory().clock().elapsed(),
            },
            lag_max: self.replicating.lag_max,
            standings: &self.replicating.standings,
        }
    }

    pub(super) fn tell_subscribers(&self) {
        self.subscribers.notify();
    }

    fn end_waits(&self, why: Ended) {
        self.committed.end(why);
        self.durable.end(why);
    }
}

impl std::fmt::Debug for Partition {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "Partition({self})")
    }
}

impl std::fmt::Display for Partition {
    /// As Kafka names its directory.
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{}-{}", self.topic.name(), self.index)
    }
}
