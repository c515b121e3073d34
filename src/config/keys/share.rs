//! Share groups and their coordinator on a broker (`ShareGroupConfig`, `ShareCoordinatorConfig`).

use super::key::{Check, Key, Kind, Origin};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("group.share.assignment.interval.ms", Kind::Int, Some("1000"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .says("Shortest time between two assignments of a share group (KIP-1263)."),
    Key::broker("group.share.assignor.offload.enable", Kind::Boolean, Some("true"))
        .origin(Origin::Upcoming)
        .says("Whether share group assignments are computed in the background (Kafka 4.4)."),
    Key::broker("group.share.assignors", Kind::List, Some("simple"))
        .check(Check::Entries { allowed: &[], may_be_empty: false })
        .says("Assignors offered to share groups: `simple` or a Java class."),
    Key::broker("group.share.delivery.count.limit", Kind::Int, Some("5"))
        .check(Check::Between(2, 10))
        .says("Times that a record is delivered to a share group before it is given up."),
    Key::broker("group.share.dlq.manager.class.name", Kind::String, Some("org.apache.kafka.server.share.dlq.DefaultShareGroupDLQManager"))
        .origin(Origin::Upcoming)
        .says("Kafka's test override of the class that writes dead letters."),
    Key::broker("group.share.heartbeat.interval.ms", Kind::Int, Some("5000"))
        .check(Check::AtLeast(1))
        .says("Heartbeat interval given to members of share groups."),
    Key::broker("group.share.initialize.retry.interval.ms", Kind::Int, Some("30000"))
        .check(Check::AtLeast(1))
        .origin(Origin::Internal)
        .says("Pause before a failed initialisation of share state is repeated."),
    Key::broker("group.share.max.assignment.interval.ms", Kind::Int, Some("15000"))
        .check(Check::AtLeast(0))
        .says("Upper bound for a group's own `share.assignment.interval.ms`."),
    Key::broker("group.share.max.delivery.count.limit", Kind::Int, Some("10"))
        .check(Check::Between(5, 25))
        .says("Upper bound for a group's own `share.delivery.count.limit`."),
    Key::broker("group.share.max.heartbeat.interval.ms", Kind::Int, Some("15000"))
        .check(Check::AtLeast(1))
        .says("Upper bound for a group's own `share.heartbeat.interval.ms`."),
    Key::broker("group.share.max.partition.max.record.locks", Kind::Int, Some("4000"))
        .check(Check::Between(2000, 10_000))
        .says("Upper bound for a group's own `share.partition.max.record.locks`."),
    Key::broker("group.share.max.record.lock.duration.ms", Kind::Int, Some("60000"))
        .check(Check::Between(30_000, 3_600_000))
        .says("Upper bound for a group's own `share.record.lock.duration.ms`."),
    Key::broker("group.share.max.session.timeout.ms", Kind::Int, Some("60000"))
        .check(Check::AtLeast(1))
        .says("Upper bound for a group's own `share.session.timeout.ms`."),
    Key::broker("group.share.max.share.sessions", Kind::Int, Some("2000"))
        .check(Check::AtLeast(1))
        .says("Share sessions that one broker holds at once."),
    Key::broker("group.share.max.size", Kind::Int, Some("200"))
        .check(Check::Between(1, 1000))
        .says("Members that one share group may have."),
    Key::broker("group.share.min.assignment.interval.ms", Kind::Int, Some("0"))
        .check(Check::AtLeast(0))
        .says("Lower bound for a group's own `share.assignment.interval.ms`."),
    Key::broker("group.share.min.delivery.count.limit", Kind::Int, Some("2"))
        .check(Check::Between(2, 5))
        .says("Lower bound for a group's own `share.delivery.count.limit`."),
    Key::broker("group.share.min.heartbeat.interval.ms", Kind::Int, Some("5000"))
        .check(Check::AtLeast(1))
        .says("Lower bound for a group's own `share.heartbeat.interval.ms`."),
    Key::broker("group.share.min.partition.max.record.locks", Kind::Int, Some("100"))
        .check(Check::Between(100, 2000))
        .says("Lower bound for a group's own `share.partition.max.record.locks`."),
    Key::broker("group.share.min.record.lock.duration.ms", Kind::Int, Some("15000"))
        .check(Check::Between(1000, 30_000))
        .says("Lower bound for a group's own `share.record.lock.duration.ms`."),
    Key::broker("group.share.min.session.timeout.ms", Kind::Int, Some("45000"))
        .check(Check::AtLeast(1))
        .says("Lower bound for a group's own `share.session.timeout.ms`."),
    Key::broker("group.share.partition.max.record.locks", Kind::Int, Some("2000"))
        .check(Check::Between(100, 10_000))
        .says("Records of one partition that a share group may hold undecided at once."),
    Key::broker("group.share.persister.class.name", Kind::String, Some("org.apache.kafka.server.share.persister.DefaultStatePersister"))
        .origin(Origin::Internal)
        .says("Kafka's test override of the class that stores share state."),
    Key::broker("group.share.record.lock.duration.ms", Kind::Int, Some("30000"))
        .check(Check::Between(1000, 3_600_000))
        .says("How long a delivered record is held for its consumer before it is offered again."),
    Key::broker("group.share.session.timeout.ms", Kind::Int, Some("45000"))
        .check(Check::AtLeast(1))
        .says("A member of a share group that is silent for this long is removed."),
    Key::broker("share.coordinator.append.linger.ms", Kind::Int, Some("-1"))
        .check(Check::AtLeast(-1))
        .says("How long the share coordinator gathers writes before it appends them; -1 adapts by itself."),
    Key::broker("share.coordinator.cached.buffer.max.bytes", Kind::Int, Some("1048588"))
        .check(Check::AtLeast(524_288))
        .cluster_wide()
        .says("Largest write buffer that Kafka's share coordinator keeps for reuse."),
    Key::broker("share.coordinator.cold.partition.snapshot.interval.ms", Kind::Int, Some("300000"))
        .check(Check::AtLeast(1))
        .origin(Origin::Internal)
        .says("Time after which share state without updates is written out whole."),
    Key::broker("share.coordinator.load.buffer.size", Kind::Int, Some("5242880"))
        .check(Check::AtLeast(1))
        .says("Size of the pieces in which the share state topic is read at load."),
    Key::broker("share.coordinator.snapshot.update.records.per.snapshot", Kind::Int, Some("500"))
        .check(Check::Between(0, 500))
        .says("Updates of share state between two whole snapshots of it."),
    Key::broker("share.coordinator.state.topic.compression.codec", Kind::Int, Some("0"))
        .says("Codec number for records of the share state topic; 0 is none."),
    Key::broker("share.coordinator.state.topic.min.isr", Kind::Short, Some("2"))
        .check(Check::AtLeast(1))
        .says("In-sync replicas that the share state topic needs for a write."),
    Key::broker("share.coordinator.state.topic.num.partitions", Kind::Int, Some("50"))
        .check(Check::AtLeast(1))
        .says("Partitions of the share state topic; fixed once it exists."),
    Key::broker("share.coordinator.state.topic.prune.interval.ms", Kind::Int, Some("300000"))
        .check(Check::AtLeast(1))
        .origin(Origin::Internal)
        .says("Time between two removals of share state records that nothing needs."),
    Key::broker("share.coordinator.state.topic.replication.factor", Kind::Short, Some("3"))
        .check(Check::AtLeast(1))
        .says("Replicas of the share state topic."),
    Key::broker("share.coordinator.state.topic.segment.bytes", Kind::Int, Some("104857600"))
        .check(Check::AtLeast(1))
        .says("Segment size of the share state topic."),
    Key::broker("share.coordinator.threads", Kind::Int, Some("1"))
        .check(Check::AtLeast(1))
        .says("Threads of Kafka's share coordinator."),
    Key::broker("share.coordinator.write.timeout.ms", Kind::Int, Some("5000"))
        .check(Check::AtLeast(1))
        .says("How long a write to the share state topic may take."),
    Key::broker("share.fetch.purgatory.purge.interval.requests", Kind::Int, Some("1000"))
        .says("How often Kafka sweeps finished share fetches."),
];
