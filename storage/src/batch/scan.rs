//! Walks the records of a stream (a decompressor's output, or plain bytes) without keeping them: what validation needs of each and
//! nothing else, so that a megabyte which unfolds to gigabytes costs time but no memory.
//!
//! Stricter than Kafka's skipping iterator in one point: a record whose parts do not fill its length is malformed here, where Kafka
//! stores it for consumers to fail on.

use std::io::{self, BufRead, Write};

use super::compress::{MAX_PLAIN_SIZE_BYTES, Plain};
use super::{BatchHeader, Codec, varint};

/// A record as far as validation looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Milliseconds after the batch's base timestamp.
    pub timestamp_delta: i64,
    pub offset_delta: i32,
    pub has_key: bool,
    /// Size of the record in bytes, its length field included.
    pub size_bytes: usize,
}

/// The records of a batch one after the other, decompressed only as far as they are asked for and never held; `records` are the
/// bytes after its head. For who looks for a time or an offset in a batch.
pub fn shapes<'a>(
    header: &BatchHeader,
    records: &'a [u8],
) -> io::Result<impl Iterator<Item = io::Result<Shape>> + use<'a>> {
    let codec = header
        .attributes
        .codec()
        .ok_or_else(|| invalid("there is no such codec"))?;
    // A batch of no records has no body either, which some codecs would not take for one of theirs.
    let records = if header.record_count > 0 {
        (codec, records)
    } else {
        (Codec::None, &[][..])
    };
    let mut plain = Plain::new(records.0, records.1, MAX_PLAIN_SIZE_BYTES)?;
    Ok((0..header.record_count).map(move |_| next(&mut plain)))
}

/// What a record starts with.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    pub timestamp_delta: i64,
    pub offset_delta: i32,
    /// Bytes from the key's length on.
    pub rest_size_bytes: usize,
    pub size_bytes: usize,
}

/// Reads up to and with the offset delta.
pub fn opening(from: &mut impl BufRead) -> io::Result<Opening> {
    let (length, length_size) = varint::take_i32(from)?;
    skip(from, 1)?;
    let (timestamp_delta, timestamp_size) = varint::take_i64(from)?;
    let (offset_delta, offset_size) = varint::take_i32(from)?;
    let length = usize::try_from(length).map_err(|_| invalid("a record's length is negative"))?;
    let rest_size_bytes = length
        .checked_sub(1 + timestamp_size + offset_size)
        .ok_or_else(|| invalid("a record is too short"))?;
    Ok(Opening {
        timestamp_delta,
        offset_delta,
        rest_size_bytes,
        size_bytes: length_size + length,
    })
}

/// The next record; the stream stands behind it afterwards.
pub fn next(from: &mut impl BufRead) -> io::Result<Shape> {
    if let Some(shape) = whole(from.fill_buf()?) {
        from.consume(shape.size_bytes);
        return Ok(shape);
    }
    piecewise(from)
}

/// The record at the start of `buffer`; `None` when it is not all there, or malformed, which [`piecewise`] tells apart. Nearly every record
/// is read here.
fn whole(buffer: &[u8]) -> Option<Shape> {
    let (length, length_size) = varint::read_i32(buffer)?;
    let size_bytes = length_size + usize::try_from(length).ok()?;
    let mut rest = buffer.get(length_size..size_bytes)?.get(1..)?;
    let (timestamp_delta, size) = varint::read_i64(rest)?;
    rest = &rest[size..];
    let (offset_delta, size) = varint::read_i32(rest)?;
    rest = &rest[size..];
    let has_key = skip_whole_field(&mut rest)?;
    skip_whole_field(&mut rest)?;
    let (headers, size) = varint::read_i32(rest)?;
    rest = &rest[size..];
    for _ in 0..usize::try_from(headers).ok()? {
        if !skip_whole_field(&mut rest)? {
            return None;
        }
        skip_whole_field(&mut rest)?;
    }
    rest.is_empty().then_some(Shape {
        timestamp_delta,
        offset_delta,
        has_key,
        size_bytes,
    })
}

/// Whether the field is there (not null).
fn skip_whole_field(rest: &mut &[u8]) -> Option<bool> {
    let (length, size) = varint::read_i32(rest)?;
    let Ok(length) = usize::try_from(length) else {
        *rest = &rest[size..];
        return Some(false);
    };
    *rest = rest.get(size + length..)?;
    Some(true)
}

/// The same over the edges of a stream's buffers.
fn piecewise(from: &mut impl BufRead) -> io::Result<Shape> {
    let opening = opening(from)?;
    let mut budget = Budget {
        left: opening.rest_size_bytes,
    };
    let key = budget.skip_field(from)?;
    budget.skip_field(from)?;
    let headers = usize::try_from(budget.varint(from)?)
        .map_err(|_| invalid("a count of headers is negative"))?;
    for _ in 0..headers {
        if budget.skip_field(from)?.is_none() {
            return Err(invalid("a header has no key"));
        }
        budget.skip_field(from)?;
    }
    if budget.left != 0 {
        return Err(invalid("bytes are left after a record's headers"));
    }
    Ok(Shape {
        timestamp_delta: opening.timestamp_delta,
        offset_delta: opening.offset_delta,
        has_key: key.is_some(),
        size_bytes: opening.size_bytes,
    })
}

/// Copies exactly `count` bytes.
pub fn copy(from: &mut impl BufRead, to: &mut impl Write, mut count: usize) -> io::Result<()> {
    while count > 0 {
        let buffer = from.fill_buf()?;
        if buffer.is_empty() {
            return Err(invalid("the records end too early"));
        }
        let taken = buffer.len().min(count);
        to.write_all(&buffer[..taken])?;
        from.consume(taken);
        count -= taken;
    }
    Ok(())
}

/// Whether the stream is over.
pub fn is_at_end(from: &mut impl BufRead) -> io::Result<bool> {
    from.fill_buf().map(<[u8]>::is_empty)
}

fn skip(from: &mut impl BufRead, count: usize) -> io::Result<()> {
    copy(from, &mut io::sink(), count)
}

/// The bytes of a record that are not read yet.
struct Budget {
    left: usize,
}

impl Budget {
    /// Skips a field of bytes; its length, `None` for null.
    fn skip_field(&mut self, from: &mut impl BufRead) -> io::Result<Option<usize>> {
        let Ok(length) = usize::try_from(self.varint(from)?) else {
            return Ok(None);
        };
        self.spend(length)?;
        skip(from, length)?;
        Ok(Some(length))
    }

    fn varint(&mut self, from: &mut impl BufRead) -> io::Result<i32> {
        let (value, size) = varint::take_i32(from)?;
        self.spend(size)?;
        Ok(value)
    }

    fn spend(&mut self, count: usize) -> io::Result<()> {
        self.left = self
            .left
            .checked_sub(count)
            .ok_or_else(|| invalid("a field is longer than its record"))?;
        Ok(())
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
