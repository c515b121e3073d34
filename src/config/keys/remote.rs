//! Tiered storage (`RemoteLogManagerConfig`).

use super::key::{Check, Key, Kind, Origin};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("remote.fetch.max.wait.ms", Kind::Int, Some("500"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Longest wait of a fetch for remote storage."),
    Key::broker("remote.list.offsets.request.timeout.ms", Kind::Long, Some("30000"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Longest wait of ListOffsets for remote storage."),
    Key::broker("remote.log.index.file.cache.total.size.bytes", Kind::Long, Some("1073741824"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Local disk for cached indexes of remote segments."),
    Key::broker("remote.log.index.file.cache.ttl.ms", Kind::Long, Some("900000"))
        .check(Check::AtLeast(-1))
        .origin(Origin::Internal)
        .says("How long a cached index of a remote segment stays; -1 is for ever."),
    Key::broker("remote.log.manager.copier.thread.pool.size", Kind::Int, Some("10"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Threads that copy segments to remote storage."),
    Key::broker("remote.log.manager.copy.max.bytes.per.second", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Bytes per second copied to remote storage."),
    Key::broker("remote.log.manager.copy.quota.window.num", Kind::Int, Some("11"))
        .check(Check::AtLeast(1))
        .says("Number of samples kept for the quota on copying."),
    Key::broker("remote.log.manager.copy.quota.window.size.seconds", Kind::Int, Some("1"))
        .check(Check::AtLeast(1))
        .says("Length of one sample of the quota on copying."),
    Key::broker("remote.log.manager.expiration.thread.pool.size", Kind::Int, Some("10"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Threads that delete expired remote segments."),
    Key::broker("remote.log.manager.fetch.max.bytes.per.second", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Bytes per second read from remote storage."),
    Key::broker("remote.log.manager.fetch.quota.window.num", Kind::Int, Some("11"))
        .check(Check::AtLeast(1))
        .says("Number of samples kept for the quota on remote reads."),
    Key::broker("remote.log.manager.fetch.quota.window.size.seconds", Kind::Int, Some("1"))
        .check(Check::AtLeast(1))
        .says("Length of one sample of the quota on remote reads."),
    Key::broker("remote.log.manager.follower.thread.pool.size", Kind::Int, Some("2"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Threads that follow remote state on followers."),
    Key::broker("remote.log.manager.task.interval.ms", Kind::Long, Some("30000"))
        .check(Check::AtLeast(1))
        .says("Time between two looks for segments to copy or delete."),
    Key::broker("remote.log.manager.task.retry.backoff.max.ms", Kind::Long, Some("30000"))
        .check(Check::AtLeast(1))
        .origin(Origin::Internal)
        .says("Longest pause between attempts of a failed remote task."),
    Key::broker("remote.log.manager.task.retry.backoff.ms", Kind::Long, Some("500"))
        .check(Check::AtLeast(1))
        .origin(Origin::Internal)
        .says("First pause between attempts of a failed remote task."),
    Key::broker("remote.log.manager.task.retry.jitter", Kind::Double, Some("0.2"))
        .check(Check::Fraction(0.0, 0.5))
        .origin(Origin::Internal)
        .says("Random share of the pause between attempts of a failed remote task."),
    Key::broker("remote.log.manager.thread.pool.size", Kind::Int, Some("2"))
        .check(Check::AtLeast(1))
        .says("Older key for the threads of remote storage tasks; deprecated in Kafka."),
    Key::broker("remote.log.metadata.custom.metadata.max.bytes", Kind::Int, Some("128"))
        .check(Check::AtLeast(0))
        .says("Largest private note that a remote storage plugin may keep per segment."),
    Key::broker("remote.log.metadata.manager.class.name", Kind::String, Some("org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager"))
        .check(Check::NotEmpty)
        .says("Java class that stores which segments are in remote storage."),
    Key::broker("remote.log.metadata.manager.class.path", Kind::String, None)
        .says("Where to load that Java class from."),
    Key::broker("remote.log.metadata.manager.impl.prefix", Kind::String, Some("rlmm.config."))
        .check(Check::NotEmpty)
        .says("Prefix of that Java class's own keys."),
    Key::broker("remote.log.metadata.manager.listener.name", Kind::String, None)
        .check(Check::NotEmpty)
        .says("Listener over which that Java class connects to the brokers."),
    Key::broker("remote.log.reader.max.pending.tasks", Kind::Int, Some("100"))
        .check(Check::AtLeast(1))
        .says("Remote reads that may wait at once."),
    Key::broker("remote.log.reader.threads", Kind::Int, Some("10"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Threads that read from remote storage."),
    Key::broker("remote.log.storage.manager.class.name", Kind::String, None)
        .check(Check::NotEmpty)
        .says("Java class that reads and writes remote storage."),
    Key::broker("remote.log.storage.manager.class.path", Kind::String, None)
        .says("Where to load that Java class from."),
    Key::broker("remote.log.storage.manager.impl.prefix", Kind::String, Some("rsm.config."))
        .check(Check::NotEmpty)
        .says("Prefix of that Java class's own keys."),
    Key::broker("remote.log.storage.system.enable", Kind::Boolean, Some("false"))
        .refused("tiered storage is not built yet, and data would stay on local disk that is meant to be moved; remove the key")
        .says("Whether tiered storage is switched on at all."),
    Key::broker("log.remote.copy.lag.bytes", Kind::Long, Some("-1"))
        .origin(Origin::Upcoming)
        .says("Broker default of a topic's `remote.copy.lag.bytes` (Kafka 4.4)."),
    Key::broker("log.remote.copy.lag.ms", Kind::Long, Some("0"))
        .origin(Origin::Upcoming)
        .says("Broker default of a topic's `remote.copy.lag.ms` (Kafka 4.4)."),
];
