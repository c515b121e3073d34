//! [`Field`]: what a type must know to stand in a message, and the primitive types that do.
//!
//! ```text
//!            plain version                     flexible version (KIP-482)
//! string     i16 length, bytes                 unsigned varint length + 1, bytes
//! bytes      i32 length, bytes                 unsigned varint length + 1, bytes
//! array      i32 count, elements               unsigned varint count + 1, elements
//! null       length -1                         length + 1 = 0
//! struct     fields                            fields, tagged fields
//! null struct: a byte, -1 for null and 1 before a value, in both; 0 for null in a tagged field
//! ```

use bytes::Bytes;

use super::decoder::{Decoder, LONGEST_STRING};
use super::encoder::Encoder;
use super::error::{DecodeError, EncodeError};
use super::records::Records;
use super::text::Str;
use super::uuid::Uuid;
use crate::error_code::ErrorCode;

/// The version that a message is read or written in, and whether that version is a flexible one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The number the peers agreed on.
    pub number: i16,
    /// Compact lengths and tagged fields.
    pub flexible: bool,
}

/// A type with an encoding.
pub trait Field: Sized {
    /// The fewest bytes that a value takes: bounds the length of arrays.
    fn least_size(version: Version) -> usize;
    /// Reads a value.
    fn read(from: &mut Decoder, version: Version) -> Result<Self, DecodeError>;
    /// Writes a value.
    fn write(&self, to: &mut Encoder, version: Version) -> Result<(), EncodeError>;
}

/// A type that can be null on the wire.
pub trait NullableField: Field {
    /// The bytes that null takes.
    fn null_size(version: Version) -> usize;
    /// Reads a value or null.
    fn read_nullable(from: &mut Decoder, version: Version) -> Result<Option<Self>, DecodeError>;
    /// Writes a value or null.
    fn write_nullable(
        value: Option<&Self>,
        to: &mut Encoder,
        version: Version,
    ) -> Result<(), EncodeError>;
    /// Reads the content of a tagged field, where null may look otherwise.
    fn read_tagged(from: &mut Decoder, version: Version) -> Result<Option<Self>, DecodeError> {
        Self::read_nullable(from, version)
    }
    /// Writes the content of a tagged field.
    fn write_tagged(
        value: Option<&Self>,
        to: &mut Encoder,
        version: Version,
    ) -> Result<(), EncodeError> {
        Self::write_nullable(value, to, version)
    }
}

impl<T: NullableField> Field for Option<T> {
    fn least_size(version: Version) -> usize {
        T::null_size(version)
    }

    fn read(from: &mut Decoder, version: Version) -> Result<Self, DecodeError> {
        T::read_nullable(from, version)
    }

    fn write(&self, to: &mut Encoder, version: Version) -> Result<(), EncodeError> {
        T::write_nullable(self.as_ref(), to, version)
    }
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Field for $type {
            fn least_size(_: Version) -> usize {
                size_of::<$type>()
            }

            #[inline]
            fn read(from: &mut Decoder, _: Version) -> Result<Self, DecodeError> {
                Ok(<$type>::from_be_bytes(from.array()?))
            }

            #[inline]
            fn write(&self, to: &mut Encoder, _: Version) -> Result<(), EncodeError> {
                to.put(&self.to_be_bytes());
                Ok(())
            }
        }
    )*};
}

integers!(i8 i16 u16 i32 u32 i64 f64);

impl Field for bool {
    fn least_size(_: Version) -> usize {
        1
    }

    fn read(from: &mut Decoder, _: Version) -> Result<Self, DecodeError> {
        Ok(from.i8()? != 0)
    }

    fn write(&self, to: &mut Encoder, _: Version) -> Result<(), EncodeError> {
        to.put(&[u8::from(*self)]);
        Ok(())
    }
}

impl Field for ErrorCode {
    fn least_size(_: Version) -> usize {
        2
    }

    fn read(from: &mut Decoder, _: Version) -> Result<Self, DecodeError> {
        from.i16().map(ErrorCode)
    }

    fn write(&self, to: &mut Encoder, _: Version) -> Result<(), EncodeError> {
        to.put(&self.0.to_be_bytes());
        if self.is_error() {
            to.note_error(*self);
        }
        Ok(())
    }
}

impl Field for Uuid {
    fn least_size(_: Version) -> usize {
        16
    }

    fn read(from: &mut Decoder, _: Version) -> Result<Self, DecodeError> {
        from.array().map(Uuid)
    }

    fn write(&self, to: &mut Encoder, _: Version) -> Result<(), EncodeError> {
        to.put(&self.0);
        Ok(())
    }
}

/// The `Field` of a type that is the non-null half of its `NullableField`.
macro_rules! never_null {
    () => {
        fn least_size(version: Version) -> usize {
            Self::null_size(version)
        }

        fn read(from: &mut Decoder, version: Version) -> Result<Self, DecodeError> {
            Self::read_nullable(from, version)?.ok_or(DecodeError::UnexpectedNull)
        }

        fn write(&self, to: &mut Encoder, version: Version) -> Result<(), EncodeError> {
            Self::write_nullable(Some(self), to, version)
        }
    };
}

