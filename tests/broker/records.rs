//! Records on their way in and out: what is fetched is byte for byte what was produced, save offset and leader epoch.

use crate::host::{Broker, Raw};
use bytes::{Bytes, BytesMut};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use ottla_storage::batch::{BatchBuilder, NewRecord};
use ottla_storage::offset::{LeaderEpoch, Offset};

/// A batch of one record of about this size, as the log keeps it at this offset.
fn batch(size_bytes: usize, fill: u8, offset: i64, epoch: i32) -> Bytes {
    let value = vec![fill; size_bytes];
    let mut builder = BatchBuilder::new()
        .base_offset(Offset(offset))
        .leader_epoch(LeaderEpoch(epoch));
    builder.push(NewRecord {
        timestamp: 1_700_000_000_000,
        value: Some(&value),
        ..Default::default()
    });
    builder.build()
}

async fn produce(client: &mut Raw, partition: i32, records: Bytes) {
    let answer = client.produce("orders", partition, records).await.unwrap();
    assert_eq!(answer.error_code, ErrorCode::NONE);
}

fn fetch(partitions: i32, partition_max_bytes: i32) -> FetchRequest {
    let partition = |partition| FetchPartition {
        partition,
        fetch_offset: 0,
        partition_max_bytes,
        ..Default::default()
    };
    FetchRequest {
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: 100 * 1024 * 1024,
        topics: vec![FetchTopic {
            topic: "orders".into(),
            partitions: (0..partitions).map(partition).collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

#[tokio::test]
async fn what_was_produced_is_fetched_whether_copied_or_sent_from_the_file() {
    let mut node = Broker::start().await;
    let mut client = node.client().await;
    client.create("orders", 3, &[]).await.unwrap();
    let sizes: [&[usize]; 3] = [
        &[1, 100, 5_000],
        &[50_000, 20],
        &[900_000, 300_000, 1_000_000, 3],
    ];
    let mut expected = vec![BytesMut::new(), BytesMut::new(), BytesMut::new()];
    for (partition, sizes) in sizes.iter().enumerate() {
        for (offset, size) in sizes.iter().enumerate() {
            let fill = (partition * 10 + offset) as u8;
            produce(&mut client, partition as i32, batch(*size, fill, 0, -1)).await;
            expected[partition].extend_from_slice(&batch(*size, fill, offset as i64, 0));
        }
    }
    let response = client.ask(11, &fetch(3, 50 * 1024 * 1024)).await.unwrap();
    assert_eq!(response.error_code, ErrorCode::NONE);
    for (partition, expected) in response.responses[0].partitions.iter().zip(&expected) {
        assert_eq!(partition.error_code, ErrorCode::NONE);
        let records = partition.records.bytes().unwrap();
        assert_eq!(records.len(), expected.len());
        assert!(
            records == expected,
            "partition {}",
            partition.partition_index
        );
    }
    node.stop().await;
}

#[tokio::test]
async fn a_fetch_that_waits_is_answered_when_records_come() {
    let mut node = Broker::start().await;
    let (mut consumer, mut producer) = (node.client().await, node.client().await);
    producer.create("orders", 1, &[]).await.unwrap();
    let request = FetchRequest {
        max_wait_ms: 20_000,
        ..fetch(1, 1_000_000)
    };
    consumer.send(11, &request).await.unwrap();
    produce(&mut producer, 0, batch(10, 1, 0, -1)).await;
    let response = consumer.answer::<FetchRequest>().await.unwrap();
    let records = response.responses[0].partitions[0].records.bytes();
    assert_eq!(records, Some(&batch(10, 1, 0, 0)));
    node.stop().await;
}
