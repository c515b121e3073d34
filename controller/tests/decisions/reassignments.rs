//! AlterPartitionReassignments and ListPartitionReassignments: partitions on their way to other replicas.

use crate::cluster::Cluster;
use crate::support::Lenient;
use ottla_controller::decide;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use ottla_protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsTopics,
};

fn reassign_with(
    cluster: &mut Cluster,
    replicas: Option<&[i32]>,
    allow_replication_factor_change: bool,
) -> ErrorCode {
    let partition = ReassignablePartition {
        partition_index: 0,
        replicas: replicas.map(<[i32]>::to_vec),
        ..Default::default()
    };
    let request = AlterPartitionReassignmentsRequest {
        allow_replication_factor_change,
        topics: vec![ReassignableTopic {
            name: "t".into(),
            partitions: vec![partition],
            ..Default::default()
        }],
        ..Default::default()
    };
    let outcome = decide::alter_partition_reassignments(&cluster.image, &Lenient, &request);
    let response = cluster.take(outcome);
    assert_eq!(response.error_code, ErrorCode::NONE);
    response.responses[0].partitions[0].error_code
}

fn reassign(cluster: &mut Cluster, replicas: &[i32]) -> ErrorCode {
    reassign_with(cluster, Some(replicas), true)
}

fn cancel(cluster: &mut Cluster) -> ErrorCode {
    reassign_with(cluster, None, true)
}

/// Replicas, adding and removing of what is on its way.
fn listed(cluster: &Cluster) -> Vec<(Vec<i32>, Vec<i32>, Vec<i32>)> {
    let request = ListPartitionReassignmentsRequest::default();
    let response = decide::list_partition_reassignments(&cluster.image, &request);
    let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
    partitions
        .map(|it| {
            let (adding, removing) = (&it.adding_replicas, &it.removing_replicas);
            (it.replicas.clone(), adding.clone(), removing.clone())
        })
        .collect()
}

fn cluster() -> Cluster {
    Cluster::of(5).with_assigned("t", &[&[1, 2, 3]])
}

#[test]
fn new_replicas_come_first_and_old_ones_go_when_the_new_are_in_sync() {
    let mut cluster = cluster();
    assert_eq!(reassign(&mut cluster, &[4, 5, 3]), ErrorCode::NONE);
    assert_eq!(
        listed(&cluster),
        [(vec![4, 5, 3, 1, 2], vec![4, 5], vec![1, 2])]
    );
    assert_eq!(
        (cluster.leader("t", 0), cluster.isr("t", 0)),
        (1, vec![1, 2, 3])
    );
    assert_eq!(cluster.alter_isr("t", 0, &[1, 2, 3, 4]), ErrorCode::NONE);
    assert_eq!(listed(&cluster).len(), 1);
    let before = cluster.partition("t", 0);
    let answer = cluster.alter_isr("t", 0, &[1, 2, 3, 4, 5]);
    assert_eq!(answer, ErrorCode::NEW_LEADER_ELECTED);
    assert_eq!(listed(&cluster), []);
    let after = cluster.partition("t", 0);
    assert_eq!(cluster.replicas("t", 0), [4, 5, 3]);
    assert_eq!(
        (cluster.leader("t", 0), cluster.isr("t", 0)),
        (4, vec![3, 4, 5])
    );
    assert!(after.leader_epoch > before.leader_epoch && after.directories.len() == 3);
}

#[test]
fn a_reassignment_that_needs_nobody_new_is_complete_at_once() {
    let mut cluster = cluster();
    let before = cluster.partition("t", 0).leader_epoch;
    assert_eq!(reassign(&mut cluster, &[2, 1, 3]), ErrorCode::NONE);
    assert_eq!(
        (listed(&cluster), cluster.replicas("t", 0)),
        (vec![], vec![2, 1, 3])
    );
    assert_eq!(cluster.partition("t", 0).leader_epoch, before);
    assert_eq!(reassign(&mut cluster, &[1, 2]), ErrorCode::NONE);
    assert_eq!(
        (cluster.replicas("t", 0), cluster.isr("t", 0)),
        (vec![1, 2], vec![1, 2])
    );
    assert!(
        cluster.partition("t", 0).leader_epoch > before,
        "3 must not go on fetching"
    );
}

