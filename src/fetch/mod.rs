//! Fetching: what a consumer or a follower gets, and how long it waits for it.
//!
//! ```text
//!   session (what is asked for) ─▶ pass: plan + partition/read of what is ready ─▶ enough? ─▶ answer
//!                                     ▲                                              │ no
//!                                     └────── a partition changed ◀── wait ◀─────────┘      or the time is up
//! ```
//! Guarantees: nothing that becomes visible while a request waits is overlooked; a partition that did not change costs an
//! incremental fetch nothing. Records are handed out as file regions, unread. Does not authorise, encode or throttle.

mod cache;
mod metrics;
mod open;
pub mod plan;
mod session;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ottla_controller::Level;
use ottla_controller::ids::{BrokerEpoch, BrokerId};
use ottla_protocol::ErrorCode;
use parking_lot::Mutex;

pub use session::{FINAL_EPOCH, INITIAL_EPOCH, NO_SESSION, PartitionKey, TopicKey, Wanted};

use self::cache::{Cache, Opening};
use self::open::Open;
use crate::partition::{Isolation, Partition, ReadAnswer};
use crate::world::{Clock, Rng};

/// A fetch request, decoded and limited (`max_bytes` by `fetch.max.bytes`).
#[derive(Clone, Debug)]
pub struct Request {
    /// 0 for none.
    pub session_id: i32,
    /// -1 for none, 0 to open one, otherwise the next of the session.
    pub session_epoch: i32,
    /// From version 13.
    pub uses_topic_ids: bool,
    pub reader: Reader,
    /// Brokers in the rack of a consumer that is to be sent to them.
    pub nearby: Arc<[BrokerId]>,
    pub isolation: Isolation,
    pub max_wait: Duration,
    pub min_bytes: i32,
    pub max_bytes: i32,
    pub named: Vec<(PartitionKey, Wanted)>,
    pub forgotten: Vec<PartitionKey>,
    /// Holds back replicas that catch up too fast.
    pub brake: Option<Arc<dyn Brake>>,
}

/// Throttled replication, as the leader sees it (KIP-73).
pub trait Brake: fmt::Debug + Send + Sync {
    /// Whether this replica gets no records of the partition now.
    fn holds(&self, partition: &Partition, follower: BrokerId) -> bool;
}

/// Who fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A consumer of before version 11: only leaders answer.
    OfLeaders,
    /// A consumer that knows that there are other replicas (KIP-392).
    OfReplicas,
    /// A replica, which reads beyond the high watermark and whose session takes precedence; `None` for an epoch that it does not
    /// say (KIP-903).
    Follower(BrokerId, Option<BrokerEpoch>),
}

impl Reader {
    fn is_follower(self) -> bool {
        matches!(self, Self::Follower(..))
    }
}

/// What a fetch request is answered with.
#[derive(Debug)]
pub struct Answer {
    /// 0 when no session is kept.
    pub session_id: i32,
    /// In the order in which they were read. An incremental answer leaves out what did not change.
    pub partitions: Vec<(PartitionKey, ReadAnswer)>,
}

/// The fetch sessions of this broker. Clones share them.
#[derive(Clone, Debug)]
pub struct Fetches {
    sessions: Arc<Mutex<Cache>>,
    clock: Clock,
    rng: Rng,
    /// Turns true when nobody is to wait any more.
    stopping: Arc<Level<bool>>,
}

impl Fetches {
    /// `slots`: `max.incremental.fetch.session.cache.slots`.
    pub fn new(slots: usize, clock: Clock, rng: Rng) -> Self {
        Self {
            sessions: Arc::new(Mutex::new(Cache::new(slots))),
            clock,
            rng,
            stopping: Arc::default(),
        }
    }

    /// Answers every request that waits, and those to come at once: the node is stopping.
    pub fn stop(&self) {
        self.stopping.set(true);
    }

    /// Resolves when [`Fetches::stop`] was called.
    async fn stopped(&self) {
        self.stopping.until(|stopping| *stopping).await;
    }

    /// Sessions kept, their partitions, and how many lost their place so far: for metrics.
    pub fn totals(&self) -> (usize, usize, u64) {
        self.sessions.lock().totals()
    }

    fn open(&self, request: &Request) -> Result<Open, ErrorCode> {
        let opening = self.sessions.lock().open(
            request.session_id,
            request.session_epoch,
            request.uses_topic_ids,
            self.clock.elapsed(),
        )?;
        Ok(Open::new(opening, request, self.clock.elapsed()))
    }

    /// Decides what the answer carries and keeps the session for the next request.
    fn settle(&self, open: Open, request: &Request) -> Result<Answer, ErrorCode> {
        match open.opening() {
            Opening::Sessionless => {}
            Opening::Create => {
                let draw = || self.rng.next_u64() as i32;
                let session = open.session().clone();
                self.sessions.lock().keep(
                    session,
                    request.reader.is_follower(),
                    self.clock.elapsed(),
                    draw,
                );
            }
            Opening::Continue(session) => {
                let (id, size) = (request.session_id, session.lock().len());
                self.sessions.lock().resized(id, size);
            }
        }
        open.settle(request)
    }
}

/// Answers one fetch request. `resolve` finds a partition that the caller may read; its error is the partition's answer
/// (UNKNOWN_TOPIC_ID, TOPIC_AUTHORIZATION_FAILED, NOT_LEADER_OR_FOLLOWER, …).
///
/// # Errors
/// FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR: for the whole request.
pub async fn fetch(
    fetches: &Fetches,
    request: Request,
    resolve: impl Fn(&PartitionKey) -> Result<Arc<Partition>, ErrorCode>,
) -> Result<Answer, ErrorCode> {
    fetch_within(fetches, request, resolve, |_| true).await
}

/// As [`fetch`], for a client that `admits` so many bytes or, over its quota, is answered with nothing; its session goes on as if it had not
/// asked (`FetchContext.getThrottledResponse`).
///
/// # Errors
/// As [`fetch`].
pub async fn fetch_within(
    fetches: &Fetches,
    mut request: Request,
    resolve: impl Fn(&PartitionKey) -> Result<Arc<Partition>, ErrorCode>,
    admits: impl FnOnce(usize) -> bool,
) -> Result<Answer, ErrorCode> {
    let deadline = fetches.clock.deadline(request.max_wait);
    let mut open = fetches.open(&request)?;
    // The session has them, each once; a request that waits need not hold a hundred thousand times the same.
    (request.named, request.forgotten) = Default::default();
    loop {
        open.pass(&request, &resolve).await;
        if plan::is_due(open.found(), request.min_bytes, open.hopeful()) {
            break;
        }
        let waiting = async {
            tokio::select! {
                biased;
                () = fetches.stopped() => false,
                () = open.changed() => true,
            }
        };
        if !tokio::time::timeout_at(deadline, waiting)
            .await
            .unwrap_or(false)
        {
            break;
        }
    }
    if !admits(open.found().size_bytes) {
        let is_kept = matches!(open.opening(), Opening::Continue(_));
        return Ok(Answer {
            session_id: if is_kept {
                request.session_id
            } else {
                NO_SESSION
            },
            partitions: Vec::new(),
        });
    }
    fetches.settle(open, &request)
}
