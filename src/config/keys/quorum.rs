//! The controller quorum and its log (`KRaftConfigs`, `QuorumConfig`, `MetadataLogConfig`).

use super::key::{Check, Key, Kind, Origin};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("broker.heartbeat.interval.ms", Kind::Int, Some("2000"))
        .effective("a_broker_that_stands_still_is_fenced_when_its_session_ends")
        .says("Time between a broker's heartbeats to the controller."),
    Key::broker("broker.session.timeout.ms", Kind::Int, Some("9000"))
        .effective("a_broker_that_stands_still_is_fenced_when_its_session_ends")
        .says("A broker that the controller has not heard for this long is fenced."),
    Key::broker("controller.listener.names", Kind::List, None)
        .unlike_kafka("must be set")
        .check(Check::Entries { allowed: &[], may_be_empty: false })
        .effective("the_file_that_kafka_ships_is_understood")
        .says("Names of the listeners that carry controller traffic; they are not advertised to clients."),
    Key::broker("controller.performance.always.log.threshold.ms", Kind::Long, Some("2000"))
        .check(Check::AtLeast(0))
        .origin(Origin::Internal)
        .says("A controller event that takes longer than this is logged in Kafka."),
    Key::broker("controller.performance.sample.period.ms", Kind::Long, Some("60000"))
        .check(Check::AtLeast(100))
        .origin(Origin::Internal)
        .says("Period over which Kafka averages the controller's event times."),
    Key::broker("controller.quorum.append.linger.ms", Kind::Int, Some("25"))
        .check(Check::AtLeast(0))
        .says("How long Kafka's quorum leader gathers writes before a flush; openraft batches by itself."),
    Key::broker("controller.quorum.auto.join.enable", Kind::Boolean, Some("false"))
        .effective("a_node_that_names_other_controllers_to_ask_seeks_their_cluster")
        .says("Whether a new controller adds itself to the voters."),
    Key::broker("controller.quorum.bootstrap.servers", Kind::List, Some(""))
        .effective("a_node_that_names_other_controllers_to_ask_seeks_their_cluster")
        .says("Controllers to ask first when the voters are not listed, as `host:port`."),
    Key::broker("controller.quorum.election.backoff.max.ms", Kind::Int, Some("1000"))
        .check(Check::AtLeast(0))
        .says("Longest wait before the next attempt after a lost election."),
    Key::broker("controller.quorum.election.timeout.ms", Kind::Int, Some("1000"))
        .check(Check::AtLeast(0))
        .says("How long Kafka's voter waits for a leader before it stands again; here `controller.quorum.fetch.timeout.ms` says that too."),
    Key::broker("controller.quorum.fetch.max.bytes", Kind::Int, Some("1048576"))
        .check(Check::AtLeast(1))
        .says("Largest piece of the metadata log that Kafka's followers fetch at once."),
    Key::broker("controller.quorum.fetch.snapshot.max.bytes", Kind::Int, Some("1048576"))
        .check(Check::AtLeast(1))
        .says("Largest piece of a metadata snapshot that Kafka's followers fetch at once."),
    Key::broker("controller.quorum.fetch.timeout.ms", Kind::Int, Some("2000"))
        .check(Check::AtLeast(0))
        .effective("a_silent_leader_is_followed_no_longer_than_the_fetch_timeout")
        .says("How long a voter hears nothing of the leader before it stands for election; at least 400. It does so at once when the leader refuses connections."),
    Key::broker("controller.quorum.request.timeout.ms", Kind::Int, Some("2000"))
        .check(Check::AtLeast(0))
        .says("How long a request between controllers may take."),
    Key::broker("controller.quorum.retry.backoff.ms", Kind::Int, Some("20"))
        .check(Check::AtLeast(0))
        .says("Pause before a failed request between controllers is repeated."),
    Key::broker("controller.quorum.voters", Kind::List, Some(""))
        .effective("the_named_voters_found_a_cluster_together")
        .says("The controllers that vote, as `id@host:port`."),
    Key::broker("controller.quota.window.num", Kind::Int, Some("11"))
        .check(Check::AtLeast(1))
        .effective("rest_does_not_save_more_than_a_window")
        .says("Number of samples kept for the controller's mutation quota."),
    Key::broker("controller.quota.window.size.seconds", Kind::Int, Some("1"))
        .check(Check::AtLeast(1))
        .effective("rest_does_not_save_more_than_a_window")
        .says("Length of one sample of the controller's mutation quota."),
    Key::broker("controller.socket.timeout.ms", Kind::Int, Some("30000"))
        .says("Socket timeout of the channel from the controller to brokers in old Kafka versions."),
    Key::broker("initial.broker.registration.timeout.ms", Kind::Int, Some("60000"))
        .says("How long a starting broker tries to register before it gives up."),
    Key::broker("internal.metadata.delete.delay.millis", Kind::Long, Some("60000"))
        .origin(Origin::Internal)
        .says("How long Kafka keeps a replaced metadata file before it is removed."),
    Key::broker("internal.metadata.log.segment.bytes", Kind::Int, None)
        .origin(Origin::Internal)
        .says("Kafka's test override of the metadata log's segment size."),
    Key::broker("internal.metadata.max.batch.size.in.bytes", Kind::Int, Some("8388608"))
        .origin(Origin::Internal)
        .says("Kafka's test override of the largest batch in the metadata log."),
    Key::broker("metadata.log.dir", Kind::String, None)
        .effective("the_metadata_log_lives_in_its_own_directory_when_told")
        .says("Directory of the metadata log; unset means the first of `log.dirs`."),
    Key::broker("metadata.log.max.record.bytes.between.snapshots", Kind::Long, Some("20971520"))
        .check(Check::AtLeast(1))
        .says("Bytes of new metadata records after which a snapshot is written."),
    Key::broker("metadata.log.max.snapshot.interval.ms", Kind::Long, Some("3600000"))
        .check(Check::AtLeast(0))
        .says("Longest time between two metadata snapshots while records arrive; 0 turns this rule off."),
    Key::broker("metadata.log.segment.bytes", Kind::Int, Some("1073741824"))
        .check(Check::AtLeast(8_388_608))
        .says("Size at which a segment of the metadata log is closed."),
    Key::broker("metadata.log.segment.ms", Kind::Long, Some("604800000"))
        .says("Age at which a segment of the metadata log is closed."),
    Key::broker("metadata.max.idle.interval.ms", Kind::Int, Some("500"))
        .check(Check::AtLeast(0))
        .says("Time between the no-op records that Kafka's idle controller writes; 0 turns them off."),
    Key::broker("metadata.max.retention.bytes", Kind::Long, Some("104857600"))
        .says("Size of metadata log and snapshots beyond which the oldest are removed."),
    Key::broker("metadata.max.retention.ms", Kind::Long, Some("604800000"))
        .says("Age beyond which metadata log segments and snapshots are removed."),
    Key::broker("sasl.mechanism.controller.protocol", Kind::String, Some("GSSAPI"))
        .effective("everybody_logs_in_and_a_user_made_anywhere_is_known_everywhere_at_once")
        .says("SASL mechanism for talking to controllers."),
];
