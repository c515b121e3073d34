//! The content of a `.snapshot` file: Kafka's `ProducerSnapshot` version 1, with a trailer of our own.
//!
//! ```text
//!   version i16 = 1 | CRC-32C u32 of everything after it | count i32 | count × entry:
//!     producer id i64 | epoch i16 | last sequence i32 | last offset i64 | offset delta i32 | timestamp i64
//!     | coordinator epoch i32 | first offset of the open transaction i64 (−1: none)            = 46 bytes
//!   then, unless empty:  "OTLR" | count i32 | count × ( producer id i64 | batches u8 | batches ×
//!     ( last sequence i32 | last offset i64 | offset delta i32 | timestamp i64 ) )
//! ```
//! Kafka's entry keeps only the newest of the five batches. The trailer keeps them all, so that a retry of any of them is still
//! a duplicate after a restart; Kafka checks the CRC over the whole file and reads no further than its entries, so it does not
//! notice. A file without a trailer is as good.

use super::entry::{MAX_RECENT_BATCHES, ProducerEntry, StoredBatch};
use super::table::Producers;
use crate::error::Malformed;
use crate::offset::{Offset, ProducerEpoch, ProducerId, Sequence};

const VERSION: i16 = 1;
const CHECKSUMMED_FROM: usize = 6;
const ENTRY_SIZE_BYTES: usize = 46;
const TRAILER_MAGIC: &[u8; 4] = b"OTLR";

/// The file's content for the table as it is now.
pub fn encode(producers: &Producers) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(10 + producers.len() * ENTRY_SIZE_BYTES);
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&(producers.len() as i32).to_be_bytes());
    producers
        .iter()
        .for_each(|entry| encode_entry(entry, &mut bytes));
    encode_trailer(producers, &mut bytes);
    let crc = checksum(&bytes);
    bytes[2..CHECKSUMMED_FROM].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// The CRC-32C that belongs into bytes 2 to 5 of a file, which is longer than that.
pub fn checksum(file: &[u8]) -> u32 {
    crc32c::crc32c(&file[CHECKSUMMED_FROM..])
}

/// The entries of a file, by [`encode`] or by Kafka.
pub fn parse(bytes: &[u8]) -> Result<Vec<ProducerEntry>, Malformed> {
    let mut reader = Reader { rest: bytes };
    let version = i16::from_be_bytes(reader.take()?);
    if version != VERSION {
        return Err(malformed(format!("version {version} is unknown")));
    }
    let stored_crc = u32::from_be_bytes(reader.take()?);
    let crc = crc32c::crc32c(reader.rest);
    if stored_crc != crc {
        return Err(malformed(format!(
            "its CRC is {stored_crc:#010x}, but {crc:#010x} was computed"
        )));
    }
    let count = reader.count(ENTRY_SIZE_BYTES)?;
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        entries.push(parse_entry(&mut reader)?);
    }
    if reader.rest.starts_with(TRAILER_MAGIC) {
        reader.rest = &reader.rest[TRAILER_MAGIC.len()..];
        parse_trailer(&mut reader, &mut entries)?;
    }
    Ok(entries)
}

fn encode_entry(entry: &ProducerEntry, bytes: &mut Vec<u8>) {
    let delta = entry.last_batch().map_or(0, |batch| batch.offset_delta);
    bytes.extend_from_slice(&entry.producer_id.0.to_be_bytes());
    bytes.extend_from_slice(&entry.producer_epoch.0.to_be_bytes());
    bytes.extend_from_slice(&entry.last_sequence().0.to_be_bytes());
    bytes.extend_from_slice(&entry.last_offset().0.to_be_bytes());
    bytes.extend_from_slice(&delta.to_be_bytes());
    bytes.extend_from_slice(&entry.last_timestamp.to_be_bytes());
    bytes.extend_from_slice(&entry.coordinator_epoch.to_be_bytes());
    bytes.extend_from_slice(
        &entry
            .transaction_first_offset
            .unwrap_or(Offset::NONE)
            .0
            .to_be_bytes(),
    );
}

fn parse_entry(reader: &mut Reader) -> Result<ProducerEntry, Malformed> {
    let mut entry = ProducerEntry::unknown(ProducerId(i64::from_be_bytes(reader.take()?)));
    let epoch = ProducerEpoch(i16::from_be_bytes(reader.take()?));
    let batch = StoredBatch {
        last_sequence: Sequence(i32::from_be_bytes(reader.take()?)),
        last_offset: Offset(i64::from_be_bytes(reader.take()?)),
        offset_delta: i32::from_be_bytes(reader.take()?),
        timestamp: i64::from_be_bytes(reader.take()?),
    };
    entry.coordinator_epoch = i32::from_be_bytes(reader.take()?);
    let transaction_first_offset = Offset(i64::from_be_bytes(reader.take()?));
    entry.transaction_first_offset =
        (transaction_first_offset >= Offset::ZERO).then_some(transaction_first_offset);
    entry.producer_epoch = epoch;
    entry.last_timestamp = batch.timestamp;
    if batch.last_offset >= Offset::ZERO {
        check_batch(&batch)?;
        entry.remember(epoch, batch);
    }
    Ok(entry)
}

