//! The task behind a link: dials when something is asked, writes requests in order, matches answers to them.
//!
//! ```text
//!   at rest ──a request──▶ dialling ──▶ connected ──closed, malformed, or silent──▶ at rest
//!                             └──failed──▶ backing off: what cannot wait that long is answered with the failure ──▶ dialling
//! ```
//! A request whose time runs out is abandoned, and its answer passed over when it comes; the connection lives on as long as anything
//! is heard on it. When a connection ends, every request on it is answered [`LinkError::Closed`], and none is sent again.

use super::dial::{Destination, Stream};
use super::error::LinkError;
use super::inbox::Inbox;
use super::pool::Tools;
use bytes::{Buf, Bytes};
use ottla_protocol::frame::FrameError;
use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};

/// Requests that may be without an answer on one connection, the abandoned ones included.
const IN_FLIGHT_MAX: usize = 128;
/// Bytes that may be unsent when a request is taken.
const BACKLOG_MAX_BYTES: usize = 1024 * 1024;

/// A request on its way.
pub(super) struct Exchange {
    pub correlation_id: i32,
    pub frame: Vec<Bytes>,
    pub deadline: Duration,
    pub reply: oneshot::Sender<Result<Bytes, LinkError>>,
}

/// See the module.
pub(super) struct Task {
    tools: Arc<Tools>,
    destination: Destination,
    asked: mpsc::Receiver<Exchange>,
    failures: u32,
}

struct Waiting {
    correlation_id: i32,
    deadline: Duration,
    reply: oneshot::Sender<Result<Bytes, LinkError>>,
}

/// A connection in use.
struct Connected {
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    inbox: Inbox,
    unsent: VecDeque<Bytes>,
    unsent_bytes: usize,
    waiting: VecDeque<Waiting>,
    heard: Duration,
}

enum Event {
    Asked(Option<Exchange>),
    Read(io::Result<usize>),
    Written(io::Result<usize>),
    Silent,
}

impl Task {
    pub fn new(
        tools: &Arc<Tools>,
        destination: Destination,
        asked: mpsc::Receiver<Exchange>,
    ) -> Self {
        Self {
            tools: tools.clone(),
            destination,
            asked,
            failures: 0,
        }
    }

    /// Runs until the link and its pool are gone.
    pub async fn run(mut self) {
        let mut queue = VecDeque::new();
        loop {
            queue.retain(|exchange: &Exchange| !exchange.reply.is_closed());
            if queue.is_empty() {
                match self.asked.recv().await {
                    Some(first) => queue.push_back(first),
                    None => return,
                }
            }
            match self.dial().await {
                Ok(stream) => {
                    self.failures = 0;
                    self.converse(stream, &mut queue).await;
                }
                Err(error) => {
                    self.failures = self.failures.saturating_add(1);
                    for exchange in queue.drain(..) {
                        drop(exchange.reply.send(Err(error.clone())));
                    }
                    self.back_off(&error, &mut queue).await;
                }
            }
        }
    }

    async fn dial(&self) -> Result<Box<dyn Stream>, LinkError> {
        let dialling = self.tools.dial.dial(&self.destination);
        match tokio::time::timeout(self.tools.settings.connect_max, dialling).await {
            Err(_) => Err(LinkError::TimedOut),
            Ok(dialled) => dialled.map_err(|error| LinkError::of_dial(&error)),
        }
    }

    /// Waits before the next dial. Whoever has less time than that learns of the failure now; the others are queued.
    async fn back_off(&mut self, error: &LinkError, queue: &mut VecDeque<Exchange>) {
        let chance = self.tools.rng.below(1_000);
        let pause = self.tools.settings.backoff.after(self.failures, chance);
        let until = self.tools.clock.elapsed() + pause;
        let mut over = pin!(tokio::time::sleep(pause));
        loop {
            let may_take = queue.len() < IN_FLIGHT_MAX;
            tokio::select! {
                biased;
                () = &mut over => return,
                asked = self.asked.recv(), if may_take => match asked {
                    Some(exchange) if exchange.deadline <= until => {
                        drop(exchange.reply.send(Err(error.clone())));
                    }
                    Some(exchange) => queue.push_back(exchange),
                    None => return,
                },
            }
        }
    }

