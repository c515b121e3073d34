//! From bytes to answers: what a link has read and not yet given to whoever asked.
//!
//! A length is checked on its four bytes. Small answers are read many at a time; a large one into a buffer of its size, and given
//! away with it, so that the records in it are never copied.

use bytes::{Buf, Bytes, BytesMut};
use ottla_protocol::frame::{self, FrameError};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

const PREFIX_BYTES: usize = 4;
/// What is there to read into when nothing is announced.
const READ_BYTES: usize = 8 * 1024;

/// See the module.
pub(super) struct Inbox {
    buffer: BytesMut,
    answer_max_bytes: usize,
}

impl Inbox {
    pub fn new(answer_max_bytes: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            answer_max_bytes,
        }
    }

    /// Takes the answer at the front, without its length, if it is whole.
    ///
    /// # Errors
    /// A length that no answer may have; the connection is beyond repair.
    pub fn next_frame(&mut self) -> Result<Option<Bytes>, FrameError> {
        let Some(size) = self.announced()? else {
            return Ok(None);
        };
        if self.buffer.len() < size {
            return Ok(None);
        }
        let mut frame = self.buffer.split_to(size);
        frame.advance(PREFIX_BYTES);
        Ok(Some(frame.freeze()))
    }

    /// Reads once; 0 when the peer has closed. Cancel safe.
    pub async fn fill(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<usize> {
        let announced = self.announced().ok().flatten().unwrap_or(0);
        let missing = announced.saturating_sub(self.buffer.len());
        let room = missing.max(READ_BYTES);
        if self.buffer.capacity() - self.buffer.len() < missing.max(PREFIX_BYTES) {
            self.buffer.reserve(room);
        }
        from.read_buf(&mut self.buffer).await
    }

    /// The size of what is at the front, length included, once that is known.
    fn announced(&self) -> Result<Option<usize>, FrameError> {
        let Some(prefix) = self.buffer.first_chunk::<PREFIX_BYTES>() else {
            return Ok(None);
        };
        let size = frame::size(*prefix, self.answer_max_bytes)?;
        Ok(Some(PREFIX_BYTES + size))
    }
}
