//! AssignReplicasToDirs: where a broker says that its replicas are.

use crate::cluster::Cluster;
use crate::support::Lenient;
use ottla_controller::{BrokerId, decide};
use ottla_protocol::messages::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, RequestDirectoryData, RequestPartitionData, RequestTopicData,
};
use ottla_protocol::{ErrorCode, Uuid};

fn assign(cluster: &mut Cluster, broker: i32, directory: Uuid, partition: i32) -> ErrorCode {
    let topic = RequestTopicData {
        topic_id: cluster.topic_id("t").0,
        partitions: vec![RequestPartitionData {
            partition_index: partition,
            ..Default::default()
        }],
        ..Default::default()
    };
    let request = AssignReplicasToDirsRequest {
        broker_id: broker,
        broker_epoch: cluster.epoch(broker),
        directories: vec![RequestDirectoryData {
            id: directory,
            topics: vec![topic],
            ..Default::default()
        }],
        ..Default::default()
    };
    let outcome = decide::assign_replicas_to_dirs(&cluster.image, &Lenient, &request);
    let response = cluster.take(outcome);
    assert_eq!(response.error_code, ErrorCode::NONE);
    response.directories[0].topics[0].partitions[0].error_code
}

#[test]
fn a_replica_is_where_its_broker_says() {
    let mut cluster = Cluster::of(3).with_assigned("t", &[&[1, 2]]);
    let other = Uuid([5; 16]);
    cluster.add_directory(1, other);
    assert_eq!(assign(&mut cluster, 1, other, 0), ErrorCode::NONE);
    let partition = cluster.partition("t", 0);
    assert_eq!(partition.directory(BrokerId(1)), Some(other));
    assert_eq!(
        (cluster.isr("t", 0), cluster.leader("t", 0)),
        (vec![1, 2], 1)
    );
}

#[test]
fn a_replica_in_a_directory_that_is_offline_leads_no_more() {
    let mut cluster = Cluster::of(3).with_assigned("t", &[&[1, 2]]);
    let lost = Uuid([5; 16]);
    assert_eq!(assign(&mut cluster, 1, lost, 0), ErrorCode::NONE);
    assert_eq!((cluster.isr("t", 0), cluster.leader("t", 0)), (vec![2], 2));
}

#[test]
fn what_is_not_the_brokers_is_refused() {
    let mut cluster = Cluster::of(3).with_assigned("t", &[&[1, 2]]);
    let before = cluster.image.clone();
    let any = Uuid([5; 16]);
    assert_eq!(
        assign(&mut cluster, 3, any, 0),
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    );
    assert_eq!(
        assign(&mut cluster, 1, any, 7),
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    assert_eq!(cluster.image, before);
}