    /// Until the connection ends, or the link and its pool are gone.
    async fn converse(&mut self, stream: Box<dyn Stream>, queue: &mut VecDeque<Exchange>) {
        let clock = self.tools.clock.clone();
        let settings = &self.tools.settings.clone();
        let (reader, writer) = tokio::io::split(stream);
        let mut connected = Connected {
            reader,
            writer,
            inbox: Inbox::new(settings.answer_max_bytes),
            unsent: VecDeque::new(),
            unsent_bytes: 0,
            waiting: VecDeque::new(),
            heard: clock.elapsed(),
        };
        for exchange in queue.drain(..) {
            connected.take(exchange, clock.elapsed());
        }
        loop {
            let silent = connected.silent_after(settings.silence_max, clock.elapsed());
            let going = match connected.next(&mut self.asked, silent).await {
                Event::Asked(None) => return,
                Event::Asked(Some(exchange)) => {
                    connected.take(exchange, clock.elapsed());
                    Ok(())
                }
                Event::Read(Ok(0)) | Event::Read(Err(_)) | Event::Written(Ok(0) | Err(_)) => {
                    Err(LinkError::Closed)
                }
                Event::Silent => Err(LinkError::TimedOut),
                Event::Read(Ok(_)) => connected.deliver(clock.elapsed()),
                Event::Written(Ok(count)) => {
                    connected.written(count);
                    Ok(())
                }
            };
            if let Err(error) = going {
                return connected.fail(error);
            }
        }
    }
}

impl Connected {
    async fn next(
        &mut self,
        asked: &mut mpsc::Receiver<Exchange>,
        silent: Option<Duration>,
    ) -> Event {
        let may_take = self.waiting.len() < IN_FLIGHT_MAX && self.unsent_bytes < BACKLOG_MAX_BYTES;
        let unsent = self.unsent.front().cloned().unwrap_or_default();
        tokio::select! {
            biased;
            read = self.inbox.fill(&mut self.reader) => Event::Read(read),
            written = self.writer.write(&unsent), if !unsent.is_empty() => Event::Written(written),
            exchange = asked.recv(), if may_take => Event::Asked(exchange),
            () = tokio::time::sleep(silent.unwrap_or_default()), if silent.is_some() => Event::Silent,
        }
    }

    fn take(&mut self, exchange: Exchange, now: Duration) {
        if exchange.reply.is_closed() {
            return;
        }
        if self.waiting.is_empty() {
            self.heard = now;
        }
        for chunk in exchange.frame.into_iter().filter(|chunk| !chunk.is_empty()) {
            self.unsent_bytes += chunk.len();
            self.unsent.push_back(chunk);
        }
        self.waiting.push_back(Waiting {
            correlation_id: exchange.correlation_id,
            deadline: exchange.deadline,
            reply: exchange.reply,
        });
    }

    fn written(&mut self, count: usize) {
        self.unsent_bytes -= count;
        if let Some(chunk) = self.unsent.front_mut() {
            chunk.advance(count);
            if chunk.is_empty() {
                self.unsent.pop_front();
            }
        }
    }

    /// Hands out every whole answer.
    fn deliver(&mut self, now: Duration) -> Result<(), LinkError> {
        self.heard = now;
        let malformed = |error: FrameError| LinkError::Malformed(error.to_string());
        while let Some(answer) = self.inbox.next_frame().map_err(malformed)? {
            let given = answer.first_chunk().copied().map(i32::from_be_bytes);
            let expected = self.waiting.front().map(|waiting| waiting.correlation_id);
            if expected.is_none() || given != expected {
                let message = format!("correlation id {given:?} instead of {expected:?}");
                return Err(LinkError::Malformed(message));
            }
            if let Some(waiting) = self.waiting.pop_front() {
                // It may have been abandoned.
                drop(waiting.reply.send(Ok(answer)));
            }
        }
        Ok(())
    }

    /// In how long this connection counts as dead unless something is heard; `None` while nothing is waited for.
    fn silent_after(&self, silence_max: Duration, now: Duration) -> Option<Duration> {
        let oldest = self.waiting.front()?;
        let at = oldest.deadline.max(self.heard + silence_max);
        Some(at.saturating_sub(now))
    }

    /// The first in the queue learns what happened, the others that the connection is closed.
    fn fail(self, error: LinkError) {
        let mut error = error;
        for waiting in self.waiting {
            drop(waiting.reply.send(Err(error)));
            error = LinkError::Closed;
        }
    }
}
