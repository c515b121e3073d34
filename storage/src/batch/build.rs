//! Building batches of our own: for coordinators, the controller and tests (`MemoryRecordsBuilder`).
//!
//! Records are numbered 0, 1, 2, … from the base offset unless told; the log assigns the real base offset at the append. Delta
//! base is the first record's timestamp.

use bytes::Bytes;

use super::check;
use super::compress::{Compression, Compressor, Sink};
use super::control::{ControlType, marker_value};
use super::{Attributes, BatchHeader, HEADER_SIZE_BYTES, NO_TIMESTAMP, TimestampType, varint};
use crate::offset::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};
use crate::producers::MarkerKind;
use std::io::Write;

/// A record to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewRecord<'a> {
    /// Milliseconds since 1970.
    pub timestamp: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [(&'a [u8], Option<&'a [u8]>)],
}

/// Collects records; [`BatchBuilder::build`] yields the batch. Holds the plain records until then.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    plain: Vec<u8>,
    record_count: i32,
    last_offset_delta: i32,
    base_timestamp: i64,
    max_timestamp: i64,
    base_offset: Offset,
    partition_leader_epoch: LeaderEpoch,
    attributes: Attributes,
    producer_id: ProducerId,
    producer_epoch: ProducerEpoch,
    base_sequence: Sequence,
    compression: Compression,
    log_append_time: Option<i64>,
}

impl Default for BatchBuilder {
    fn default() -> BatchBuilder {
        BatchBuilder {
            plain: Vec::new(),
            record_count: 0,
            last_offset_delta: -1,
            base_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            base_offset: Offset::ZERO,
            partition_leader_epoch: LeaderEpoch::NONE,
            attributes: Attributes::default(),
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: Sequence::NONE,
            compression: Compression::NONE,
            log_append_time: None,
        }
    }
}

impl BatchBuilder {
    /// No compression, no producer, base offset 0, leader epoch unset.
    pub fn new() -> BatchBuilder {
        BatchBuilder::default()
    }

    pub fn compression(mut self, compression: Compression) -> BatchBuilder {
        self.compression = compression;
        self
    }

    pub fn base_offset(mut self, base_offset: Offset) -> BatchBuilder {
        self.base_offset = base_offset;
        self
    }

    pub fn leader_epoch(mut self, epoch: LeaderEpoch) -> BatchBuilder {
        self.partition_leader_epoch = epoch;
        self
    }

    pub fn producer(
        mut self,
        id: ProducerId,
        epoch: ProducerEpoch,
        base_sequence: Sequence,
    ) -> BatchBuilder {
        (self.producer_id, self.producer_epoch, self.base_sequence) = (id, epoch, base_sequence);
        self
    }

    pub fn transactional(mut self, is_transactional: bool) -> BatchBuilder {
        self.attributes = self.attributes.with_transactional(is_transactional);
        self
    }

    pub fn control(mut self, is_control: bool) -> BatchBuilder {
        self.attributes = self.attributes.with_control(is_control);
        self
    }

    /// Marks the batch as stamped by the broker at this time (milliseconds).
    pub fn log_append_time(mut self, now_ms: i64) -> BatchBuilder {
        self.log_append_time = Some(now_ms);
        self
    }

    /// Appends a record at the next offset.
    pub fn push(&mut self, record: NewRecord) -> &mut BatchBuilder {
        self.push_at(self.last_offset_delta + 1, record)
    }

    /// Appends a record at base offset + `offset_delta`, which is larger than the last one's.
    pub fn push_at(&mut self, offset_delta: i32, record: NewRecord) -> &mut BatchBuilder {
        assert!(
            offset_delta > self.last_offset_delta,
            "offsets of a batch rise"
        );
        if self.record_count == 0 {
            self.base_timestamp = record.timestamp;
        }
        encode_record(
            &mut self.plain,
            offset_delta,
            record.timestamp.wrapping_sub(self.base_timestamp),
            &record,
        );
        self.record_count += 1;
        self.last_offset_delta = offset_delta;
        self.max_timestamp = self.max_timestamp.max(record.timestamp);
        self
    }

    pub fn record_count(&self) -> i32 {
        self.record_count
    }

    pub fn is_empty(&self) -> bool {
        self.record_count == 0
    }

