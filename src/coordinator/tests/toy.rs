//! A shard of counters, and a journal in memory whose appends, commits and epoch the test decides.

use crate::coordinator::{Draft, Encoded, Found, Journal, Piece, Runtime, Shard, Ticket, Turn};
use crate::metrics::ShardMetrics;
use crate::world::Clock;
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use ottla_protocol::{DecodeError, EncodeError, ErrorCode};
use ottla_storage::batch::{BatchHeader, check};
use ottla_storage::offset::{LeaderEpoch, Offset};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

pub const EPOCH: LeaderEpoch = LeaderEpoch(3);

/// Counters by name. A waiting request is answered when its counter reaches a value; a counter with a timer is deleted when
/// nobody touched it for ten seconds.
pub struct Counters;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Set(u8, u64),
    Delete(u8),
}

#[derive(Clone, Debug, Default)]
pub struct Waiting {
    pub waiting: imbl::OrdMap<u8, imbl::OrdMap<u64, Ticket>>,
}

pub const IDLE: Duration = Duration::from_secs(10);

impl Shard for Counters {
    type Durable = imbl::OrdMap<u8, u64>;
    type Volatile = Waiting;
    type Record = Record;
    type Timer = u8;
    type Answer = u64;

    fn apply(durable: &mut Self::Durable, record: &Record) {
        match record {
            Record::Set(name, value) => drop(durable.insert(*name, *value)),
            Record::Delete(name) => drop(durable.remove(name)),
        }
    }

    fn encode(record: &Record) -> Result<Encoded, EncodeError> {
        Ok(match record {
            Record::Set(name, value) => Encoded {
                key: Bytes::copy_from_slice(&[*name]),
                value: Some(Bytes::copy_from_slice(&value.to_be_bytes())),
            },
            Record::Delete(name) => Encoded {
                key: Bytes::copy_from_slice(&[*name]),
                value: None,
            },
        })
    }

    fn decode(found: Found) -> Result<Option<Record>, DecodeError> {
        let name = found.key[0];
        Ok(Some(match found.value {
            None => Record::Delete(name),
            Some(value) => Record::Set(
                name,
                u64::from_be_bytes(value[..].try_into().expect("ours")),
            ),
        }))
    }

    fn loaded(&self, draft: &mut Draft<Self>, turn: &Turn) {
        for name in draft.durable().clone().keys() {
            draft.arm(*name, turn.now + IDLE);
        }
    }

    fn expire(&self, draft: &mut Draft<Self>, timer: &u8, _turn: &Turn) {
        draft.emit(Record::Delete(*timer));
    }

    fn commit_timeout(&self) -> Duration {
        Duration::from_secs(5)
    }
}

/// Adds to a counter, answers with its value, and answers those that waited for it.
pub fn add(draft: &mut Draft<Counters>, ticket: Ticket, turn: &Turn, name: u8, amount: u64) {
    let value = draft.durable().get(&name).copied().unwrap_or(0) + amount;
    draft.emit(Record::Set(name, value));
    draft.arm(name, turn.now + IDLE);
    draft.answer(ticket, value);
    let waiting = draft.volatile.waiting.remove(&name).unwrap_or_default();
    let (reached, later): (Vec<_>, Vec<_>) = waiting
        .into_iter()
        .partition(|(target, _)| *target <= value);
    for (_, waiter) in reached {
        draft.answer(waiter, value);
    }
    draft
        .volatile
        .waiting
        .insert(name, later.into_iter().collect());
}

/// Answers when the counter reaches `target`.
pub fn reach(draft: &mut Draft<Counters>, ticket: Ticket, name: u8, target: u64) {
    match draft.durable().get(&name).copied().unwrap_or(0) {
        value if value >= target => draft.answer(ticket, value),
        _ => {
            let mut waiting = draft
                .volatile
                .waiting
                .get(&name)
                .cloned()
                .unwrap_or_default();
            waiting.insert(target, ticket);
            draft.volatile.waiting.insert(name, waiting);
        }
    }
}

/// See the module.
pub struct Memory {
    pub log: Mutex<Vec<Bytes>>,
    pub refuses: Mutex<Option<ErrorCode>>,
    /// How many more appends succeed before `refuses` is heeded.
    pub grace: Mutex<usize>,
    pub epoch: Mutex<LeaderEpoch>,
    pub committed: watch::Sender<Result<i64, ErrorCode>>,
    pub follows_end: Mutex<bool>,
    pub reads: watch::Sender<bool>,
    pub batch_bytes: Mutex<usize>,
}

