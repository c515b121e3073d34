//! From answers to bytes: what a connection has to send.
//!
//! ```text
//!   answers ──▶ queue: bytes │ region │ bytes │ region …
//!                 │ long bytes: written from where they are
//!                 │ long resident regions: sendfile
//!                 └ the rest: gathered in one pooled buffer, one write
//! ```
//! Records are read as the socket takes them: a slow reader holds one staged buffer, however long its answer is. Bytes leave in the order
//! queued.

use super::records::{Cursor, Pool, Region, Staged};
use super::world::Transport;
use crate::world::Workers;
use bytes::{Buf, Bytes};
use futures::future::BoxFuture;
use ottla_protocol::{Chunk, DeferredRecords};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Bytes from this length on are written from where they are; shorter ones are gathered.
const DIRECT_MIN_BYTES: usize = 16 * 1024;

/// Finds the file regions behind deferred records.
pub type RegionsOf = fn(&DeferredRecords) -> Option<Vec<Region>>;

type ColdRead = BoxFuture<'static, Option<io::Result<Staged>>>;

/// The writing half of a connection.
pub struct Outbox {
    queue: VecDeque<Piece>,
    staged: Option<Staged>,
    cold: Option<ColdRead>,
    queued_bytes: u64,
    sent_bytes: u64,
    pool: Arc<Pool>,
    workers: Workers,
    regions_of: RegionsOf,
}

enum Piece {
    Bytes(Bytes),
    Region(Cursor),
}

/// Why an answer could not be sent.
#[derive(Debug)]
pub enum SendError {
    /// The socket.
    Network(io::Error),
    /// The records: the length is announced by now, so that the connection can only be closed.
    Records(io::Error),
}

impl Outbox {
    pub fn new(pool: Arc<Pool>, workers: Workers, regions_of: RegionsOf) -> Self {
        Self {
            queue: VecDeque::new(),
            staged: None,
            cold: None,
            queued_bytes: 0,
            sent_bytes: 0,
            pool,
            workers,
            regions_of,
        }
    }

    /// Queues one answer.
    ///
    /// # Errors
    /// Deferred records of a kind that nobody reads, or whose regions are not as long as announced.
    pub fn push(&mut self, chunks: Vec<Chunk>) -> Result<(), SendError> {
        for chunk in chunks {
            self.queued_bytes += chunk.size_bytes() as u64;
            match chunk {
                Chunk::Bytes(bytes) => self.queue.push_back(Piece::Bytes(bytes)),
                Chunk::Deferred(deferred) => {
                    let regions = (self.regions_of)(&deferred).unwrap_or_default();
                    let size: usize = regions.iter().map(Region::size_bytes).sum();
                    if size != deferred.size_bytes {
                        let error =
                            io::Error::other(format!("{size} bytes of {}", deferred.size_bytes));
                        return Err(SendError::Records(error));
                    }
                    let some = regions.into_iter().filter(|region| region.size_bytes() > 0);
                    self.queue
                        .extend(some.map(|region| Piece::Region(Cursor::new(region))));
                }
            }
        }
        Ok(())
    }

    /// Bytes queued since the beginning.
    pub fn queued_bytes(&self) -> u64 {
        self.queued_bytes
    }