#[test]
fn a_leader_that_stays_is_not_told_of_another() {
    let mut cluster = cluster();
    assert_eq!(reassign(&mut cluster, &[4, 1, 2]), ErrorCode::NONE);
    assert_eq!(cluster.alter_isr("t", 0, &[1, 2, 3, 4]), ErrorCode::NONE);
    assert_eq!(
        (cluster.replicas("t", 0), cluster.leader("t", 0)),
        (vec![4, 1, 2], 1)
    );
}

#[test]
fn a_cancelled_reassignment_goes_back_to_where_it_started() {
    let mut cluster = cluster();
    assert_eq!(cancel(&mut cluster), ErrorCode::NO_REASSIGNMENT_IN_PROGRESS);
    reassign(&mut cluster, &[4, 5, 3]);
    cluster.alter_isr("t", 0, &[1, 2, 3, 4]);
    assert_eq!(cancel(&mut cluster), ErrorCode::NONE);
    assert_eq!(listed(&cluster), []);
    assert_eq!(
        (cluster.replicas("t", 0), cluster.isr("t", 0)),
        (vec![3, 1, 2], vec![1, 2, 3])
    );
    assert_eq!(cluster.leader("t", 0), 1);
}

#[test]
fn a_cancellation_that_would_lose_data_needs_the_topics_consent() {
    let mut cluster = Cluster::of(3).with_assigned("t", &[&[1]]);
    reassign(&mut cluster, &[2, 3]);
    cluster.alter_isr("t", 0, &[1, 2]);
    cluster.heartbeat(1, true);
    assert_eq!((cluster.leader("t", 0), cluster.isr("t", 0)), (2, vec![2]));
    assert_eq!(cancel(&mut cluster), ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    cluster.set_topic_config("t", "unclean.leader.election.enable", "true");
    assert_eq!(cancel(&mut cluster), ErrorCode::NONE);
    assert_eq!(cluster.replicas("t", 0), [1]);
}

#[test]
fn a_reassignment_can_be_turned_on_its_way() {
    let mut cluster = cluster();
    reassign(&mut cluster, &[1, 2, 4]);
    reassign(&mut cluster, &[1, 2, 5]);
    assert_eq!(
        listed(&cluster),
        [(vec![1, 2, 5, 3, 4], vec![5], vec![3, 4])]
    );
    cluster.alter_isr("t", 0, &[1, 2, 3, 5]);
    assert_eq!(cluster.replicas("t", 0), [1, 2, 5]);
}

#[test]
fn what_is_wrong_is_refused_as_in_kafka() {
    let mut cluster = cluster();
    let before = cluster.image.clone();
    for (replicas, code) in [
        (&[][..], ErrorCode::INVALID_REPLICA_ASSIGNMENT),
        (&[1, 1], ErrorCode::INVALID_REPLICA_ASSIGNMENT),
        (&[1, 9], ErrorCode::INVALID_REPLICA_ASSIGNMENT),
    ] {
        assert_eq!(reassign(&mut cluster, replicas), code, "{replicas:?}");
    }
    let fewer = reassign_with(&mut cluster, Some(&[1, 2]), false);
    assert_eq!(fewer, ErrorCode::INVALID_REPLICATION_FACTOR);
    assert_eq!(cluster.image, before);
    let same = reassign_with(&mut cluster, Some(&[1, 2, 4]), false);
    assert_eq!(same, ErrorCode::NONE);
}

#[test]
fn only_what_is_asked_about_and_on_its_way_is_listed() {
    let mut cluster = cluster();
    reassign(&mut cluster, &[4, 5, 3]);
    let ask = |name: &str, indexes: &[i32]| {
        let topic = ListPartitionReassignmentsTopics {
            name: name.into(),
            partition_indexes: indexes.to_vec(),
            ..Default::default()
        };
        let request = ListPartitionReassignmentsRequest {
            topics: Some(vec![topic]),
            ..Default::default()
        };
        decide::list_partition_reassignments(&cluster.image, &request)
            .topics
            .len()
    };
    assert_eq!(
        (ask("t", &[0, 8]), ask("t", &[8]), ask("u", &[0])),
        (1, 0, 0)
    );
}
