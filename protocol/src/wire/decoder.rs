//! [`Decoder`]: a cursor over one received buffer.
//!
//! Every read checks what is left first; nothing panics on any input. Byte strings are slices of the buffer.

use bytes::Bytes;

use super::error::DecodeError;

/// Kafka's limit on the length of a string, whatever its length field could express.
pub(super) const LONGEST_STRING: usize = i16::MAX as usize;

/// Reads primitive values from the front of a buffer.
#[derive(Clone, Debug)]
pub struct Decoder {
    input: Bytes,
    position: usize,
    /// Bytes of memory that arrays may still take.
    allowance_bytes: usize,
}

impl Decoder {
    /// Starts at the beginning of `input`.
    pub fn new(input: Bytes) -> Self {
        Self::within(input, usize::MAX)
    }

    /// Starts at the beginning of `input`, from a stranger: its arrays may take no more than `allowance_bytes` of memory. A byte or two on the
    /// wire can be a struct of a hundred.
    pub fn within(input: Bytes, allowance_bytes: usize) -> Self {
        Self {
            input,
            position: 0,
            allowance_bytes,
        }
    }

    /// Makes room for an array's elements.
    ///
    /// # Errors
    /// [`DecodeError::TooLarge`] when they take more memory than is allowed.
    pub(super) fn room<T>(&mut self, length: usize) -> Result<Vec<T>, DecodeError> {
        self.spend(length.saturating_mul(size_of::<T>()))?;
        Ok(Vec::with_capacity(length))
    }

    /// Counts memory that is about to be taken.
    ///
    /// # Errors
    /// [`DecodeError::TooLarge`] when it is more than is left.
    pub(super) fn spend(&mut self, size_bytes: usize) -> Result<(), DecodeError> {
        self.allowance_bytes = self
            .allowance_bytes
            .checked_sub(size_bytes)
            .ok_or(DecodeError::TooLarge { size_bytes })?;
        Ok(())
    }

    /// Bytes not yet read.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.input.len() - self.position
    }

    /// What is left, as a slice of the input, consuming it.
    pub fn rest(&mut self) -> Bytes {
        let rest = self.input.slice(self.position..);
        self.position = self.input.len();
        rest
    }

    /// Ends the reading of a whole message.
    ///
    /// # Errors
    /// [`DecodeError::TrailingBytes`] when something is left.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            count => Err(DecodeError::TrailingBytes(count)),
        }
    }

    /// The next `length` bytes, as a slice of the input.
    #[inline]
    pub fn slice(&mut self, length: usize) -> Result<Bytes, DecodeError> {
        self.check(length)?;
        let slice = self.input.slice(self.position..self.position + length);
        self.position += length;
        Ok(slice)
    }

    /// The next `N` bytes, copied out.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.input[self.position..].first_chunk::<N>() {
            Some(bytes) => {
                self.position += N;
                Ok(*bytes)
            }
            None => Err(DecodeError::Truncated {
                needed: N,
                remaining: self.remaining(),
            }),
        }
    }

    /// A signed byte.
    #[inline]
    pub fn i8(&mut self) -> Result<i8, DecodeError> {
        Ok(i8::from_be_bytes(self.array()?))
    }

    /// A big-endian 16-bit integer.
    #[inline]
    pub fn i16(&mut self) -> Result<i16, DecodeError> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    /// A big-endian 32-bit integer.
    #[inline]
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    /// A big-endian 64-bit integer.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// A base-128 integer of at most five bytes, least significant group first.
    #[inline]
    pub fn unsigned_varint(&mut self) -> Result<u32, DecodeError> {
        match self.input.get(self.position) {
            Some(&byte) if byte < 0x80 => {
                self.position += 1;
                Ok(byte.into())
            }
            _ => self.long_varint(),
        }
    }

    /// The length of a string: `None` is null. At most 32,767.
    pub(super) fn string_length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        let length = if flexible {
            self.compact_length()?
        } else {
            nullable_length(self.i16()?.into())?
        };
        match length {
            Some(length) if length > LONGEST_STRING => Err(DecodeError::StringTooLong(length)),
            length => Ok(length),
        }
    }

    /// The length of bytes or records: `None` is null.
    pub(super) fn bytes_length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        if flexible {
            self.compact_length()
        } else {
            nullable_length(self.i32()?.into())
        }
    }

    /// The number of elements of an array, checked against what the rest of the input can hold: `None` is null.
    pub(super) fn array_length(
        &mut self,
        flexible: bool,
        least: usize,
    ) -> Result<Option<usize>, DecodeError> {
        let length = self.bytes_length(flexible)?;
        match length {
            Some(length) if length > self.remaining() / least.max(1) => {
                Err(DecodeError::ArrayTooLong {
                    length,
                    remaining: self.remaining(),
                })
            }
            length => Ok(length),
        }
    }

    /// Reads the content of a tagged field, which must be exactly `size` bytes.
    pub fn tagged<T>(
        &mut self,
        tag: u32,
        size: usize,
        read: impl FnOnce(&mut Decoder) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let mut content = Decoder::within(self.slice(size)?, self.allowance_bytes);
        let value = read(&mut content)?;
        self.allowance_bytes = content.allowance_bytes;
        match content.remaining() {
            0 => Ok(value),
            unread => Err(DecodeError::TagSizeMismatch { tag, unread }),
        }
    }

    fn long_varint(&mut self) -> Result<u32, DecodeError> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::VarintTooLong)
    }

    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        Ok((self.unsigned_varint()? as usize).checked_sub(1))
    }

    #[inline]
    fn check(&self, needed: usize) -> Result<(), DecodeError> {
        if needed <= self.remaining() {
            return Ok(());
        }
        Err(DecodeError::Truncated {
            needed,
            remaining: self.remaining(),
        })
    }
}

