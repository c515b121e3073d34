//! Replicas that move between log directories: while they are written to, across crashes, and when nobody wants it any more.

use super::*;
use ottla_protocol::ErrorCode;
use ottla_storage::disk::Operation;
use ottla_storage::log::FlushScope;
use ottla_storage::offset::{ProducerEpoch, ProducerId, Sequence};

const BOTH: &[&str] = &["/a", "/b"];

async fn two_directories() -> Node {
    let mut node = Node::on(SimulatedDisk::new(), BOTH, |_| Threads::tasks());
    node.create("orders", 1, &[("internal.segment.bytes", "500")])
        .await;
    node
}

async fn append(node: &Node, values: std::ops::Range<usize>) {
    for value in values {
        let appending = node
            .partition("orders", 0)
            .append(batch(&[&value.to_string()]), &options(Acks::All));
        appending.acknowledged().await.unwrap();
    }
}

fn place(node: &Node) -> PathBuf {
    node.partition("orders", 0).directory().path().to_owned()
}

/// Where it is not.
fn elsewhere(node: &Node) -> &'static str {
    BOTH.iter()
        .find(|path| Path::new(path) != place(node))
        .unwrap()
}

async fn ask_to_move(node: &Node, to: &str) -> Result<(), ErrorCode> {
    let path = Path::new(to);
    node.table
        .move_replica(&node.image, "orders", 0, path)
        .await
}

/// Moves what is to be moved, as fast as it goes.
async fn carry_out(node: &Node) {
    let next = node.table.next_move().await;
    let at_once = |_| -> futures::future::BoxFuture<'static, ()> { Box::pin(async {}) };
    node.table.carry_out(&next, &at_once).await;
}

async fn all_bytes(node: &Node) -> Vec<u8> {
    bytes_of(node.partition("orders", 0).read(ask(0)).await)
}

fn partition_names(node: &Node, path: &str) -> Vec<String> {
    let mut names = names_in(&node.disk, path);
    names.retain(|name| name.starts_with("orders"));
    names
}

#[tokio::test]
async fn a_replica_moves_with_all_it_holds_and_nobody_who_waits_for_it_notices() {
    let node = two_directories().await;
    append(&node, 0..20).await;
    let before = all_bytes(&node).await;
    let (from, to) = (place(&node), elsewhere(&node));
    let partition = node.partition("orders", 0);
    let waiting = partition.committed(FIRST, Offset(21));
    ask_to_move(&node, to).await.unwrap();
    let described = node.table.describe_directories();
    let copies: Vec<_> = described.iter().flat_map(|one| &one.copies).collect();
    assert_eq!((copies.len(), copies[0].lag), (1, 20));
    carry_out(&node).await;
    assert_eq!(place(&node), Path::new(to));
    assert_eq!(all_bytes(&node).await, before);
    append(&node, 20..21).await;
    waiting.await.unwrap();
    assert!(Arc::ptr_eq(&partition, &node.partition("orders", 0)));
    let told = node.table.replicating().placements.take(10);
    assert_eq!(
        told.last(),
        Some(&((topic_id("orders"), 0), directory_id(to)))
    );
    assert!(
        partition_names(&node, from.to_str().unwrap())
            .iter()
            .all(|name| name.ends_with("-delete"))
    );
    assert_eq!(partition_names(&node, to), ["orders-0"]);
    // A crash now finds it there, with what came after the move.
    let node = node.restarted(BOTH).await;
    assert_eq!(place(&node), Path::new(to));
    assert_eq!(node.partition("orders", 0).offsets().end, Offset(21));
}

#[tokio::test]
async fn an_idempotent_producer_goes_on_where_its_replica_moved_to() {
    let node = two_directories().await;
    let produce = async |sequence: i32| {
        let mut builder = BatchBuilder::new();
        builder.push(NewRecord {
            timestamp: START_MS,
            value: Some(b"value"),
            ..Default::default()
        });
        let batch = builder
            .producer(ProducerId(7), ProducerEpoch(0), Sequence(sequence))
            .build();
        let appending = node
            .partition("orders", 0)
            .append(batch, &options(Acks::All));
        appending.acknowledged().await.map(|done| done.base_offset)
    };
    for sequence in 0..3 {
        produce(sequence).await.unwrap();
    }
    ask_to_move(&node, elsewhere(&node)).await.unwrap();
    carry_out(&node).await;
    assert_eq!(produce(2).await.unwrap(), Offset(2), "a duplicate");
    assert_eq!(produce(3).await.unwrap(), Offset(3));
    assert!(produce(9).await.is_err(), "a gap");
}

