//! Deleting topics and recreating them under their names.

use super::*;
use ottla_protocol::ErrorCode;

#[tokio::test(start_paused = true)]
async fn a_deleted_topic_is_out_of_sight_at_once_and_off_the_disk_after_its_delay() {
    let mut node = Node::new();
    node.create("orders", 2, &[("file.delete.delay.ms", "60000")])
        .await;
    let partition = node.partition("orders", 0);
    partition
        .append(batch(&["a"]), &options(Acks::All))
        .acknowledged()
        .await
        .unwrap();
    let read = partition.read(ask(0)).await;
    let mut waiting = Box::pin(partition.committed(FIRST, Offset(9)));
    assert!(futures::poll!(&mut waiting).is_pending());
    node.delete("orders").await;
    assert_eq!(waiting.await, Err(Ended::Deleted));
    assert_eq!(
        node.table.by_name(&node.image, "orders", 0).err(),
        Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    );
    let id = topic_id("orders");
    assert_eq!(
        node.table.by_id(&node.image, id, 0).err(),
        Some(ErrorCode::UNKNOWN_TOPIC_ID)
    );
    assert_eq!(
        partition.read(ask(0)).await.error,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    assert!(
        !bytes_of(read).is_empty(),
        "who was reading finishes on the old files"
    );
    let deleted = |names: &[String]| {
        names
            .iter()
            .filter(|name| name.ends_with("-delete"))
            .count()
    };
    assert_eq!(deleted(&names_in(&node.disk, "/logs")), 2);
    node.table.remove_due_files().await;
    assert_eq!(deleted(&names_in(&node.disk, "/logs")), 2, "not yet");
    tokio::time::advance(Duration::from_secs(61)).await;
    node.table.remove_due_files().await;
    assert!(
        names_in(&node.disk, "/logs")
            .iter()
            .all(|name| !name.starts_with("orders"))
    );
}

#[tokio::test]
async fn a_topic_recreated_under_its_name_begins_empty_and_an_old_reader_never_sees_its_bytes() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    let old = node.partition("orders", 0);
    old.append(batch(&["old"]), &options(Acks::All))
        .acknowledged()
        .await
        .unwrap();
    let old_read = old.read(ask(0)).await;
    node.delete("orders").await;
    node.create_as(TopicId(Uuid([9; 16])), "orders", 1, &[1], &[])
        .await;
    let new = node.partition("orders", 0);
    assert_eq!(new.offsets().end, Offset(0));
    new.append(batch(&["new"]), &options(Acks::All))
        .acknowledged()
        .await
        .unwrap();
    let old_bytes = bytes_of(old_read);
    assert!(old_bytes.windows(3).any(|window| window == b"old"));
    let refused = old
        .append(batch(&["x"]), &options(Acks::All))
        .acknowledged()
        .await;
    assert_eq!(
        refused.unwrap_err().error,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
}

#[tokio::test]
async fn what_was_renamed_but_not_removed_before_a_crash_is_removed_after_it() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    node.delete("orders").await;
    let node = node.restarted(&["/logs"]).await;
    node.table.remove_due_files().await;
    assert!(
        names_in(&node.disk, "/logs")
            .iter()
            .all(|name| !name.starts_with("orders"))
    );
}
