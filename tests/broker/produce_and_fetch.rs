//! Produce and Fetch: what goes in comes out, and what must not go in is refused.

use super::host::Broker;
use crate::wire::{PRODUCE, batch, fetch, produce, read};
use ottla_protocol::{Bytes, ErrorCode};

#[tokio::test]
async fn what_was_produced_is_fetched_as_it_was() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let sent = batch(None, 1_000, &["a", "b", ""]);
    let answer = client.produce("orders", 0, sent.clone()).await.unwrap();
    assert_eq!(
        (answer.error_code, answer.base_offset),
        (ErrorCode::NONE, 0)
    );
    let answer = client.produce("orders", 0, sent).await.unwrap();
    assert_eq!(answer.base_offset, 3);
    let part = client.fetch("orders", 0, 4).await.unwrap();
    assert_eq!(part.high_watermark, 6);
    let stored: Vec<_> = read(&part.records)
        .into_iter()
        .map(|record| (record.offset, record.value, record.timestamp))
        .collect();
    let all = [(3, "a", 1_000), (4, "b", 1_000), (5, "", 1_000)];
    assert_eq!(
        stored,
        all.map(|(at, value, time)| (at, value.to_owned(), time))
    );
}

#[tokio::test]
async fn a_produce_that_wants_no_answer_gets_none() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let mut request = produce("orders", 0, batch(None, 1, &["a"]));
    request.acks = 0;
    client.send_unanswered(PRODUCE, &request).await.unwrap();
    // The next answer is the next request's.
    let part = client.fetch("orders", 0, 0).await.unwrap();
    assert_eq!(part.high_watermark, 1);
}

#[tokio::test]
async fn a_produce_is_refused_for_what_is_wrong_with_it() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    let settings = [("max.message.bytes", "200")];
    client.create("orders", 1, &settings).await.unwrap();
    let good = batch(None, 1, &["a"]);
    let mut torn = good.to_vec();
    *torn.last_mut().unwrap() ^= 1;
    let cases = [
        (
            "nowhere",
            0,
            good.clone(),
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ),
        (
            "orders",
            1,
            good.clone(),
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ),
        ("orders", 0, Bytes::from(torn), ErrorCode::CORRUPT_MESSAGE),
        (
            "orders",
            0,
            batch(None, 1, &["x".repeat(300)]),
            ErrorCode::MESSAGE_TOO_LARGE,
        ),
        ("orders", 0, good, ErrorCode::NONE),
    ];
    for (topic, partition, records, expected) in cases {
        let answer = client.produce(topic, partition, records).await.unwrap();
        assert_eq!(answer.error_code, expected, "{topic}-{partition}");
    }
    assert_eq!(
        client.fetch("orders", 0, 0).await.unwrap().high_watermark,
        1
    );
}

#[tokio::test]
async fn a_fetch_beyond_the_end_is_out_of_range() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let part = client.fetch("orders", 0, 1).await.unwrap();
    assert_eq!(part.error_code, ErrorCode::OFFSET_OUT_OF_RANGE);
}

/// KIP-74: a batch larger than what was asked for is sent whole all the same, lest the consumer stand still.
#[tokio::test]
async fn a_fetch_gets_its_first_batch_even_when_it_asked_for_less() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let large = batch(None, 1, &["x".repeat(10_000)]);
    client.produce("orders", 0, large).await.unwrap();
    let mut request = fetch("orders", 0, 0);
    request.max_bytes = 1;
    request.topics[0].partitions[0].partition_max_bytes = 1;
    let response = client.ask(12, &request).await.unwrap();
    let part = &response.responses[0].partitions[0];
    assert_eq!(read(&part.records).len(), 1);
}
