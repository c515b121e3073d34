//! The records of a batch of magic 2, read from their plain (decompressed) bytes without copying.
//!
//! ```text
//!   record:  length varint | attributes i8 (unused) | timestamp delta varlong | offset delta varint
//!            | key: length varint (−1: null), bytes | value: likewise
//!            | headers: count varint, count × ( key: length varint, bytes | value: length varint (−1: null), bytes )
//! ```
//! Each record is checked whole when it is met: its parts fill its length exactly (`DefaultRecord.readFrom`).

use super::varint;
use crate::error::Malformed;

/// One record; slices of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub attributes: i8,
    /// Milliseconds after the batch's base timestamp. (A batch of append time has one timestamp for all, its max timestamp.)
    pub timestamp_delta: i64,
    pub offset_delta: i32,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    headers: HeaderBytes<'a>,
}

/// The checked bytes of a record's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct HeaderBytes<'a> {
    count: usize,
    bytes: &'a [u8],
}

/// A header; keys may repeat and are UTF-8 by convention only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    pub key: &'a [u8],
    pub value: Option<&'a [u8]>,
}

impl<'a> Record<'a> {
    pub fn header_count(&self) -> usize {
        self.headers.count
    }

    /// The headers, in order.
    pub fn headers(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        let mut fields = Fields {
            rest: self.headers.bytes,
        };
        (0..self.headers.count).map_while(move |_| fields.header().ok())
    }
}

/// The records in `plain`, of which the batch's header says there are `count`. The first malformed one is the last item; bytes
/// left after the last record are malformed too.
pub fn records(plain: &[u8], count: i32) -> Records<'_> {
    Records {
        fields: Fields { rest: plain },
        left: count,
    }
}

/// See [`records`].
#[derive(Clone, Debug)]
pub struct Records<'a> {
    fields: Fields<'a>,
    left: i32,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return None;
        }
        self.left -= 1;
        let mut record = self.fields.record();
        if self.left == 0 && record.is_ok() && !self.fields.rest.is_empty() {
            record = Err(malformed("bytes are left after the last record"));
        }
        if record.is_err() {
            self.left = 0;
        }
        Some(record)
    }
}

#[derive(Clone, Copy, Debug)]
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn record(&mut self) -> Result<Record<'a>, Malformed> {
        let length = self.varint()?;
        let body = usize::try_from(length)
            .ok()
            .and_then(|length| self.rest.split_at_checked(length));
        let Some((body, rest)) = body else {
            return Err(malformed("it is longer than its batch"));
        };
        self.rest = rest;
        let mut fields = Fields { rest: body };
        let [attributes] = *fields.bytes(1)? else {
            return Err(malformed("it has no attributes"));
        };
        let timestamp_delta = fields.varlong()?;
        let offset_delta = fields.varint()?;
        let key = fields.nullable_bytes()?;
        let value = fields.nullable_bytes()?;
        let headers = fields.headers()?;
        Ok(Record {
            attributes: attributes as i8,
            timestamp_delta,
            offset_delta,
            key,
            value,
            headers,
        })
    }

    /// Everything that is left must be headers.
    fn headers(&mut self) -> Result<HeaderBytes<'a>, Malformed> {
        let count = usize::try_from(self.varint()?)
            .map_err(|_| malformed("its count of headers is negative"))?;
        let bytes = self.rest;
        for _ in 0..count {
            self.header()?;
        }
        if !self.rest.is_empty() {
            return Err(malformed("bytes are left after its headers"));
        }
        Ok(HeaderBytes { count, bytes })
    }

    fn header(&mut self) -> Result<Header<'a>, Malformed> {
        let key = self
            .nullable_bytes()?
            .ok_or_else(|| malformed("a header has no key"))?;
        Ok(Header {
            key,
            value: self.nullable_bytes()?,
        })
    }

    fn nullable_bytes(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match usize::try_from(self.varint()?) {
            Ok(length) => self.bytes(length).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| malformed("a field is longer than its record"))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn varint(&mut self) -> Result<i32, Malformed> {
        let (value, size) =
            varint::read_i32(self.rest).ok_or_else(|| malformed("a varint has no end"))?;
        self.rest = &self.rest[size..];
        Ok(value)
    }

    fn varlong(&mut self) -> Result<i64, Malformed> {
        let (value, size) =
            varint::read_i64(self.rest).ok_or_else(|| malformed("a varint has no end"))?;
        self.rest = &self.rest[size..];
        Ok(value)
    }
}

fn malformed(reason: &'static str) -> Malformed {
    Malformed::new("record", reason)
}
