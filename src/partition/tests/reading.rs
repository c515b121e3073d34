//! Who sees what: bounds, epochs, offsets by time.

use super::*;
use ottla_protocol::ErrorCode;

async fn node_with(count: usize) -> (Node, Arc<Partition>) {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    let partition = node.partition("orders", 0);
    for number in 0..count {
        let mut builder = BatchBuilder::new();
        let timestamp = START_MS + i64::try_from(number).unwrap();
        builder.push(NewRecord {
            timestamp,
            value: Some(b"value"),
            ..Default::default()
        });
        let appending = partition.append(builder.build(), &options(Acks::All));
        appending.acknowledged().await.unwrap();
    }
    (node, partition)
}

#[tokio::test]
async fn a_read_gives_whole_batches_from_the_offset_to_the_high_watermark() {
    let (_node, partition) = node_with(3).await;
    let all = partition.read(ask(0)).await;
    assert_eq!(
        (all.error, all.high_watermark, all.log_start),
        (ErrorCode::NONE, Offset(3), Offset(0))
    );
    let size = all.size_bytes();
    assert_eq!(bytes_of(all).len(), size);
    assert_eq!(partition.read(ask(2)).await.size_bytes(), size / 3);
    let tail = partition.read(ask(3)).await;
    assert_eq!((tail.error, tail.size_bytes()), (ErrorCode::NONE, 0));
    assert_eq!(
        partition.read(ask(4)).await.error,
        ErrorCode::OFFSET_OUT_OF_RANGE
    );
    assert_eq!(
        partition
            .read(Ask {
                max_bytes: 1,
                ..ask(0)
            })
            .await
            .size_bytes(),
        size / 3,
        "one batch at least"
    );
    let none = partition
        .read(Ask {
            max_bytes: 1,
            at_least_one_batch: false,
            ..ask(0)
        })
        .await;
    assert_eq!(none.size_bytes(), 0);
}

#[tokio::test]
async fn a_read_is_checked_against_the_leader_epoch_and_the_clients_history() {
    let (mut node, partition) = node_with(2).await;
    node.elect("orders", 1).await;
    let in_epoch = |epoch| Ask {
        current_leader_epoch: Some(LeaderEpoch(epoch)),
        ..ask(0)
    };
    assert_eq!(
        partition.read(in_epoch(0)).await.error,
        ErrorCode::FENCED_LEADER_EPOCH
    );
    assert_eq!(partition.read(in_epoch(1)).await.error, ErrorCode::NONE);
    assert_eq!(
        partition.read(in_epoch(2)).await.error,
        ErrorCode::UNKNOWN_LEADER_EPOCH
    );
    partition
        .append(batch(&["in epoch 1"]), &options(Acks::All))
        .acknowledged()
        .await
        .unwrap();
    let after = |offset, epoch| Ask {
        last_fetched_epoch: Some(LeaderEpoch(epoch)),
        ..ask(offset)
    };
    assert_eq!(partition.read(after(2, 0)).await.diverging, None);
    let diverging = partition.read(after(3, 0)).await;
    assert_eq!(
        diverging.diverging,
        Some((LeaderEpoch(0), Offset(2))),
        "epoch 0 ended at 2"
    );
    assert_eq!(diverging.error, ErrorCode::NONE);
    assert_eq!(
        partition.end_of_epoch(LeaderEpoch(0), None),
        Ok((LeaderEpoch(0), Offset(2)))
    );
    assert_eq!(
        partition.end_of_epoch(LeaderEpoch(1), None),
        Ok((LeaderEpoch(1), Offset(3)))
    );
    assert_eq!(
        partition.end_of_epoch(LeaderEpoch(9), None),
        Ok((LeaderEpoch::NONE, Offset::NONE))
    );
}

#[tokio::test]
async fn every_word_for_an_offset_means_what_it_means_in_kafka() {
    let (_node, partition) = node_with(5).await;
    partition.delete_records(Offset(1), SOON).await.unwrap();
    let cases = [
        (LATEST, -1, 5, 0),
        (EARLIEST, -1, 1, 0),
        (EARLIEST_LOCAL, -1, 1, 0),
        (MAX_TIMESTAMP, START_MS + 4, 4, 0),
        (LATEST_TIERED, -1, -1, -1),
        (EARLIEST_PENDING_UPLOAD, -1, -1, -1),
        (START_MS + 2, START_MS + 2, 2, 0),
        (0, START_MS + 1, 1, 0),
        (START_MS + 5, -1, -1, -1),
    ];
    for (asked, timestamp, offset, epoch) in cases {
        let listed = partition
            .list_offset(asked, Isolation::ReadUncommitted, None)
            .await
            .unwrap();
        let expected = Listed {
            timestamp,
            offset: Offset(offset),
            leader_epoch: LeaderEpoch(epoch),
        };
        assert_eq!(listed, expected, "{asked}");
    }
    let unknown = partition
        .list_offset(-7, Isolation::ReadUncommitted, None)
        .await;
    assert_eq!(unknown, Err(ErrorCode::UNSUPPORTED_VERSION));
}

#[tokio::test]
async fn records_are_deleted_up_to_the_high_watermark_and_not_beyond() {
    let (mut node, partition) = node_with(5).await;
    assert_eq!(
        partition.delete_records(Offset(6), SOON).await,
        Err(ErrorCode::OFFSET_OUT_OF_RANGE)
    );
    assert_eq!(
        partition.delete_records(Offset(-2), SOON).await,
        Err(ErrorCode::OFFSET_OUT_OF_RANGE)
    );
    assert_eq!(
        partition.delete_records(Offset(2), SOON).await,
        Ok(Offset(2))
    );
    assert_eq!(
        partition.delete_records(Offset(1), SOON).await,
        Ok(Offset(2)),
        "never back"
    );
    assert_eq!(
        partition.delete_records(HIGH_WATERMARK, SOON).await,
        Ok(Offset(5))
    );
    node.configure("orders", "cleanup.policy", "compact").await;
    assert_eq!(
        partition.delete_records(Offset(5), SOON).await,
        Err(ErrorCode::POLICY_VIOLATION)
    );
}

#[tokio::test]
async fn active_producers_are_listed_with_their_last_sequence() {
    use ottla_storage::offset::{ProducerEpoch, ProducerId, Sequence};
    let (_node, partition) = node_with(1).await;
    assert_eq!(partition.active_producers().await, Ok(Vec::new()));
    let mut builder = BatchBuilder::new().producer(ProducerId(77), ProducerEpoch(2), Sequence(0));
    for _ in 0..3 {
        builder.push(NewRecord {
            timestamp: START_MS,
            value: Some(b"v"),
            ..Default::default()
        });
    }
    let bytes = builder.build();
    let first = partition
        .append(bytes.clone(), &options(Acks::All))
        .acknowledged()
        .await
        .unwrap();
    let again = partition
        .append(bytes, &options(Acks::All))
        .acknowledged()
        .await
        .unwrap();
    assert!(again.is_duplicate && again.base_offset == first.base_offset);
    let producers = partition.active_producers().await.unwrap();
    assert_eq!(producers.len(), 1);
    assert_eq!(
        (producers[0].producer_id, producers[0].last_sequence),
        (ProducerId(77), Sequence(2))
    );
    assert_eq!(producers[0].transaction_start, Offset::NONE);
}
