//! The part of a topic's configuration that says what it accepts.

use crate::batch::compress::{Compression, MAX_PLAIN_SIZE_BYTES};
use crate::batch::{Codec, TimestampType};

/// `compression.type` and the level of its codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicCompression {
    /// `producer`: as the batch comes.
    Producer,
    /// `uncompressed`, `gzip`, `snappy`, `lz4` or `zstd`.
    Fixed(Compression),
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `max.message.bytes`: of the batch, as sent and as written.
    pub max_message_bytes: usize,
    /// `segment.bytes`.
    pub segment_bytes: usize,
    pub compression: TopicCompression,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far a record may lie in the past (KIP-937).
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how far it may lie in the future.
    pub timestamp_after_max_ms: i64,
    /// `cleanup.policy` contains `compact`: every record needs a key.
    pub is_compacted: bool,
}

/// Batches of every topic may unfold to as much.
const PLAIN_BYTES: usize = 64 << 20;
/// How many times its topic's `max.message.bytes` a batch may unfold to.
const PLAIN_FACTOR: usize = 32;

impl Rules {
    /// What a batch from a client may unfold to. Kafka has no limit, and 64 KiB of zstd can be 2 GiB of zeros: seconds of a thread's time.
    pub fn max_plain_bytes(&self) -> usize {
        self.max_message_bytes
            .saturating_mul(PLAIN_FACTOR)
            .clamp(PLAIN_BYTES, MAX_PLAIN_SIZE_BYTES)
    }
}

impl Default for Rules {
    /// Kafka's defaults of a topic.
    fn default() -> Rules {
        Rules {
            max_message_bytes: 1_048_588,
            segment_bytes: 1 << 30,
            compression: TopicCompression::Producer,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            is_compacted: false,
        }
    }
}

impl TopicCompression {
    /// How a batch that came compressed with `source` is stored.
    pub(super) fn target(self, source: Codec) -> Compression {
        match self {
            TopicCompression::Producer => Compression::of(source),
            TopicCompression::Fixed(compression) => compression,
        }
    }
}
