//! Messages that stand behind their version, an i16 (Kafka's `MessageUtil.toVersionPrefixedBytes`).

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder};
use crate::{Bytes, Message};

/// Reads a version and the message it announces. What follows is left to the caller as bytes that this version does not know.
///
/// # Errors
/// Bytes that are not the message, or a version it does not have.
pub fn decode<M: Message>(bytes: Bytes) -> Result<(M, i16), DecodeError> {
    let mut from = Decoder::new(bytes);
    let version = from.i16()?;
    Ok((M::decode(&mut from, version)?, version))
}

/// Writes a version and the message in it.
///
/// # Errors
/// A message that the version cannot express.
pub fn encode<M: Message>(message: &M, version: i16) -> Result<Bytes, EncodeError> {
    let mut to = Encoder::new();
    to.put(&version.to_be_bytes());
    message.encode(&mut to, version)?;
    Ok(to.into_bytes())
}
