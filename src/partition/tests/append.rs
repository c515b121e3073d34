//! The single writer: order, one write for a queue, epochs, slow disks.

use super::*;
use ottla_protocol::ErrorCode;
use ottla_storage::disk::Operation;
use parking_lot::{Condvar, Mutex};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Stops writes to the logs below a path while it is shut, and counts those that passed.
#[derive(Default)]
struct Gate {
    shut: Mutex<bool>,
    changed: Condvar,
    waiting: AtomicUsize,
    writes: AtomicUsize,
}

impl Gate {
    fn on(disk: &SimulatedDisk, below: &'static str) -> Arc<Self> {
        let gate = Arc::new(Self::default());
        let seen = gate.clone();
        disk.set_hook(Some(Arc::new(move |operation, path: &Path| {
            let is_log =
                path.starts_with(below) && path.extension().is_some_and(|ending| ending == "log");
            if operation == Operation::Write && is_log {
                seen.waiting.fetch_add(1, Ordering::SeqCst);
                let mut shut = seen.shut.lock();
                while *shut {
                    seen.changed.wait(&mut shut);
                }
                seen.writes.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        })));
        gate
    }

    fn set(&self, shut: bool) {
        *self.shut.lock() = shut;
        self.changed.notify_all();
    }

    /// Until a write stands before the shut gate.
    async fn reached(&self, count: usize) {
        while self.waiting.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn an_append_is_acknowledged_with_its_offsets_and_visible() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    let partition = node.partition("orders", 0);
    for acks in [Acks::Leader, Acks::All] {
        let before = partition.offsets().end;
        let appended = partition
            .append(batch(&["a", "b"]), &options(acks))
            .acknowledged()
            .await
            .unwrap();
        assert_eq!(
            (appended.base_offset, appended.last_offset),
            (before, before.plus(1))
        );
        assert_eq!(partition.offsets().high_watermark, before.plus(2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_the_writer_is_written_in_one_go_and_in_order() {
    let mut node = Node::with_threads(&["/logs"]);
    node.create("orders", 1, &[]).await;
    let partition = node.partition("orders", 0);
    let gate = Gate::on(&node.disk, "/logs");
    gate.set(true);
    let first = tokio::spawn({
        let partition = partition.clone();
        async move {
            partition
                .append(batch(&["first"]), &options(Acks::All))
                .acknowledged()
                .await
        }
    });
    gate.reached(1).await;
    let queued: Vec<_> = (0..20)
        .map(|_| partition.append(batch(&["x", "y"]), &options(Acks::All)))
        .collect();
    gate.set(false);
    assert_eq!(first.await.unwrap().unwrap().base_offset, Offset(0));
    for (number, appending) in queued.into_iter().enumerate() {
        let expected = Offset(1 + 2 * i64::try_from(number).unwrap());
        assert_eq!(
            appending.acknowledged().await.unwrap().base_offset,
            expected
        );
    }
    assert_eq!(
        gate.writes.load(Ordering::SeqCst),
        2,
        "one write for the first, one for the whole queue"
    );
}

#[tokio::test]
async fn a_produce_parked_in_one_leader_epoch_is_never_acknowledged_in_another() {
    let mut node = Node::new();
    node.create_as(topic_id("orders"), "orders", 1, &[1, 2], &[])
        .await;
    let partition = node.partition("orders", 0);
    let parked = partition.append(batch(&["a"]), &options(Acks::All));
    let mut acknowledged = Box::pin(parked.acknowledged());
    assert!(
        futures::poll!(&mut acknowledged).is_pending(),
        "the other replica has not got it"
    );
    // The other replica leaves and the same leader goes on in a new epoch: now the record is committed.
    let isr = Some(vec![1]);
    let topic = topic_id("orders").0;
    let change = PartitionChangeRecord {
        topic_id: topic,
        partition_id: 0,
        leader: 1,
        isr,
        ..Default::default()
    };
    node.change(&[MetadataRecord::PartitionChange(change)])
        .await;
    assert_eq!(partition.offsets().high_watermark, Offset(1));
    assert_eq!(
        acknowledged.await.unwrap_err().error,
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    );
}

#[tokio::test]
async fn a_new_leader_elsewhere_ends_waits_and_refuses_appends() {
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
    node.elect("orders", 2).await;
    assert_eq!(
        parked.await.unwrap_err().error,
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    );
    let refused = partition
        .append(batch(&["a"]), &options(Acks::Leader))
        .acknowledged()
        .await;
    assert_eq!(
        refused.unwrap_err().error,
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    );
}

#[tokio::test(start_paused = true)]
async fn replicas_that_do_not_answer_let_a_produce_time_out() {
    let mut node = Node::new();
    node.create_as(topic_id("orders"), "orders", 1, &[1, 2], &[])
        .await;
    let partition = node.partition("orders", 0);
    let late = partition
        .append(batch(&["a"]), &options(Acks::All))
        .acknowledged()
        .await;
    assert_eq!(late.unwrap_err().error, ErrorCode::REQUEST_TIMED_OUT);
    assert!(
        partition
            .append(batch(&["b"]), &options(Acks::Leader))
            .acknowledged()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn min_insync_replicas_is_enforced_for_acks_all() {
    let mut node = Node::new();
    node.create_as(
        topic_id("orders"),
        "orders",
        1,
        &[1, 2],
        &[("min.insync.replicas", "2")],
    )
    .await;
    let topic = topic_id("orders").0;
    let isr = Some(vec![1]);
    let change = PartitionChangeRecord {
        topic_id: topic,
        partition_id: 0,
        isr,
        ..Default::default()
    };
    node.change(&[MetadataRecord::PartitionChange(change)])
        .await;
    let partition = node.partition("orders", 0);
    let refused = partition
        .append(batch(&["a"]), &options(Acks::All))
        .acknowledged()
        .await;
    assert_eq!(refused.unwrap_err().error, ErrorCode::NOT_ENOUGH_REPLICAS);
    assert!(
        partition
            .append(batch(&["a"]), &options(Acks::Leader))
            .acknowledged()
            .await
            .is_ok()
    );
    assert_eq!(
        partition.offsets().high_watermark,
        Offset(0),
        "strict min ISR: it stands still"
    );
}

#[tokio::test]
async fn a_coordinators_batch_is_refused_in_any_epoch_but_its_own() {
    let mut node = Node::new();
    node.create("state", 1, &[]).await;
    let partition = node.partition("state", 0);
    let timeout = Duration::from_secs(1);
    assert!(
        partition
            .append_own(batch(&["a"]), None, FIRST, timeout)
            .acknowledged()
            .await
            .is_ok()
    );
    node.elect("state", 1).await;
    let refused = partition
        .append_own(batch(&["a"]), None, FIRST, timeout)
        .acknowledged()
        .await;
    assert_eq!(
        refused.unwrap_err().error,
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    );
}

#[tokio::test]
async fn what_breaks_a_topics_rules_is_refused_by_the_configuration_in_force() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    let partition = node.partition("orders", 0);
    let long = "x".repeat(500);
    assert!(
        partition
            .append(batch(&[&long]), &options(Acks::All))
            .acknowledged()
            .await
            .is_ok()
    );
    node.configure("orders", "max.message.bytes", "100").await;
    let refused = partition
        .append(batch(&[&long]), &options(Acks::All))
        .acknowledged()
        .await;
    assert_eq!(refused.unwrap_err().error, ErrorCode::MESSAGE_TOO_LARGE);
    node.configure("orders", "cleanup.policy", "compact").await;
    let refused = partition
        .append(batch(&["a"]), &options(Acks::All))
        .acknowledged()
        .await
        .unwrap_err();
    assert_eq!(refused.error, ErrorCode::INVALID_RECORD);
    assert_eq!(refused.record_errors.len(), 1);
    assert_eq!(refused.log_start, Offset(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_directory_moves_to_its_own_thread_and_leaves_the_others_fast() {
    let mut node = Node::with_threads(&["/slow", "/fast"]);
    node.create("a", 1, &[]).await;
    node.create("b", 1, &[]).await;
    node.create("c", 1, &[]).await;
    let (slow, fast, slow_too) = (
        node.partition("a", 0),
        node.partition("b", 0),
        node.partition("c", 0),
    );
    assert_eq!(slow.directory().path(), Path::new("/slow"));
    assert_eq!(fast.directory().path(), Path::new("/fast"));
    assert!(Arc::ptr_eq(&slow.directory(), &slow_too.directory()));
    let gate = Gate::on(&node.disk, "/slow");
    gate.set(true);
    let stuck = tokio::spawn({
        let slow = slow.clone();
        async move {
            slow.append(batch(&["a"]), &options(Acks::All))
                .acknowledged()
                .await
        }
    });
    gate.reached(1).await;
    // The simulated disk does not make time pass; the stuck write has to look stuck.
    let until = node.clock.elapsed() + Duration::from_millis(3);
    while node.clock.elapsed() < until {
        tokio::task::yield_now().await;
    }
    // One runtime thread is stuck in the write. Were this one to write here as well, nobody could run the rest.
    let diverted = slow_too.append(batch(&["c"]), &options(Acks::All));
    for number in 0..50 {
        let appended = fast
            .append(batch(&["b"]), &options(Acks::All))
            .acknowledged()
            .await
            .unwrap();
        assert_eq!(appended.base_offset, Offset(number));
    }
    gate.set(false);
    assert!(stuck.await.unwrap().is_ok());
    assert!(diverted.acknowledged().await.is_ok());
}
