//! One connection: requests start in the order they came, answers leave in that order.
//!
//! ```text
//!   inbox ──▶ handling: at most one ──▶ answers: ready or waiting, in order ──▶ outbox ──▶ socket
//! ```
//! One task and no other per connection; one pass over all four stages whenever any of them may have moved. So a finished answer is
//! written while a later handler still runs, and while an answer waits (for replicas, say) the next request may start. What is under way
//! is bounded: [`IN_FLIGHT_MAX`] answers, [`BACKLOG_MAX_BYTES`] unsent, one frame read ahead.

use super::inbox::Inbox;
use super::memory::Charge;
use super::outbox::{Outbox, SendError};
use super::unread::Hold;
use super::world::Transport;
use crate::api::Session;
use crate::api::dispatch::{Answer, Encoded, Outcome, Receipt, Running};
use crate::metrics::{CloseReason, ListenerMetrics};
use futures::future::BoxFuture;
use origin::Origin;
use ottla_controller::watch;
use ottla_protocol::Chunk;
use std::collections::VecDeque;
use std::fmt::Display;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};
use watched::Watch;

mod origin;
mod serving;
#[cfg(test)]
mod tests;
mod watched;

pub use serving::Serving;

/// Answers that may be under way; beyond it requests wait in the socket.
pub const IN_FLIGHT_MAX: usize = 64;
/// Bytes that may be unsent when a request starts.
pub const BACKLOG_MAX_BYTES: u64 = 1024 * 1024;
/// How long an encrypted goodbye may wait for the socket.
const GOODBYE_MAX: Duration = Duration::from_secs(1);
/// Smaller answers are counted only behind others.
const CHARGED_FROM_BYTES: usize = 4 * 1024;
/// After this time without requests the read buffer is given back. A client that takes nothing of its answers for this long is put out if
/// the memory for answers is used up.
const SHRINK_AFTER: Duration = Duration::from_secs(5);

/// A connection being served.
pub struct Connection<T> {
    transport: T,
    serving: Arc<Serving>,
    session: Session,
    metrics: Arc<ListenerMetrics>,
    inbox: Inbox,
    handling: Option<Handling>,
    answers: VecDeque<Pending>,
    /// Of answers that are ready and whose turn has not come.
    ready_bytes: usize,
    outbox: Outbox,
    /// With the position in the outbox at which each answer ends, and the memory that it takes until then.
    receipts: VecDeque<(u64, Receipt, Charge)>,
    /// What all answers are charged with that the client has not taken.
    held_bytes: usize,
    hold: Option<Hold>,
    /// The peer may still send.
    input_is_open: bool,
    /// No more answers are given, whatever handlers come to.
    is_silent: bool,
    /// Until it ends nothing is read and no request starts: the client is over its quota (KIP-219).
    rest: Option<Pin<Box<Sleep>>>,
    /// Set once no more requests are started: why, and what the connection then ends with.
    ending: Option<CloseReason>,
    watch: Watch,
}

struct Handling {
    running: Running,
    frame: Origin,
    _charge: Charge,
}

enum Pending {
    Ready(Answer, Charge),
    Waiting(BoxFuture<'static, Answer>, Origin),
}

impl<T: Transport> Connection<T> {
    pub fn new(
        transport: T,
        session: Session,
        metrics: Arc<ListenerMetrics>,
        serving: Arc<Serving>,
    ) -> Self {
        let settings = &serving.settings;
        let (frame_max_bytes, patience) = match session.is_authenticated {
            true => (settings.request_max_bytes, settings.idle),
            false => (settings.token_max_bytes, settings.login.min(settings.idle)),
        };
        let began = serving.clock.elapsed();
        Self {
            inbox: Inbox::new(frame_max_bytes, serving.request_memory.clone()),
            outbox: Outbox::new(
                serving.pool.clone(),
                serving.workers.clone(),
                serving.regions_of,
            ),
            handling: None,
            answers: VecDeque::new(),
            ready_bytes: 0,
            receipts: VecDeque::new(),
            held_bytes: 0,
            input_is_open: true,
            is_silent: false,
            rest: None,
            ending: None,
            hold: None,
            watch: Watch::new(began, patience),
            transport,
            session,
            metrics,
            serving,
        }
    }

