//! Tagged fields that this version of the protocol does not know (KIP-482).
//!
//! They are kept as they came and written back in ascending order among the known ones, so that a relayed message loses nothing.

use bytes::Bytes;

use super::decoder::Decoder;
use super::encoder::Encoder;
use super::error::{DecodeError, EncodeError};
use super::field::Version;

/// One tagged field, its content undecoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawTaggedField {
    /// The number that names the field within its struct.
    pub tag: u32,
    /// Its encoded value.
    pub content: Bytes,
}

/// The unknown tagged fields of a struct, ascending by tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaggedFields(Box<[RawTaggedField]>);

impl TaggedFields {
    /// From fields in any order.
    pub fn new(mut fields: Vec<RawTaggedField>) -> Self {
        if !fields.is_sorted_by_key(|field| field.tag) {
            fields.sort_by_key(|field| field.tag);
        }
        Self(fields.into_boxed_slice())
    }

    /// The fields, ascending by tag.
    pub fn fields(&self) -> &[RawTaggedField] {
        &self.0
    }

    /// Whether there are none, as there nearly always are.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the tagged fields of a struct that knows none.
    #[inline]
    pub fn read_all(from: &mut Decoder) -> Result<Self, DecodeError> {
        let mut tags = TagReader::begin(from, true)?;
        while let Some((tag, size)) = tags.next(from)? {
            tags.keep(tag, size, from)?;
        }
        Ok(tags.finish())
    }

    /// Begins writing the tagged fields of a struct, `known` of which are known ones that are set.
    ///
    /// # Errors
    /// [`EncodeError::TagsNotInVersion`] when there are some and the version cannot carry them.
    pub fn begin_writing(
        &self,
        known: usize,
        to: &mut Encoder,
        version: Version,
    ) -> Result<UnknownTags<'_>, EncodeError> {
        if version.flexible {
            to.put_unsigned_varint((known + self.0.len()) as u32);
        } else if !self.0.is_empty() {
            return Err(EncodeError::TagsNotInVersion {
                version: version.number,
            });
        }
        Ok(UnknownTags { left: &self.0 })
    }
}

/// Walks the tagged fields at the end of a struct.
#[derive(Debug)]
pub struct TagReader {
    left: usize,
    unknown: Vec<RawTaggedField>,
}

impl TagReader {
    /// Reads how many tagged fields there are; none in a version that is not flexible.
    pub fn begin(from: &mut Decoder, is_flexible: bool) -> Result<Self, DecodeError> {
        let left = if is_flexible {
            from.unsigned_varint()? as usize
        } else {
            0
        };
        // Each takes a tag and a size of at least one byte.
        if left > from.remaining() / 2 {
            return Err(DecodeError::ArrayTooLong {
                length: left,
                remaining: from.remaining(),
            });
        }
        Ok(Self {
            left,
            unknown: Vec::new(),
        })
    }

    /// The tag and the size of the next field.
    pub fn next(&mut self, from: &mut Decoder) -> Result<Option<(u32, usize)>, DecodeError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        Ok(Some((
            from.unsigned_varint()?,
            from.unsigned_varint()? as usize,
        )))
    }

    /// Keeps the content of a field that the struct does not know.
    pub fn keep(&mut self, tag: u32, size: usize, from: &mut Decoder) -> Result<(), DecodeError> {
        if self.unknown.is_empty() {
            self.unknown = from.room(self.left + 1)?;
        }
        self.unknown.push(RawTaggedField {
            tag,
            content: from.slice(size)?,
        });
        Ok(())
    }

    /// The unknown fields.
    #[inline]
    pub fn finish(self) -> TaggedFields {
        if self.unknown.is_empty() {
            return TaggedFields::default();
        }
        TaggedFields::new(self.unknown)
    }
}

/// The unknown fields still to be written.
#[derive(Debug)]
pub struct UnknownTags<'a> {
    left: &'a [RawTaggedField],
}

impl UnknownTags<'_> {
    /// Writes the unknown fields below `tag`, then the known field `tag` itself.
    pub fn put_known(
        &mut self,
        tag: u32,
        to: &mut Encoder,
        write: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.put_while(to, |field| field.tag < tag);
        let mut content = Encoder::new();
        write(&mut content)?;
        let length = content.size_bytes();
        to.put_unsigned_varint(tag);
        to.put_unsigned_varint(u32::try_from(length).map_err(|_| EncodeError::TooLong { length })?);
        to.append(content);
        Ok(())
    }

    /// Writes the unknown fields that are left.
    pub fn finish(mut self, to: &mut Encoder) {
        self.put_while(to, |_| true);
    }

    fn put_while(&mut self, to: &mut Encoder, wanted: impl Fn(&RawTaggedField) -> bool) {
        while let Some((field, rest)) = self.left.split_first()
            && wanted(field)
        {
            to.put_unsigned_varint(field.tag);
            to.put_unsigned_varint(field.content.len() as u32);
            to.put_shared(&field.content);
            self.left = rest;
        }
    }
}
