//! [`Message`]: a struct with versions of its own; [`Request`]: one that a client sends.

use std::fmt::Debug;
use std::ops::RangeInclusive;

use crate::api_key::ApiKey;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Field, Version};

/// A versioned message: the body of a request, response or internal record.
pub trait Message: Field + Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// Kafka's name, as in `ProduceRequest`.
    const NAME: &'static str;
    /// Every version the codec knows, unstable ones included: what is advertised is decided elsewhere.
    const VERSIONS: RangeInclusive<i16>;
    /// The first version with compact lengths and tagged fields; `None` when there is none.
    const FLEXIBLE_FROM: Option<i16>;

    /// Whether a version has compact lengths and tagged fields. Meaningful for versions beyond the known ones too.
    fn is_flexible(version: i16) -> bool {
        Self::FLEXIBLE_FROM.is_some_and(|first| version >= first)
    }

    /// How long whoever gets it is asked to wait, in milliseconds; 0 in a message that cannot say.
    fn throttle_time_ms(&self) -> i32 {
        0
    }

    /// Asks whoever gets it to wait. A message that cannot say it stays as it is.
    fn set_throttle_time_ms(&mut self, _: i32) {}

    /// Reads a message. What follows it is left alone: see [`Decoder::finish`].
    ///
    /// # Errors
    /// Bytes that are not this message, or a version outside [`Message::VERSIONS`].
    fn decode(from: &mut Decoder, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(DecodeError::UnsupportedVersion {
                message: Self::NAME,
                version,
            });
        }
        Self::read(
            from,
            Version {
                number: version,
                flexible: Self::is_flexible(version),
            },
        )
    }

    /// Writes a message.
    ///
    /// # Errors
    /// A value that the version cannot express, or a version outside [`Message::VERSIONS`]. What was written by then is useless.
    fn encode(&self, to: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            return Err(EncodeError::UnsupportedVersion {
                message: Self::NAME,
                version,
            });
        }
        self.write(
            to,
            Version {
                number: version,
                flexible: Self::is_flexible(version),
            },
        )
    }
}

/// A message that a client sends and that has an answer.
pub trait Request: Message {
    /// The number that names the API.
    const KEY: ApiKey;
    /// The answer's type; it has the same versions.
    type Response: Message;
}
