//! CreatePartitions: more partitions, never fewer.

use crate::cluster::Cluster;
use ottla_controller::{BrokerId, decide};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::create_partitions::{
    CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsTopic,
    CreatePartitionsTopicResult,
};

fn grow(
    cluster: &mut Cluster,
    topics: Vec<CreatePartitionsTopic>,
) -> Vec<CreatePartitionsTopicResult> {
    let request = CreatePartitionsRequest {
        topics,
        ..Default::default()
    };
    let outcome = decide::create_partitions(&cluster.image, &request, &mut cluster.dice);
    cluster.take(outcome).results
}

fn to(name: &str, count: i32, assignments: Option<&[&[i32]]>) -> CreatePartitionsTopic {
    let assignment = |brokers: &&[i32]| CreatePartitionsAssignment {
        broker_ids: brokers.to_vec(),
        ..Default::default()
    };
    let assignments = assignments.map(|each| each.iter().map(assignment).collect());
    CreatePartitionsTopic {
        name: name.into(),
        count,
        assignments,
        ..Default::default()
    }
}

#[test]
fn a_topic_grows_by_placed_and_by_assigned_partitions() {
    let mut cluster = Cluster::of(2).with_topic("a", 1);
    assert_eq!(
        grow(&mut cluster, vec![to("a", 3, None)])[0].error_code,
        ErrorCode::NONE
    );
    assert_eq!(
        grow(&mut cluster, vec![to("a", 4, Some(&[&[2]]))])[0].error_code,
        ErrorCode::NONE
    );
    let topic = cluster.image.topics.by_name("a").unwrap();
    assert_eq!(topic.partition_count(), 4);
    assert_eq!(topic.partition(3).unwrap().leader, Some(BrokerId(2)));
}

#[test]
fn what_is_wrong_is_refused_as_in_kafka() {
    let mut cluster = Cluster::of(2).with_topic("a", 3);
    let cases = [
        (
            to("b", 3, None),
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            None,
        ),
        (
            to("a", 3, None),
            ErrorCode::INVALID_PARTITIONS,
            Some("Topic already has 3 partition(s)."),
        ),
        (
            to("a", 2, None),
            ErrorCode::INVALID_PARTITIONS,
            Some("The topic a currently has 3 partition(s); 2 would not be an increase."),
        ),
        (
            to("a", 5, Some(&[&[1]])),
            ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            Some(
                "Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.",
            ),
        ),
        (
            to("a", 4, Some(&[&[1, 2]])),
            ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            Some(
                "The manual partition assignment includes a partition with 2 replica(s), but this is not consistent with previous partitions, which have 1 replica(s).",
            ),
        ),
        (
            to("a", 20_000, None),
            ErrorCode::POLICY_VIOLATION,
            Some("Excessively large number of partitions per request."),
        ),
    ];
    for (topic, code, message) in cases {
        let result = &grow(&mut cluster, vec![topic])[0];
        assert_eq!(
            (result.error_code, result.error_message.as_deref()),
            (code, message)
        );
    }
    let twice = grow(&mut cluster, vec![to("a", 4, None), to("a", 5, None)]);
    assert_eq!(twice.len(), 1);
    assert_eq!(
        twice[0].error_message.as_deref(),
        Some("Duplicate topic name.")
    );
    assert_eq!(
        cluster.image.topics.by_name("a").unwrap().partition_count(),
        3
    );
}

#[test]
fn validating_only_grows_nothing() {
    let mut cluster = Cluster::of(1).with_topic("a", 1);
    let request = CreatePartitionsRequest {
        topics: vec![to("a", 2, None)],
        validate_only: true,
        ..Default::default()
    };
    let outcome = decide::create_partitions(&cluster.image, &request, &mut cluster.dice);
    assert_eq!(cluster.take(outcome).results[0].error_code, ErrorCode::NONE);
    assert_eq!(
        cluster.image.topics.by_name("a").unwrap().partition_count(),
        1
    );
}
