//! What can be set on a group (`GroupConfig`).

use super::key::{Check, Key, Kind, Origin, same};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::group("consumer.assignment.interval.ms", Kind::Int, Some("1000"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("group.consumer.assignment.interval.ms")])
        .says("Shortest time between two assignments of this consumer group."),
    Key::group("consumer.assignor.offload.enable", Kind::Boolean, Some("true"))
        .origin(Origin::Upcoming)
        .synonyms(&[same("group.consumer.assignor.offload.enable")])
        .says("Whether this group's assignments are computed in the background (Kafka 4.4)."),
    Key::group("consumer.heartbeat.interval.ms", Kind::Int, Some("5000"))
        .check(Check::AtLeast(1))
        .synonyms(&[same("group.consumer.heartbeat.interval.ms")])
        .says("Heartbeat interval given to this consumer group's members."),
    Key::group("consumer.session.timeout.ms", Kind::Int, Some("45000"))
        .check(Check::AtLeast(1))
        .synonyms(&[same("group.consumer.session.timeout.ms")])
        .says("A member of this consumer group that is silent for this long is removed."),
    Key::group("errors.deadletterqueue.copy.record.enable", Kind::Boolean, Some("false"))
        .origin(Origin::Upcoming)
        .says("Whether a dead letter carries the whole record (KIP-1191)."),
    Key::group("errors.deadletterqueue.topic.name", Kind::String, Some(""))
        .origin(Origin::Upcoming)
        .says("Topic for this group's dead letters (KIP-1191)."),
    Key::group("share.assignment.interval.ms", Kind::Int, Some("1000"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("group.share.assignment.interval.ms")])
        .says("Shortest time between two assignments of this share group."),
    Key::group("share.assignor.offload.enable", Kind::Boolean, Some("true"))
        .origin(Origin::Upcoming)
        .synonyms(&[same("group.share.assignor.offload.enable")])
        .says("Whether this share group's assignments are computed in the background (Kafka 4.4)."),
    Key::group("share.auto.offset.reset", Kind::String, Some("latest"))
        .check(Check::OffsetReset)
        .says("Where a share group begins a partition that it has no state for: `latest`, `earliest` or `by_duration:` and an ISO 8601 duration."),
    Key::group("share.delivery.count.limit", Kind::Int, Some("5"))
        .check(Check::AtLeast(2))
        .synonyms(&[same("group.share.delivery.count.limit")])
        .says("Times that a record is delivered to this group before it is given up."),
    Key::group("share.heartbeat.interval.ms", Kind::Int, Some("5000"))
        .check(Check::AtLeast(1))
        .synonyms(&[same("group.share.heartbeat.interval.ms")])
        .says("Heartbeat interval given to this share group's members."),
    Key::group("share.isolation.level", Kind::String, Some("read_uncommitted"))
        .check(Check::OneOf(&["read_committed", "read_uncommitted"]))
        .says("Whether this share group sees only committed transactional records."),
    Key::group("share.partition.max.record.locks", Kind::Int, Some("2000"))
        .check(Check::AtLeast(100))
        .synonyms(&[same("group.share.partition.max.record.locks")])
        .says("Records of one partition that this group may hold undecided at once."),
    Key::group("share.record.lock.duration.ms", Kind::Int, Some("30000"))
        .check(Check::AtLeast(1000))
        .synonyms(&[same("group.share.record.lock.duration.ms")])
        .says("How long a delivered record is held for its consumer before it is offered again."),
    Key::group("share.renew.acknowledge.enable", Kind::Boolean, Some("true"))
        .says("Whether consumers of this group may extend their hold on a record (KIP-1222)."),
    Key::group("share.session.timeout.ms", Kind::Int, Some("45000"))
        .check(Check::AtLeast(1))
        .synonyms(&[same("group.share.session.timeout.ms")])
        .says("A member of this share group that is silent for this long is removed."),
    Key::group("streams.acceptable.recovery.lag", Kind::Long, Some("10000"))
        .origin(Origin::Upcoming)
        .synonyms(&[same("group.streams.acceptable.recovery.lag")])
        .says("Lag up to which a task of this group counts as caught up (Kafka 4.4)."),
    Key::group("streams.assignment.interval.ms", Kind::Int, Some("1000"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("group.streams.assignment.interval.ms")])
        .says("Shortest time between two assignments of this Streams group."),
    Key::group("streams.assignor.name", Kind::String, None)
        .origin(Origin::Upcoming)
        .says("Task assignor of this Streams group (KIP-1357)."),
    Key::group("streams.assignor.offload.enable", Kind::Boolean, Some("true"))
        .origin(Origin::Upcoming)
        .synonyms(&[same("group.streams.assignor.offload.enable")])
        .says("Whether this Streams group's assignments are computed in the background (Kafka 4.4)."),
    Key::group("streams.heartbeat.interval.ms", Kind::Int, Some("5000"))
        .check(Check::AtLeast(1))
        .synonyms(&[same("group.streams.heartbeat.interval.ms")])
        .says("Heartbeat interval given to this Streams group's members."),
    Key::group("streams.initial.rebalance.delay.ms", Kind::Int, Some("3000"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("group.streams.initial.rebalance.delay.ms")])
        .says("How long this group's first assignment waits for more members."),
    Key::group("streams.num.standby.replicas", Kind::Int, Some("0"))
        .check(Check::AtLeast(0))
        .synonyms(&[same("group.streams.num.standby.replicas")])
        .says("Standby copies of every stateful task of this group."),
    Key::group("streams.num.warmup.replicas", Kind::Int, Some("2"))
        .origin(Origin::Upcoming)
        .synonyms(&[same("group.streams.num.warmup.replicas")])
        .says("Extra copies that may warm up before tasks of this group move (Kafka 4.4)."),
    Key::group("streams.rack.aware.assignment.tags", Kind::List, Some(""))
        .origin(Origin::Upcoming)
        .synonyms(&[same("group.streams.rack.aware.assignment.tags")])
        .says("Client tags over which this group's standbys are spread (Kafka 4.4)."),
    Key::group("streams.session.timeout.ms", Kind::Int, Some("45000"))
        .check(Check::AtLeast(1))
        .synonyms(&[same("group.streams.session.timeout.ms")])
        .says("A member of this Streams group that is silent for this long is removed."),
    Key::group("streams.task.offset.interval.ms", Kind::Int, Some("60000"))
        .origin(Origin::Upcoming)
        .synonyms(&[same("group.streams.task.offset.interval.ms")])
        .says("How often members of this group report their tasks' offsets (Kafka 4.4)."),
];
