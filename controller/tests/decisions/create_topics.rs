//! CreateTopics: names, defaults, assignments, configs, limits.

use crate::cluster::Cluster;
use crate::support::topic;
use ottla_controller::BrokerId;
use ottla_controller::image::ConfigResource;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};

fn error(cluster: &mut Cluster, request: &CreateTopicsRequest) -> (ErrorCode, String) {
    let response = cluster.create(request);
    let result = &response.topics[0];
    (
        result.error_code,
        result
            .error_message
            .as_deref()
            .unwrap_or_default()
            .to_owned(),
    )
}

/// Partitions with their replicas.
type Assignment<'a> = &'a [(i32, &'a [i32])];

fn assigned(replicas: Assignment<'_>) -> CreateTopicsRequest {
    let mut request = topic("assigned", -1);
    request.topics[0].assignments = replicas
        .iter()
        .map(|(partition_index, brokers)| CreatableReplicaAssignment {
            partition_index: *partition_index,
            broker_ids: brokers.to_vec(),
            ..Default::default()
        })
        .collect();
    request
}

fn configured(name: &str, value: Option<&str>) -> CreateTopicsRequest {
    let mut request = topic("configured", 1);
    let config = CreatableTopicConfig {
        name: name.into(),
        value: value.map(Into::into),
        ..Default::default()
    };
    request.topics[0].configs = vec![config];
    request
}

#[test]
fn a_topic_has_its_id_its_partitions_and_a_leader_for_each() {
    let mut cluster = Cluster::of(1);
    let response = cluster.create(&topic("a", 3));
    let result = &response.topics[0];
    assert_eq!(
        (
            result.error_code,
            result.num_partitions,
            result.replication_factor
        ),
        (ErrorCode::NONE, 3, 1)
    );
    let created = cluster.image.topics.by_name("a").unwrap();
    assert_eq!(
        (created.id.0, created.partition_count()),
        (result.topic_id, 3)
    );
    for partition in created.partitions.values() {
        assert_eq!(
            (partition.leader, partition.leader_epoch.0),
            (Some(BrokerId(1)), 0)
        );
        let directory = cluster.image.brokers.get(BrokerId(1)).unwrap().log_dirs[0];
        assert_eq!(
            &*partition.directories,
            &[directory],
            "a broker with one directory has no choice"
        );
    }
}

#[test]
fn minus_one_means_the_nodes_defaults() {
    let response = Cluster::of(2).create(&topic("a", -1));
    assert_eq!(
        (
            response.topics[0].num_partitions,
            response.topics[0].replication_factor
        ),
        (1, 1)
    );
}

#[test]
fn bad_names_and_numbers_are_refused_as_in_kafka() {
    let mut cluster = Cluster::of(2).with_topic("there.is", 1);
    let with_factor = |factor| {
        let mut request = topic("a", 1);
        request.topics[0].replication_factor = factor;
        request
    };
    let cases = [
        (
            topic("", 1),
            ErrorCode::INVALID_TOPIC_EXCEPTION,
            "Topic name is invalid: the empty string is not allowed",
        ),
        (
            topic("a/b", 1),
            ErrorCode::INVALID_TOPIC_EXCEPTION,
            "Topic name is invalid: 'a/b' contains one or more",
        ),
        (
            topic("there.is", 1),
            ErrorCode::TOPIC_ALREADY_EXISTS,
            "Topic 'there.is' already exists.",
        ),
        (
            topic("there_is", 1),
            ErrorCode::INVALID_TOPIC_EXCEPTION,
            "Topic 'there_is' collides with existing topic: there.is",
        ),
        (
            topic("__cluster_metadata", 1),
            ErrorCode::INVALID_REQUEST,
            "Creation of internal topic __cluster_metadata is prohibited.",
        ),
        (
            topic("a", 0),
            ErrorCode::INVALID_PARTITIONS,
            "Number of partitions was set to an invalid non-positive value.",
        ),
        (
            topic("a", -2),
            ErrorCode::INVALID_PARTITIONS,
            "Number of partitions was set",
        ),
        (
            with_factor(0),
            ErrorCode::INVALID_REPLICATION_FACTOR,
            "Replication factor must be larger than 0, or -1 to use the default value.",
        ),
        (
            with_factor(3),
            ErrorCode::INVALID_REPLICATION_FACTOR,
            "Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only 2 broker(s) are registered or some brokers have all their log directories cordoned.",
        ),
        (
            topic("a", 10_001),
            ErrorCode::POLICY_VIOLATION,
            "Excessively large number of partitions per request.",
        ),
    ];
    for (request, code, message) in cases {
        let (found, said) = error(&mut cluster, &request);
        assert_eq!(found, code, "{said}");
        assert!(said.starts_with(message), "{said}");
    }
    assert_eq!(cluster.image.topics.len(), 1);
}

#[test]
fn manual_assignments_are_checked_and_kept() {
    let mut cluster = Cluster::of(3);
    let invalid = ErrorCode::INVALID_REPLICA_ASSIGNMENT;
    let cases: [(Assignment<'_>, &str); 7] = [
        (
            &[(0, &[1]), (0, &[2])],
            "Found multiple manual partition assignments for partition 0",
        ),
        (
            &[(0, &[1]), (2, &[2])],
            "partitions should be a consecutive 0-based integer sequence",
        ),
        (
            &[(1, &[1])],
            "partitions should be a consecutive 0-based integer sequence",
        ),
        (
            &[(0, &[])],
            "The manual partition assignment includes an empty replica list.",
        ),
        (
            &[(0, &[1, 9])],
            "The manual partition assignment includes broker 9, but no such broker is registered.",
        ),
        (
            &[(0, &[2, 2])],
            "The manual partition assignment includes the broker 2 more than once.",
        ),
        (
            &[(0, &[1, 2]), (1, &[1])],
            "The manual partition assignment includes a partition with 1 replica(s), but this is not consistent",
        ),
    ];
    for (replicas, message) in cases {
        let (code, said) = error(&mut cluster, &assigned(replicas));
        assert!(code == invalid && said.starts_with(message), "{said}");
    }
    assert_eq!(
        error(&mut cluster, &assigned(&[(1, &[3, 1]), (0, &[2, 3])])).0,
        ErrorCode::NONE
    );
    let created = cluster.image.topics.by_name("assigned").unwrap();
    assert_eq!(
        &*created.partition(1).unwrap().replicas,
        &[BrokerId(3), BrokerId(1)]
    );
    assert_eq!(created.partition(0).unwrap().leader, Some(BrokerId(2)));
}

#[test]
fn an_assignment_beside_a_number_is_refused() {
    let mut cluster = Cluster::of(1);
    let mut request = assigned(&[(0, &[1])]);
    request.topics[0].num_partitions = 1;
    let (code, said) = error(&mut cluster, &request);
    assert_eq!(code, ErrorCode::INVALID_REQUEST);
    assert_eq!(
        said,
        "A manual partition assignment was specified, but numPartitions was not set to -1."
    );
}

#[test]
fn a_fenced_broker_gets_replicas_but_neither_leads_nor_is_in_sync() {
    let mut cluster = Cluster::of(2);
    cluster.heartbeat(2, true);
    assert_eq!(
        error(&mut cluster, &assigned(&[(0, &[2, 1])])).0,
        ErrorCode::NONE
    );
    let partition = cluster
        .image
        .topics
        .by_name("assigned")
        .unwrap()
        .partition(0)
        .unwrap()
        .clone();
    assert_eq!(
        (partition.leader, &*partition.isr),
        (Some(BrokerId(1)), &[BrokerId(1)][..])
    );
    cluster.heartbeat(1, true);
    let (code, said) = error(&mut cluster, &topic("b", 1));
    assert_eq!(code, ErrorCode::INVALID_REPLICATION_FACTOR);
    assert_eq!(
        said,
        "Unable to replicate the partition 1 time(s): All brokers are currently fenced, or have all their log directories cordoned."
    );
}

#[test]
fn configs_are_checked_and_come_before_the_partitions() {
    let mut cluster = Cluster::of(1);
    assert_eq!(
        error(&mut cluster, &configured("refused", Some("x"))).0,
        ErrorCode::INVALID_CONFIG
    );
    let (code, said) = error(&mut cluster, &configured("retention.ms", None));
    assert_eq!(
        (code, &*said),
        (
            ErrorCode::INVALID_CONFIG,
            "Null value not supported for topic configs: retention.ms"
        )
    );
    assert_eq!(
        error(&mut cluster, &configured("retention.ms", Some("5"))).0,
        ErrorCode::NONE
    );
    let resource = ConfigResource::topic("configured");
    assert_eq!(
        cluster
            .image
            .configs
            .value(&resource, "retention.ms")
            .map(|value| &**value),
        Some("5")
    );
}

#[test]
fn validating_only_answers_and_creates_nothing() {
    let mut cluster = Cluster::of(1);
    let mut request = topic("a", 2);
    request.validate_only = true;
    let response = cluster.create(&request);
    assert_eq!(
        (
            response.topics[0].error_code,
            response.topics[0].num_partitions
        ),
        (ErrorCode::NONE, 2)
    );
    assert!(cluster.image.topics.is_empty());
}

#[test]
fn duplicates_in_a_request_are_refused_and_the_rest_is_created() {
    let mut cluster = Cluster::of(1);
    let named = |name: &str| CreatableTopic {
        name: name.into(),
        num_partitions: 1,
        replication_factor: 1,
        ..Default::default()
    };
    let topics = vec![
        named("a"),
        named("b"),
        named("a"),
        named("c.d"),
        named("c_d"),
    ];
    let response = cluster.create(&CreateTopicsRequest {
        topics,
        ..Default::default()
    });
    let found: Vec<_> = response
        .topics
        .iter()
        .map(|topic| (topic.name.to_string(), topic.error_code))
        .collect();
    let expected = [
        ("b", ErrorCode::NONE),
        ("c.d", ErrorCode::NONE),
        ("c_d", ErrorCode::INVALID_TOPIC_EXCEPTION),
        ("a", ErrorCode::INVALID_REQUEST),
    ];
    assert_eq!(found, expected.map(|(name, code)| (name.to_owned(), code)));
}
