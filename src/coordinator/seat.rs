//! A loaded shard at work: one task, one operation after the other.
//!
//! ```text
//!   order ─▶ Draft ─▶ append (waited for: written or refused) ─▶ install ─▶ held until committed ─▶ answered
//!   timer ─▶ Draft ─▶ …
//!   committed ─▶ release what was held
//! ```
//! An operation without records still waits for the records that it may have read. One whose append was refused has changed
//! nothing. When it can no longer be known what the log holds, the shard is loaded again.

use super::history::History;
use super::journal::{self, Journal};
use super::tickets::{ReplyTo, Tickets};
use super::timers::Timers;
use super::{Draft, Outcome, Shard, Ticket, Turn, View};
use crate::metrics::ShardMetrics;
use crate::world::Clock;
use futures::future::{BoxFuture, FutureExt, ready};
use ottla_protocol::ErrorCode;
use ottla_storage::offset::{LeaderEpoch, Offset};
use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long a timer whose operation could not be written waits before it fires again.
const TIMER_RETRY: Duration = Duration::from_secs(1);

/// An operation that may write.
pub type WriteOperation<S> = Box<dyn FnOnce(&S, &mut Draft<S>, Ticket, &Turn) + Send>;
/// An operation that reads committed state, or learns that there is none.
pub type ReadOperation<S> = Box<dyn FnOnce(Result<View<'_, S>, ErrorCode>) + Send>;

/// What is asked of a shard.
pub enum Order<S: Shard> {
    Write(WriteOperation<S>, ReplyTo<S::Answer>),
    Read(ReadOperation<S>),
}

impl<S: Shard> Order<S> {
    /// The shard is not there to carry it out.
    pub fn refuse(self, error: ErrorCode) {
        match self {
            Self::Write(_, reply_to) => drop(reply_to.send(Err(error))),
            Self::Read(operation) => operation(Err(error)),
        }
    }
}

/// What a seat is given.
pub struct Post<S: Shard> {
    pub shard: Arc<S>,
    pub journal: Arc<dyn Journal>,
    pub epoch: LeaderEpoch,
    pub clock: Clock,
    pub metrics: ShardMetrics,
}

/// Why a seat stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The epoch is over, or the node stops.
    Over,
    /// The log may hold what the state does not: load again.
    Reload,
}

/// See the module.
pub struct Seat<S: Shard> {
    post: Post<S>,
    history: History<S::Durable>,
    volatile: S::Volatile,
    timers: Timers<S::Timer>,
    tickets: Tickets<S::Answer>,
    held: VecDeque<Held<S::Answer>>,
    commits: VecDeque<Commit>,
}

/// Records that are written and not yet committed.
struct Commit {
    end: Offset,
    /// When they were given to the log.
    began: Duration,
    committed: BoxFuture<'static, Result<(), ErrorCode>>,
}

/// Answers that wait for a commit.
struct Held<A> {
    after: Offset,
    until: Duration,
    answers: Vec<(Ticket, A)>,
}

/// Some batches of an operation were written and others not.
struct HalfWritten;

impl<S: Shard> Seat<S> {
    pub fn new(post: Post<S>, history: History<S::Durable>) -> Self {
        Self {
            post,
            history,
            volatile: S::Volatile::default(),
            timers: Timers::default(),
            tickets: Tickets::default(),
            held: VecDeque::new(),
            commits: VecDeque::new(),
        }
    }

    /// Works until `stop` resolves or the epoch ends. Every request that is open then is answered NOT_COORDINATOR.
    pub async fn run(
        mut self,
        orders: &mut mpsc::UnboundedReceiver<Order<S>>,
        stop: &mut oneshot::Receiver<()>,
    ) -> (Post<S>, End) {
        let end = match self.begin().await {
            Err(HalfWritten) => End::Reload,
            Ok(()) => self.work(orders, stop).await,
        };
        self.tickets.fail_all(ErrorCode::NOT_COORDINATOR);
        (self.post, end)
    }

    async fn begin(&mut self) -> Result<(), HalfWritten> {
        let (end, committed) = (self.history.end(), self.history.committed_end());
        if end > committed {
            self.await_commit(end, self.post.clock.elapsed());
        }
        let mut draft = self.draft();
        self.post.shard.loaded(&mut draft, &self.turn());
        if let Err(error) = self.conclude(draft.finish()).await? {
            tracing::warn!(error = error.name(), "a loaded shard could not write");
        }
        Ok(())
    }

    async fn work(
        &mut self,
        orders: &mut mpsc::UnboundedReceiver<Order<S>>,
        stop: &mut oneshot::Receiver<()>,
    ) -> End {
        loop {
            if self.expire().await.is_err() {
                return End::Reload;
            }
            let due = self.next_due();
            tokio::select! {
                biased;
                _ = &mut *stop => return End::Over,
                committed = first(&mut self.commits) => match committed {
                    Ok((end, began)) => self.committed(end, began),
                    Err(_) => return End::Over,
                },
                order = orders.recv() => match order {
                    None => return End::Over,
                    Some(Order::Read(operation)) => operation(Ok(self.view())),
                    Some(Order::Write(operation, reply_to)) => {
                        if self.write(operation, reply_to).await.is_err() {
                            return End::Reload;
                        }
                    }
                },
                () = sleep(&self.post.clock, due) => {}
            }
        }
    }