    /// Size of the batch so far, before compression.
    pub fn plain_size_bytes(&self) -> usize {
        HEADER_SIZE_BYTES + self.plain.len()
    }

    /// The finished batch, checksummed.
    pub fn build(self) -> Bytes {
        let compressed = compress(&self.plain, self.compression);
        let timestamp_type = if self.log_append_time.is_some() {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        };
        let header = BatchHeader {
            base_offset: self.base_offset,
            batch_length: 0,
            partition_leader_epoch: self.partition_leader_epoch,
            magic: 2,
            crc: 0,
            attributes: self
                .attributes
                .with_codec(self.compression.codec)
                .with_timestamp_type(timestamp_type),
            last_offset_delta: self.last_offset_delta.max(0),
            base_timestamp: self.base_timestamp,
            max_timestamp: self.log_append_time.unwrap_or(self.max_timestamp),
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            base_sequence: self.base_sequence,
            record_count: self.record_count,
        };
        join(header, compressed)
    }
}

/// A transaction marker as the coordinator writes it to a partition.
pub fn end_transaction_marker(
    kind: MarkerKind,
    producer_id: ProducerId,
    producer_epoch: ProducerEpoch,
    coordinator_epoch: i32,
    now_ms: i64,
) -> Bytes {
    let control = match kind {
        MarkerKind::Abort => ControlType::Abort,
        MarkerKind::Commit => ControlType::Commit,
    };
    let mut builder = BatchBuilder::new()
        .producer(producer_id, producer_epoch, Sequence::NONE)
        .transactional(true)
        .control(true);
    let (key, value) = (control.key(), marker_value(coordinator_epoch));
    builder.push(NewRecord {
        timestamp: now_ms,
        key: Some(&key),
        value: Some(&value),
        headers: &[],
    });
    builder.build()
}

/// A batch of this header over records that are compressed as it says; length and CRC are filled in. Bytes after the header's
/// room at the front of `records_with_room` are the records.
pub(super) fn seal(
    mut header: BatchHeader,
    mut records_with_room: Vec<u8>,
) -> (BatchHeader, Bytes) {
    header.batch_length = (records_with_room.len() - super::LENGTH_PREFIX_SIZE_BYTES) as i32;
    header.crc =
        check::checksum_of_parts(&header.encode(), &records_with_room[HEADER_SIZE_BYTES..]);
    records_with_room[..HEADER_SIZE_BYTES].copy_from_slice(&header.encode());
    (header, records_with_room.into())
}

fn join(header: BatchHeader, records_with_room: Vec<u8>) -> Bytes {
    seal(header, records_with_room).1
}

/// The compressed records, with room for the header before them.
fn compress(plain: &[u8], compression: Compression) -> Vec<u8> {
    let sink = Sink::new(vec![0; HEADER_SIZE_BYTES], usize::MAX);
    let compressed = Compressor::new(compression, sink).and_then(|mut compressor| {
        compressor.write_all(plain)?;
        compressor.finish()
    });
    compressed.expect(
        "memory without a limit takes every byte, and levels are validated as configuration",
    )
}

fn encode_record(to: &mut Vec<u8>, offset_delta: i32, timestamp_delta: i64, record: &NewRecord) {
    let length = 1
        + varint::size_bytes(timestamp_delta)
        + varint::size_bytes(offset_delta.into())
        + field_size(record.key)
        + field_size(record.value)
        + varint::size_bytes(record.headers.len() as i64)
        + record
            .headers
            .iter()
            .map(|(key, value)| field_size(Some(key)) + field_size(*value))
            .sum::<usize>();
    varint::write(length as i64, to);
    to.push(0);
    varint::write(timestamp_delta, to);
    varint::write(offset_delta.into(), to);
    write_field(record.key, to);
    write_field(record.value, to);
    varint::write(record.headers.len() as i64, to);
    for (key, value) in record.headers {
        write_field(Some(key), to);
        write_field(*value, to);
    }
}

fn field_size(field: Option<&[u8]>) -> usize {
    field.map_or(1, |bytes| {
        varint::size_bytes(bytes.len() as i64) + bytes.len()
    })
}