    /// Serves until the connection ends, and says why it did. Once `stop` turns true, what is in flight is finished.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> CloseReason {
        let reason = {
            // A closed channel means that nobody is left to say stop.
            let mut stopped = pin!(async move { stop.wait_for(|stop| *stop).await.is_ok() });
            let mut is_stopping = false;
            std::future::poll_fn(|context| {
                if !is_stopping && stopped.as_mut().poll(context).is_ready() {
                    is_stopping = true;
                    self.begin_drain();
                }
                self.poll(context)
            })
            .await
        };
        self.metrics.closed(reason);
        // Says goodbye, and waits for no peer that does not take it: what it has not read by now it may still read.
        let goodbye =
            std::future::poll_fn(|context| Pin::new(&mut self.transport).poll_shutdown(context));
        let _ = tokio::time::timeout(GOODBYE_MAX, goodbye).await;
        reason
    }

    fn begin_drain(&mut self) {
        self.end(CloseReason::Shutdown);
        let deadline = Instant::now() + self.serving.settings.drain;
        self.watch.timer.as_mut().reset(deadline);
        self.watch.is_set_to_drain = true;
    }

    /// Nothing can be sent any more. The handler at work is finished all the same: what it has begun must not end half done because the
    /// client has gone. Answers that wait are dropped.
    fn break_off(&mut self, reason: CloseReason) {
        self.end(reason);
        self.is_silent = true;
        self.answers.clear();
        self.receipts.clear();
        (self.ready_bytes, self.held_bytes, self.hold) = (0, 0, None);
        self.outbox.discard();
    }

    /// Starts no more requests.
    fn end(&mut self, reason: CloseReason) {
        self.ending.get_or_insert(reason);
    }