    async fn write(
        &mut self,
        operation: WriteOperation<S>,
        reply_to: ReplyTo<S::Answer>,
    ) -> Result<(), HalfWritten> {
        let ticket = self.tickets.open(reply_to);
        let mut draft = self.draft();
        operation(&self.post.shard, &mut draft, ticket, &self.turn());
        if let Err(error) = self.conclude(draft.finish()).await? {
            self.tickets.answer(ticket, Err(error));
        }
        Ok(())
    }

    /// Appends, installs and holds the answers. An inner error: nothing was written and nothing has changed.
    async fn conclude(
        &mut self,
        outcome: Outcome<S>,
    ) -> Result<Result<(), ErrorCode>, HalfWritten> {
        let mut end = None;
        let began = self.post.clock.elapsed();
        if !outcome.records.is_empty() {
            let max_bytes = self.post.journal.max_batch_bytes();
            let wall_ms = self.post.clock.wall_ms();
            let shard = &*self.post.shard;
            let Ok(batches) = journal::batches(shard, &outcome.records, wall_ms, max_bytes) else {
                return Ok(Err(ErrorCode::INVALID_REQUEST));
            };
            for batch in batches {
                match self.post.journal.append(batch, self.post.epoch).await {
                    Ok(behind) => end = Some(behind),
                    Err(error) if end.is_none() => return Ok(Err(error)),
                    Err(_) => return Err(HalfWritten),
                }
            }
        }
        if let Some(end) = end {
            self.history.append(end, outcome.durable);
            self.await_commit(end, began);
        }
        let before = std::mem::replace(&mut self.volatile, outcome.volatile);
        self.post.shard.installed(&before, &self.volatile);
        for (timer, at) in outcome.timers {
            self.timers.set(timer, at);
        }
        self.hold(outcome.answers);
        Ok(Ok(()))
    }

    fn hold(&mut self, answers: Vec<(Ticket, S::Answer)>) {
        let after = self.history.end();
        if after <= self.history.committed_end() {
            return self.answer(answers);
        }
        if !answers.is_empty() {
            let until = self.post.clock.elapsed() + self.post.shard.commit_timeout();
            self.held.push_back(Held {
                after,
                until,
                answers,
            });
        }
    }

    fn answer(&mut self, answers: Vec<(Ticket, S::Answer)>) {
        for (ticket, answer) in answers {
            self.tickets.answer(ticket, Ok(answer));
        }
    }

    fn await_commit(&mut self, end: Offset, began: Duration) {
        let mut committed = self.post.journal.committed(self.post.epoch, end);
        let committed = match (&mut committed).now_or_never() {
            Some(Ok(())) if self.commits.is_empty() => return self.committed(end, began),
            Some(decided) => ready(decided).boxed(),
            None => committed,
        };
        self.commits.push_back(Commit {
            end,
            began,
            committed,
        });
    }

    fn committed(&mut self, offset: Offset, began: Duration) {
        let took = self.post.clock.elapsed().saturating_sub(began);
        self.post.metrics.committed(took);
        self.history.commit(offset);
        while self.held.front().is_some_and(|held| held.after <= offset) {
            let held = self.held.pop_front().expect("looked at it");
            self.answer(held.answers);
        }
    }

    /// Runs the timers that are due, and gives up on answers that waited too long.
    async fn expire(&mut self) -> Result<(), HalfWritten> {
        let now = self.post.clock.elapsed();
        while self.held.front().is_some_and(|held| held.until <= now) {
            let held = self.held.pop_front().expect("looked at it");
            for (ticket, _) in held.answers {
                self.tickets
                    .answer(ticket, Err(ErrorCode::REQUEST_TIMED_OUT));
            }
        }
        while let Some(timer) = self.timers.pop_due(now) {
            let mut draft = self.draft();
            self.post.shard.expire(&mut draft, &timer, &self.turn());
            if let Err(error) = self.conclude(draft.finish()).await? {
                tracing::debug!(?timer, error = error.name(), "a timer could not write");
                self.timers.set(timer, Some(now + TIMER_RETRY));
            }
        }
        Ok(())
    }

    fn next_due(&self) -> Option<Duration> {
        let held = self.held.front().map(|held| held.until);
        self.timers.next().into_iter().chain(held).min()
    }

    fn draft(&self) -> Draft<S> {
        Draft::new(self.history.latest(), &self.volatile)
    }

    fn view(&self) -> View<'_, S> {
        View {
            durable: self.history.committed(),
            volatile: &self.volatile,
        }
    }

    fn turn(&self) -> Turn {
        Turn {
            now: self.post.clock.elapsed(),
            wall_ms: self.post.clock.wall_ms(),
        }
    }
}

/// The first commit that is waited for; never, when none is.
async fn first(commits: &mut VecDeque<Commit>) -> Result<(Offset, Duration), ErrorCode> {
    let Some(commit) = commits.front_mut() else {
        return pending().await;
    };
    let outcome = (&mut commit.committed).await;
    let commit = commits.pop_front().expect("looked at it");
    outcome.map(|()| (commit.end, commit.began))
}

async fn sleep(clock: &Clock, due: Option<Duration>) {
    match due {
        None => pending().await,
        Some(due) => {
            let after = due.saturating_sub(clock.elapsed());
            tokio::time::sleep_until(clock.deadline(after)).await;
        }
    }
}
