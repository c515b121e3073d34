//! Idempotent producers over the wire: duplicates get the answer of the original, gaps and old epochs are refused.

use super::host::{Broker, Raw};
use crate::wire::batch;
use ottla_protocol::ErrorCode;

/// Now: a producer whose last record is old is forgotten at a restart, as in Kafka.
fn now_ms() -> i64 {
    ottla::world::Clock::system().wall_ms()
}

async fn send(
    client: &mut Raw,
    producer: (i64, i16),
    sequence: i32,
    value: &str,
) -> (ErrorCode, i64) {
    let records = batch(Some((producer.0, producer.1, sequence)), now_ms(), &[value]);
    let answer = client.produce("orders", 0, records).await.unwrap();
    (answer.error_code, answer.base_offset)
}

#[tokio::test]
async fn a_batch_sent_again_is_answered_with_its_first_offset_and_stored_once() {
    let mut broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let producer = client.init_producer_id().await.unwrap().unwrap();
    for (sequence, value) in ["a", "b", "c"].into_iter().enumerate() {
        let sequence = i32::try_from(sequence).unwrap();
        let answer = send(&mut client, producer, sequence, value).await;
        assert_eq!(answer, (ErrorCode::NONE, i64::from(sequence)));
    }
    assert_eq!(
        send(&mut client, producer, 1, "b").await,
        (ErrorCode::NONE, 1)
    );
    broker.restart().await;
    let mut client = broker.client().await;
    assert_eq!(
        send(&mut client, producer, 2, "c").await,
        (ErrorCode::NONE, 2)
    );
    assert_eq!(
        client.fetch("orders", 0, 0).await.unwrap().high_watermark,
        3
    );
}

#[tokio::test]
async fn a_gap_in_the_sequence_is_refused() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let producer = client.init_producer_id().await.unwrap().unwrap();
    send(&mut client, producer, 0, "a").await;
    let (error, _) = send(&mut client, producer, 2, "c").await;
    assert_eq!(error, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_eq!(
        send(&mut client, producer, 1, "b").await,
        (ErrorCode::NONE, 1)
    );
}

#[tokio::test]
async fn an_older_epoch_of_a_producer_is_fenced() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let (id, epoch) = client.init_producer_id().await.unwrap().unwrap();
    assert_eq!(
        send(&mut client, (id, epoch + 1), 0, "a").await.0,
        ErrorCode::NONE
    );
    assert_eq!(
        send(&mut client, (id, epoch), 0, "b").await.0,
        ErrorCode::INVALID_PRODUCER_EPOCH
    );
}

#[tokio::test]
async fn producer_ids_are_never_given_twice() {
    let mut broker = Broker::start().await;
    let (one, _) = broker
        .client()
        .await
        .init_producer_id()
        .await
        .unwrap()
        .unwrap();
    let (other, _) = broker
        .client()
        .await
        .init_producer_id()
        .await
        .unwrap()
        .unwrap();
    broker.restart().await;
    let (later, _) = broker
        .client()
        .await
        .init_producer_id()
        .await
        .unwrap()
        .unwrap();
    assert!(one < other && other < later, "{one} {other} {later}");
}
