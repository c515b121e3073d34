//! Who holds the partition's writer, does what is queued: appends in one write, everything else one by one.
//!
//! Guarantees: work is done in the order in which it was queued; it runs on the caller's thread while the directory is fast
//! and on the directory's own thread while it is slow, so a caller is never held up by more than one slow write.

use std::sync::Arc;

use ottla_protocol::ErrorCode;
use ottla_storage::log::{AppendError, Appended, LeaderBatch, LogWriter};
use ottla_storage::offset::LeaderEpoch;
use tokio::sync::oneshot;

use super::errors::{Refused, append_refused};
use super::replica::Partition;
use super::slot::Turn;
use crate::world::Workers;

/// How often one caller takes the queue before it hands the writer to the directory's thread: others must not keep it
/// from its own work for ever.
const ROUNDS_INLINE: usize = 16;

/// What enters the slot.
pub(super) enum Work {
    Append(Pending),
    /// Anything else that needs the writer to itself.
    Do(Box<dyn FnOnce(&mut LogWriter) + Send>),
    /// Takes the writer away for good.
    Retire(Box<dyn FnOnce(LogWriter) + Send>),
}

/// What is in the slot: nothing once the writer has retired.
pub(super) type Seat = Option<LogWriter>;

/// A checked batch that waits for the writer.
pub(super) struct Pending {
    pub batch: LeaderBatch,
    /// The epoch in which it was accepted; in any other it is refused.
    pub epoch: LeaderEpoch,
    pub answer: oneshot::Sender<Result<Appended, Refused>>,
}

impl Partition {
    /// Queues work, and does it and what else is queued if nobody is at it already.
    pub(super) fn enter(self: &Arc<Self>, work: Work) {
        let Some(mut turn) = self.slot.enter(work) else {
            return;
        };
        if let Some(since) = self.directory().may_write_inline() {
            let is_done = self.work(&mut turn, ROUNDS_INLINE);
            self.directory().inline_ended(since);
            if is_done {
                return;
            }
        }
        self.hand_over(&self.directory().threads().writes, turn);
    }

    /// Runs `act` with the writer, in its turn. Resolves with its answer; an error means that the writer was lost.
    pub(super) fn with_writer<R: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&mut LogWriter) -> R + Send + 'static,
    ) -> oneshot::Receiver<R> {
        let (answer, answered) = oneshot::channel();
        self.enter(Work::Do(Box::new(move |writer| {
            drop(answer.send(act(writer)))
        })));
        answered
    }

    /// As [`Partition::with_writer`], on one of these threads.
    pub(super) fn with_writer_on<R: Send + 'static>(
        self: &Arc<Self>,
        workers: &Workers,
        act: impl FnOnce(&mut LogWriter) -> R + Send + 'static,
    ) -> oneshot::Receiver<R> {
        let (answer, answered) = oneshot::channel();
        self.enter_on(
            workers,
            Work::Do(Box::new(move |writer| drop(answer.send(act(writer))))),
        );
        answered
    }

    /// Takes the writer away for good, on the directory's reading threads: they open and delete logs.
    pub(super) fn retire(self: &Arc<Self>, take: impl FnOnce(LogWriter) + Send + 'static) {
        self.enter_on(
            &self.directory().threads().reads,
            Work::Retire(Box::new(take)),
        );
    }

    /// Like [`Partition::enter`], but never on the caller's thread: for what may take long.
    fn enter_on(self: &Arc<Self>, workers: &Workers, work: Work) {
        if let Some(turn) = self.slot.enter(work) {
            self.hand_over(workers, turn);
        }
    }

    fn hand_over(self: &Arc<Self>, workers: &Workers, mut turn: Turn<Seat, Work>) {
        let partition = self.clone();
        workers.submit(move || while !partition.work(&mut turn, usize::MAX) {});
    }

    /// Does what is queued, up to so many times. Returns whether the turn is over.
    fn work(self: &Arc<Self>, turn: &mut Turn<Seat, Work>, rounds: usize) -> bool {
        for _ in 0..rounds {
            let Some((seat, queue)) = turn.take() else {
                return true;
            };
            let mut appends = Vec::new();
            for work in queue {
                match work {
                    Work::Append(pending) => appends.push(pending),
                    other => {
                        self.append_all(seat, std::mem::take(&mut appends));
                        act(seat, other);
                    }
                }
            }
            self.append_all(seat, appends);
        }
        false
    }

    /// Appends what has waited, in one go, and answers each.
    fn append_all(self: &Arc<Self>, seat: &mut Seat, mut waiting: Vec<Pending>) {
        let role = self.role();
        let log_start = self.offsets().start;
        let refusal = |pending: &Pending| match role.ended {
            Some(ended) => Some(ended.into()),
            None if !role.is_leader() || role.leader_epoch != pending.epoch => {
                Some(ErrorCode::NOT_LEADER_OR_FOLLOWER)
            }
            None => None,
        };
        waiting = refuse(waiting, refusal);
        let size_bytes = waiting
            .iter()
            .map(|pending| pending.batch.records.len() as u64)
            .sum();
        if size_bytes > 0 && !self.directory().has_room_for(size_bytes) {
            waiting = refuse(waiting, |_| Some(ErrorCode::KAFKA_STORAGE_ERROR));
        }
        let Some(writer) = seat.as_mut().filter(|_| !waiting.is_empty()) else {
            return drop(refuse(waiting, |_| Some(ErrorCode::NOT_LEADER_OR_FOLLOWER)));
        };
        let (batches, answers): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .map(|pending| (pending.batch, pending.answer))
            .unzip();
        let now_ms = self.directory().clock().wall_ms();
        let results = self
            .directory()
            .timed(|| writer.append_as_leader(&batches, role.leader_epoch, now_ms));
        self.report_failure(&results);
        self.note_append(self.directory().clock().elapsed());
        self.progress();
        self.flush_if_due();
        for (answer, result) in answers.into_iter().zip(results) {
            // The caller may have gone: acks=0, or a closed connection.
            drop(answer.send(result.map_err(|error| append_refused(&error, log_start))));
        }
    }

    fn report_failure(&self, results: &[Result<Appended, AppendError>]) {
        let failure = results.iter().find_map(|result| match result {
            Err(AppendError::Io(failure) | AppendError::Failed(failure)) => Some(failure),
            _ => None,
        });
        // The files of a deleted partition are gone; that says nothing about the directory.
        if let Some(failure) = failure.filter(|_| self.role().ended.is_none()) {
            self.directory().report(failure);
        }
    }
}

fn act(seat: &mut Seat, work: Work) {
    match work {
        // Dropping the work tells who waits for it.
        Work::Append(_) => {}
        Work::Do(act) => {
            if let Some(writer) = seat {
                act(writer);
            }
        }
        Work::Retire(take) => {
            if let Some(writer) = seat.take() {
                take(writer);
            }
        }
    }
}

/// Answers those that must be refused and returns the others.
fn refuse(waiting: Vec<Pending>, refusal: impl Fn(&Pending) -> Option<ErrorCode>) -> Vec<Pending> {
    waiting
        .into_iter()
        .filter_map(|pending| match refusal(&pending) {
            Some(error) => {
                drop(pending.answer.send(Err(Refused::new(error))));
                None
            }
            None => Some(pending),
        })
        .collect()
}
