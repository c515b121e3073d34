//! Writing a batch anew: in the topic's codec, its records numbered 0, 1, 2, … Key, value and headers are copied from stream to
//! stream; no more than the new batch, which may not exceed `max.message.bytes`, is ever held.

use std::io::{self, BufRead, BufWriter, Write};

use super::rules::Rules;
use super::valid_batch::ValidBatch;
use super::walk::{Found, unreadable};
use crate::batch::build::seal;
use crate::batch::check::CheckedBatch;
use crate::batch::compress::{Compression, Compressor, Plain, Sink};
use crate::batch::error::BatchError;
use crate::batch::{
    Attributes, BatchHeader, Codec, HEADER_SIZE_BYTES, TimestampType, scan, varint,
};

const WRITE_BUFFER_SIZE_BYTES: usize = 16 * 1024;

pub(super) fn rewrite(
    batch: &CheckedBatch,
    source: Codec,
    target: Compression,
    found: &Found,
    rules: &Rules,
    now_ms: i64,
) -> Result<ValidBatch, BatchError> {
    if let Some(error) = &found.negative_timestamp {
        return Err(BatchError::InvalidTimestamps(vec![error.clone()]));
    }
    let plain = Plain::new(
        source,
        &batch.bytes[HEADER_SIZE_BYTES..],
        rules.max_plain_bytes(),
    )
    .map_err(unreadable)?;
    let sink = Sink::new(
        vec![0; HEADER_SIZE_BYTES],
        rules.max_message_bytes.max(HEADER_SIZE_BYTES),
    );
    let (base_timestamp, bytes) =
        copy_records(&batch.header, plain, target, sink).map_err(|error| {
            if error.kind() == io::ErrorKind::FileTooLarge {
                BatchError::TooLarge {
                    at_least_bytes: rules.max_message_bytes.saturating_add(1),
                    max_bytes: rules.max_message_bytes,
                }
            } else {
                unreadable(error)
            }
        })?;
    let is_stamped = rules.timestamp_type == TimestampType::LogAppendTime;
    let header = BatchHeader {
        attributes: Attributes::default()
            .with_codec(target.codec)
            .with_timestamp_type(rules.timestamp_type)
            .with_transactional(batch.header.is_transactional()),
        last_offset_delta: batch.header.record_count - 1,
        base_timestamp,
        max_timestamp: if is_stamped {
            now_ms
        } else {
            found.max_timestamp
        },
        ..batch.header.clone()
    };
    let (header, bytes) = seal(header, bytes);
    Ok(ValidBatch {
        header,
        records: bytes.slice(HEADER_SIZE_BYTES..),
        log_append_time: is_stamped.then_some(now_ms),
        is_rewritten: true,
    })
}

/// The first record's timestamp, and the records with room for a head before them.
fn copy_records(
    header: &BatchHeader,
    mut plain: impl BufRead,
    target: Compression,
    sink: Sink,
) -> io::Result<(i64, Vec<u8>)> {
    let mut to = BufWriter::with_capacity(WRITE_BUFFER_SIZE_BYTES, Compressor::new(target, sink)?);
    let mut base_timestamp = None;
    let mut opening_bytes = Vec::new();
    for index in 0..header.record_count {
        let record = scan::opening(&mut plain)?;
        let timestamp = header.timestamp_of(record.timestamp_delta);
        let base = *base_timestamp.get_or_insert(timestamp);
        let timestamp_delta = timestamp.wrapping_sub(base);
        let length = 1
            + varint::size_bytes(timestamp_delta)
            + varint::size_bytes(index.into())
            + record.rest_size_bytes;
        opening_bytes.clear();
        varint::write(length as i64, &mut opening_bytes);
        opening_bytes.push(0);
        varint::write(timestamp_delta, &mut opening_bytes);
        varint::write(index.into(), &mut opening_bytes);
        to.write_all(&opening_bytes)?;
        scan::copy(&mut plain, &mut to, record.rest_size_bytes)?;
    }
    let compressor = to.into_inner().map_err(|error| error.into_error())?;
    Ok((
        base_timestamp.unwrap_or(header.base_timestamp),
        compressor.finish()?,
    ))
}
