//! The primitive types of Kafka's wire protocol and the two cursors over them.
//!
//! [`Decoder`] walks a received buffer and hands out slices of it; [`Encoder`] collects what is to be sent as a list of
//! [`Chunk`]s. [`Field`] is what a type must know to stand in a message; the derive macro writes it for structs.
//!
//! Guarantees: decoding never panics, copies neither bytes nor valid strings, and allocates at most 40 times the input (a string
//! takes 32 bytes in memory and as little as one on the wire; usual requests take 2 to 5 times their size, records none):
//! an array whose declared length could not fit into the bytes that are left is refused before anything is reserved.

mod decoder;
mod encoder;
mod error;
mod field;
mod records;
mod tagged;
mod text;
mod uuid;

pub use decoder::Decoder;
pub use encoder::{Chunk, Encoder, unsigned_varint_size};
pub use error::{DecodeError, EncodeError};
pub use field::{
    Field, NullableField, Version, differs, read_nullable_struct, write_nullable_struct,
};
pub use records::{DeferredRecords, RecordSource, Records};
pub use tagged::{RawTaggedField, TagReader, TaggedFields, UnknownTags};
pub use text::Str;
pub use uuid::Uuid;