fn nullable_length(length: i64) -> Result<Option<usize>, DecodeError> {
    match length {
        -1 => Ok(None),
        0.. => Ok(Some(length as usize)),
        _ => Err(DecodeError::NegativeLength(length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoder(bytes: &'static [u8]) -> Decoder {
        Decoder::new(Bytes::from_static(bytes))
    }

    #[test]
    fn an_unsigned_varint_has_its_least_significant_group_first() {
        assert_eq!(decoder(&[0x96, 0x01]).unsigned_varint(), Ok(150));
        assert_eq!(
            decoder(&[0xff, 0xff, 0xff, 0xff, 0x0f]).unsigned_varint(),
            Ok(u32::MAX)
        );
    }

    #[test]
    fn a_varint_of_six_bytes_is_refused() {
        assert_eq!(
            decoder(&[0x80; 6]).unsigned_varint(),
            Err(DecodeError::VarintTooLong)
        );
    }

    #[test]
    fn an_array_longer_than_the_rest_can_hold_is_refused() {
        let refused = Err(DecodeError::ArrayTooLong {
            length: 2,
            remaining: 7,
        });
        assert_eq!(
            decoder(&[0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7]).array_length(false, 4),
            refused
        );
        assert_eq!(
            decoder(&[3, 1, 2, 3, 4, 5, 6, 7, 8]).array_length(true, 4),
            Ok(Some(2))
        );
    }

    #[test]
    fn arrays_take_no_more_memory_than_is_allowed() {
        let mut from = Decoder::within(Bytes::from_static(&[0; 4]), 100);
        assert_eq!(from.room::<u64>(10).map(|room| room.capacity()), Ok(10));
        let refused = Err(DecodeError::TooLarge { size_bytes: 24 });
        assert_eq!(from.room::<u64>(3), refused);
        let inner = from.tagged(1, 4, |content| {
            content.room::<u64>(2)?;
            content.i32()
        });
        assert_eq!(inner, Ok(0));
        assert!(
            from.room::<u64>(1).is_err(),
            "what a tagged field took is gone"
        );
    }

    #[test]
    fn a_tagged_field_must_use_all_of_its_bytes() {
        let mut from = decoder(&[0, 1, 2]);
        let refused = Err(DecodeError::TagSizeMismatch { tag: 7, unread: 1 });
        assert_eq!(from.tagged(7, 3, |content| content.i16()), refused);
    }
}
