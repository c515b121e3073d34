//! Requests that have no answer yet. State names them by ticket, so that it stays data.

use ottla_protocol::ErrorCode;
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// Names a request of one loaded shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Where an answer goes.
pub type ReplyTo<A> = oneshot::Sender<Result<A, ErrorCode>>;

/// The open requests of one shard.
#[derive(Debug)]
pub struct Tickets<A> {
    open: BTreeMap<Ticket, ReplyTo<A>>,
    next: u64,
}

impl<A> Default for Tickets<A> {
    fn default() -> Self {
        Self {
            open: BTreeMap::new(),
            next: 0,
        }
    }
}

impl<A> Tickets<A> {
    pub fn open(&mut self, reply_to: ReplyTo<A>) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.open.insert(ticket, reply_to);
        ticket
    }

    /// A ticket that was answered already, or whose client has gone, is passed over.
    pub fn answer(&mut self, ticket: Ticket, answer: Result<A, ErrorCode>) {
        if let Some(reply_to) = self.open.remove(&ticket) {
            // The client may have gone in the meantime.
            let _ = reply_to.send(answer);
        }
    }

    /// Ends every open request.
    pub fn fail_all(&mut self, error: ErrorCode) {
        for reply_to in std::mem::take(&mut self.open).into_values() {
            let _ = reply_to.send(Err(error));
        }
    }
}