    fn poll(&mut self, context: &mut task::Context<'_>) -> Poll<CloseReason> {
        if let Some(rest) = &mut self.rest
            && rest.as_mut().poll(context).is_ready()
        {
            self.rest = None;
            self.watch.progress(self.serving.clock.elapsed());
        }
        loop {
            self.poll_requests(context);
            let sent = self
                .poll_answers(context)
                .and_then(|()| self.poll_send(context));
            if let Err(reason) = sent.and_then(|()| self.poll_hold(context)) {
                self.break_off(reason);
            }
            if let Some(reason) = self.finished() {
                return Poll::Ready(reason);
            }
            match self.poll_receive(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(reason)) => self.break_off(reason),
                // Sending may have made room for a request that is here already.
                Poll::Pending if self.can_start() && self.inbox.has_frame().unwrap_or(true) => {}
                Poll::Pending => return self.poll_timer(context),
            }
        }
    }

    /// Moves the handler, and starts the next one as long as frames are there and nothing is handled.
    fn poll_requests(&mut self, context: &mut task::Context<'_>) {
        loop {
            if let Some(handling) = &mut self.handling {
                let Poll::Ready(outcome) = handling.running.as_mut().poll(context) else {
                    return;
                };
                let frame = handling.frame.clone();
                self.handling = None;
                self.settle();
                self.take(outcome, frame, context);
            }
            if !self.can_start() {
                return;
            }
            match self.inbox.next_frame() {
                Ok(None) => return,
                Ok(Some(frame)) => {
                    let received = self.serving.clock.elapsed();
                    self.watch.progress(received);
                    let origin = Origin::of(&frame.bytes);
                    match (self.serving.dispatch)(&self.session, frame.bytes, received) {
                        Ok(running) => {
                            self.handling = Some(Handling {
                                running,
                                frame: origin,
                                _charge: frame.charge,
                            })
                        }
                        Err(refusal) => self.refuse(&refusal),
                    }
                }
                Err(error) => self.refuse(&error),
            }
        }
    }

    /// Becomes what the request has authenticated into, with the limits of those who have.
    fn settle(&mut self) {
        if self.session.settle() {
            let limit = self.serving.settings.request_max_bytes;
            self.inbox.set_limit(limit);
        }
    }

    fn can_start(&self) -> bool {
        self.ending.is_none()
            && self.rest.is_none()
            && self.handling.is_none()
            && self.answers.len() < IN_FLIGHT_MAX
            && self.may_answer_more()
    }

    /// Whether the client takes its answers fast enough to be given more.
    fn may_answer_more(&self) -> bool {
        let unsent = self.outbox.queued_bytes() - self.outbox.sent_bytes();
        let has_none = unsent == 0 && self.ready_bytes == 0;
        // While memory is short, one answer at a time.
        (has_none || self.serving.response_memory.has_room())
            && unsent + (self.ready_bytes as u64) < BACKLOG_MAX_BYTES
    }

    fn take(&mut self, outcome: Outcome, frame: Origin, context: &mut task::Context<'_>) {
        if self.is_silent {
            return;
        }
        let pending = match outcome {
            Outcome::Now(Answer::Nothing) => return,
            Outcome::Now(Answer::Rest(rest)) => return self.rest_for(rest, context),
            Outcome::Now(answer) => self.ready(answer, &frame),
            // Polled once, so that what it waits for knows of it; from then on when its turn has come.
            Outcome::Later(mut waiting) => match waiting.as_mut().poll(context) {
                Poll::Ready(answer) => self.ready(answer, &frame),
                Poll::Pending => Pending::Waiting(waiting, frame),
            },
        };
        match &pending {
            Pending::Ready(Answer::Close(_), _) => self.end(CloseReason::Handler),
            Pending::Ready(Answer::Last(..), _) => self.end(CloseReason::Authentication),
            // Before the next request starts, which may be here already.
            Pending::Ready(Answer::Send(encoded), _) if !encoded.rest.is_zero() => {
                self.rest_for(encoded.rest, context);
            }
            _ => {}
        }
        self.answers.push_back(pending);
    }

    /// It takes memory from now on, whether its turn has come or not.
    fn ready(&mut self, mut answer: Answer, frame: &Origin) -> Pending {
        let charge = match &mut answer {
            Answer::Send(encoded) | Answer::Last(encoded, _) => {
                frame.let_go(&mut encoded.chunks);
                self.charge(&encoded.chunks)
            }
            Answer::Nothing | Answer::Rest(_) | Answer::Close(_) => Charge::default(),
        };
        self.ready_bytes += charge.size_bytes();
        self.held_bytes += charge.size_bytes();
        Pending::Ready(answer, charge)
    }

    /// Not for longer than an idle connection would last: a peer that has gone meanwhile is not noticed before.
    fn rest_for(&mut self, rest: Duration, context: &mut task::Context<'_>) {
        let until = Instant::now() + rest.min(self.serving.settings.idle);
        if self
            .rest
            .as_ref()
            .is_some_and(|rest| rest.deadline() >= until)
        {
            return;
        }
        let mut rest = Box::pin(tokio::time::sleep_until(until));
        if rest.as_mut().poll(context).is_pending() {
            self.rest = Some(rest);
        }
    }

    fn refuse(&mut self, why: &dyn Display) {
        self.end(CloseReason::Protocol);
        self.log_close(why);
    }

    fn log_close(&self, why: &dyn Display) {
        let peer = &self.session.peer;
        if let Some(left_out) = self.serving.refusals.admits(self.serving.clock.elapsed()) {
            let listener = peer.listener.name.as_str();
            tracing::warn!(listener, client = %peer.address, left_out, "closing a connection: {why}");
        }
    }

    fn queue(&mut self, encoded: Encoded, charge: Charge) -> Result<(), CloseReason> {
        self.outbox
            .push(encoded.chunks)
            .map_err(|error| self.broken(&error))?;
        let end = self.outbox.queued_bytes();
        self.receipts.push_back((end, encoded.receipt, charge));
        Ok(())
    }

    /// The answer whose turn it is, once it is there.
    fn next_answer(&mut self, context: &mut task::Context<'_>) -> Option<(Answer, Charge)> {
        let ready = match self.answers.pop_front()? {
            Pending::Waiting(mut waiting, frame) => match waiting.as_mut().poll(context) {
                Poll::Ready(answer) => self.ready(answer, &frame),
                Poll::Pending => {
                    self.answers.push_front(Pending::Waiting(waiting, frame));
                    return None;
                }
            },
            ready => ready,
        };
        let Pending::Ready(answer, charge) = ready else {
            return None;
        };
        self.ready_bytes -= charge.size_bytes();
        Some((answer, charge))
    }

    /// Queues the answers whose turn has come.
    fn poll_answers(&mut self, context: &mut task::Context<'_>) -> Result<(), CloseReason> {
        while let Some((answer, charge)) = self.next_answer(context) {
            match answer {
                Answer::Send(encoded) => {
                    if !encoded.rest.is_zero() {
                        self.rest_for(encoded.rest, context);
                    }
                    self.queue(encoded, charge)?;
                }
                Answer::Last(encoded, why) => {
                    self.end(CloseReason::Authentication);
                    self.log_close(&why);
                    self.queue(encoded, charge)?;
                }
                Answer::Nothing | Answer::Rest(_) => {}
                Answer::Close(why) => {
                    self.end(CloseReason::Handler);
                    self.log_close(&why);
                    self.held_bytes -= std::mem::take(&mut self.ready_bytes);
                    self.answers.clear();
                    self.is_silent = true;
                }
            }
        }
        Ok(())
    }

    fn poll_send(&mut self, context: &mut task::Context<'_>) -> Result<(), CloseReason> {
        if self.outbox.is_empty() {
            return self.poll_flush(context);
        }
        let before = self.outbox.sent_bytes();
        let sent = self.outbox.poll_send(context, &mut self.transport);
        let count = self.outbox.sent_bytes() - before;
        if count > 0 {
            self.metrics.sent_bytes.inc_by(count);
            let now = self.serving.clock.elapsed();
            self.watch.moved(count as usize, now);
            self.watch.last_taken = now;
            self.hand_in_receipts(now);
        }
        match sent {
            Poll::Ready(Err(error)) => Err(self.broken(&error)),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    /// What an encrypting transport still holds.
    fn poll_flush(&mut self, context: &mut task::Context<'_>) -> Result<(), CloseReason> {
        if self.is_silent || !self.transport.has_unsent() {
            return Ok(());
        }
        match Pin::new(&mut self.transport).poll_flush(context) {
            Poll::Ready(Err(error)) => Err(self.broken(&SendError::Network(error))),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    /// An answer's own bytes take memory until the client has taken them; records are not read before.
    fn charge(&self, chunks: &[Chunk]) -> Charge {
        let own = chunks.iter().map(|chunk| match chunk {
            Chunk::Bytes(bytes) => bytes.len(),
            Chunk::Deferred(_) => 0,
        });
        match own.sum() {
            // Of a client that keeps up with us.
            0..CHARGED_FROM_BYTES if self.outbox.is_empty() && self.answers.is_empty() => {
                Charge::default()
            }
            size_bytes => self.serving.response_memory.charge(size_bytes),
        }
    }

    /// The client does not take an answer that others need the memory of.
    fn is_in_the_way(&self, resting: Duration) -> bool {
        resting >= SHRINK_AFTER && !self.serving.response_memory.has_room() && self.held_bytes > 0
    }

    /// Says what this connection holds, and whether it has to go for it.
    fn poll_hold(&mut self, context: &task::Context<'_>) -> Result<(), CloseReason> {
        if self.held_bytes == 0 {
            self.hold = None;
            return Ok(());
        }
        let serving = &self.serving;
        let hold = self.hold.get_or_insert_with(|| {
            self.watch.last_taken = serving.clock.elapsed();
            let id = self.session.peer.connection_id.0;
            serving.unread.enter(id, self.watch.last_taken)
        });
        hold.keep(self.held_bytes, self.watch.last_taken);
        match hold.poll_put_out(context) {
            true => Err(CloseReason::Unread),
            false => Ok(()),
        }
    }

    fn hand_in_receipts(&mut self, now: Duration) {
        while let Some((end, receipt, charge)) = self.receipts.front() {
            if *end > self.outbox.sent_bytes() {
                return;
            }
            receipt.sent(&self.serving.metrics.requests, now);
            self.watch.progress(now);
            self.held_bytes -= charge.size_bytes();
            self.receipts.pop_front();
        }
    }

    fn broken(&self, error: &SendError) -> CloseReason {
        match error {
            SendError::Network(_) => CloseReason::Network,
            SendError::Records(error) => {
                self.log_close(&format_args!("records cannot be read: {error}"));
                CloseReason::Storage
            }
        }
    }

    /// Reads once; pending also while a whole frame is waiting.
    fn poll_receive(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), CloseReason>> {
        let wants_more = self.input_is_open
            && self.ending.is_none()
            && self.rest.is_none()
            && self.may_answer_more()
            && !self.inbox.has_frame().unwrap_or(true);
        if !wants_more {
            return Poll::Pending;
        }
        match task::ready!(self.inbox.poll_fill(context, &mut self.transport)) {
            Ok(0) => self.input_is_open = false,
            Ok(count) => {
                self.metrics.received_bytes.inc_by(count as u64);
                self.watch.received(count, &self.serving);
            }
            Err(_) => return Poll::Ready(Err(CloseReason::Network)),
        }
        Poll::Ready(Ok(()))
    }

    /// The reason to end, once nothing is in flight and nothing more will be.
    fn finished(&mut self) -> Option<CloseReason> {
        let is_unsent = !self.outbox.is_empty() || self.transport.has_unsent() && !self.is_silent;
        let in_flight = self.handling.is_some() || !self.answers.is_empty() || is_unsent;
        if in_flight || self.ending.is_some() {
            return self.ending.filter(|_| !in_flight);
        }
        let more_may_come = self.input_is_open || self.inbox.has_frame().unwrap_or(true);
        (!more_may_come).then_some(CloseReason::Client)
    }

    /// Ends an idle connection, gives back the memory of a resting one.
    fn poll_timer(&mut self, context: &mut task::Context<'_>) -> Poll<CloseReason> {
        while self.watch.timer.as_mut().poll(context).is_ready() {
            if self.watch.is_set_to_drain {
                return Poll::Ready(CloseReason::Shutdown);
            }
            let now = self.serving.clock.elapsed();
            let is_at_work = self.handling.is_some() || !self.answers.is_empty();
            let waits_for_us = self.outbox.is_empty() && (is_at_work || self.rest.is_some());
            if waits_for_us || self.inbox.is_waiting_for_memory() {
                self.watch.progress(now);
            }
            let login_left = self.login_left(now);
            if login_left.is_zero() {
                return Poll::Ready(CloseReason::Authentication);
            }
            let resting = now.saturating_sub(self.watch.last_progress);
            let idle = self.serving.settings.idle;
            if resting >= idle {
                return Poll::Ready(CloseReason::Idle);
            }
            if self.is_in_the_way(resting) {
                return Poll::Ready(CloseReason::Unread);
            }
            if self.rest.is_none() && self.inbox.is_in_the_way() {
                return Poll::Ready(CloseReason::Slow);
            }
            if resting >= SHRINK_AFTER {
                self.inbox.shrink();
            }
            self.watch.is_set_to_shrink =
                !self.inbox.is_shrunk() || self.inbox.has_begun() || !self.outbox.is_empty();
            let rest = if self.watch.is_set_to_shrink {
                SHRINK_AFTER.min(idle - resting)
            } else {
                idle - resting
            };
            let rest = rest.min(login_left);
            self.watch.timer.as_mut().reset(Instant::now() + rest);
        }
        Poll::Pending
    }

    /// How long the peer may still take to authenticate; for ever once it has.
    fn login_left(&self, now: Duration) -> Duration {
        if self.session.is_authenticated {
            return Duration::MAX;
        }
        let used = now.saturating_sub(self.watch.began);
        self.serving.settings.login.saturating_sub(used)
    }
}