impl Field for Str {
    never_null!();
}

impl NullableField for Str {
    fn null_size(version: Version) -> usize {
        if version.flexible { 1 } else { 2 }
    }

    fn read_nullable(from: &mut Decoder, version: Version) -> Result<Option<Self>, DecodeError> {
        match from.string_length(version.flexible)? {
            Some(length) => Ok(Some(Str::from_received(from.slice(length)?))),
            None => Ok(None),
        }
    }

    fn write_nullable(
        value: Option<&Self>,
        to: &mut Encoder,
        version: Version,
    ) -> Result<(), EncodeError> {
        let length = value.map(|text| text.len());
        match length {
            Some(length) if length > LONGEST_STRING => return Err(EncodeError::TooLong { length }),
            _ if version.flexible => put_length(length, to, version)?,
            Some(length) => to.put(&(length as i16).to_be_bytes()),
            None => to.put(&(-1i16).to_be_bytes()),
        }
        to.put(value.map(|text| text.as_bytes()).unwrap_or_default());
        Ok(())
    }
}

impl Field for Bytes {
    never_null!();
}

impl NullableField for Bytes {
    fn null_size(version: Version) -> usize {
        if version.flexible { 1 } else { 4 }
    }

    fn read_nullable(from: &mut Decoder, version: Version) -> Result<Option<Self>, DecodeError> {
        match from.bytes_length(version.flexible)? {
            Some(length) => from.slice(length).map(Some),
            None => Ok(None),
        }
    }

    fn write_nullable(
        value: Option<&Self>,
        to: &mut Encoder,
        version: Version,
    ) -> Result<(), EncodeError> {
        put_length(value.map(|bytes| bytes.len()), to, version)?;
        if let Some(bytes) = value {
            to.put_shared(bytes);
        }
        Ok(())
    }
}

impl<T: Field> Field for Vec<T> {
    never_null!();
}

impl<T: Field> NullableField for Vec<T> {
    fn null_size(version: Version) -> usize {
        if version.flexible { 1 } else { 4 }
    }

    fn read_nullable(from: &mut Decoder, version: Version) -> Result<Option<Self>, DecodeError> {
        let Some(length) = from.array_length(version.flexible, T::least_size(version))? else {
            return Ok(None);
        };
        let mut elements = from.room::<T>(length)?;
        for _ in 0..length {
            elements.push(T::read(from, version)?);
        }
        Ok(Some(elements))
    }

    fn write_nullable(
        value: Option<&Self>,
        to: &mut Encoder,
        version: Version,
    ) -> Result<(), EncodeError> {
        put_length(value.map(|elements| elements.len()), to, version)?;
        value
            .into_iter()
            .flatten()
            .try_for_each(|element| element.write(to, version))
    }
}

impl Field for Records {
    fn least_size(version: Version) -> usize {
        Bytes::null_size(version)
    }

    fn read(from: &mut Decoder, version: Version) -> Result<Self, DecodeError> {
        Ok(Bytes::read_nullable(from, version)?.map_or(Records::Null, Records::Bytes))
    }

    fn write(&self, to: &mut Encoder, version: Version) -> Result<(), EncodeError> {
        match self {
            Records::Null => put_length(None, to, version)?,
            Records::Bytes(bytes) => bytes.write(to, version)?,
            Records::Deferred(deferred) => {
                put_length(Some(deferred.size_bytes), to, version)?;
                to.put_deferred(deferred);
            }
        }
        Ok(())
    }
}

/// [`NullableField::read_nullable`] of every struct: null is announced by a negative byte, in a tagged field by zero.
pub fn read_nullable_struct<T: Field>(
    from: &mut Decoder,
    version: Version,
    tagged: bool,
) -> Result<Option<T>, DecodeError> {
    match from.i8()? {
        ..0 => Ok(None),
        0 if tagged => Ok(None),
        _ => T::read(from, version).map(Some),
    }
}

/// [`NullableField::write_nullable`] of every struct.
pub fn write_nullable_struct<T: Field>(
    value: Option<&T>,
    to: &mut Encoder,
    version: Version,
    tagged: bool,
) -> Result<(), EncodeError> {
    match value {
        Some(value) => {
            to.put(&[1]);
            value.write(to, version)
        }
        None => {
            to.put(if tagged { &[0] } else { &[0xff] });
            Ok(())
        }
    }
}

/// Whether a field holds something other than its default.
pub fn differs<T: PartialEq>(value: &T, default: &T) -> bool {
    value != default
}

fn put_length(
    length: Option<usize>,
    to: &mut Encoder,
    version: Version,
) -> Result<(), EncodeError> {
    let length = match length {
        Some(length) => i32::try_from(length).map_err(|_| EncodeError::TooLong { length })?,
        None => -1,
    };
    if version.flexible {
        to.put_unsigned_varint((i64::from(length) + 1) as u32);
    } else {
        to.put(&length.to_be_bytes());
    }
    Ok(())
}
