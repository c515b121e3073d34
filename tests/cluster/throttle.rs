//! A replica that catches up is held to the throttled rate (KIP-73), and nobody who is in sync is.

use crate::host::Cluster;
use crate::wire::{PRODUCE, TOPIC, alter, batch, create, produce};
use ottla_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use ottla_protocol::messages::create_topics::{CreatableReplicaAssignment, CreateTopicsRequest};
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use ottla_protocol::{ErrorCode, Request};
use std::time::Duration;
use tokio::time::Instant;

const BROKER: i8 = 4;
const RATE: u32 = 150_000;
const BYTES: usize = 1_200_000;

async fn ask<R: Request>(cluster: &Cluster, version: i16, request: &R) -> R::Response {
    cluster
        .until("an answer", async |cluster| {
            cluster.node(1).ask(version, request).await
        })
        .await
}

fn on(topic: &str, brokers: &[i32]) -> CreateTopicsRequest {
    let mut request = create(topic, -1, &[]);
    request.topics[0].replication_factor = -1;
    request.topics[0].assignments = vec![CreatableReplicaAssignment {
        partition_index: 0,
        broker_ids: brokers.to_vec(),
        ..Default::default()
    }];
    request
}

async fn in_sync(cluster: &Cluster, topic: &str) -> usize {
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some(topic.into()),
            ..Default::default()
        }]),
        ..Default::default()
    };
    let response = ask(cluster, 9, &request).await;
    let partition = response.topics.first().and_then(|it| it.partitions.first());
    partition.map_or(0, |partition| partition.isr_nodes.len())
}

async fn write(cluster: &Cluster, topic: &str, value: &str) {
    let request = produce(topic, 0, batch(None, 0, &[value]));
    cluster
        .until("it is written", async |cluster| {
            let answer = cluster.node(1).ask(PRODUCE, &request).await?;
            let error = answer.responses[0].partition_responses[0].error_code;
            (error == ErrorCode::NONE).then_some(())
        })
        .await;
}

async fn set(cluster: &Cluster, kind: i8, name: &str, key: &str, value: &str) {
    let response = ask(cluster, 1, &alter(kind, name, key, Some(value))).await;
    let said = &response.responses[0];
    assert_eq!(said.error_code, ErrorCode::NONE, "{:?}", said.error_message);
}

#[tokio::test]
async fn a_reassignment_is_held_to_the_throttled_rate_and_replicas_in_sync_are_not() {
    let mut cluster = Cluster::named(3);
    for id in 1..=3 {
        let node = cluster.node_mut(id);
        // Two seconds count, not eleven; and a fetch is small beside the rate.
        node.set("replication.quota.window.num", "2");
        node.set("replica.fetch.max.bytes", "50000");
        node.set("replica.fetch.response.max.bytes", "50000");
    }
    for node in &cluster.nodes {
        node.start();
    }
    for node in &cluster.nodes {
        node.ready().await;
    }
    cluster
        .until("three brokers", async |cluster| {
            let brokers = cluster.node(1).ask(9, &MetadataRequest::default()).await?;
            (brokers.brokers.len() == 3).then_some(())
        })
        .await;
    for (topic, brokers) in [("moved", &[1][..]), ("steady", &[1, 3])] {
        let created = ask(&cluster, 5, &on(topic, brokers)).await;
        assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
    }
    for _ in 0..BYTES / 40_000 {
        write(&cluster, "moved", &"x".repeat(40_000)).await;
    }
    for side in ["leader", "follower"] {
        let rate = format!("{side}.replication.throttled.rate");
        set(&cluster, BROKER, "", &rate, &RATE.to_string()).await;
        let replicas = format!("{side}.replication.throttled.replicas");
        set(&cluster, TOPIC, "moved", &replicas, "*").await;
        set(&cluster, TOPIC, "steady", &replicas, "*").await;
    }
    let request = AlterPartitionReassignmentsRequest {
        timeout_ms: 10_000,
        topics: vec![ReassignableTopic {
            name: "moved".into(),
            partitions: vec![ReassignablePartition {
                partition_index: 0,
                replicas: Some(vec![1, 2]),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let began = Instant::now();
    ask(&cluster, 0, &request).await;
    // While it goes on, who is in sync stays so and acknowledges.
    let mut slowest = Duration::ZERO;
    while in_sync(&cluster, "moved").await < 2 {
        let asked = Instant::now();
        write(&cluster, "steady", "in sync").await;
        slowest = slowest.max(asked.elapsed());
        assert!(began.elapsed() < Duration::from_secs(40), "it never ends");
    }
    let took = began.elapsed().as_secs_f64();
    let least = (BYTES as f64 - 3.0 * f64::from(RATE)) / f64::from(RATE);
    assert!(
        took >= least,
        "{BYTES} bytes in {took} s at {RATE} a second"
    );
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}
