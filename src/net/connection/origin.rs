//! Where an answer's bytes come from.
//!
//! What an answer repeats of its question is not copied: it is a slice of the frame, and keeps all of it in memory until the client has
//! taken it. An answer of a kilobyte must not keep a frame of a hundred megabytes, so what is a small part of it is copied after all.

use bytes::Bytes;
use ottla_protocol::Chunk;
use std::ops::Range;

/// Short frames share buffers of this size.
const SHARED_BYTES: usize = 64 * 1024;
/// An answer that is at least this part of what it would keep is not copied.
const PART: usize = 4;

/// Where in memory a frame is.
#[derive(Clone)]
pub(super) struct Origin {
    addresses: Range<usize>,
}

impl Origin {
    pub fn of(frame: &Bytes) -> Self {
        let start = frame.as_ptr() as usize;
        Self {
            addresses: start..start + frame.len(),
        }
    }

    fn holds(&self, bytes: &Bytes) -> bool {
        !bytes.is_empty() && self.addresses.contains(&(bytes.as_ptr() as usize))
    }

    /// Copies what an answer has of the frame, where that is little.
    pub fn let_go(&self, chunks: &mut [Chunk]) {
        let mut slices = Vec::new();
        for chunk in chunks {
            if let Chunk::Bytes(bytes) = chunk
                && self.holds(bytes)
            {
                slices.push(bytes);
            }
        }
        let own: usize = slices.iter().map(|bytes| bytes.len()).sum();
        if own.saturating_mul(PART) >= self.addresses.len().max(SHARED_BYTES) {
            return;
        }
        for bytes in slices {
            *bytes = Bytes::copy_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_within(chunk: &Chunk, frame: &Bytes) -> bool {
        matches!(chunk, Chunk::Bytes(bytes) if Origin::of(frame).holds(bytes))
    }

    #[test]
    fn an_answer_keeps_no_frame_that_is_much_larger_than_what_it_repeats_of_it() {
        let frame = Bytes::from(vec![1; 1_000_000]);
        let mut chunks = vec![
            Chunk::Bytes(frame.slice(10..2_010)),
            Chunk::Bytes(Bytes::from_static(b"its own")),
        ];
        Origin::of(&frame).let_go(&mut chunks);
        assert!(!is_within(&chunks[0], &frame));
        assert_eq!(chunks[0], Chunk::Bytes(frame.slice(10..2_010)));
        let mut large = vec![
            Chunk::Bytes(frame.slice(..200_000)),
            Chunk::Bytes(frame.slice(500_000..700_000)),
        ];
        Origin::of(&frame).let_go(&mut large);
        assert!(large.iter().all(|chunk| is_within(chunk, &frame)));
    }
}
