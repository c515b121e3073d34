//! What can be set on a topic (`TopicConfig`, `LogConfig`).

use super::key::{Check, Key, Kind, Origin, hours, minutes, same};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::topic("cleanup.policy", Kind::List, Some("delete"))
        .check(Check::Entries { allowed: &["compact", "delete"], may_be_empty: true })
        .synonyms(&[same("log.cleanup.policy")])
        .effective("a_compacted_topic_needs_keys")
        .says("What happens to old records: `delete` them, `compact` to the last value per key, both, or nothing when empty."),
    Key::topic("compression.gzip.level", Kind::Int, Some("-1"))
        .check(Check::GzipLevel)
        .synonyms(&[same("compression.gzip.level")])
        .effective("a_codecs_level_comes_with_it")
        .says("Level used when the broker recompresses this topic with gzip; -1 is the codec's own default."),
    Key::topic("compression.lz4.level", Kind::Int, Some("9"))
        .check(Check::Between(1, 17))
        .synonyms(&[same("compression.lz4.level")])
        .says("Level used when the broker recompresses this topic with lz4; Ottla has one level for it."),
    Key::topic("compression.type", Kind::String, Some("producer"))
        .check(Check::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]))
        .synonyms(&[same("compression.type")])
        .effective("a_topic_with_its_own_codec_stores_in_it")
        .says("Codec that batches are stored in: a codec's name, `uncompressed`, or `producer` to keep what was sent."),
    Key::topic("compression.zstd.level", Kind::Int, Some("3"))
        .check(Check::Between(-131_072, 22))
        .synonyms(&[same("compression.zstd.level")])
        .effective("a_codecs_level_comes_with_it")
        .says("Level used when the broker recompresses this topic with zstd."),
    Key::topic("delete.retention.ms", Kind::Long, Some("86400000"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("log.cleaner.delete.retention.ms")])
        .says("How long a compacted topic keeps its deletion markers, so that slow readers still see them."),
    Key::topic("file.delete.delay.ms", Kind::Long, Some("60000"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("log.segment.delete.delay.ms")])
        .effective("a_deleted_segments_file_stays_for_the_delay")
        .says("How long a deleted segment's files stay on disk, so that readers can finish."),
    Key::topic("flush.messages", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(1))
        .synonyms(&[same("log.flush.interval.messages")])
        .effective("at_most_flush_messages_less_one_records_are_vouched_for_unflushed")
        .says("Records after which the partition is flushed to disk; 1 makes every acknowledged record survive a power loss."),
    Key::topic("flush.ms", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("log.flush.interval.ms"), same("log.flush.scheduler.interval.ms")])
        .effective("flush_ms_bounds_the_age_of_unflushed_records")
        .says("Longest time that a record may wait for a flush to disk."),
    Key::topic("follower.replication.throttled.replicas", Kind::List, Some(""))
        .check(Check::ThrottledReplicas)
        .effective("a_reassignment_is_held_to_the_throttled_rate_and_replicas_in_sync_are_not")
        .says("Replicas whose catching up is throttled on the follower's side, as `partition:broker` pairs or `*`."),
    Key::topic("index.interval.bytes", Kind::Int, Some("4096"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("log.index.interval.bytes")])
        .effective("index_files_hold_the_entries_that_kafka_would_write")
        .says("Bytes of log between two index entries."),
    Key::topic("internal.segment.bytes", Kind::Int, None)
        .origin(Origin::Internal)
        .says("Kafka's test override of the segment size, free of its lower bound."),
    Key::topic("leader.replication.throttled.replicas", Kind::List, Some(""))
        .check(Check::ThrottledReplicas)
        .effective("a_reassignment_is_held_to_the_throttled_rate_and_replicas_in_sync_are_not")
        .says("Replicas whose catching up is throttled on the leader's side, as `partition:broker` pairs or `*`."),
    Key::topic("local.retention.bytes", Kind::Long, Some("-2"))
        .check(Check::AtLeast(-2))
        .synonyms(&[same("log.local.retention.bytes")])
        .says("Bytes of a tiered partition kept on local disk; -2 means `retention.bytes`."),
    Key::topic("local.retention.ms", Kind::Long, Some("-2"))
        .check(Check::AtLeast(-2))
        .synonyms(&[same("log.local.retention.ms")])
        .says("Age up to which a tiered partition's records stay on local disk; -2 means `retention.ms`."),
    Key::topic("max.compaction.lag.ms", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(1))
        .synonyms(&[same("log.cleaner.max.compaction.lag.ms")])
        .says("Longest time that a record may stay uncompacted."),
    Key::topic("max.message.bytes", Kind::Int, Some("1048588"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("message.max.bytes")])
        .effective("sizes_have_their_limits")
        .says("Largest record batch accepted, after compression."),
    Key::topic("message.timestamp.after.max.ms", Kind::Long, Some("3600000"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("log.message.timestamp.after.max.ms")])
        .effective("timestamps_have_bounds_and_every_record_beyond_is_named")
        .says("How far in the future a record's timestamp may lie when the producer's timestamps are kept."),
    Key::topic("message.timestamp.before.max.ms", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("log.message.timestamp.before.max.ms")])
        .effective("timestamps_have_bounds_and_every_record_beyond_is_named")
        .says("How far in the past a record's timestamp may lie when the producer's timestamps are kept."),
    Key::topic("message.timestamp.type", Kind::String, Some("CreateTime"))
        .check(Check::OneOf(&["CreateTime", "LogAppendTime"]))
        .synonyms(&[same("log.message.timestamp.type")])
        .effective("append_time_changes_the_head_alone")
        .says("Whether records keep the producer's timestamp (`CreateTime`) or get the time of the append (`LogAppendTime`)."),
    Key::topic("min.cleanable.dirty.ratio", Kind::Double, Some("0.5"))
        .check(Check::Fraction(0.0, 1.0))
        .synonyms(&[same("log.cleaner.min.cleanable.ratio")])
        .says("Share of uncompacted log at which compaction becomes due."),
    Key::topic("min.compaction.lag.ms", Kind::Long, Some("0"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("log.cleaner.min.compaction.lag.ms")])
        .says("Shortest time that a record stays uncompacted."),
    Key::topic("min.insync.replicas", Kind::Int, Some("1"))
        .check(Check::AtLeast(1))
        .synonyms(&[same("min.insync.replicas")])
        .effective("min_insync_replicas_is_enforced_for_acks_all")
        .says("Replicas that must be in sync for a write with acks=all to be taken."),
    Key::topic("preallocate", Kind::Boolean, Some("false"))
        .synonyms(&[same("log.preallocate")])
        .effective("preallocation_leaves_no_byte_behind_the_last_batch")
        .says("Whether a new segment's file takes its full size at once."),
    Key::topic("remote.log.copy.disable", Kind::Boolean, Some("false"))
        .says("Whether a tiered topic stops copying segments to remote storage and only reads what is there."),
    Key::topic("remote.log.delete.on.disable", Kind::Boolean, Some("false"))
        .says("Whether turning tiering off deletes what is in remote storage."),
    Key::topic("remote.storage.enable", Kind::Boolean, Some("false"))
        .says("Whether closed segments are copied to remote storage."),
    Key::topic("retention.bytes", Kind::Long, Some("-1"))
        .synonyms(&[same("log.retention.bytes")])
        .effective("size_takes_whole_segments_only_while_enough_is_left")
        .says("Size of a partition beyond which its oldest segments are deleted; -1 is no bound."),
    Key::topic("retention.ms", Kind::Long, Some("604800000"))
        .check(Check::AtLeast(-1))
        .synonyms(&[same("log.retention.ms"), minutes("log.retention.minutes"), hours("log.retention.hours")])
        .effective("time_counts_from_the_largest_timestamp_and_stops_at_the_first_young_segment")
        .says("Age beyond which segments are deleted; -1 is no bound."),
    Key::topic("segment.bytes", Kind::Int, Some("1073741824"))
        .check(Check::AtLeast(1_048_576))
        .synonyms(&[same("log.segment.bytes")])
        .effective("a_segment_rolls_at_segment_bytes")
        .says("Size at which a segment is closed and a new one begun."),
    Key::topic("segment.index.bytes", Kind::Int, Some("10485760"))
        .check(Check::AtLeast(4))
        .synonyms(&[same("log.index.size.max.bytes")])
        .effective("a_full_index_starts_a_new_segment")
        .says("Largest offset index of a segment; a full one closes the segment."),
    Key::topic("segment.jitter.ms", Kind::Long, Some("0"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("log.roll.jitter.ms"), hours("log.roll.jitter.hours")])
        .effective("jitter_only_ever_rolls_earlier")
        .says("Largest random delay taken off `segment.ms`, so that not all segments roll at once."),
    Key::topic("segment.ms", Kind::Long, Some("604800000"))
        .check(Check::AtLeast(1))
        .synonyms(&[same("log.roll.ms"), hours("log.roll.hours")])
        .effective("time_is_counted_between_the_first_batch_and_the_new_one")
        .says("Age at which a segment is closed even if it is not full."),
    Key::topic("unclean.leader.election.enable", Kind::Boolean, Some("false"))
        .synonyms(&[same("unclean.leader.election.enable")])
        .effective("a_topic_that_comes_to_prefer_availability_is_led_at_once")
        .says("Whether a replica that is not in sync may become leader, at the price of lost records."),
    Key::topic("errors.deadletterqueue.group.enable", Kind::Boolean, Some("false"))
        .origin(Origin::Upcoming)
        .says("Whether share groups may send undeliverable records of this topic to a dead letter topic (KIP-1191)."),
    Key::topic("remote.copy.lag.bytes", Kind::Long, Some("-1"))
        .origin(Origin::Upcoming)
        .synonyms(&[same("log.remote.copy.lag.bytes")])
        .says("Bytes that a closed segment's copy to remote storage may lag behind (Kafka 4.4)."),
    Key::topic("remote.copy.lag.ms", Kind::Long, Some("0"))
        .origin(Origin::Upcoming)
        .synonyms(&[same("log.remote.copy.lag.ms")])
        .says("Time that a closed segment's copy to remote storage may lag behind (Kafka 4.4)."),
];
