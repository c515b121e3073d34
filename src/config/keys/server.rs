//! The node itself and what it allows (`ServerConfigs`, `KRaftConfigs`).

use super::key::{Check, Key, Kind, Origin};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("node.id", Kind::Int, Some("1"))
        .unlike_kafka("must be set")
        .check(Check::AtLeast(0))
        .effective("node_id_and_broker_id_name_the_same_node")
        .says("Identity of this node in the cluster; it must be unique and must not change while the data directory lives."),
    Key::broker("broker.id", Kind::Int, Some("1"))
        .unlike_kafka("-1, or node.id")
        .effective("node_id_and_broker_id_name_the_same_node")
        .says("Older name of `node.id`; where both are set they must agree."),
    Key::broker("process.roles", Kind::List, Some("broker,controller"))
        .unlike_kafka("must be set")
        .check(Check::Entries { allowed: &["broker", "controller"], may_be_empty: false })
        .effective("process_roles_default_to_broker_and_controller")
        .says("What this process does: `broker`, `controller` or both."),
    Key::broker("broker.rack", Kind::String, None)
        .effective("a_brokers_rack_is_in_its_registration")
        .says("Where the broker stands (rack, zone); told to clients and used when replicas are placed."),
    Key::broker("authorizer.class.name", Kind::String, Some(""))
        .effective("kafkas_authorizer_class_turns_access_control_on")
        .says("`org.apache.kafka.metadata.authorizer.StandardAuthorizer` turns access control on, other classes are refused; empty means that everyone may do everything."),
    Key::broker("auto.create.topics.enable", Kind::Boolean, Some("true"))
        .effective("a_produced_to_topic_is_created_when_auto_create_is_on")
        .says("Whether a topic that a client asks metadata for, and that does not exist, is created."),
    Key::broker("delete.topic.enable", Kind::Boolean, Some("true"))
        .effective("deleting_topics_can_be_turned_off")
        .says("Whether DeleteTopics is allowed at all."),
    Key::broker("background.threads", Kind::Int, Some("10"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Threads for background work in Kafka; Ottla's runtime sizes itself by the machine."),
    Key::broker("compression.type", Kind::String, Some("producer"))
        .check(Check::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]))
        .cluster_wide()
        .effective("a_topic_with_its_own_codec_stores_in_it")
        .says("Codec that batches are stored in when the topic does not say: a codec's name, `uncompressed`, or `producer` to keep what was sent."),
    Key::broker("compression.gzip.level", Kind::Int, Some("-1"))
        .check(Check::GzipLevel)
        .cluster_wide()
        .effective("a_codecs_level_comes_with_it")
        .says("Level used when the broker recompresses with gzip; -1 is the codec's own default."),
    Key::broker("compression.lz4.level", Kind::Int, Some("9"))
        .check(Check::Between(1, 17))
        .cluster_wide()
        .says("Level used when the broker recompresses with lz4; Ottla has one level for it."),
    Key::broker("compression.zstd.level", Kind::Int, Some("3"))
        .check(Check::Between(-131_072, 22))
        .cluster_wide()
        .effective("a_codecs_level_comes_with_it")
        .says("Level used when the broker recompresses with zstd."),
    Key::broker("config.providers", Kind::List, Some(""))
        .cluster_wide()
        .refused("values are read as they stand, no provider resolves `${…}` references; write the values out or use KAFKA_… environment variables")
        .says("Names of plugins that look up configuration values elsewhere."),
    Key::broker("controlled.shutdown.enable", Kind::Boolean, Some("true"))
        .effective("a_node_that_is_told_not_to_hand_over_stops_at_once")
        .says("Whether a stopping broker hands its partitions over first; on a lone node there is nobody to hand them to."),
    Key::broker("early.start.listeners", Kind::List, None)
        .says("Listeners to open before the node knows about authorisation; unset means those of the controller."),
    Key::broker("fetch.max.bytes", Kind::Int, Some("57671680"))
        .check(Check::AtLeast(1024))
        .effective("a_fetch_answer_is_bounded_by_the_brokers_fetch_max_bytes")
        .says("Largest answer to a fetch, whatever the client asks for; the first batch is sent even if it is larger."),
    Key::broker("max.incremental.fetch.session.cache.slots", Kind::Int, Some("1000"))
        .check(Check::AtLeast(0))
        .effective("a_full_cache_gives_a_place_up_only_by_kafkas_rules")
        .says("Incremental fetch sessions that are remembered at once."),
    Key::broker("max.request.partition.size.limit", Kind::Int, Some("2000"))
        .check(Check::AtLeast(1))
        .effective("describe_topic_partitions_pages_at_the_partition_limit")
        .says("Partitions that one answer of DescribeTopicPartitions may carry."),
    Key::broker("message.max.bytes", Kind::Int, Some("1048588"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .effective("sizes_have_their_limits")
        .says("Largest record batch accepted, after compression, where the topic does not say."),
    Key::broker("num.io.threads", Kind::Int, Some("8"))
        .check(Check::AtLeast(1))
        .cluster_wide()
        .says("Request threads in Kafka; Ottla's runtime sizes itself by the machine."),
    Key::broker("num.replica.alter.log.dirs.threads", Kind::Int, None)
        .effective("as_many_replicas_move_at_a_time_as_configured")
        .says("Replicas that move between log directories at a time; unset means as many as there are directories."),
    Key::broker("request.timeout.ms", Kind::Int, Some("30000"))
        .says("How long a request from this node to another may take before it counts as failed."),
    Key::broker("unstable.api.versions.enable", Kind::Boolean, Some("false"))
        .origin(Origin::Internal)
        .says("Kafka's test switch that advertises API versions still in development; Ottla never advertises them."),
    Key::broker("unstable.feature.versions.enable", Kind::Boolean, Some("false"))
        .origin(Origin::Internal)
        .says("Kafka's test switch that allows feature levels still in development; Ottla never offers them."),
    Key::broker("server.max.startup.time.ms", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(0))
        .origin(Origin::Internal)
        .says("How long starting may take before the process gives up."),
];