#[tokio::test]
async fn a_crash_at_any_operation_of_a_move_loses_nothing() {
    for (is_power_lost, fails_at) in (0..400).flat_map(|at| [(false, at), (true, at)]) {
        let mut node = Node::on(SimulatedDisk::new(), BOTH, |_| Threads::tasks());
        let config = [("internal.segment.bytes", "300"), ("flush.messages", "1")];
        node.create("orders", 1, &config).await;
        append(&node, 0..6).await;
        ask_to_move(&node, elsewhere(&node)).await.unwrap();
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = count.clone();
        // From here on the disk does nothing any more: that is when the machine stopped.
        node.disk.set_hook(Some(Arc::new(move |operation, _| {
            let is_change = !matches!(operation, Operation::Read);
            let at =
                counted.fetch_add(usize::from(is_change), std::sync::atomic::Ordering::Relaxed);
            match at >= fails_at {
                true => Err(std::io::Error::other("stopped")),
                false => Ok(()),
            }
        })));
        carry_out(&node).await;
        let was_reached = count.load(std::sync::atomic::Ordering::Relaxed) > fails_at;
        node.disk.set_hook(None);
        if is_power_lost {
            node.disk.power_loss(fails_at as u64);
        }
        let node = node.restarted(BOTH).await;
        let found = node.table.by_name(&node.image, "orders", 0);
        let partition = found.unwrap_or_else(|error| panic!("{error} at {fails_at}"));
        assert_eq!(partition.offsets().end, Offset(6), "at {fails_at}");
        append(&node, 6..8).await;
        let node = node.restarted(BOTH).await;
        let partition = node.partition("orders", 0);
        assert_eq!(partition.offsets().end, Offset(8), "again, at {fails_at}");
        if !was_reached {
            return;
        }
    }
    panic!("a move takes more operations than were tried");
}

#[tokio::test]
async fn a_move_that_a_crash_cut_short_goes_on_where_it_was() {
    let node = two_directories().await;
    append(&node, 0..40).await;
    let to = elsewhere(&node);
    ask_to_move(&node, to).await.unwrap();
    let next = node.table.next_move().await;
    // It never comes to its second piece.
    let never = |_| -> futures::future::BoxFuture<'static, ()> { Box::pin(std::future::pending()) };
    let copying = node.table.carry_out(&next, &never);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), copying)
            .await
            .is_err()
    );
    let has_future = |node: &Node| {
        partition_names(node, to)
            .iter()
            .any(|name| name.ends_with("-future"))
    };
    assert!(has_future(&node));
    let node = node.restarted(BOTH).await;
    assert!(place(&node) != Path::new(to));
    append(&node, 40..45).await;
    carry_out(&node).await;
    assert_eq!(place(&node), Path::new(to));
    assert_eq!(node.partition("orders", 0).offsets().end, Offset(45));
    assert!(!has_future(&node));
}

#[tokio::test]
async fn to_where_it_lies_already_calls_a_move_off() {
    let node = two_directories().await;
    append(&node, 0..10).await;
    let (from, to) = (place(&node), elsewhere(&node));
    ask_to_move(&node, to).await.unwrap();
    let next = node.table.next_move().await;
    ask_to_move(&node, from.to_str().unwrap()).await.unwrap();
    assert!(next.is_cancelled());
    let at_once = |_| -> futures::future::BoxFuture<'static, ()> { Box::pin(async {}) };
    node.table.carry_out(&next, &at_once).await;
    assert_eq!(place(&node), from);
    assert!(partition_names(&node, to).is_empty());
    let described = node.table.describe_directories();
    assert!(described.iter().all(|one| one.copies.is_empty()));
}

#[tokio::test]
async fn a_topic_deleted_while_it_moves_leaves_nothing_behind() {
    let mut node = two_directories().await;
    append(&node, 0..10).await;
    let to = elsewhere(&node);
    ask_to_move(&node, to).await.unwrap();
    let next = node.table.next_move().await;
    node.delete("orders").await;
    let at_once = |_| -> futures::future::BoxFuture<'static, ()> { Box::pin(async {}) };
    node.table.carry_out(&next, &at_once).await;
    assert!(partition_names(&node, to).is_empty());
    node.create_as(TopicId(Uuid([9; 16])), "orders", 1, &[1], &[])
        .await;
    assert_eq!(node.partition("orders", 0).offsets().end, Offset(0));
}

