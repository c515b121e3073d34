//! A topic as its partitions on this node share it: name, id, and the configuration in force.
//!
//! Guarantees: a change of configuration is seen whole or not at all, by every partition at once, without a restart.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use ottla_controller::ids::TopicId;
use ottla_storage::batch::compress::Compression;
use ottla_storage::batch::{Codec, TimestampType};
use ottla_storage::batch::{Rules, TopicCompression};
use ottla_storage::log::LogConfig;
use ottla_storage::retention::Retention;

use crate::config::{RecordTime, StoredCompression, TopicConfig};

/// Producers that one partition remembers at most; the longest idle go first (Kafka has no such limit).
const PRODUCERS_MAX: usize = 100_000;

/// See the module.
#[derive(Debug)]
pub struct Topic {
    id: TopicId,
    name: Arc<str>,
    in_force: ArcSwap<InForce>,
}

/// A topic's configuration, and what the append path needs of it ready at hand.
#[derive(Clone, Debug)]
pub struct InForce {
    pub config: TopicConfig,
    /// What the topic accepts.
    pub rules: Rules,
    /// `flush.messages`; `i64::MAX` when flushing is left to the system.
    pub flush_messages: i64,
}

impl Topic {
    pub fn new(id: TopicId, name: Arc<str>, config: TopicConfig) -> Arc<Self> {
        Arc::new(Self {
            id,
            name,
            in_force: ArcSwap::from_pointee(InForce::of(config)),
        })
    }

    pub fn id(&self) -> TopicId {
        self.id
    }

    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub fn in_force(&self) -> Arc<InForce> {
        self.in_force.load_full()
    }

    pub(super) fn reconfigure(&self, config: TopicConfig) {
        self.in_force.store(Arc::new(InForce::of(config)));
    }
}

impl InForce {
    pub fn of(config: TopicConfig) -> Self {
        let rules = Rules {
            max_message_bytes: config.max_message_bytes as usize,
            segment_bytes: config.segment_bytes as usize,
            compression: compression(config.compression),
            timestamp_type: match config.record_time {
                RecordTime::Create => TimestampType::CreateTime,
                RecordTime::Append => TimestampType::LogAppendTime,
            },
            timestamp_before_max_ms: bound_ms(config.timestamp_before_max),
            timestamp_after_max_ms: bound_ms(config.timestamp_after_max),
            is_compacted: config.compacts,
        };
        let flush_messages = config.flush_messages.map_or(i64::MAX, |messages| {
            i64::try_from(messages.max(1)).unwrap_or(i64::MAX)
        });
        Self {
            config,
            rules,
            flush_messages,
        }
    }

    /// What the log itself needs. `producer_expiration`: the broker's `producer.id.expiration.ms`.
    pub fn log_config(&self, producer_expiration: Duration) -> LogConfig {
        LogConfig {
            segment_bytes: self.config.segment_bytes,
            segment_ms: ms(self.config.segment_age),
            segment_jitter_ms: ms(self.config.segment_jitter),
            index_interval_bytes: self.config.index_interval_bytes,
            segment_index_bytes: self.config.segment_index_bytes,
            preallocate: self.config.preallocate,
            producer_expiration_ms: ms(producer_expiration),
            max_producers: PRODUCERS_MAX,
        }
    }

    /// What of a log may go by age and size.
    pub fn retention(&self) -> Retention {
        Retention {
            is_delete: self.config.deletes,
            time_ms: self.config.retention.map(ms),
            size_bytes: self.config.retention_bytes,
        }
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn bound_ms(bound: Option<Duration>) -> i64 {
    bound.map_or(i64::MAX, ms)
}

fn compression(stored: StoredCompression) -> TopicCompression {
    let fixed = |codec, level: Option<i32>| TopicCompression::Fixed(Compression { codec, level });
    match stored {
        StoredCompression::Producer => TopicCompression::Producer,
        StoredCompression::Uncompressed => fixed(Codec::None, None),
        StoredCompression::Gzip { level } => fixed(Codec::Gzip, level.map(i32::from)),
        StoredCompression::Snappy => fixed(Codec::Snappy, None),
        StoredCompression::Lz4 { level } => fixed(Codec::Lz4, Some(i32::from(level))),
        StoredCompression::Zstd { level } => fixed(Codec::Zstd, Some(level)),
    }
}
