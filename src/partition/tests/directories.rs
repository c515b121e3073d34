//! Several directories, full ones, unknown contents, damaged partitions.

use super::*;
use ottla_protocol::ErrorCode;
use ottla_storage::disk::Operation;
use std::sync::atomic::{AtomicUsize, Ordering};

const MIB: u64 = 1 << 20;

#[tokio::test]
async fn partitions_are_spread_over_several_log_dirs() {
    let mut node = Node::on(SimulatedDisk::new(), &["/a", "/b"], |_| Threads::tasks());
    node.create("orders", 10, &[]).await;
    let described = node.table.describe_directories();
    let counts: Vec<usize> = described
        .iter()
        .map(|directory| directory.partitions.len())
        .collect();
    assert_eq!(counts, [5, 5]);
}

#[tokio::test]
async fn a_partition_stays_where_it_is_after_a_restart() {
    let mut node = Node::on(SimulatedDisk::new(), &["/a", "/b"], |_| Threads::tasks());
    node.create("orders", 3, &[]).await;
    let place = |node: &Node, index| {
        node.partition("orders", index)
            .directory()
            .path()
            .to_owned()
    };
    let before: Vec<_> = (0..3).map(|index| place(&node, index)).collect();
    let node = node.restarted(&["/a", "/b"]).await;
    let after: Vec<_> = (0..3).map(|index| place(&node, index)).collect();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_directory_that_the_metadata_does_not_know_is_reported_and_left_as_it_is() {
    let disk = SimulatedDisk::new();
    disk.create_dir(Path::new("/logs/stray-0")).unwrap();
    ottla_storage::disk::replace_file(&disk, Path::new("/logs/stray-0/something"), b"kept")
        .unwrap();
    let mut node = Node::on(disk, &["/logs"], |_| Threads::tasks());
    node.create("orders", 1, &[]).await;
    assert_eq!(
        node.table.unknown_directories(),
        [PathBuf::from("/logs/stray-0")]
    );
    node.table.checkpoint_recovery_points().await;
    node.table.shutdown(1).await;
    assert_eq!(names_in(&node.disk, "/logs/stray-0"), ["something"]);
}

#[tokio::test]
async fn another_topics_directory_of_the_same_name_is_never_overwritten() {
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    node.partition("orders", 0)
        .append(batch(&["old"]), &options(Acks::All))
        .acknowledged()
        .await
        .unwrap();
    // The topic was deleted and created again while this node was down.
    let mut node = Node::on(node.disk.clone(), &["/other"], |_| Threads::tasks());
    node.disk.process_death();
    node = Node::on(node.disk.clone(), &["/logs"], |_| Threads::tasks());
    node.create_as(TopicId(Uuid([9; 16])), "orders", 1, &[1], &[])
        .await;
    assert_eq!(
        node.table.by_name(&node.image, "orders", 0).err(),
        Some(ErrorCode::KAFKA_STORAGE_ERROR)
    );
    assert_eq!(
        node.table.unknown_directories(),
        [PathBuf::from("/logs/orders-0")]
    );
}

#[tokio::test]
async fn a_damaged_partition_is_quarantined_and_the_rest_is_served() {
    let mut node = Node::new();
    node.create("bad", 1, &[("flush.messages", "1")]).await;
    node.create("good", 1, &[("flush.messages", "1")]).await;
    for topic in ["bad", "good"] {
        let partition = node.partition(topic, 0);
        partition
            .append(batch(&["value"]), &options(Acks::All))
            .acknowledged()
            .await
            .unwrap();
        partition
            .flush(ottla_storage::log::FlushScope::Everything)
            .await
            .unwrap();
    }
    node.table.checkpoint_recovery_points().await;
    node.disk.power_loss(1);
    // A bad sector below the recovery point: durable bytes are damaged. The first batch's length makes no sense now.
    node.disk
        .flip_bits(Path::new("/logs/bad-0/00000000000000000000.log"), 8, 0x7f)
        .unwrap();
    let node = node.again(&["/logs"]).await;
    assert_eq!(
        node.table.by_name(&node.image, "bad", 0).err(),
        Some(ErrorCode::KAFKA_STORAGE_ERROR)
    );
    let good = node.partition("good", 0);
    assert_eq!(good.offsets().end, Offset(1));
    assert!(
        good.append(batch(&["more"]), &options(Acks::All))
            .acknowledged()
            .await
            .is_ok()
    );
    assert!(!node.table.failures().borrow().are_all_failed);
}

#[tokio::test]
async fn a_full_disk_refuses_produce_before_it_is_full_and_goes_on_with_everything_else() {
    let mut node = Node::new();
    node.disk.set_capacity_bytes(100 * MIB);
    node.table.look_at_space().await;
    node.create(
        "orders",
        1,
        &[("segment.bytes", "1048576"), ("file.delete.delay.ms", "0")],
    )
    .await;
    let partition = node.partition("orders", 0);
    let value = "x".repeat(900_000);
    let mut refused = None;
    for _ in 0..130 {
        if let Err(error) = partition
            .append(batch(&[&value]), &options(Acks::All))
            .acknowledged()
            .await
        {
            refused = Some(error);
            break;
        }
    }
    assert_eq!(refused.unwrap().error, ErrorCode::KAFKA_STORAGE_ERROR);
    assert_eq!(partition.directory().condition(), Condition::Full);
    assert!(
        node.disk.space(Path::new("/logs")).unwrap().free_bytes > 0,
        "there is still a reserve"
    );
    assert!(partition.read(ask(0)).await.size_bytes() > 0);
    // It starts on a full disk, and deleting makes it writable again.
    let node = node.restarted(&["/logs"]).await;
    let partition = node.partition("orders", 0);
    assert_eq!(partition.directory().condition(), Condition::Full);
    partition
        .delete_records(HIGH_WATERMARK, SOON)
        .await
        .unwrap();
    assert!(node.table.enforce_retention().await > 0);
    node.table.remove_due_files().await;
    node.table.look_at_space().await;
    assert_eq!(partition.directory().condition(), Condition::Online);
    assert!(
        partition
            .append(batch(&["a"]), &options(Acks::All))
            .acknowledged()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn retention_by_size_goes_by_the_configuration_in_force() {
    let mut node = Node::new();
    node.create("orders", 1, &[("internal.segment.bytes", "200")])
        .await;
    let partition = node.partition("orders", 0);
    for _ in 0..10 {
        partition
            .append(batch(&["value"]), &options(Acks::All))
            .acknowledged()
            .await
            .unwrap();
    }
    assert_eq!(node.table.enforce_retention().await, 0);
    node.configure("orders", "retention.bytes", "200").await;
    assert!(node.table.enforce_retention().await > 0);
    assert!(partition.offsets().start > Offset(0));
    assert_eq!(
        partition.read(ask(0)).await.error,
        ErrorCode::OFFSET_OUT_OF_RANGE
    );
}

#[tokio::test(start_paused = true)]
async fn a_deleted_segments_file_stays_for_the_delay() {
    let mut node = Node::new();
    let config = [
        ("internal.segment.bytes", "100"),
        ("retention.bytes", "100"),
        ("file.delete.delay.ms", "60000"),
    ];
    node.create("orders", 1, &config).await;
    let partition = node.partition("orders", 0);
    for _ in 0..5 {
        partition
            .append(batch(&["value"]), &options(Acks::All))
            .acknowledged()
            .await
            .unwrap();
    }
    let read = partition.read(ask(0)).await;
    assert!(node.table.enforce_retention().await > 0);
    let deleted = |node: &Node| {
        names_in(&node.disk, "/logs/orders-0")
            .iter()
            .filter(|name| name.ends_with(".deleted"))
            .count()
    };
    assert!(deleted(&node) > 0);
    tokio::time::advance(Duration::from_secs(59)).await;
    node.table.remove_due_files().await;
    assert!(!bytes_of(read).is_empty(), "who was reading finishes");
    tokio::time::advance(Duration::from_secs(2)).await;
    node.table.remove_due_files().await;
    assert_eq!(deleted(&node), 0);
}

/// Found by a node that was stopped while a checkpoint was being written: the mark of its clean stop was missing.
#[tokio::test]
async fn checkpoints_that_come_due_together_are_written_one_after_another() {
    let disk = SimulatedDisk::new();
    let mut node = Node::on(disk.clone(), &["/logs"], |index| {
        Threads::start(index).unwrap()
    });
    node.create("orders", 1, &[]).await;
    let partition = node.partition("orders", 0);
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, highest) = (under_way.clone(), most.clone());
    disk.set_hook(Some(Arc::new(move |operation, path| {
        if path.extension().is_some_and(|end| end == "tmp") {
            match operation {
                Operation::Open => {
                    highest.fetch_max(count.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                }
                Operation::Rename => drop(count.fetch_sub(1, Ordering::Relaxed)),
                // Leaves the other thread time to come between.
                _ => (0..100).for_each(|_| std::thread::yield_now()),
            }
        }
        Ok(())
    })));
    for _ in 0..20 {
        partition
            .append(batch(&["value"]), &options(Acks::All))
            .acknowledged()
            .await
            .unwrap();
        let due = node.table.checkpoint_high_watermarks();
        futures::future::join(due, node.table.checkpoint_high_watermarks()).await;
    }
    assert_eq!(most.load(Ordering::Relaxed), 1);
    assert!(!partition.directory().is_offline());
}

#[tokio::test]
async fn a_replica_whose_directory_is_gone_begins_anew_once_it_is_not_counted_in_sync() {
    let mut node = Node::new();
    let lost = Uuid([9; 16]);
    let partition = |isr: &[i32]| PartitionRecord {
        partition_id: 0,
        topic_id: topic_id("orders").0,
        replicas: vec![2, 1],
        isr: isr.to_vec(),
        leader: 2,
        leader_epoch: 0,
        partition_epoch: 0,
        directories: vec![Uuid::default(), lost],
        ..Default::default()
    };
    let topic = TopicRecord {
        name: "orders".into(),
        topic_id: topic_id("orders").0,
        ..Default::default()
    };
    node.change(&[
        MetadataRecord::Topic(topic),
        MetadataRecord::Partition(partition(&[2, 1])),
    ])
    .await;
    let found = |node: &Node| node.table.by_name(&node.image, "orders", 0);
    assert_eq!(
        found(&node).err(),
        Some(ottla_protocol::ErrorCode::KAFKA_STORAGE_ERROR)
    );
    let told = node.table.replicating().placements.take(10);
    assert_eq!(
        told,
        [(
            (topic_id("orders"), 0),
            ottla_controller::ids::directory::LOST
        )]
    );
    let change = PartitionChangeRecord {
        topic_id: topic_id("orders").0,
        partition_id: 0,
        isr: Some(vec![2]),
        ..Default::default()
    };
    node.change(&[MetadataRecord::PartitionChange(change)])
        .await;
    assert_eq!(found(&node).unwrap().offsets().end, Offset(0));
    let told = node.table.replicating().placements.take(10);
    assert_eq!(told, [((topic_id("orders"), 0), directory_id("/logs"))]);
}