    /// Bytes that the socket took since the beginning.
    pub fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }

    pub fn is_empty(&self) -> bool {
        self.queued_bytes == self.sent_bytes
    }

    /// Forgets what is unsent.
    pub fn discard(&mut self) {
        self.queue.clear();
        self.staged = None;
        self.cold = None;
        self.sent_bytes = self.queued_bytes;
    }

    /// Sends until everything is sent or the socket takes no more.
    pub fn poll_send<T: Transport>(
        &mut self,
        context: &mut Context<'_>,
        transport: &mut T,
    ) -> Poll<Result<(), SendError>> {
        while !self.is_empty() {
            let count = if self.staged.is_some() {
                ready!(self.poll_send_staged(context, transport))?
            } else if self.cold.is_some() {
                // What is being read is at the front: it leaves this way even if it has become resident meanwhile.
                ready!(self.poll_stage(context, transport))?;
                continue;
            } else if self.front_is_long() {
                ready!(self.poll_send_bytes(context, transport))?
            } else if transport.can_send_file() && self.sendable_bytes()? > 0 {
                ready!(self.poll_send_file(context, transport))?
            } else {
                ready!(self.poll_stage(context, transport))?;
                continue;
            };
            self.sent_bytes += count as u64;
        }
        Poll::Ready(Ok(()))
    }

    fn front_is_long(&self) -> bool {
        match self.queue.front() {
            Some(Piece::Bytes(bytes)) => bytes.len() >= DIRECT_MIN_BYTES || self.queue.len() == 1,
            _ => false,
        }
    }

    fn sendable_bytes(&mut self) -> Result<usize, SendError> {
        match self.queue.front_mut() {
            Some(Piece::Region(cursor)) => cursor.sendable_bytes().map_err(SendError::Records),
            _ => Ok(0),
        }
    }

    fn poll_send_staged<T: Transport>(
        &mut self,
        context: &mut Context<'_>,
        transport: &mut T,
    ) -> Poll<Result<usize, SendError>> {
        let staged = self.staged.as_mut().expect("the caller has seen it");
        let count = ready!(poll_write(context, transport, staged.unsent()))?;
        staged.sent(count);
        if staged.unsent().is_empty() {
            self.staged = None;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_send_bytes<T: Transport>(
        &mut self,
        context: &mut Context<'_>,
        transport: &mut T,
    ) -> Poll<Result<usize, SendError>> {
        let Some(Piece::Bytes(bytes)) = self.queue.front_mut() else {
            unreachable!("the caller has seen bytes at the front");
        };
        let count = ready!(poll_write(context, transport, bytes))?;
        bytes.advance(count);
        if bytes.is_empty() {
            self.queue.pop_front();
        }
        Poll::Ready(Ok(count))
    }

    fn poll_send_file<T: Transport>(
        &mut self,
        context: &mut Context<'_>,
        transport: &mut T,
    ) -> Poll<Result<usize, SendError>> {
        let Some(Piece::Region(cursor)) = self.queue.front_mut() else {
            unreachable!("the caller has seen a region at the front");
        };
        let size = cursor.sendable_bytes().map_err(SendError::Records)?;
        let position = cursor.position();
        let file = cursor.file().map_err(SendError::Records)?;
        let descriptor = file.as_fd().expect("a sendable region has a descriptor");
        let sent = ready!(transport.poll_send_file(context, descriptor, position, size));
        let count = match sent {
            Ok(0) => return Poll::Ready(Err(ended_early())),
            Ok(count) => count,
            Err(error) => return Poll::Ready(Err(SendError::Network(error))),
        };
        cursor.advance(count);
        if cursor.remaining() == 0 {
            self.queue.pop_front();
        }
        Poll::Ready(Ok(count))
    }

    /// Gathers what is at the front into a buffer; starts or awaits a cold read when the first region is not resident.
    fn poll_stage<T: Transport>(
        &mut self,
        context: &mut Context<'_>,
        transport: &T,
    ) -> Poll<Result<(), SendError>> {
        if self.cold.is_none() {
            let mut staged = self.pool.take();
            self.gather(&mut staged, transport.can_send_file())
                .map_err(SendError::Records)?;
            if !staged.unsent().is_empty() {
                self.staged = Some(staged);
                return Poll::Ready(Ok(()));
            }
            self.cold = Some(self.read_cold(staged).map_err(SendError::Records)?);
        }
        let cold = self.cold.as_mut().expect("set above");
        let read = ready!(cold.as_mut().poll(context));
        self.cold = None;
        let staged = match read {
            Some(Ok(staged)) if staged.unsent().is_empty() => {
                return Poll::Ready(Err(ended_early()));
            }
            Some(Ok(staged)) => staged,
            Some(Err(error)) => return Poll::Ready(Err(SendError::Records(error))),
            None => {
                return Poll::Ready(Err(SendError::Records(io::Error::other(
                    "the read was abandoned",
                ))));
            }
        };
        self.advance_front(staged.unsent().len());
        self.staged = Some(staged);
        Poll::Ready(Ok(()))
    }

    /// Copies pieces into `staged` until it is full or the next piece goes another way. Leaves it empty only before a cold region.
    fn gather(&mut self, staged: &mut Staged, can_send_file: bool) -> io::Result<()> {
        while !staged.room().is_empty() {
            let first = staged.unsent().is_empty();
            let count = match self.queue.front_mut() {
                None => break,
                Some(Piece::Bytes(bytes)) if !first && bytes.len() >= DIRECT_MIN_BYTES => break,
                Some(Piece::Bytes(bytes)) => {
                    let room = staged.room();
                    let count = bytes.len().min(room.len());
                    room[..count].copy_from_slice(&bytes[..count]);
                    count
                }
                Some(Piece::Region(cursor)) => {
                    if can_send_file && cursor.sendable_bytes()? > 0 {
                        break;
                    }
                    let room = staged.room();
                    let size = cursor.remaining().min(room.len());
                    let position = cursor.position();
                    let read = cursor
                        .file()?
                        .read_at_if_cached(&mut room[..size], position);
                    match read {
                        Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                        Ok(count) => count,
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                        Err(error) => return Err(error),
                    }
                }
            };
            staged.filled(count);
            self.advance_front(count);
        }
        Ok(())
    }

    fn read_cold(&mut self, mut staged: Staged) -> io::Result<ColdRead> {
        let Some(Piece::Region(cursor)) = self.queue.front_mut() else {
            unreachable!("only a region is cold");
        };
        let (file, position) = (cursor.file()?.clone(), cursor.position());
        let size = cursor.remaining().min(staged.room().len());
        Ok(Box::pin(self.workers.run(move || {
            let count = file.read_at(&mut staged.room()[..size], position)?;
            staged.filled(count);
            Ok(staged)
        })))
    }

    fn advance_front(&mut self, count: usize) {
        let remaining = match self
            .queue
            .front_mut()
            .expect("what was copied was at the front")
        {
            Piece::Bytes(bytes) => {
                bytes.advance(count);
                bytes.len()
            }
            Piece::Region(cursor) => {
                cursor.advance(count);
                cursor.remaining()
            }
        };
        if remaining == 0 {
            self.queue.pop_front();
        }
    }
}

fn poll_write<T: AsyncWrite + Unpin>(
    context: &mut Context<'_>,
    transport: &mut T,
    bytes: &[u8],
) -> Poll<Result<usize, SendError>> {
    match ready!(Pin::new(transport).poll_write(context, bytes)) {
        Ok(0) => Poll::Ready(Err(SendError::Network(io::ErrorKind::WriteZero.into()))),
        Ok(count) => Poll::Ready(Ok(count)),
        Err(error) => Poll::Ready(Err(SendError::Network(error))),
    }
}

fn ended_early() -> SendError {
    SendError::Records(io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests;
