//! Stopping, dying and starting again.

use super::*;
use ottla_protocol::ErrorCode;
use ottla_storage::log::FlushScope;

async fn append(partition: &Arc<Partition>, count: usize) {
    for _ in 0..count {
        partition
            .append(batch(&["value"]), &options(Acks::All))
            .acknowledged()
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_clean_stop_is_noted_with_its_broker_epoch_and_only_until_the_next_start() {
    let mut node = Node::new();
    node.create("orders", 2, &[]).await;
    append(&node.partition("orders", 1), 3).await;
    node.table.shutdown(42).await;
    let node = node.restarted(&["/logs"]).await;
    assert_eq!(node.table.previous_broker_epoch(), Some(42));
    assert_eq!(node.partition("orders", 1).offsets().end, Offset(3));
    assert_eq!(node.partition("orders", 1).offsets().flushed, Offset(3));
    let node = node.restarted(&["/logs"]).await;
    assert_eq!(
        node.table.previous_broker_epoch(),
        None,
        "that start ended without a stop"
    );
}

#[tokio::test]
async fn process_death_loses_nothing_that_was_acknowledged() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    append(&node.partition("orders", 0), 5).await;
    node.table.checkpoint_high_watermarks().await;
    append(&node.partition("orders", 0), 5).await;
    let node = node.restarted(&["/logs"]).await;
    let offsets = node.partition("orders", 0).offsets();
    assert_eq!(
        (offsets.end, offsets.high_watermark),
        (Offset(10), Offset(10))
    );
}

#[tokio::test]
async fn power_loss_loses_nothing_acknowledged_under_flush_messages_one() {
    for seed in 0..20 {
        let mut node = Node::new();
        node.create("orders", 1, &[("flush.messages", "1")]).await;
        append(&node.partition("orders", 0), 5).await;
        node.disk.power_loss(seed);
        let node = node.again(&["/logs"]).await;
        assert_eq!(
            node.partition("orders", 0).offsets().end,
            Offset(5),
            "seed {seed}"
        );
    }
}

#[tokio::test]
async fn what_a_start_finds_under_flush_messages_one_is_synced_without_another_append() {
    let mut node = Node::new();
    node.create("orders", 1, &[("flush.messages", "1")]).await;
    append(&node.partition("orders", 0), 5).await;
    let node = node.restarted(&["/logs"]).await;
    let partition = node.partition("orders", 0);
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    let offsets = partition.offsets();
    assert_eq!(
        (offsets.flushed, offsets.high_watermark),
        (Offset(5), Offset(5))
    );
}

#[tokio::test]
async fn a_stopped_table_tells_everybody_who_waits() {
    let mut node = Node::new();
    node.create_as(topic_id("orders"), "orders", 1, &[1, 2], &[])
        .await;
    let partition = node.partition("orders", 0);
    let mut parked = Box::pin(
        partition
            .append(batch(&["a"]), &options(Acks::All))
            .acknowledged(),
    );
    assert!(futures::poll!(&mut parked).is_pending());
    node.table.shutdown(1).await;
    assert_eq!(
        parked.await.unwrap_err().error,
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    );
}

#[tokio::test]
async fn a_moved_log_start_survives_once_it_is_checkpointed() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    let partition = node.partition("orders", 0);
    append(&partition, 5).await;
    assert_eq!(
        partition.delete_records(Offset(3), SOON).await,
        Ok(Offset(3))
    );
    node.table.checkpoint_log_starts().await;
    let node = node.restarted(&["/logs"]).await;
    assert_eq!(node.partition("orders", 0).offsets().start, Offset(3));
}

#[tokio::test]
async fn a_recreated_topic_inherits_nothing_from_the_checkpoints_of_the_deleted_one() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    append(&node.partition("orders", 0), 5).await;
    node.partition("orders", 0)
        .flush(FlushScope::Everything)
        .await
        .unwrap();
    node.table.checkpoint_recovery_points().await;
    node.table.checkpoint_high_watermarks().await;
    node.delete("orders").await;
    node.create_as(TopicId(Uuid([9; 16])), "orders", 1, &[1], &[])
        .await;
    append(&node.partition("orders", 0), 2).await;
    // Twice: the second start reads what the first one found worth keeping.
    let node = node.restarted(&["/logs"]).await.restarted(&["/logs"]).await;
    assert_eq!(node.partition("orders", 0).offsets().end, Offset(2));
}

#[tokio::test]
async fn a_partition_that_could_not_be_opened_keeps_its_recovery_point_and_its_directory_no_clean_mark()
 {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    append(&node.partition("orders", 0), 5).await;
    node.partition("orders", 0)
        .flush(FlushScope::Everything)
        .await
        .unwrap();
    node.table.checkpoint_recovery_points().await;
    node.disk.power_loss(1);
    node.disk
        .flip_bits(
            Path::new("/logs/orders-0/00000000000000000000.log"),
            8,
            0x7f,
        )
        .unwrap();
    for _ in 0..2 {
        node = node.again(&["/logs"]).await;
        assert_eq!(node.table.previous_broker_epoch(), None);
        let refused = node.table.by_name(&node.image, "orders", 0).err();
        assert_eq!(
            refused,
            Some(ErrorCode::KAFKA_STORAGE_ERROR),
            "damaged, not cut short"
        );
        node.table.shutdown(7).await;
        node.disk.process_death();
    }
}
