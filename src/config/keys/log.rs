//! The log on a broker, and broker defaults of topic keys (`ServerLogConfigs`, `CleanerConfig`).

use super::key::{Check, Key, Kind, Origin, same};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("log.dir", Kind::List, Some("./ottla-data"))
        .unlike_kafka("/tmp/kafka-logs")
        .check(Check::Entries { allowed: &[], may_be_empty: false })
        .effective("log_dirs_take_precedence_over_log_dir")
        .says("Directory of the data when `log.dirs` is not set."),
    Key::broker("log.dirs", Kind::List, None)
        .check(Check::Entries { allowed: &[], may_be_empty: false })
        .effective("partitions_are_spread_over_several_log_dirs")
        .says("Directories of the data; new partitions go to the one with the fewest."),
    Key::broker("cordoned.log.dirs", Kind::List, Some(""))
        .per_broker()
        .effective("a_cordoned_directory_takes_no_new_partition")
        .says("Directories that take no new partitions; `*` means all of them (KIP-1066)."),
    Key::broker("log.dir.failure.timeout.ms", Kind::Long, Some("30000"))
        .check(Check::AtLeast(1))
        .says("How long a broker may fail to tell the controller about a broken directory before it stops."),
    Key::broker("log.cleanup.policy", Kind::List, Some("delete"))
        .check(Check::Entries { allowed: &["compact", "delete"], may_be_empty: true })
        .cluster_wide()
        .effective("a_topic_key_that_is_not_set_takes_the_brokers_value")
        .says("What happens to old records where the topic does not say: `delete`, `compact`, both, or nothing."),
    Key::broker("log.flush.interval.messages", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .effective("a_topic_key_that_is_not_set_takes_the_brokers_value")
        .says("Records after which a partition is flushed to disk where the topic does not say."),
    Key::broker("log.flush.interval.ms", Kind::Long, None)
        .cluster_wide()
        .synonyms(&[same("log.flush.interval.ms"), same("log.flush.scheduler.interval.ms")])
        .effective("a_topic_key_that_is_not_set_takes_the_brokers_value")
        .says("Longest time that a record may wait for a flush to disk where the topic does not say; unset means `log.flush.scheduler.interval.ms`."),
    Key::broker("log.flush.scheduler.interval.ms", Kind::Long, Some("9223372036854775807"))
        .effective("a_topic_key_that_is_not_set_takes_the_brokers_value")
        .says("How often partitions due for a flush are looked for."),
    Key::broker("log.flush.offset.checkpoint.interval.ms", Kind::Int, Some("60000"))
        .check(Check::AtLeast(0))
        .effective("recovery_points_are_checkpointed_at_their_interval")
        .says("Time between writes of the recovery point checkpoint."),
    Key::broker("log.flush.start.offset.checkpoint.interval.ms", Kind::Int, Some("60000"))
        .check(Check::AtLeast(0))
        .effective("log_start_offsets_are_checkpointed_at_their_interval")
        .says("Time between writes of the log start offset checkpoint."),
    Key::broker("log.index.interval.bytes", Kind::Int, Some("4096"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .effective("index_files_hold_the_entries_that_kafka_would_write")
        .says("Bytes of log between two index entries where the topic does not say."),
    Key::broker("log.index.size.max.bytes", Kind::Int, Some("10485760"))
        .check(Check::AtLeast(4))
        .cluster_wide()
        .effective("a_full_index_starts_a_new_segment")
        .says("Largest offset index of a segment where the topic does not say."),
    Key::broker("log.initial.task.delay.ms", Kind::Long, Some("30000"))
        .check(Check::AtLeast(0))
        .origin(Origin::Internal)
        .effective("retention_starts_after_its_initial_delay")
        .says("Time after start before retention, flushing and checkpoints begin."),
    Key::broker("log.local.retention.bytes", Kind::Long, Some("-2"))
        .check(Check::AtLeast(-2))
        .cluster_wide()
        .says("Bytes of a tiered partition kept on local disk; -2 means the partition's whole retention."),
    Key::broker("log.local.retention.ms", Kind::Long, Some("-2"))
        .check(Check::AtLeast(-2))
        .cluster_wide()
        .says("Age up to which a tiered partition's records stay on local disk; -2 means the partition's whole retention."),
    Key::broker("log.message.timestamp.after.max.ms", Kind::Long, Some("3600000"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .effective("timestamps_have_bounds_and_every_record_beyond_is_named")
        .says("How far in the future a record's timestamp may lie where the topic does not say."),
    Key::broker("log.message.timestamp.before.max.ms", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .effective("timestamps_have_bounds_and_every_record_beyond_is_named")
        .says("How far in the past a record's timestamp may lie where the topic does not say."),
    Key::broker("log.message.timestamp.type", Kind::String, Some("CreateTime"))
        .check(Check::OneOf(&["CreateTime", "LogAppendTime"]))
        .cluster_wide()
        .effective("append_time_changes_the_head_alone")
        .says("Whether records keep the producer's timestamp or get the time of the append, where the topic does not say."),
    Key::broker("log.preallocate", Kind::Boolean, Some("false"))
        .cluster_wide()
        .effective("preallocation_leaves_no_byte_behind_the_last_batch")
        .says("Whether a new segment's file takes its full size at once where the topic does not say."),
    Key::broker("log.retention.bytes", Kind::Long, Some("-1"))
        .cluster_wide()
        .effective("size_takes_whole_segments_only_while_enough_is_left")
        .says("Size beyond which a partition's oldest segments are deleted where the topic does not say; -1 is no bound."),
    Key::broker("log.retention.check.interval.ms", Kind::Long, Some("300000"))
        .check(Check::AtLeast(1))
        .effective("retention_looks_at_every_partition_in_its_interval")
        .says("Time between two looks for segments to delete."),
    Key::broker("log.retention.hours", Kind::Int, Some("168"))
        .synonyms(&[same("log.retention.ms"), same("log.retention.minutes"), same("log.retention.hours")])
        .effective("retention_ms_is_read_from_ms_then_minutes_then_hours")
        .says("Age in hours beyond which segments are deleted, when neither the `minutes` nor the `ms` key is set."),
    Key::broker("log.retention.minutes", Kind::Int, None)
        .synonyms(&[same("log.retention.ms"), same("log.retention.minutes"), same("log.retention.hours")])
        .effective("retention_ms_is_read_from_ms_then_minutes_then_hours")
        .says("Age in minutes beyond which segments are deleted, when the `ms` key is not set."),
    Key::broker("log.retention.ms", Kind::Long, None)
        .cluster_wide()
        .synonyms(&[same("log.retention.ms"), same("log.retention.minutes"), same("log.retention.hours")])
        .effective("retention_ms_is_read_from_ms_then_minutes_then_hours")
        .says("Age in milliseconds beyond which segments are deleted where the topic does not say; -1 is no bound."),
    Key::broker("log.roll.hours", Kind::Int, Some("168"))
        .check(Check::AtLeast(1))
        .synonyms(&[same("log.roll.ms"), same("log.roll.hours")])
        .effective("segment_ms_is_read_from_ms_then_hours")
        .says("Age in hours at which a segment is closed, when `log.roll.ms` is not set."),
    Key::broker("log.roll.jitter.hours", Kind::Int, Some("0"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("log.roll.jitter.ms"), same("log.roll.jitter.hours")])
        .effective("segment_ms_is_read_from_ms_then_hours")
        .says("Largest random delay in hours taken off a segment's age limit, when `log.roll.jitter.ms` is not set."),
    Key::broker("log.roll.jitter.ms", Kind::Long, None)
        .cluster_wide()
        .synonyms(&[same("log.roll.jitter.ms"), same("log.roll.jitter.hours")])
        .effective("segment_ms_is_read_from_ms_then_hours")
        .says("Largest random delay in milliseconds taken off a segment's age limit, so that not all roll at once."),
    Key::broker("log.roll.ms", Kind::Long, None)
        .cluster_wide()
        .synonyms(&[same("log.roll.ms"), same("log.roll.hours")])
        .effective("segment_ms_is_read_from_ms_then_hours")
        .says("Age in milliseconds at which a segment is closed where the topic does not say."),
    Key::broker("log.segment.bytes", Kind::Int, Some("1073741824"))
        .check(Check::AtLeast(1_048_576))
        .cluster_wide()
        .effective("a_segment_rolls_at_segment_bytes")
        .says("Size at which a segment is closed where the topic does not say."),
    Key::broker("log.segment.delete.delay.ms", Kind::Long, Some("60000"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .effective("a_deleted_segments_file_stays_for_the_delay")
        .says("How long a deleted segment's files stay on disk, so that readers can finish, where the topic does not say."),
    Key::broker("min.insync.replicas", Kind::Int, Some("1"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .effective("min_insync_replicas_is_enforced_for_acks_all")
        .says("Replicas that must be in sync for a write with acks=all to be taken, where the topic does not say."),
    Key::broker("num.partitions", Kind::Int, Some("1"))
        .check(Check::AtLeast(1))
        .effective("a_topic_with_factor_minus_one_gets_the_nodes_default")
        .says("Partitions of a new topic that does not say."),
    Key::broker("num.recovery.threads.per.data.dir", Kind::Int, Some("2"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Threads per directory that check logs at start and flush them at the end in Kafka."),
    Key::broker("create.topic.policy.class.name", Kind::Class, None)
        .refused("Java plugins cannot be loaded, and topics would be created that the policy forbids; remove the key")
        .says("Java class that may forbid the creation of a topic."),
    Key::broker("alter.config.policy.class.name", Kind::Class, None)
        .refused("Java plugins cannot be loaded, and configurations would be set that the policy forbids; remove the key")
        .says("Java class that may forbid a change of configuration."),
    Key::broker("log.cleaner.backoff.ms", Kind::Long, Some("15000"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .says("Pause of the cleaner when there is nothing to compact."),
    Key::broker("log.cleaner.dedupe.buffer.size", Kind::Long, Some("134217728"))
        .cluster_wide()
        .says("Memory for the table of keys during compaction, over all cleaner threads."),
    Key::broker("log.cleaner.delete.retention.ms", Kind::Long, Some("86400000"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .says("How long a compacted topic keeps its deletion markers where the topic does not say."),
    Key::broker("log.cleaner.enable", Kind::Boolean, Some("true"))
        .says("Whether compacted topics are compacted; deprecated in Kafka."),
    Key::broker("log.cleaner.io.buffer.load.factor", Kind::Double, Some("0.9"))
        .cluster_wide()
        .says("How full the table of keys may get before compaction goes another round."),
    Key::broker("log.cleaner.io.buffer.size", Kind::Int, Some("524288"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .says("Memory for reading and writing during compaction, over all cleaner threads."),
    Key::broker("log.cleaner.io.max.bytes.per.second", Kind::Double, Some("1.7976931348623157E308"))
        .cluster_wide()
        .says("Bytes per second that compaction may read and write together."),
    Key::broker("log.cleaner.max.compaction.lag.ms", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Longest time that a record may stay uncompacted where the topic does not say."),
    Key::broker("log.cleaner.min.cleanable.ratio", Kind::Double, Some("0.5"))
        .check(Check::Fraction(0.0, 1.0))
        .cluster_wide()
        .says("Share of uncompacted log at which compaction becomes due where the topic does not say."),
    Key::broker("log.cleaner.min.compaction.lag.ms", Kind::Long, Some("0"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .says("Shortest time that a record stays uncompacted where the topic does not say."),
    Key::broker("log.cleaner.threads", Kind::Int, Some("1"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .says("Threads that compact."),
];
