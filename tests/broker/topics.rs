//! Topics: created, grown, deleted, created by asking for them, described page by page.

use super::host::{Broker, Raw, until};
use crate::wire::{batch, read};
use ottla_protocol::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use ottla_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use ottla_protocol::messages::describe_topic_partitions::{
    DescribeTopicPartitionsRequest, TopicRequest,
};
use ottla_protocol::{ErrorCode, Str};

pub async fn delete(client: &mut Raw, topic: &str) -> ErrorCode {
    let request = DeleteTopicsRequest {
        topics: vec![DeleteTopicState {
            name: Some(Str::from(topic)),
            ..Default::default()
        }],
        timeout_ms: 10_000,
        ..Default::default()
    };
    client.ask(6, &request).await.unwrap().responses[0].error_code
}

async fn grow(client: &mut Raw, topic: &str, count: i32) -> ErrorCode {
    let request = CreatePartitionsRequest {
        topics: vec![CreatePartitionsTopic {
            name: Str::from(topic),
            count,
            assignments: None,
            ..Default::default()
        }],
        timeout_ms: 10_000,
        ..Default::default()
    };
    client.ask(3, &request).await.unwrap().results[0].error_code
}

#[tokio::test]
async fn a_created_topic_can_be_written_at_once_and_not_be_created_twice() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    assert_eq!(
        client.create("orders", 3, &[]).await.unwrap(),
        ErrorCode::NONE
    );
    let answer = client
        .produce("orders", 2, batch(None, 1, &["a"]))
        .await
        .unwrap();
    assert_eq!(answer.error_code, ErrorCode::NONE);
    let again = client.create("orders", 3, &[]).await.unwrap();
    assert_eq!(again, ErrorCode::TOPIC_ALREADY_EXISTS);
    let bad = client.create("no spaces", 1, &[]).await.unwrap();
    assert_eq!(bad, ErrorCode::INVALID_TOPIC_EXCEPTION);
}

#[tokio::test]
async fn a_grown_topic_has_its_new_partitions_at_once_and_never_shrinks() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    assert_eq!(grow(&mut client, "orders", 3).await, ErrorCode::NONE);
    let answer = client
        .produce("orders", 2, batch(None, 1, &["a"]))
        .await
        .unwrap();
    assert_eq!(answer.error_code, ErrorCode::NONE);
    assert_eq!(
        grow(&mut client, "orders", 2).await,
        ErrorCode::INVALID_PARTITIONS
    );
}

#[tokio::test]
async fn a_topic_created_anew_has_none_of_the_deleted_ones_records() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    client
        .produce("orders", 0, batch(None, 1, &["old"]))
        .await
        .unwrap();
    assert_eq!(delete(&mut client, "orders").await, ErrorCode::NONE);
    assert_eq!(
        delete(&mut client, "orders").await,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    client.create("orders", 1, &[]).await.unwrap();
    client
        .produce("orders", 0, batch(None, 1, &["new"]))
        .await
        .unwrap();
    let part = client.fetch("orders", 0, 0).await.unwrap();
    let values: Vec<String> = read(&part.records)
        .into_iter()
        .map(|record| record.value)
        .collect();
    assert_eq!(values, ["new"]);
}

#[tokio::test]
async fn deleting_topics_can_be_turned_off() {
    let broker = Broker::with(&[("delete.topic.enable", "false")]).await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    assert_eq!(
        delete(&mut client, "orders").await,
        ErrorCode::TOPIC_DELETION_DISABLED
    );
    assert_eq!(
        client.fetch("orders", 0, 0).await.unwrap().error_code,
        ErrorCode::NONE
    );
}

#[tokio::test]
async fn a_produced_to_topic_is_created_when_auto_create_is_on() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    // A producer asks for its topic's metadata until it is there.
    until("the topic is there", async || {
        let response = client
            .metadata_creating(Some(&["orders"]), true)
            .await
            .unwrap();
        (response.topics[0].error_code == ErrorCode::NONE).then_some(())
    })
    .await;
    let answer = client
        .produce("orders", 0, batch(None, 1, &["a"]))
        .await
        .unwrap();
    assert_eq!(answer.error_code, ErrorCode::NONE);
    let asked = client.metadata(Some(&["never"])).await.unwrap();
    assert_eq!(
        asked.topics[0].error_code,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
}

#[tokio::test]
async fn no_topic_is_created_by_asking_when_auto_create_is_off() {
    let broker = Broker::with(&[("auto.create.topics.enable", "false")]).await;
    let mut client = broker.client().await;
    for _ in 0..2 {
        let asked = client
            .metadata_creating(Some(&["orders"]), true)
            .await
            .unwrap();
        assert_eq!(
            asked.topics[0].error_code,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        );
    }
}

#[tokio::test]
async fn describe_topic_partitions_pages_at_the_partition_limit() {
    let broker = Broker::with(&[("max.request.partition.size.limit", "2")]).await;
    let mut client = broker.client().await;
    client.create("orders", 3, &[]).await.unwrap();
    client.create("parcels", 1, &[]).await.unwrap();
    let mut request = DescribeTopicPartitionsRequest {
        topics: ["orders", "parcels"]
            .map(|name| TopicRequest {
                name: Str::from(name),
                ..Default::default()
            })
            .into(),
        response_partition_limit: 100,
        ..Default::default()
    };
    let mut pages = Vec::new();
    loop {
        let response = client.ask(0, &request).await.unwrap();
        let page: Vec<(String, i32)> = response
            .topics
            .iter()
            .flat_map(|topic| {
                let name = topic.name.as_deref().unwrap_or_default().to_owned();
                let indexes = topic.partitions.iter().map(|part| part.partition_index);
                indexes.map(move |index| (name.clone(), index))
            })
            .collect();
        pages.push(page);
        let Some(cursor) = response.next_cursor else {
            break;
        };
        request.cursor = Some(cursor);
    }
    let page = |parts: &[(&str, i32)]| -> Vec<(String, i32)> {
        parts
            .iter()
            .map(|(name, index)| ((*name).to_owned(), *index))
            .collect()
    };
    assert_eq!(
        pages,
        [
            page(&[("orders", 0), ("orders", 1)]),
            page(&[("orders", 2), ("parcels", 0)]),
        ]
    );
}