#[tokio::test]
async fn a_copy_follows_a_log_that_is_cut_and_written_anew() {
    let mut node = Node::on(SimulatedDisk::new(), BOTH, |_| Threads::tasks());
    node.create_as(topic_id("orders"), "orders", 1, &[1, 2], &[])
        .await;
    node.elect("orders", 2).await;
    let partition = node.partition("orders", 0);
    let follow = |epoch: i32, from: i64, values: std::ops::Range<i64>| {
        let mut records = Vec::new();
        for offset in values {
            let mut bytes = batch(&[&format!("{epoch}-{offset}")]).to_vec();
            bytes[..8].copy_from_slice(&offset.to_be_bytes());
            bytes[12..16].copy_from_slice(&epoch.to_be_bytes());
            records.extend(bytes);
        }
        partition.follow(FromLeader {
            epoch: LeaderEpoch(epoch),
            fetch_offset: Offset(from),
            records: records.into(),
            high_watermark: Offset(0),
            log_start: Offset(0),
        })
    };
    follow(1, 0, 0..10).await.unwrap();
    let to = elsewhere(&node);
    ask_to_move(&node, to).await.unwrap();
    let next = node.table.next_move().await;
    let never = |_| -> futures::future::BoxFuture<'static, ()> { Box::pin(std::future::pending()) };
    let copying = node.table.carry_out(&next, &never);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), copying)
            .await
            .is_err()
    );
    let cut = [(partition.clone(), LeaderEpoch(1), Cut::To(Offset(4)))];
    assert_eq!(node.table.cut_back(&cut).await, [Ok(())]);
    node.elect("orders", 1).await;
    node.elect("orders", 2).await;
    follow(3, 4, 4..12).await.unwrap();
    let node = node.restarted(BOTH).await;
    carry_out(&node).await;
    assert_eq!(place(&node), Path::new(to));
    let partition = node.partition("orders", 0);
    assert_eq!(partition.offsets().end, Offset(12));
    assert_eq!(
        partition.own_end_of_epoch(LeaderEpoch(2)),
        Some((LeaderEpoch(1), Offset(4)))
    );
}

#[tokio::test]
async fn an_older_copy_that_a_failing_directory_kept_is_never_served() {
    let node = two_directories().await;
    append(&node, 0..5).await;
    let (from, to) = (place(&node), elsewhere(&node));
    ask_to_move(&node, to).await.unwrap();
    let old = from.clone();
    node.disk.set_hook(Some(Arc::new(move |operation, path| {
        let is_going = operation == Operation::Rename && path.starts_with(&old);
        match is_going && path.to_string_lossy().contains("orders-0") {
            true => Err(std::io::Error::other("bad sector")),
            false => Ok(()),
        }
    })));
    carry_out(&node).await;
    node.disk.set_hook(None);
    append(&node, 5..9).await;
    let partition = node.partition("orders", 0);
    partition.flush(FlushScope::Everything).await.unwrap();
    let node = node.restarted(BOTH).await;
    assert_eq!(node.partition("orders", 0).offsets().end, Offset(9));
    assert_eq!(place(&node), Path::new(to));
    node.table.remove_due_files().await;
    assert!(partition_names(&node, from.to_str().unwrap()).is_empty());
}

#[tokio::test]
async fn what_cannot_be_moved_is_said() {
    let mut node = two_directories().await;
    let ask = async |node: &Node, name: &str, to: &str| {
        let path = Path::new(to);
        node.table.move_replica(&node.image, name, 0, path).await
    };
    assert_eq!(
        ask(&node, "orders", "/c").await,
        Err(ErrorCode::LOG_DIR_NOT_FOUND)
    );
    assert_eq!(
        ask(&node, "unknown", "/a").await,
        Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    );
    let long = "x".repeat(240);
    assert_eq!(
        ask(&node, &long, "/a").await,
        Err(ErrorCode::INVALID_TOPIC_EXCEPTION)
    );
    node.table.cordon(&["/b".to_owned()]);
    assert_eq!(
        ask(&node, "orders", "/b").await,
        Err(ErrorCode::INVALID_REPLICA_ASSIGNMENT)
    );
    node.table.cordon(&[]);
    // One that this broker does not have yet is noted for when it comes.
    node.create_as(topic_id("later"), "later", 1, &[2], &[])
        .await;
    let to = elsewhere(&node);
    for path in [place(&node).to_str().unwrap(), to] {
        assert_eq!(
            ask(&node, "later", path).await,
            Err(ErrorCode::REPLICA_NOT_AVAILABLE)
        );
    }
    let change = PartitionChangeRecord {
        topic_id: topic_id("later").0,
        partition_id: 0,
        replicas: Some(vec![2, 1]),
        directories: Some(vec![Uuid::default(); 2]),
        ..Default::default()
    };
    node.change(&[MetadataRecord::PartitionChange(change)])
        .await;
    let partition = node.partition("later", 0);
    assert_eq!(partition.directory().path(), Path::new(to));
}
