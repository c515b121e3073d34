//! Group commit, and what a failed sync does.

use super::*;
use ottla_protocol::ErrorCode;
use ottla_storage::disk::Operation;
use ottla_storage::log::FlushScope;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "log")
}

fn count_syncs(disk: &SimulatedDisk) -> Arc<AtomicUsize> {
    let syncs = Arc::new(AtomicUsize::new(0));
    let counted = syncs.clone();
    disk.set_hook(Some(Arc::new(move |operation, path: &Path| {
        if operation == Operation::Sync && is_log(path) {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    })));
    syncs
}

fn fail_syncs(disk: &SimulatedDisk, below: &'static str) {
    disk.set_hook(Some(Arc::new(
        move |operation, path: &Path| match operation {
            Operation::Sync if path.starts_with(below) => {
                Err(io::Error::other("the device is gone"))
            }
            _ => Ok(()),
        },
    )));
}

#[tokio::test]
async fn under_flush_messages_one_nothing_is_acknowledged_or_visible_before_its_sync() {
    let mut node = Node::new();
    node.create("orders", 1, &[("flush.messages", "1")]).await;
    let partition = node.partition("orders", 0);
    for acks in [Acks::Leader, Acks::All] {
        let mut appending = Box::pin(
            partition
                .append(batch(&["a"]), &options(acks))
                .acknowledged(),
        );
        assert!(
            futures::poll!(&mut appending).is_pending(),
            "the sync has not run"
        );
        assert_eq!(
            partition.offsets().high_watermark,
            partition.offsets().flushed
        );
        let appended = appending.await.unwrap();
        assert_eq!(partition.offsets().flushed, appended.last_offset.next());
    }
}

#[tokio::test]
async fn one_sync_answers_every_produce_that_waits() {
    let mut node = Node::new();
    node.create("orders", 1, &[("flush.messages", "1")]).await;
    let partition = node.partition("orders", 0);
    let syncs = count_syncs(&node.disk);
    let waiting: Vec<_> = (0..50)
        .map(|_| partition.append(batch(&["a"]), &options(Acks::All)))
        .collect();
    for appending in waiting {
        appending.acknowledged().await.unwrap();
    }
    let syncs = syncs.load(Ordering::SeqCst);
    assert!((1..=2).contains(&syncs), "{syncs} syncs for 50 produces");
}

#[tokio::test]
async fn flush_messages_bounds_what_is_acknowledged_and_unflushed() {
    let mut node = Node::new();
    node.create("orders", 1, &[("flush.messages", "3")]).await;
    let partition = node.partition("orders", 0);
    let syncs = count_syncs(&node.disk);
    for _ in 0..9 {
        partition
            .append(batch(&["a"]), &options(Acks::All))
            .acknowledged()
            .await
            .unwrap();
        let offsets = partition.offsets();
        assert!(offsets.high_watermark.since(offsets.flushed) < 3);
    }
    assert_eq!(syncs.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn flush_ms_bounds_the_age_of_unflushed_records() {
    let mut node = Node::new();
    node.create("timed", 1, &[("flush.ms", "1000")]).await;
    node.create("untimed", 1, &[]).await;
    let (timed, untimed) = (node.partition("timed", 0), node.partition("untimed", 0));
    for partition in [&timed, &untimed] {
        partition
            .append(batch(&["a"]), &options(Acks::All))
            .acknowledged()
            .await
            .unwrap();
    }
    tokio::time::advance(Duration::from_millis(999)).await;
    node.table.flush_overdue().await;
    assert_eq!(timed.offsets().flushed, Offset(0));
    tokio::time::advance(Duration::from_millis(1)).await;
    node.table.flush_overdue().await;
    assert_eq!(
        (timed.offsets().flushed, untimed.offsets().flushed),
        (Offset(1), Offset(0))
    );
}

#[tokio::test]
async fn a_failed_sync_takes_its_directory_offline_and_no_other() {
    let mut node = Node::on(SimulatedDisk::new(), &["/bad", "/good"], |_| {
        Threads::tasks()
    });
    node.create("a", 1, &[("flush.messages", "1")]).await;
    node.create("b", 1, &[("flush.messages", "1")]).await;
    node.create("c", 1, &[]).await;
    let (lost, fine, neighbour) = (
        node.partition("a", 0),
        node.partition("b", 0),
        node.partition("c", 0),
    );
    assert!(Arc::ptr_eq(&lost.directory(), &neighbour.directory()));
    fail_syncs(&node.disk, "/bad");
    let failed = lost
        .append(batch(&["a"]), &options(Acks::All))
        .acknowledged()
        .await;
    assert_eq!(failed.unwrap_err().error, ErrorCode::KAFKA_STORAGE_ERROR);
    node.disk.set_hook(None);
    // Never retried, and the neighbour in the directory is offline too.
    for partition in [&lost, &neighbour] {
        let refused = partition
            .append(batch(&["a"]), &options(Acks::Leader))
            .acknowledged()
            .await;
        assert_eq!(refused.unwrap_err().error, ErrorCode::KAFKA_STORAGE_ERROR);
        assert_eq!(
            partition.read(ask(0)).await.error,
            ErrorCode::KAFKA_STORAGE_ERROR
        );
    }
    assert!(
        fine.append(batch(&["b"]), &options(Acks::All))
            .acknowledged()
            .await
            .is_ok()
    );
    let failures = node.table.failures().borrow().clone();
    assert_eq!(
        failures,
        Failures {
            directories: vec![directory_id("/bad")],
            are_all_failed: false
        }
    );
}

#[tokio::test]
async fn the_last_directory_to_fail_is_announced_as_such() {
    let mut node = Node::new();
    node.create("a", 1, &[]).await;
    fail_syncs(&node.disk, "/logs");
    let partition = node.partition("a", 0);
    partition
        .append(batch(&["a"]), &options(Acks::All))
        .acknowledged()
        .await
        .unwrap();
    assert_eq!(
        partition.flush(FlushScope::Data).await,
        Err(ErrorCode::KAFKA_STORAGE_ERROR)
    );
    assert!(node.table.failures().borrow().are_all_failed);
}
