//! ListOffsets' special timestamps and DeleteRecords.

use super::host::{Broker, Raw};
use crate::wire::batch;
use ottla_protocol::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use ottla_protocol::{ErrorCode, Str};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;

/// Four records; the third is the youngest.
async fn filled() -> (Broker, Raw) {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    for timestamp in [1_000, 2_000, 9_000, 3_000] {
        let records = batch(None, timestamp, &["a"]);
        client.produce("orders", 0, records).await.unwrap();
    }
    (broker, client)
}

async fn delete_before(client: &mut Raw, offset: i64) -> (ErrorCode, i64) {
    let request = DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: Str::from_static("orders"),
            partitions: vec![DeleteRecordsPartition {
                partition_index: 0,
                offset,
                ..Default::default()
            }],
            ..Default::default()
        }],
        timeout_ms: 10_000,
        ..Default::default()
    };
    let response = client.ask(2, &request).await.unwrap();
    let part = &response.topics[0].partitions[0];
    (part.error_code, part.low_watermark)
}

#[tokio::test]
async fn offsets_are_found_by_time_and_by_special_timestamps() {
    let (_broker, mut client) = filled().await;
    let cases = [
        (EARLIEST, 0, -1),
        (LATEST, 4, -1),
        (MAX_TIMESTAMP, 2, 9_000),
        (EARLIEST_LOCAL, 0, -1),
        (0, 0, 1_000),
        (1_500, 1, 2_000),
        (2_001, 2, 9_000),
        (9_001, -1, -1),
    ];
    for (timestamp, offset, found) in cases {
        let answer = client.list_offset("orders", 0, timestamp).await.unwrap();
        assert_eq!(answer, Ok((offset, found)), "{timestamp}");
    }
    let unknown = client.list_offset("orders", 7, LATEST).await.unwrap();
    assert_eq!(unknown, Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
}

#[tokio::test]
async fn deleted_records_are_gone_at_once_and_after_a_restart() {
    let (mut broker, mut client) = filled().await;
    assert_eq!(delete_before(&mut client, 2).await, (ErrorCode::NONE, 2));
    let below = client.fetch("orders", 0, 1).await.unwrap();
    assert_eq!(below.error_code, ErrorCode::OFFSET_OUT_OF_RANGE);
    broker.restart().await;
    let mut client = broker.client().await;
    let earliest = client.list_offset("orders", 0, EARLIEST).await.unwrap();
    assert_eq!(earliest, Ok((2, -1)));
}

#[tokio::test]
async fn records_are_deleted_up_to_the_high_watermark_and_no_further() {
    let (_broker, mut client) = filled().await;
    let (error, _) = delete_before(&mut client, 5).await;
    assert_eq!(error, ErrorCode::OFFSET_OUT_OF_RANGE);
    assert_eq!(delete_before(&mut client, -1).await, (ErrorCode::NONE, 4));
}
