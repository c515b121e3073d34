//! Classic, consumer and Streams groups on a broker (`GroupCoordinatorConfig`).

use super::key::{Check, Key, Kind, Origin};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker(
        "group.consumer.assignment.interval.ms",
        Kind::Int,
        Some("1000"),
    )
    .check(Check::AtLeast(0))
    .cluster_wide()
    .says("Shortest time between two assignments of a consumer group (KIP-1263)."),
    Key::broker(
        "group.consumer.assignors",
        Kind::List,
        Some("uniform,range"),
    )
    .check(Check::Entries {
        allowed: &[],
        may_be_empty: false,
    })
    .says("Assignors offered to consumer groups: `uniform`, `range` or a Java class."),
    Key::broker(
        "group.consumer.assignor.offload.enable",
        Kind::Boolean,
        Some("true"),
    )
    .origin(Origin::Upcoming)
    .says("Whether consumer group assignments are computed in the background (Kafka 4.4)."),
    Key::broker(
        "group.consumer.heartbeat.interval.ms",
        Kind::Int,
        Some("5000"),
    )
    .check(Check::AtLeast(1))
    .says("Heartbeat interval given to members of consumer groups."),
    Key::broker(
        "group.consumer.max.assignment.interval.ms",
        Kind::Int,
        Some("15000"),
    )
    .check(Check::AtLeast(0))
    .says("Upper bound for a group's own `consumer.assignment.interval.ms`."),
    Key::broker(
        "group.consumer.max.heartbeat.interval.ms",
        Kind::Int,
        Some("15000"),
    )
    .check(Check::AtLeast(1))
    .says("Upper bound for a group's own `consumer.heartbeat.interval.ms`."),
    Key::broker(
        "group.consumer.max.session.timeout.ms",
        Kind::Int,
        Some("60000"),
    )
    .check(Check::AtLeast(1))
    .says("Upper bound for a group's own `consumer.session.timeout.ms`."),
    Key::broker("group.consumer.max.size", Kind::Int, Some("2147483647"))
        .check(Check::AtLeast(1))
        .says("Members that one consumer group may have."),
    Key::broker(
        "group.consumer.migration.policy",
        Kind::String,
        Some("bidirectional"),
    )
    .check(Check::OneOfIgnoringCase(&[
        "DISABLED",
        "DOWNGRADE",
        "UPGRADE",
        "BIDIRECTIONAL",
    ]))
    .says(
        "Which moves between the classic and the consumer protocol a group may make while in use.",
    ),
    Key::broker(
        "group.consumer.min.assignment.interval.ms",
        Kind::Int,
        Some("0"),
    )
    .check(Check::AtLeast(0))
    .says("Lower bound for a group's own `consumer.assignment.interval.ms`."),
    Key::broker(
        "group.consumer.min.heartbeat.interval.ms",
        Kind::Int,
        Some("5000"),
    )
    .check(Check::AtLeast(1))
    .says("Lower bound for a group's own `consumer.heartbeat.interval.ms`."),
    Key::broker(
        "group.consumer.min.session.timeout.ms",
        Kind::Int,
        Some("45000"),
    )
    .check(Check::AtLeast(1))
    .says("Lower bound for a group's own `consumer.session.timeout.ms`."),
    Key::broker(
        "group.consumer.regex.refresh.interval.ms",
        Kind::Int,
        Some("600000"),
    )
    .check(Check::AtLeast(10_000))
    .origin(Origin::Internal)
    .says("Time between two looks for topics that match subscribed patterns."),
    Key::broker(
        "group.consumer.session.timeout.ms",
        Kind::Int,
        Some("45000"),
    )
    .check(Check::AtLeast(1))
    .says("A member of a consumer group that is silent for this long is removed."),
    Key::broker("group.coordinator.append.linger.ms", Kind::Int, Some("-1"))
        .check(Check::AtLeast(-1))
        .says(
            "How long the coordinator gathers writes before it appends them; -1 adapts by itself.",
        ),
    Key::broker("group.coordinator.background.threads", Kind::Int, Some("2"))
        .check(Check::AtLeast(1))
        .says("Threads for the coordinator's background work in Kafka."),
    Key::broker(
        "group.coordinator.cached.buffer.max.bytes",
        Kind::Int,
        Some("1048588"),
    )
    .check(Check::AtLeast(524_288))
    .cluster_wide()
    .says("Largest write buffer that Kafka's coordinator keeps for reuse."),
    Key::broker(
        "group.coordinator.rebalance.protocols",
        Kind::List,
        Some("classic,consumer,streams"),
    )
    .check(Check::Entries {
        allowed: &["consumer", "classic", "share", "streams"],
        may_be_empty: false,
    })
    .says("Group protocols that are switched on; deprecated since Kafka 4.3 (KIP-1237)."),
    Key::broker("group.coordinator.threads", Kind::Int, Some("4"))
        .check(Check::AtLeast(1))
        .says("Threads of Kafka's group coordinator."),
    Key::broker("group.initial.rebalance.delay.ms", Kind::Int, Some("3000"))
        .effective("every_new_member_prolongs_the_initial_delay_up_to_the_rebalance_timeout")
        .says("How long the first rebalance of an empty group waits for more members."),
    Key::broker("group.max.session.timeout.ms", Kind::Int, Some("1800000"))
        .effective("session_timeouts_have_bounds")
        .says("Longest session timeout that a member of a classic group may ask for."),
    Key::broker("group.max.size", Kind::Int, Some("2147483647"))
        .check(Check::AtLeast(1))
        .effective("a_group_has_no_more_members_than_allowed")
        .says("Members that one classic group may have."),
    Key::broker("group.min.session.timeout.ms", Kind::Int, Some("6000"))
        .effective("session_timeouts_have_bounds")
        .says("Shortest session timeout that a member of a classic group may ask for."),
    Key::broker("offset.metadata.max.bytes", Kind::Int, Some("4096"))
        .effective("the_text_of_a_commit_has_a_limit_in_utf_16_units")
        .says("Longest text that a client may store with a committed offset."),
    Key::broker("offsets.commit.timeout.ms", Kind::Int, Some("5000"))
        .check(Check::AtLeast(1))
        .effective("an_answer_that_is_not_committed_in_time_is_given_up_but_its_records_stand")
        .says("How long an offset commit may wait for its replicas."),
    Key::broker("offsets.load.buffer.size", Kind::Int, Some("5242880"))
        .check(Check::AtLeast(1))
        .effective("a_log_is_loaded_in_pieces_of_any_size")
        .says("Size of the pieces in which the offsets topic is read at load."),
    Key::broker(
        "offsets.retention.check.interval.ms",
        Kind::Long,
        Some("600000"),
    )
    .check(Check::AtLeast(1))
    .effective("offsets_expire_by_what_their_group_is")
    .says("Time between two looks for expired offsets."),
    Key::broker("offsets.retention.minutes", Kind::Int, Some("10080"))
        .check(Check::AtLeast(1))
        .effective("offsets_expire_by_what_their_group_is")
        .says("How long the offsets of a group without members are kept."),
    Key::broker("offsets.topic.compression.codec", Kind::Int, Some("0"))
        .effective("batches_of_the_offsets_topic_are_compressed_as_configured")
        .says("Codec number for records of the offsets topic; 0 is none."),
    Key::broker("offsets.topic.num.partitions", Kind::Int, Some("50"))
        .check(Check::AtLeast(1))
        .effective("an_internal_topic_is_created_as_configured")
        .says("Partitions of the offsets topic; fixed once it exists."),
    Key::broker("offsets.topic.replication.factor", Kind::Short, Some("3"))
        .check(Check::AtLeast(1))
        .effective("an_internal_topic_is_created_as_configured")
        .says("Replicas of the offsets topic."),
    Key::broker("offsets.topic.segment.bytes", Kind::Int, Some("104857600"))
        .check(Check::AtLeast(1))
        .effective("an_internal_topic_is_created_as_configured")
        .says("Segment size of the offsets topic, small so that compaction keeps up."),
    Key::broker(
        "group.streams.acceptable.recovery.lag",
        Kind::Long,
        Some("10000"),
    )
    .origin(Origin::Upcoming)
    .says("Lag up to which a Streams task counts as caught up (Kafka 4.4)."),
    Key::broker(
        "group.streams.assignment.interval.ms",
        Kind::Int,
        Some("1000"),
    )
    .check(Check::AtLeast(0))
    .cluster_wide()
    .says("Shortest time between two assignments of a Streams group (KIP-1263)."),
    Key::broker(
        "group.streams.assignor.offload.enable",
        Kind::Boolean,
        Some("true"),
    )
    .origin(Origin::Upcoming)
    .says("Whether Streams group assignments are computed in the background (Kafka 4.4)."),
    Key::broker("group.streams.assignors", Kind::List, Some("sticky"))
        .origin(Origin::Upcoming)
        .says("Task assignors offered to Streams groups (KIP-1357)."),
    Key::broker(
        "group.streams.heartbeat.interval.ms",
        Kind::Int,
        Some("5000"),
    )
    .check(Check::AtLeast(1))
    .says("Heartbeat interval given to members of Streams groups."),
    Key::broker(
        "group.streams.initial.rebalance.delay.ms",
        Kind::Int,
        Some("3000"),
    )
    .check(Check::AtLeast(0))
    .says("How long the first assignment of an empty Streams group waits for more members."),
    Key::broker(
        "group.streams.max.assignment.interval.ms",
        Kind::Int,
        Some("15000"),
    )
    .check(Check::AtLeast(0))
    .says("Upper bound for a group's own `streams.assignment.interval.ms`."),
    Key::broker(
        "group.streams.max.heartbeat.interval.ms",
        Kind::Int,
        Some("15000"),
    )
    .check(Check::AtLeast(1))
    .says("Upper bound for a group's own `streams.heartbeat.interval.ms`."),
    Key::broker(
        "group.streams.max.session.timeout.ms",
        Kind::Int,
        Some("60000"),
    )
    .check(Check::AtLeast(1))
    .says("Upper bound for a group's own `streams.session.timeout.ms`."),
    Key::broker("group.streams.max.size", Kind::Int, Some("2147483647"))
        .check(Check::AtLeast(1))
        .says("Members that one Streams group may have."),
    Key::broker("group.streams.max.standby.replicas", Kind::Int, Some("2"))
        .check(Check::AtLeast(0))
        .says("Upper bound for a group's own `streams.num.standby.replicas`."),
    Key::broker("group.streams.max.warmup.replicas", Kind::Int, Some("20"))
        .origin(Origin::Upcoming)
        .says("Upper bound for a group's own `streams.num.warmup.replicas` (Kafka 4.4)."),
    Key::broker(
        "group.streams.min.assignment.interval.ms",
        Kind::Int,
        Some("0"),
    )
    .check(Check::AtLeast(0))
    .says("Lower bound for a group's own `streams.assignment.interval.ms`."),
    Key::broker(
        "group.streams.min.heartbeat.interval.ms",
        Kind::Int,
        Some("5000"),
    )
    .check(Check::AtLeast(1))
    .says("Lower bound for a group's own `streams.heartbeat.interval.ms`."),
    Key::broker(
        "group.streams.min.session.timeout.ms",
        Kind::Int,
        Some("45000"),
    )
    .check(Check::AtLeast(1))
    .says("Lower bound for a group's own `streams.session.timeout.ms`."),
    Key::broker(
        "group.streams.min.task.offset.interval.ms",
        Kind::Int,
        Some("15000"),
    )
    .origin(Origin::Upcoming)
    .says("Lower bound for a group's own `streams.task.offset.interval.ms` (Kafka 4.4)."),
    Key::broker("group.streams.num.standby.replicas", Kind::Int, Some("0"))
        .check(Check::AtLeast(0))
        .says("Standby copies of every stateful Streams task."),
    Key::broker("group.streams.num.warmup.replicas", Kind::Int, Some("2"))
        .origin(Origin::Upcoming)
        .says("Extra copies that may warm up before Streams tasks move (Kafka 4.4)."),
    Key::broker(
        "group.streams.rack.aware.assignment.tags",
        Kind::List,
        Some(""),
    )
    .origin(Origin::Upcoming)
    .says("Client tags over which Streams standbys are spread (Kafka 4.4)."),
    Key::broker("group.streams.session.timeout.ms", Kind::Int, Some("45000"))
        .check(Check::AtLeast(1))
        .says("A member of a Streams group that is silent for this long is removed."),
    Key::broker(
        "group.streams.task.offset.interval.ms",
        Kind::Int,
        Some("60000"),
    )
    .origin(Origin::Upcoming)
    .says("How often members report their tasks' offsets (Kafka 4.4)."),
    Key::broker(
        "group.streams.topology.description.plugin.class",
        Kind::Class,
        None,
    )
    .origin(Origin::Upcoming)
    .says("Java class that stores descriptions of Streams topologies (KIP-1331)."),
    Key::broker(
        "errors.deadletterqueue.auto.create.topics.enable",
        Kind::Boolean,
        Some("false"),
    )
    .origin(Origin::Upcoming)
    .says("Whether dead letter topics of share groups are created by the broker (KIP-1191)."),
    Key::broker(
        "errors.deadletterqueue.topic.name.prefix",
        Kind::String,
        Some("dlq."),
    )
    .origin(Origin::Upcoming)
    .says("Prefix that a dead letter topic's name must have (KIP-1191)."),
];
