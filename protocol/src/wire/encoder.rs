//! [`Encoder`]: collects what is to be sent as a list of chunks.
//!
//! ```text
//! put small values ──▶ [ small: BytesMut ] ─┐ a long byte string or records closes the small buffer
//!                                           ▼ and becomes a chunk of its own, without a copy
//!                      parts: small │ shared │ small │ deferred │ …
//! ```
//! The size is counted while writing, so that the frame's length is known without visiting the chunks.

use bytes::{BufMut, Bytes, BytesMut};

use super::records::DeferredRecords;
use crate::error_code::ErrorCode;

/// Byte strings shorter than this are copied into the small buffer: copying them is cheaper than an entry of a vectored write.
const COPIED_BELOW_BYTES: usize = 1024;

/// A piece of what is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Chunk {
    /// Bytes at hand.
    Bytes(Bytes),
    /// Records to be read while writing.
    Deferred(DeferredRecords),
}

impl Chunk {
    /// How many bytes of the stream this chunk is.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Deferred(deferred) => deferred.size_bytes,
        }
    }
}

#[derive(Debug)]
enum Part {
    Small(BytesMut),
    Finished(Chunk),
}

/// Appends primitive values.
#[derive(Debug, Default)]
pub struct Encoder {
    parts: Vec<Part>,
    small: BytesMut,
    /// The size of `parts`; what is in `small` comes on top.
    parts_bytes: usize,
    errors: Vec<(ErrorCode, u64)>,
}

impl Encoder {
    /// An empty encoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// An encoder that begins with room for a frame's length; end it with [`Encoder::into_frame`].
    pub fn framed() -> Self {
        let mut encoder = Self::default();
        encoder.small.reserve(256);
        encoder.put(&[0; 4]);
        encoder
    }

    /// Bytes written so far, those of deferred records included.
    pub fn size_bytes(&self) -> usize {
        self.parts_bytes + self.small.len()
    }

    /// The error codes that were written and how often each, for whoever counts them; empty, and free, where there are none.
    pub fn errors(&self) -> &[(ErrorCode, u64)] {
        &self.errors
    }

    /// Remembers that an error was written.
    pub(super) fn note_error(&mut self, code: ErrorCode) {
        self.note_errors(code, 1);
    }

    fn note_errors(&mut self, code: ErrorCode, count: u64) {
        match self.errors.iter_mut().find(|(noted, _)| *noted == code) {
            Some((_, noted)) => *noted += count,
            None => self.errors.push((code, count)),
        }
    }

    /// What was written, in order.
    pub fn into_chunks(mut self) -> Vec<Chunk> {
        self.close_small();
        self.parts
            .into_iter()
            .map(|part| match part {
                Part::Small(bytes) => Chunk::Bytes(bytes.freeze()),
                Part::Finished(chunk) => chunk,
            })
            .collect()
    }

    /// What was written into an encoder made by [`Encoder::framed`], the frame's length filled in.
    pub fn into_frame(mut self) -> Vec<Chunk> {
        let length = i32::try_from(self.size_bytes().saturating_sub(4)).unwrap_or(i32::MAX);
        self.close_small();
        if let Some(Part::Small(first)) = self.parts.first_mut()
            && let Some(prefix) = first.first_chunk_mut::<4>()
        {
            *prefix = length.to_be_bytes();
        }
        self.into_chunks()
    }

    /// What was written, as one buffer. Deferred records are left out: for messages that carry none.
    pub fn into_bytes(mut self) -> Bytes {
        if self.parts.is_empty() {
            return self.small.freeze();
        }
        self.close_small();
        let mut all = BytesMut::with_capacity(self.parts_bytes);
        for part in self.parts {
            match part {
                Part::Small(bytes) => all.put(bytes),
                Part::Finished(Chunk::Bytes(bytes)) => all.put(bytes),
                Part::Finished(Chunk::Deferred(_)) => {}
            }
        }
        all.freeze()
    }

    /// Copies bytes.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        self.small.extend_from_slice(bytes);
    }

    /// Appends bytes, sharing them when they are long.
    pub fn put_shared(&mut self, bytes: &Bytes) {
        if bytes.len() < COPIED_BELOW_BYTES {
            return self.put(bytes);
        }
        self.close_small();
        self.parts_bytes += bytes.len();
        self.parts.push(Part::Finished(Chunk::Bytes(bytes.clone())));
    }

    /// Appends records that are read later.
    pub fn put_deferred(&mut self, records: &DeferredRecords) {
        if records.size_bytes == 0 {
            return;
        }
        self.close_small();
        self.parts_bytes += records.size_bytes;
        self.parts
            .push(Part::Finished(Chunk::Deferred(records.clone())));
    }

    /// A base-128 integer, least significant group first.
    #[inline]
    pub fn put_unsigned_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.put(&[value as u8 | 0x80]);
            value >>= 7;
        }
        self.put(&[value as u8]);
    }

    /// Appends another encoder's content.
    pub fn append(&mut self, mut other: Encoder) {
        for (code, count) in std::mem::take(&mut other.errors) {
            self.note_errors(code, count);
        }
        if other.parts.is_empty() {
            return self.put(&other.small);
        }
        other.close_small();
        self.close_small();
        self.parts_bytes += other.parts_bytes;
        self.parts.append(&mut other.parts);
    }

    fn close_small(&mut self) {
        if !self.small.is_empty() {
            self.parts_bytes += self.small.len();
            self.parts.push(Part::Small(self.small.split()));
        }
    }
}

/// Bytes that [`Encoder::put_unsigned_varint`] takes for a value: 1 to 5.
pub fn unsigned_varint_size(value: u32) -> usize {
    (38 - value.leading_zeros() as usize) / 7 + usize::from(value == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_bytes_become_a_chunk_without_a_copy() {
        let long = Bytes::from(vec![7; COPIED_BELOW_BYTES]);
        let mut to = Encoder::framed();
        to.put(b"ab");
        to.put_shared(&long);
        to.put(b"c");
        assert_eq!(to.size_bytes(), 4 + 2 + long.len() + 1);
        let chunks = to.into_frame();
        assert_eq!(chunks.len(), 3);
        assert_eq!(
            chunks[0],
            Chunk::Bytes(Bytes::from_static(&[0, 0, 4, 3, b'a', b'b']))
        );
        let Chunk::Bytes(second) = &chunks[1] else {
            panic!("{chunks:?}")
        };
        assert_eq!(second.as_ptr(), long.as_ptr());
    }

    #[test]
    fn the_size_of_a_varint_is_what_writing_it_takes() {
        for value in [
            0,
            1,
            127,
            128,
            16_383,
            16_384,
            2_097_151,
            2_097_152,
            268_435_455,
            268_435_456,
            u32::MAX,
        ] {
            let mut to = Encoder::new();
            to.put_unsigned_varint(value);
            assert_eq!(unsigned_varint_size(value), to.size_bytes(), "{value}");
        }
    }
}
