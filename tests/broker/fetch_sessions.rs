//! Fetch sessions (KIP-227): an incremental fetch names only what changes, and is answered with only what changed.

use super::host::{Broker, Raw};
use crate::wire::{batch, fetch};
use ottla_protocol::messages::fetch::{FetchRequest, FetchResponse, ForgottenTopic};
use ottla_protocol::{ErrorCode, Str};

/// Topics by name, as the test asks; ids are asked for in a test of their own.
const VERSION: i16 = 12;

async fn ask(client: &mut Raw, request: &FetchRequest) -> FetchResponse {
    client.ask(VERSION, request).await.unwrap()
}

/// The partitions in an answer.
fn told(response: &FetchResponse) -> Vec<(String, i32)> {
    let topics = response.responses.iter();
    topics
        .flat_map(|topic| {
            let parts = topic.partitions.iter();
            parts.map(|part| (topic.topic.to_string(), part.partition_index))
        })
        .collect()
}

fn incremental(session_id: i32, session_epoch: i32) -> FetchRequest {
    FetchRequest {
        session_id,
        session_epoch,
        topics: Vec::new(),
        ..fetch("orders", 0, 0)
    }
}

/// A session with both partitions of `orders`, told of once.
async fn session(client: &mut Raw) -> i32 {
    client.create("orders", 2, &[]).await.unwrap();
    let mut request = fetch("orders", 0, 0);
    request.session_epoch = 0;
    let mut other = request.topics[0].partitions[0].clone();
    other.partition = 1;
    request.topics[0].partitions.push(other);
    let response = ask(client, &request).await;
    assert_eq!(told(&response).len(), 2, "a full fetch tells of everything");
    assert_ne!(response.session_id, 0);
    response.session_id
}

#[tokio::test]
async fn an_incremental_fetch_tells_only_of_what_changed() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    let id = session(&mut client).await;
    assert_eq!(told(&ask(&mut client, &incremental(id, 1)).await), []);
    client
        .produce("orders", 1, batch(None, 1, &["a"]))
        .await
        .unwrap();
    let response = ask(&mut client, &incremental(id, 2)).await;
    assert_eq!(told(&response), [("orders".to_owned(), 1)]);
    assert_eq!(response.session_id, id);
}

#[tokio::test]
async fn a_forgotten_partition_is_told_of_no_more() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    let id = session(&mut client).await;
    let mut request = incremental(id, 1);
    request.forgotten_topics_data = vec![ForgottenTopic {
        topic: Str::from_static("orders"),
        partitions: vec![1],
        ..Default::default()
    }];
    ask(&mut client, &request).await;
    client
        .produce("orders", 1, batch(None, 1, &["a"]))
        .await
        .unwrap();
    assert_eq!(told(&ask(&mut client, &incremental(id, 2)).await), []);
}

#[tokio::test]
async fn an_epoch_out_of_turn_and_a_session_that_is_gone_are_named() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    let id = session(&mut client).await;
    let response = ask(&mut client, &incremental(id, 7)).await;
    assert_eq!(response.error_code, ErrorCode::INVALID_FETCH_SESSION_EPOCH);
    let response = ask(&mut client, &incremental(id ^ 1, 1)).await;
    assert_eq!(response.error_code, ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
    // The client's way of ending one.
    let response = ask(&mut client, &incremental(id, -1)).await;
    assert_eq!(response.error_code, ErrorCode::NONE);
    let response = ask(&mut client, &incremental(id, 1)).await;
    assert_eq!(response.error_code, ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
}

/// KIP-516: from version 13 on, topics are named by their ids.
#[tokio::test]
async fn topics_are_fetched_by_id_and_an_unknown_id_is_named() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let metadata = client.metadata(Some(&["orders"])).await.unwrap();
    let mut request = fetch("", 0, 0);
    request.topics[0].topic_id = metadata.topics[0].topic_id;
    let response = client.ask(13, &request).await.unwrap();
    assert_eq!(
        response.responses[0].partitions[0].error_code,
        ErrorCode::NONE
    );
    request.topics[0].topic_id.0[3] ^= 1;
    let response = client.ask(13, &request).await.unwrap();
    assert_eq!(
        response.responses[0].partitions[0].error_code,
        ErrorCode::UNKNOWN_TOPIC_ID
    );
}
