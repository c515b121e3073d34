//! The fixed head of a record batch of magic 2, and the prefix that it shares with the older formats (`DefaultRecordBatch`).
//!
//! ```text
//!  offset size field                    offset size field
//!     0    8   base offset                 27    8   base timestamp (or delete horizon)
//!     8    4   length (all after it)       35    8   max timestamp
//!    12    4   partition leader epoch      43    8   producer id
//!    16    1   magic = 2                   51    2   producer epoch
//!    17    4   CRC-32C of 21…end           53    4   base sequence
//!    21    2   attributes                  57    4   record count
//!    23    4   last offset delta           61        records, compressed as one when a codec is set
//! ```
//! Base offset and leader epoch lie outside the CRC, so a leader sets them without touching the rest. Parsing checks nothing but
//! that the bytes are there: `check` judges.

use super::{Attributes, TimestampType};
use crate::offset::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

/// Bytes before those that `length` counts: base offset and length (`Records.LOG_OVERHEAD`).
pub const LENGTH_PREFIX_SIZE_BYTES: usize = 12;
/// Bytes that every magic shares: up to and with the magic byte.
pub const PREFIX_SIZE_BYTES: usize = 17;
/// Size of the head of a magic 2 batch.
pub const HEADER_SIZE_BYTES: usize = 61;

/// What the first 17 bytes of a batch (or of a legacy message) say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    pub base_offset: Offset,
    /// Bytes after the length field, as stored: may be negative or absurd.
    pub batch_length: i32,
    pub magic: i8,
}

impl Prefix {
    /// `None` when there are fewer than [`PREFIX_SIZE_BYTES`].
    pub fn parse(bytes: &[u8]) -> Option<Prefix> {
        let bytes: &[u8; PREFIX_SIZE_BYTES] = bytes.first_chunk()?;
        Some(Prefix {
            base_offset: Offset(i64::from_be_bytes(array(bytes, 0))),
            batch_length: i32::from_be_bytes(array(bytes, 8)),
            magic: bytes[16] as i8,
        })
    }

    /// Size of the whole batch in bytes; `None` when the length is negative.
    pub fn size_bytes(&self) -> Option<usize> {
        usize::try_from(self.batch_length)
            .ok()
            .map(|length| length + LENGTH_PREFIX_SIZE_BYTES)
    }
}

/// The head of a magic 2 batch, field for field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    pub base_offset: Offset,
    /// Bytes after this field: the batch's size less [`LENGTH_PREFIX_SIZE_BYTES`].
    pub batch_length: i32,
    pub partition_leader_epoch: LeaderEpoch,
    pub magic: i8,
    /// CRC-32C over everything from the attributes on.
    pub crc: u32,
    pub attributes: Attributes,
    pub last_offset_delta: i32,
    /// Milliseconds since 1970; record timestamps are deltas to it. With a delete horizon it is that instead.
    pub base_timestamp: i64,
    pub max_timestamp: i64,
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    pub base_sequence: Sequence,
    pub record_count: i32,
}

impl BatchHeader {
    /// `None` when there are fewer than [`HEADER_SIZE_BYTES`].
    pub fn parse(bytes: &[u8]) -> Option<BatchHeader> {
        let bytes: &[u8; HEADER_SIZE_BYTES] = bytes.first_chunk()?;
        Some(BatchHeader {
            base_offset: Offset(i64::from_be_bytes(array(bytes, 0))),
            batch_length: i32::from_be_bytes(array(bytes, 8)),
            partition_leader_epoch: LeaderEpoch(i32::from_be_bytes(array(bytes, 12))),
            magic: bytes[16] as i8,
            crc: u32::from_be_bytes(array(bytes, 17)),
            attributes: Attributes(i16::from_be_bytes(array(bytes, 21))),
            last_offset_delta: i32::from_be_bytes(array(bytes, 23)),
            base_timestamp: i64::from_be_bytes(array(bytes, 27)),
            max_timestamp: i64::from_be_bytes(array(bytes, 35)),
            producer_id: ProducerId(i64::from_be_bytes(array(bytes, 43))),
            producer_epoch: ProducerEpoch(i16::from_be_bytes(array(bytes, 51))),
            base_sequence: Sequence(i32::from_be_bytes(array(bytes, 53))),
            record_count: i32::from_be_bytes(array(bytes, 57)),
        })
    }

