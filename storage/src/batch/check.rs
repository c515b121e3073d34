//! A batch's size, magic and CRC: whether the bytes are a batch at all. Everything behind relies on it, so it is done once.

use bytes::Bytes;

use super::compress::{DecompressError, decompress};
use super::error::BatchError;
use super::header::{BatchHeader, HEADER_SIZE_BYTES, Prefix};

/// Where the checksummed part begins.
const CHECKSUMMED_FROM: usize = 21;
/// The least length that any magic can have (`LegacyRecord.RECORD_OVERHEAD_V0`).
const LEAST_LENGTH: i32 = 14;

/// A batch of magic 2 whose size and CRC are right. Its records are not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedBatch {
    pub header: BatchHeader,
    /// The whole batch, header included.
    pub bytes: Bytes,
}

impl CheckedBatch {
    /// The records, compressed as the header says.
    pub fn records(&self) -> Bytes {
        self.bytes.slice(HEADER_SIZE_BYTES..)
    }

    /// The records decompressed, for [`records()`](super::records()); the same bytes when they are not compressed.
    pub fn plain(&self, limit_bytes: usize) -> Result<Bytes, DecompressError> {
        let attributes = self.header.attributes;
        let codec = attributes.codec().ok_or_else(|| {
            DecompressError::Corrupt(format!("there is no codec {}", attributes.0 & 7))
        })?;
        if self.header.record_count <= 0 {
            return Ok(Bytes::new());
        }
        decompress(codec, &self.records(), limit_bytes)
    }
}

/// Cuts `bytes` into batches as they came from a leader or a file; stops at a partial one at the end (`None`), as fetches may
/// bring one. A bad batch is the last item.
pub fn batches(bytes: Bytes) -> impl Iterator<Item = Result<CheckedBatch, BatchError>> {
    let mut rest = bytes;
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let next = match cut(&mut rest) {
            Ok(batch) => Ok(check(batch?)),
            Err(error) => Err(error),
        };
        let next = next.and_then(|checked| checked);
        is_over = next.is_err();
        Some(next)
    })
}

/// Checks that `bytes` are exactly one batch of magic 2, the CRC included.
pub fn check(bytes: Bytes) -> Result<CheckedBatch, BatchError> {
    let header = BatchHeader::parse(&bytes).ok_or_else(|| {
        BatchError::corrupt(format!("{} bytes are too few for a batch", bytes.len()))
    })?;
    if header.magic != 2 {
        return Err(BatchError::invalid(format!(
            "magic {} is not 2",
            header.magic
        )));
    }
    if header.size_bytes() != bytes.len() {
        return Err(BatchError::corrupt(format!(
            "it says that it has {} bytes, but {} are there",
            header.size_bytes(),
            bytes.len()
        )));
    }
    let crc = checksum(&bytes);
    if header.crc != crc {
        return Err(BatchError::corrupt(format!(
            "its CRC is {:#010x}, but {crc:#010x} was computed",
            header.crc
        )));
    }
    Ok(CheckedBatch { header, bytes })
}

/// CRC-32C of a whole batch, which the caller knows to be longer than its head.
pub fn checksum(batch: &[u8]) -> u32 {
    crc32c::crc32c(&batch[CHECKSUMMED_FROM..])
}

/// CRC-32C of a batch whose head and records lie apart.
pub fn checksum_of_parts(head: &[u8; HEADER_SIZE_BYTES], records: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&head[CHECKSUMMED_FROM..]), records)
}

/// Takes the first whole batch off `bytes`, unchecked but for its size and magic; `None` when only a part of one is left
/// (`ByteBufferLogInputStream`).
pub(super) fn cut(bytes: &mut Bytes) -> Result<Option<Bytes>, BatchError> {
    if bytes.len() < super::LENGTH_PREFIX_SIZE_BYTES {
        return Ok(None);
    }
    let length = i32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
    if length < LEAST_LENGTH {
        return Err(BatchError::corrupt(format!(
            "length {length} is too small for a batch"
        )));
    }
    let Some(prefix) = Prefix::parse(bytes) else {
        return Ok(None);
    };
    if !(0..=2).contains(&prefix.magic) {
        return Err(BatchError::corrupt(format!(
            "there is no magic {}",
            prefix.magic
        )));
    }
    match prefix.size_bytes() {
        Some(size_bytes) if size_bytes <= bytes.len() => Ok(Some(bytes.split_to(size_bytes))),
        _ => Ok(None),
    }
}