impl Memory {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            log: Mutex::default(),
            refuses: Mutex::default(),
            grace: Mutex::new(0),
            epoch: Mutex::new(EPOCH),
            committed: watch::Sender::new(Ok(0)),
            follows_end: Mutex::new(true),
            reads: watch::Sender::new(true),
            batch_bytes: Mutex::new(1 << 20),
        })
    }

    pub fn end(&self) -> i64 {
        end_of(&self.log.lock())
    }

    /// Everything so far is committed.
    pub fn commit(&self) {
        let end = self.end();
        let _ = self.committed.send_replace(Ok(end));
    }

    /// Another node leads; its epoch is not ours.
    pub fn lose(&self) {
        *self.epoch.lock() = LeaderEpoch(EPOCH.0 + 1);
        let _ = self
            .committed
            .send_replace(Err(ErrorCode::NOT_LEADER_OR_FOLLOWER));
    }

    /// As a restart finds it: everything committed, in a new epoch.
    pub fn reopened(&self) -> Arc<Self> {
        let next = Self::new();
        *next.log.lock() = self.log.lock().clone();
        next.commit();
        next
    }
}

fn end_of(log: &[Bytes]) -> i64 {
    log.last().map_or(0, |batch| {
        BatchHeader::parse(batch).expect("a batch").last_offset().0 + 1
    })
}

impl Journal for Memory {
    fn append(
        &self,
        batch: Bytes,
        epoch: LeaderEpoch,
    ) -> BoxFuture<'static, Result<Offset, ErrorCode>> {
        let mut grace = self.grace.lock();
        let outcome = match *self.refuses.lock() {
            _ if epoch != *self.epoch.lock() => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
            Some(error) if *grace == 0 => Err(error),
            _ => {
                *grace = grace.saturating_sub(1);
                let mut log = self.log.lock();
                let mut bytes = check(batch).expect("a whole batch").bytes.to_vec();
                bytes[..8].copy_from_slice(&end_of(&log).to_be_bytes());
                log.push(bytes.into());
                Ok(Offset(end_of(&log)))
            }
        };
        if *self.follows_end.lock() && outcome.is_ok() {
            self.commit();
        }
        std::future::ready(outcome).boxed()
    }

    fn committed(
        &self,
        epoch: LeaderEpoch,
        offset: Offset,
    ) -> BoxFuture<'static, Result<(), ErrorCode>> {
        if epoch != *self.epoch.lock() {
            return std::future::ready(Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)).boxed();
        }
        let mut committed = self.committed.subscribe();
        async move {
            let reached = committed
                .wait_for(|committed| {
                    committed.is_err() || committed.is_ok_and(|end| end >= offset.0)
                })
                .await;
            reached.map_or(Err(ErrorCode::NOT_LEADER_OR_FOLLOWER), |reached| {
                reached.map(drop)
            })
        }
        .boxed()
    }

    fn read(
        &self,
        epoch: LeaderEpoch,
        from: Offset,
        max_bytes: usize,
    ) -> BoxFuture<'static, Result<Piece, ErrorCode>> {
        let mut reads = self.reads.subscribe();
        let is_ours = epoch == *self.epoch.lock();
        let mut bytes = Vec::new();
        for batch in self.log.lock().iter() {
            let last = BatchHeader::parse(batch).expect("a batch").last_offset();
            if last >= from && (bytes.is_empty() || bytes.len() + batch.len() <= max_bytes) {
                bytes.extend_from_slice(batch);
            }
        }
        let piece = Piece {
            batches: bytes.into(),
            log_start: Offset(0),
            high_watermark: Offset(self.committed.borrow().unwrap_or(0)),
            log_end: Offset(self.end()),
        };
        async move {
            // The sender lives as long as the journal.
            drop(reads.wait_for(|reads| *reads).await);
            if is_ours {
                Ok(piece)
            } else {
                Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)
            }
        }
        .boxed()
    }

    fn max_batch_bytes(&self) -> usize {
        *self.batch_bytes.lock()
    }
}

/// A runtime that leads one partition on `journal`.
pub fn leading(journal: &Arc<Memory>) -> Arc<Runtime<Counters>> {
    leading_in_pieces(journal, 1 << 16)
}

/// The same, when the log is read in pieces of this size.
pub fn leading_in_pieces(journal: &Arc<Memory>, piece_bytes: usize) -> Arc<Runtime<Counters>> {
    let runtime = Runtime::new(
        Counters,
        Clock::simulated(1_000),
        "__toys",
        piece_bytes,
        ShardMetrics::detached(),
    );
    let epoch = *journal.epoch.lock();
    runtime.elect(0, epoch, journal.clone());
    runtime
}

/// Waits until the shard is loaded.
pub async fn loaded(runtime: &Runtime<Counters>) {
    while runtime.read(0, |_| ()).await == Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS) {
        tokio::task::yield_now().await;
    }
}

/// The committed state.
pub async fn state(runtime: &Runtime<Counters>) -> BTreeMap<u8, u64> {
    let read = runtime.read(0, |view| {
        view.durable
            .iter()
            .map(|(name, value)| (*name, *value))
            .collect()
    });
    read.await.expect("loaded")
}