    pub fn encode(&self) -> [u8; HEADER_SIZE_BYTES] {
        let mut bytes = [0; HEADER_SIZE_BYTES];
        bytes[0..16].copy_from_slice(&self.encode_unchecksummed());
        bytes[16] = self.magic as u8;
        bytes[17..21].copy_from_slice(&self.crc.to_be_bytes());
        bytes[21..23].copy_from_slice(&self.attributes.0.to_be_bytes());
        bytes[23..27].copy_from_slice(&self.last_offset_delta.to_be_bytes());
        bytes[27..35].copy_from_slice(&self.base_timestamp.to_be_bytes());
        bytes[35..43].copy_from_slice(&self.max_timestamp.to_be_bytes());
        bytes[43..51].copy_from_slice(&self.producer_id.0.to_be_bytes());
        bytes[51..53].copy_from_slice(&self.producer_epoch.0.to_be_bytes());
        bytes[53..57].copy_from_slice(&self.base_sequence.0.to_be_bytes());
        bytes[57..61].copy_from_slice(&self.record_count.to_be_bytes());
        bytes
    }

    /// The first 16 bytes (base offset, length, leader epoch), which no CRC covers: a writer that assigns offsets puts these before
    /// `batch[16..]` in one vectored write.
    pub fn encode_unchecksummed(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[0..8].copy_from_slice(&self.base_offset.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.batch_length.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.partition_leader_epoch.0.to_be_bytes());
        bytes
    }

    /// Size of the whole batch in bytes; 0 when the stored length is negative.
    pub fn size_bytes(&self) -> usize {
        usize::try_from(self.batch_length).map_or(0, |length| length + LENGTH_PREFIX_SIZE_BYTES)
    }

    pub fn last_offset(&self) -> Offset {
        self.base_offset.plus(i64::from(self.last_offset_delta))
    }

    pub fn next_offset(&self) -> Offset {
        self.last_offset().next()
    }

    /// Sequence of the last record, [`Sequence::NONE`] when the batch has none.
    pub fn last_sequence(&self) -> Sequence {
        if self.base_sequence == Sequence::NONE || self.last_offset_delta < 0 {
            Sequence::NONE
        } else {
            self.base_sequence.plus(self.last_offset_delta)
        }
    }

    /// `None` when the base timestamp is not a delete horizon (KIP-534).
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        self.attributes
            .has_delete_horizon()
            .then_some(self.base_timestamp)
    }

    /// Milliseconds of a record with this delta: the batch's one timestamp when it has append time.
    pub fn timestamp_of(&self, timestamp_delta: i64) -> i64 {
        match self.timestamp_type() {
            TimestampType::CreateTime => self.base_timestamp.wrapping_add(timestamp_delta),
            TimestampType::LogAppendTime => self.max_timestamp,
        }
    }

    pub fn timestamp_type(&self) -> TimestampType {
        self.attributes.timestamp_type()
    }

    pub fn is_control(&self) -> bool {
        self.attributes.is_control()
    }

    pub fn is_transactional(&self) -> bool {
        self.attributes.is_transactional()
    }
}

/// The `SIZE` bytes at `at`, which the callers' fixed sizes guarantee to be there.
fn array<const SIZE: usize>(bytes: &[u8], at: usize) -> [u8; SIZE] {
    *bytes[at..]
        .first_chunk()
        .expect("offset and size lie within the fixed head")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_header_of_any_bytes_encodes_to_the_same_bytes(bytes in proptest::collection::vec(any::<u8>(), HEADER_SIZE_BYTES)) {
            let header = BatchHeader::parse(&bytes).expect("61 bytes are a head");
            prop_assert_eq!(&header.encode()[..], &bytes[..]);
            let prefix = Prefix::parse(&bytes).expect("61 bytes hold a prefix");
            prop_assert_eq!((prefix.base_offset, prefix.batch_length, prefix.magic), (header.base_offset, header.batch_length, header.magic));
            let _ = (header.last_offset(), header.next_offset(), header.last_sequence(), header.size_bytes(), prefix.size_bytes());
        }
    }

    #[test]
    fn too_few_bytes_are_no_header() {
        assert_eq!(BatchHeader::parse(&[0; HEADER_SIZE_BYTES - 1]), None);
        assert_eq!(Prefix::parse(&[0; PREFIX_SIZE_BYTES - 1]), None);
    }
}
