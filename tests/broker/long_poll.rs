//! A fetch that finds too little waits: for records, or for its time to be up.

use super::host::{Broker, soon};
use crate::wire::{FETCH, batch, fetch, read};
use ottla_protocol::messages::fetch::FetchRequest;
use std::time::Duration;

const FOR_EVER_MS: i32 = i32::MAX;

#[tokio::test]
async fn a_waiting_fetch_is_answered_by_the_next_produce() {
    let broker = Broker::start().await;
    let (mut consumer, mut producer) = (broker.client().await, broker.client().await);
    producer.create("orders", 1, &[]).await.unwrap();
    let mut request = fetch("orders", 0, 0);
    request.max_wait_ms = FOR_EVER_MS;
    consumer.send(FETCH, &request).await.unwrap();
    producer
        .produce("orders", 0, batch(None, 1, &["a"]))
        .await
        .unwrap();
    let response = soon("the fetch", consumer.answer::<FetchRequest>())
        .await
        .unwrap();
    assert_eq!(read(&response.responses[0].partitions[0].records).len(), 1);
}

#[tokio::test]
async fn a_fetch_waits_until_it_has_as_much_as_it_asked_for() {
    let broker = Broker::start().await;
    let (mut consumer, mut producer) = (broker.client().await, broker.client().await);
    producer.create("orders", 2, &[]).await.unwrap();
    let records = batch(None, 1, &["a"]);
    let mut request = fetch("orders", 0, 0);
    request.max_wait_ms = FOR_EVER_MS;
    request.min_bytes = i32::try_from(records.len()).unwrap() + 1;
    consumer.send(FETCH, &request).await.unwrap();
    producer
        .produce("orders", 0, records.clone())
        .await
        .unwrap();
    producer.produce("orders", 0, records).await.unwrap();
    let response = soon("the fetch", consumer.answer::<FetchRequest>())
        .await
        .unwrap();
    assert_eq!(read(&response.responses[0].partitions[0].records).len(), 2);
}

#[tokio::test]
async fn a_fetch_that_finds_nothing_is_answered_when_its_time_is_up() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let began = tokio::time::Instant::now();
    let mut request = fetch("orders", 0, 0);
    request.max_wait_ms = 120;
    client.ask(FETCH, &request).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(120));
}

/// Decision 8: deletion completes what waits, with its error.
#[tokio::test]
async fn a_waiting_fetch_is_answered_when_its_topic_is_deleted() {
    let broker = Broker::start().await;
    let (mut consumer, mut admin) = (broker.client().await, broker.client().await);
    admin.create("orders", 1, &[]).await.unwrap();
    let mut request = fetch("orders", 0, 0);
    request.max_wait_ms = FOR_EVER_MS;
    consumer.send(FETCH, &request).await.unwrap();
    super::topics::delete(&mut admin, "orders").await;
    let response = soon("the fetch", consumer.answer::<FetchRequest>())
        .await
        .unwrap();
    assert!(response.responses[0].partitions[0].error_code.is_error());
}
