//! The primitives of our own formats: big-endian numbers, counted byte strings, optional values.
//!
//! Reading never panics and never allocates beyond the bytes at hand.

use super::format::FormatError;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use ottla_protocol::Uuid;

/// Reads from the front of a byte string.
pub struct Reader(Bytes);

impl Reader {
    pub fn new(bytes: Bytes) -> Self {
        Reader(bytes)
    }

    pub fn u8(&mut self) -> Result<u8, FormatError> {
        self.0.try_get_u8().map_err(|_| FormatError::Truncated)
    }

    pub fn u16(&mut self) -> Result<u16, FormatError> {
        self.0.try_get_u16().map_err(|_| FormatError::Truncated)
    }

    pub fn u32(&mut self) -> Result<u32, FormatError> {
        self.0.try_get_u32().map_err(|_| FormatError::Truncated)
    }

    pub fn i32(&mut self) -> Result<i32, FormatError> {
        self.0.try_get_i32().map_err(|_| FormatError::Truncated)
    }

    pub fn u64(&mut self) -> Result<u64, FormatError> {
        self.0.try_get_u64().map_err(|_| FormatError::Truncated)
    }

    pub fn i64(&mut self) -> Result<i64, FormatError> {
        self.0.try_get_i64().map_err(|_| FormatError::Truncated)
    }

    pub fn bool(&mut self) -> Result<bool, FormatError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(FormatError::UnknownKind {
                what: "a flag",
                kind: other,
            }),
        }
    }

    pub fn uuid(&mut self) -> Result<Uuid, FormatError> {
        let mut bytes = [0; 16];
        self.0
            .try_copy_to_slice(&mut bytes)
            .map_err(|_| FormatError::Truncated)?;
        Ok(Uuid(bytes))
    }

    /// A byte string behind its length; shares the memory of the input.
    pub fn bytes(&mut self) -> Result<Bytes, FormatError> {
        let length = usize::try_from(self.u32()?).map_err(|_| FormatError::Truncated)?;
        if length > self.0.len() {
            return Err(FormatError::Truncated);
        }
        Ok(self.0.split_to(length))
    }

    pub fn string(&mut self) -> Result<String, FormatError> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| FormatError::NotText)
    }

    /// An optional value behind its flag.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, FormatError>,
    ) -> Result<Option<T>, FormatError> {
        if self.bool()? {
            read(self).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Values behind their count. Each has at least one byte, so a count beyond the rest is a lie and not believed.
    pub fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, FormatError>,
    ) -> Result<Vec<T>, FormatError> {
        let count = usize::try_from(self.u32()?).map_err(|_| FormatError::Truncated)?;
        if count > self.0.len() {
            return Err(FormatError::Truncated);
        }
        (0..count).map(|_| read(self)).collect()
    }

    /// Refuses bytes that nobody asked for.
    pub fn finish(self) -> Result<(), FormatError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(FormatError::Trailing {
                bytes: self.0.len(),
            })
        }
    }
}

/// Writes to the end of a byte string.
pub trait Put: BufMut {
    fn put_bool(&mut self, value: bool) {
        self.put_u8(u8::from(value));
    }

    fn put_uuid(&mut self, id: Uuid) {
        self.put_slice(&id.0);
    }

    fn put_counted(&mut self, bytes: &[u8]) {
        self.put_u32(count(bytes.len()));
        self.put_slice(bytes);
    }

    fn put_option<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.put_bool(value.is_some());
        if let Some(value) = value {
            put(self, value);
        }
    }

    fn put_list<T>(
        &mut self,
        values: impl ExactSizeIterator<Item = T>,
        mut put: impl FnMut(&mut Self, T),
    ) {
        self.put_u32(count(values.len()));
        for value in values {
            put(self, value);
        }
    }
}

impl Put for BytesMut {}

fn count(length: usize) -> u32 {
    u32::try_from(length).expect("entries are limited far below 4 GiB")
}
