//! Kafka's wire protocol: frames, headers, messages, and the records Kafka keeps in its internal topics.
//!
//! Each message is stated once, as a struct with its versions in `messages/` (one file per API) or `records/`; the derive macro
//! [`derive::Message`] writes the codec. This crate does no I/O, knows no storage and never interprets record batches.
//!
//! * [`wire`]: the primitive types and the two cursors, [`Decoder`] and [`Encoder`]
//! * [`messages`]: requests and responses; [`header`] and [`frame`] around them
//! * [`records`]: metadata records, coordinator records, consumer protocol, control records
//! * [`ErrorCode`], [`ApiKey`]: the numbers with names
//!
//! `Default` of a message is the protocol's default of each field, not Rust's: a nullable string whose default is not null is
//! `Some("")`.

extern crate self as ottla_protocol;

mod api_key;
#[cfg(any(test, feature = "arbitrary"))]
pub mod arbitrary;
mod error_code;
pub mod frame;
pub mod header;
mod message;
pub mod messages;
#[cfg(any(test, feature = "arbitrary"))]
pub mod probe;
pub mod records;
pub mod wire;

pub use api_key::ApiKey;
pub use bytes::Bytes;
pub use error_code::ErrorCode;
pub use message::{Message, Request};
pub use wire::{
    Chunk, DecodeError, Decoder, DeferredRecords, EncodeError, Encoder, RecordSource, Records, Str,
    TaggedFields, Uuid,
};

/// The derive macro behind every message and struct.
pub mod derive {
    pub use ottla_protocol_derive::Message;
}

/// Expands to its content when random values are wanted, and to nothing otherwise. Used by the derive macro.
#[cfg(any(test, feature = "arbitrary"))]
#[doc(hidden)]
#[macro_export]
macro_rules! when_arbitrary {
    ($($content:tt)*) => { $($content)* };
}

/// Expands to its content when random values are wanted, and to nothing otherwise. Used by the derive macro.
#[cfg(not(any(test, feature = "arbitrary")))]
#[doc(hidden)]
#[macro_export]
macro_rules! when_arbitrary {
    ($($content:tt)*) => {};
}
