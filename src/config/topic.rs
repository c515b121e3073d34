//! A topic's configuration as typed values: what its partitions read, resolved once per change.

use std::time::Duration;

use super::effective::{Layers, read_or_default};
use super::keys::{Level, find};
use super::settings::Settings;
use super::value::Value;

/// How batches of a topic are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredCompression {
    /// As the producer sent them.
    Producer,
    Uncompressed,
    /// With a level of 1 to 9; `None` is the codec's default.
    Gzip {
        level: Option<u8>,
    },
    Snappy,
    /// With a level of 1 to 17.
    Lz4 {
        level: u8,
    },
    /// With a level of -131072 to 22.
    Zstd {
        level: i32,
    },
}

/// Whose timestamp a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordTime {
    /// The producer's (`CreateTime`).
    Create,
    /// That of the append (`LogAppendTime`).
    Append,
}

/// Every topic key, typed. Times are durations, sizes are bytes; `None` stands for Kafka's "no bound".
#[derive(Clone, Debug, PartialEq)]
pub struct TopicConfig {
    /// `cleanup.policy` contains `delete`.
    pub deletes: bool,
    /// `cleanup.policy` contains `compact`.
    pub compacts: bool,
    pub compression: StoredCompression,
    pub delete_retention: Duration,
    pub file_delete_delay: Duration,
    /// `flush.messages`: records that may be unflushed; `None` leaves flushing to the system.
    pub flush_messages: Option<u64>,
    pub flush_interval: Option<Duration>,
    pub index_interval_bytes: u32,
    pub segment_index_bytes: u32,
    pub local_retention_bytes: i64,
    pub local_retention_ms: i64,
    pub max_compaction_lag: Option<Duration>,
    pub min_compaction_lag: Duration,
    pub max_message_bytes: u32,
    pub record_time: RecordTime,
    /// How far in the past a producer's timestamp may lie.
    pub timestamp_before_max: Option<Duration>,
    /// How far in the future a producer's timestamp may lie.
    pub timestamp_after_max: Option<Duration>,
    pub min_cleanable_dirty_ratio: f64,
    pub min_in_sync_replicas: u32,
    pub preallocate: bool,
    pub retention_bytes: Option<u64>,
    pub retention: Option<Duration>,
    pub segment_bytes: u32,
    pub segment_age: Duration,
    pub segment_jitter: Duration,
    pub allows_unclean_election: bool,
    pub remote_storage: bool,
    pub remote_copy_disabled: bool,
    pub remote_delete_on_disable: bool,
    pub leader_throttled_replicas: Vec<String>,
    pub follower_throttled_replicas: Vec<String>,
}

impl TopicConfig {
    /// Resolves what is set on a topic against the layers below. A value that does not pass its check is replaced by
    /// its default: it was refused when it should have been set.
    pub fn resolve(layers: &Layers<'_>, own: &dyn Settings) -> Self {
        let values = Values { layers, own };
        let policies = values.list("cleanup.policy");
        let has_policy = |policy: &str| policies.iter().any(|one| one == policy);
        Self {
            deletes: has_policy("delete"),
            compacts: has_policy("compact"),
            compression: compression(&values),
            delete_retention: values.duration("delete.retention.ms"),
            file_delete_delay: values.duration("file.delete.delay.ms"),
            flush_messages: below_max(values.number("flush.messages")),
            flush_interval: below_max(values.number("flush.ms")).map(Duration::from_millis),
            index_interval_bytes: values.size("index.interval.bytes"),
            segment_index_bytes: values.size("segment.index.bytes"),
            local_retention_bytes: values.number("local.retention.bytes"),
            local_retention_ms: values.number("local.retention.ms"),
            max_compaction_lag: below_max(values.number("max.compaction.lag.ms"))
                .map(Duration::from_millis),
            min_compaction_lag: values.duration("min.compaction.lag.ms"),
            max_message_bytes: values.size("max.message.bytes"),
            record_time: match values.text("message.timestamp.type").as_str() {
                "LogAppendTime" => RecordTime::Append,
                _ => RecordTime::Create,
            },
            timestamp_before_max: below_max(values.number("message.timestamp.before.max.ms"))
                .map(Duration::from_millis),
            timestamp_after_max: below_max(values.number("message.timestamp.after.max.ms"))
                .map(Duration::from_millis),
            min_cleanable_dirty_ratio: values.double("min.cleanable.dirty.ratio"),
            min_in_sync_replicas: values.size("min.insync.replicas"),
            preallocate: values.flag("preallocate"),
            retention_bytes: u64::try_from(values.number("retention.bytes")).ok(),
            retention: u64::try_from(values.number("retention.ms"))
                .ok()
                .map(Duration::from_millis),
            // The internal key is how Kafka's own tests get segments below the public bound of 1 MiB.
            segment_bytes: values
                .optional("internal.segment.bytes")
                .unwrap_or_else(|| values.size("segment.bytes")),
            segment_age: values.duration("segment.ms"),
            segment_jitter: values.duration("segment.jitter.ms"),
            allows_unclean_election: values.flag("unclean.leader.election.enable"),
            remote_storage: values.flag("remote.storage.enable"),
            remote_copy_disabled: values.flag("remote.log.copy.disable"),
            remote_delete_on_disable: values.flag("remote.log.delete.on.disable"),
            leader_throttled_replicas: values.list("leader.replication.throttled.replicas"),
            follower_throttled_replicas: values.list("follower.replication.throttled.replicas"),
        }
    }
}

