//! Requests that are right and absurd.

use crate::host::{TOPIC, Target, many};
use crate::wire::{Client, alter, create, fetch};
use ottla_protocol::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use ottla_protocol::messages::delete_topics::DeleteTopicsRequest;
use ottla_protocol::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use ottla_protocol::messages::fetch::FetchPartition;
use ottla_protocol::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use ottla_protocol::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use ottla_protocol::{Bytes, ErrorCode, Request, Str};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(30);

/// The answer, or `None` where the node ended the connection.
async fn ask<R: Request>(
    client: &mut Client<TcpStream>,
    version: i16,
    request: &R,
) -> Option<R::Response> {
    let asked = timeout(SOON, client.ask(version, request)).await;
    asked.expect("an answer or an end").ok()
}

#[tokio::test]
async fn metadata_of_a_hundred_thousand_topics_is_answered_and_creates_no_topic_beyond_measure() {
    let target = Target::with(&[("auto.create.topics.enable", "false")]).await;
    target
        .survives(async {
            let named = |number: i32| MetadataRequestTopic {
                name: Some(Str::from(format!("topic-{number}"))),
                ..Default::default()
            };
            let request = MetadataRequest {
                topics: Some((0..100_000).map(named).collect()),
                allow_auto_topic_creation: true,
                ..Default::default()
            };
            let told = ask(&mut target.client().await, 12, &request)
                .await
                .expect("an answer");
            assert_eq!(told.topics.len(), 100_000);
        })
        .await;
}

#[tokio::test]
async fn fetches_of_a_hundred_thousand_partitions_are_answered() {
    let target = Target::start().await;
    target
        .survives(async {
            for (same, session_epoch) in [(false, -1), (true, -1), (false, 0)] {
                let mut request = fetch(TOPIC, 0, 0);
                request.session_epoch = session_epoch;
                request.max_wait_ms = 500;
                request.min_bytes = i32::MAX;
                request.topics[0].partitions = (0..100_000)
                    .map(|partition| FetchPartition {
                        partition: if same { 0 } else { partition },
                        partition_max_bytes: i32::MAX,
                        ..Default::default()
                    })
                    .collect();
                ask(&mut target.client().await, 12, &request).await;
            }
        })
        .await;
}

#[tokio::test]
async fn offsets_of_a_million_partitions_are_answered() {
    let target = Target::start().await;
    target
        .survives(async {
            let request = OffsetFetchRequest {
                groups: vec![OffsetFetchRequestGroup {
                    group_id: "group".into(),
                    topics: Some(vec![OffsetFetchRequestTopics {
                        name: TOPIC.into(),
                        partition_indexes: (0..1_000_000).collect(),
                        ..Default::default()
                    }]),
                    ..Default::default()
                }],
                ..Default::default()
            };
            ask(&mut target.client().await, 8, &request).await;
            let request = ListOffsetsRequest {
                replica_id: -1,
                topics: vec![ListOffsetsTopic {
                    name: TOPIC.into(),
                    partitions: (0..100_000)
                        .map(|number| ListOffsetsPartition {
                            partition_index: number % 2,
                            timestamp: 1,
                            ..Default::default()
                        })
                        .collect(),
                    ..Default::default()
                }],
                ..Default::default()
            };
            ask(&mut target.client().await, 8, &request).await;
        })
        .await;
}

#[tokio::test]
async fn members_with_megabytes_of_metadata_are_bounded() {
    let target = Target::start().await;
    target
        .survives(async {
            let request = |number: usize| JoinGroupRequest {
                group_id: "large".into(),
                session_timeout_ms: 6_000,
                rebalance_timeout_ms: 1_000,
                protocol_type: "consumer".into(),
                protocols: vec![JoinGroupRequestProtocol {
                    name: format!("range-{number}").into(),
                    metadata: Bytes::from(vec![b'x'; 30_000_000]),
                    ..Default::default()
                }],
                ..Default::default()
            };
            for number in 0..12 {
                ask(&mut target.client().await, 3, &request(number)).await;
            }
        })
        .await;
}

#[tokio::test]
async fn topics_of_a_million_partitions_and_configs_of_megabytes_are_refused() {
    let target = Target::start().await;
    target
        .survives(async {
            let mut client = target.client().await;
            let created = ask(&mut client, 7, &create("vast", 1_000_000, &[])).await;
            let created = created.expect("an answer");
            assert_ne!(created.topics[0].error_code, ErrorCode::NONE);
            let grown = CreatePartitionsRequest {
                topics: vec![CreatePartitionsTopic {
                    name: TOPIC.into(),
                    count: i32::MAX,
                    assignments: None,
                    ..Default::default()
                }],
                timeout_ms: 10_000,
                ..Default::default()
            };
            let grown = ask(&mut client, 3, &grown).await.expect("an answer");
            assert_ne!(grown.results[0].error_code, ErrorCode::NONE);
            let value = "x,".repeat(15_000);
            let keys = [
                "leader.replication.throttled.replicas",
                "no.such.key",
                "cleanup.policy",
            ];
            for key in keys {
                let error = client
                    .alter(2, TOPIC, key, Some(&value))
                    .await
                    .expect("an answer");
                assert_ne!(error, ErrorCode::NONE, "{key}");
            }
            let mut all = alter(2, TOPIC, "retention.ms", Some("5"));
            all.resources = std::iter::repeat_n(all.resources[0].clone(), 50_000).collect();
            ask(&mut client, 1, &all).await;
        })
        .await;
}

#[tokio::test]
async fn descriptions_of_everything_many_times_over_are_answered() {
    let target = Target::start().await;
    target
        .survives(async {
            let broker = DescribeConfigsResource {
                resource_type: 4,
                resource_name: "1".into(),
                configuration_keys: None,
                ..Default::default()
            };
            let request = DescribeConfigsRequest {
                resources: vec![broker; 5_000],
                include_synonyms: true,
                include_documentation: true,
                ..Default::default()
            };
            ask(&mut target.client().await, 4, &request).await;
            let request = DeleteTopicsRequest {
                topic_names: (0..200_000)
                    .map(|number| Str::from(format!("no-{number}")))
                    .collect(),
                timeout_ms: 5_000,
                ..Default::default()
            };
            ask(&mut target.client().await, 5, &request).await;
        })
        .await;
}

/// Decent clients share the node with one that asks for the largest things all the time.
#[tokio::test]
async fn a_client_that_asks_for_a_lot_does_not_stop_others() {
    let target = Target::start().await;
    target
        .survives(async {
            let named = |number: i32| MetadataRequestTopic {
                name: Some(Str::from(format!("topic-{number}"))),
                ..Default::default()
            };
            let request = MetadataRequest {
                topics: Some((0..50_000).map(named).collect()),
                ..Default::default()
            };
            let mut clients = many(8, async |_| target.client().await).await;
            for client in &mut clients {
                client.send(12, &request).await.expect("sent");
            }
            target.be_decent().await;
            for client in &mut clients {
                let answer = timeout(SOON, client.answer::<MetadataRequest>()).await;
                answer.expect("in time").expect("an answer");
            }
        })
        .await;
}