fn write_field(field: Option<&[u8]>, to: &mut Vec<u8>) {
    match field {
        Some(bytes) => {
            varint::write(bytes.len() as i64, to);
            to.extend_from_slice(bytes);
        }
        None => varint::write(-1, to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Codec, Header, records};
    use crate::producers::ProducerBatch;

    #[test]
    fn a_built_batch_is_whole_and_says_what_was_pushed() {
        let mut builder = BatchBuilder::new()
            .base_offset(Offset(100))
            .leader_epoch(LeaderEpoch(3));
        let headers = [(&b"a"[..], Some(&b"1"[..])), (b"a", None), (b"", Some(b""))];
        builder.push(NewRecord {
            timestamp: 50,
            key: Some(b"k"),
            value: None,
            headers: &headers,
        });
        builder.push(NewRecord {
            timestamp: 40,
            key: None,
            value: Some(b""),
            headers: &[],
        });
        let batch = check::check(builder.build()).expect("a built batch");
        assert_eq!(
            (batch.header.base_timestamp, batch.header.max_timestamp),
            (50, 50)
        );
        assert_eq!(
            (batch.header.last_offset(), batch.header.record_count),
            (Offset(101), 2)
        );
        assert_eq!(batch.header.partition_leader_epoch, LeaderEpoch(3));
        let plain = batch.records();
        let read: Vec<_> = records(&plain, 2)
            .map(|record| record.expect("built"))
            .collect();
        assert_eq!(
            (read[0].key, read[0].value, read[0].timestamp_delta),
            (Some(&b"k"[..]), None, 0)
        );
        let read_headers: Vec<Header> = read[0].headers().collect();
        assert_eq!(read_headers.len(), 3);
        assert!(
            read_headers
                .iter()
                .map(|header| (header.key, header.value))
                .eq(headers)
        );
        assert_eq!(
            (read[1].key, read[1].value, read[1].timestamp_delta),
            (None, Some(&b""[..]), -10)
        );
        assert_eq!((read[1].offset_delta, read[1].header_count()), (1, 0));
    }

    #[test]
    fn a_marker_is_read_back_by_the_producer_rules() {
        let bytes =
            end_transaction_marker(MarkerKind::Abort, ProducerId(8), ProducerEpoch(2), 6, 77);
        let batch = check::check(bytes).expect("a built batch");
        let read = batch
            .producer_batch()
            .expect("a marker")
            .expect("with a producer");
        let marker = read.marker.expect("a marker");
        assert_eq!(
            (marker.kind, marker.coordinator_epoch, marker.timestamp),
            (MarkerKind::Abort, 6, 77)
        );
        assert_eq!(
            (read.producer_id, read.producer_epoch),
            (ProducerId(8), ProducerEpoch(2))
        );
    }

    #[test]
    fn only_control_batches_are_opened_for_the_producer_rules() {
        let mut builder = BatchBuilder::new()
            .compression(Compression::of(Codec::Zstd))
            .producer(ProducerId(1), ProducerEpoch(0), Sequence(5));
        builder
            .push(NewRecord::default())
            .push(NewRecord::default());
        let mut damaged = builder.build().to_vec();
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        let header = BatchHeader::parse(&damaged).expect("a batch");
        let batch = check::CheckedBatch {
            header,
            bytes: damaged.into(),
        };
        let read: Option<ProducerBatch> = batch
            .producer_batch()
            .expect("its records are not looked at");
        assert_eq!(read.map(|read| read.last_sequence), Some(Sequence(6)));
        let other = BatchBuilder::new().build();
        assert_eq!(
            check::check(other)
                .expect("an empty batch")
                .producer_batch(),
            Ok(None)
        );
    }

    #[test]
    fn batches_are_cut_apart_up_to_a_partial_one() {
        let mut builder = BatchBuilder::new();
        builder.push(NewRecord::default());
        let batch = builder.build();
        let three: Bytes = [&batch[..], &batch[..], &batch[..30]].concat().into();
        let cut: Vec<_> = check::batches(three).collect();
        assert_eq!(cut.len(), 2);
        assert!(
            cut.iter()
                .all(|found| found.as_ref().is_ok_and(|found| found.bytes == batch))
        );
        let mut damaged = [&batch[..], &batch[..], &batch[..]].concat();
        damaged[batch.len() + 40] ^= 1;
        let cut: Vec<bool> = check::batches(damaged.into())
            .map(|found| found.is_ok())
            .collect();
        assert_eq!(
            cut,
            [true, false],
            "nothing behind a bad batch is looked at"
        );
    }
}