fn compression(values: &Values<'_>) -> StoredCompression {
    match values.text("compression.type").as_str() {
        "uncompressed" => StoredCompression::Uncompressed,
        "gzip" => StoredCompression::Gzip {
            level: u8::try_from(values.number("compression.gzip.level")).ok(),
        },
        "snappy" => StoredCompression::Snappy,
        "lz4" => StoredCompression::Lz4 {
            level: u8::try_from(values.number("compression.lz4.level")).unwrap_or(9),
        },
        "zstd" => StoredCompression::Zstd {
            level: i32::try_from(values.number("compression.zstd.level")).unwrap_or(3),
        },
        _ => StoredCompression::Producer,
    }
}

/// Kafka writes "never" as the largest long.
fn below_max(number: i64) -> Option<u64> {
    u64::try_from(number).ok().filter(|_| number != i64::MAX)
}

struct Values<'a> {
    layers: &'a Layers<'a>,
    own: &'a dyn Settings,
}

impl Values<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        let key = find(Level::Topic, name).expect("a key named in code is in the table");
        read_or_default(key, self.layers.resource_text(key, self.own).0)
    }

    fn number(&self, name: &str) -> i64 {
        match self.value(name) {
            Some(Value::Number(number)) => number,
            other => panic!("{name} is not a number with a default but {other:?}"),
        }
    }

    /// A number that is never negative and fits 32 bits by its kind and check.
    fn size(&self, name: &str) -> u32 {
        u32::try_from(self.number(name)).unwrap_or(0)
    }

    fn optional(&self, name: &str) -> Option<u32> {
        match self.value(name)? {
            Value::Number(number) => u32::try_from(number).ok(),
            _ => None,
        }
    }

    fn duration(&self, name: &str) -> Duration {
        Duration::from_millis(u64::try_from(self.number(name)).unwrap_or(0))
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Boolean(true)))
    }

    fn double(&self, name: &str) -> f64 {
        match self.value(name) {
            Some(Value::Double(number)) => number,
            other => panic!("{name} is not a decimal with a default but {other:?}"),
        }
    }

    fn text(&self, name: &str) -> String {
        self.value(name)
            .map(|value| value.to_text())
            .unwrap_or_default()
    }

    fn list(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(Value::List(entries)) => entries,
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Unset;
    use std::collections::BTreeMap;

    fn resolve(own: &[(&str, &str)], node: &[(&str, &str)]) -> TopicConfig {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect()
        };
        let node = map(node);
        TopicConfig::resolve(
            &Layers {
                broker: &Unset,
                cluster: &Unset,
                node: &node,
            },
            &map(own),
        )
    }

    #[test]
    fn an_unset_topic_has_kafkas_defaults() {
        let config = resolve(&[], &[]);
        assert!(config.deletes && !config.compacts);
        assert_eq!(config.compression, StoredCompression::Producer);
        assert_eq!(config.retention, Some(Duration::from_secs(7 * 24 * 3600)));
        assert_eq!(
            (
                config.retention_bytes,
                config.flush_messages,
                config.flush_interval
            ),
            (None, None, None)
        );
        assert_eq!(
            (config.segment_bytes, config.max_message_bytes),
            (1 << 30, 1_048_588)
        );
    }

    #[test]
    fn a_topics_own_value_wins_over_the_nodes() {
        let config = resolve(
            &[("retention.ms", "-1")],
            &[
                ("log.retention.ms", "5"),
                ("log.flush.interval.messages", "1"),
            ],
        );
        assert_eq!((config.retention, config.flush_messages), (None, Some(1)));
    }

    #[test]
    fn a_negative_number_of_hours_means_no_bound() {
        assert_eq!(
            resolve(&[], &[("log.retention.hours", "-1")]).retention,
            None
        );
    }

    #[test]
    fn a_stored_value_that_is_no_longer_valid_falls_back_to_the_default() {
        assert_eq!(
            resolve(&[("segment.bytes", "lots")], &[]).segment_bytes,
            1 << 30
        );
    }

    #[test]
    fn an_empty_cleanup_policy_keeps_everything() {
        let config = resolve(&[("cleanup.policy", "")], &[]);
        assert!(!config.deletes && !config.compacts);
    }

    #[test]
    fn a_codecs_level_comes_with_it() {
        let config = resolve(
            &[
                ("compression.type", "zstd"),
                ("compression.zstd.level", "-5"),
            ],
            &[],
        );
        assert_eq!(config.compression, StoredCompression::Zstd { level: -5 });
        assert_eq!(
            resolve(&[("compression.type", "gzip")], &[]).compression,
            StoredCompression::Gzip { level: None }
        );
    }
}