/// Whether Kafka's entry alone would lose something.
fn needs_trailer(entry: &ProducerEntry) -> bool {
    match entry.recent_batches() {
        [] => false,
        [only] => only.timestamp != entry.last_timestamp,
        _ => true,
    }
}

fn encode_trailer(producers: &Producers, bytes: &mut Vec<u8>) {
    let count = producers
        .iter()
        .filter(|entry| needs_trailer(entry))
        .count();
    if count == 0 {
        return;
    }
    bytes.extend_from_slice(TRAILER_MAGIC);
    bytes.extend_from_slice(&(count as i32).to_be_bytes());
    for entry in producers.iter().filter(|entry| needs_trailer(entry)) {
        bytes.extend_from_slice(&entry.producer_id.0.to_be_bytes());
        bytes.push(entry.recent_batches().len() as u8);
        for batch in entry.recent_batches() {
            bytes.extend_from_slice(&batch.last_sequence.0.to_be_bytes());
            bytes.extend_from_slice(&batch.last_offset.0.to_be_bytes());
            bytes.extend_from_slice(&batch.offset_delta.to_be_bytes());
            bytes.extend_from_slice(&batch.timestamp.to_be_bytes());
        }
    }
}

/// Gives entries all of their batches. Both lists are in order of producer id when we wrote them.
fn parse_trailer(reader: &mut Reader, entries: &mut [ProducerEntry]) -> Result<(), Malformed> {
    let mut remaining = entries.iter_mut();
    for _ in 0..reader.count(9)? {
        let producer_id = ProducerId(i64::from_be_bytes(reader.take()?));
        let [batches] = reader.take::<1>()?;
        if usize::from(batches) > MAX_RECENT_BATCHES {
            return Err(malformed(format!(
                "producer {producer_id} has {batches} batches"
            )));
        }
        let entry = remaining
            .find(|entry| entry.producer_id == producer_id)
            .ok_or_else(|| malformed(format!("producer {producer_id} has no entry")))?;
        let mut rebuilt = ProducerEntry::unknown(producer_id);
        for _ in 0..batches {
            rebuilt.remember(entry.producer_epoch, parse_batch(reader)?);
        }
        if rebuilt.last_sequence() != entry.last_sequence()
            || rebuilt.last_offset() != entry.last_offset()
        {
            return Err(malformed(format!(
                "producer {producer_id} ends differently in the trailer"
            )));
        }
        rebuilt.producer_epoch = entry.producer_epoch;
        rebuilt.coordinator_epoch = entry.coordinator_epoch;
        rebuilt.last_timestamp = entry.last_timestamp;
        rebuilt.transaction_first_offset = entry.transaction_first_offset;
        *entry = rebuilt;
    }
    Ok(())
}

fn parse_batch(reader: &mut Reader) -> Result<StoredBatch, Malformed> {
    let batch = StoredBatch {
        last_sequence: Sequence(i32::from_be_bytes(reader.take()?)),
        last_offset: Offset(i64::from_be_bytes(reader.take()?)),
        offset_delta: i32::from_be_bytes(reader.take()?),
        timestamp: i64::from_be_bytes(reader.take()?),
    };
    check_batch(&batch)?;
    Ok(batch)
}

/// What the arithmetic on a stored batch relies on.
fn check_batch(batch: &StoredBatch) -> Result<(), Malformed> {
    if batch.offset_delta < 0 || i64::from(batch.offset_delta) > batch.last_offset.0 {
        return Err(malformed(format!(
            "a batch that ends at {} has offset delta {}",
            batch.last_offset, batch.offset_delta
        )));
    }
    Ok(())
}

fn malformed(reason: impl Into<std::borrow::Cow<'static, str>>) -> Malformed {
    Malformed::new("producer snapshot", reason)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const SIZE: usize>(&mut self) -> Result<[u8; SIZE], Malformed> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| malformed("it ends too early"))?;
        self.rest = rest;
        Ok(*taken)
    }

    /// A count of things of at least `least_bytes` each, which the rest can hold.
    fn count(&mut self, least_bytes: usize) -> Result<usize, Malformed> {
        let count = i32::from_be_bytes(self.take()?);
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= self.rest.len() / least_bytes)
            .ok_or_else(|| {
                malformed(format!(
                    "{} bytes cannot hold {count} entries",
                    self.rest.len()
                ))
            })
    }
}
