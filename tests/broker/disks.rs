//! A disk that is full, slow or broken is the trouble of its own directory only.

use super::host::{Broker, Raw, soon, until};
use crate::wire::{PRODUCE, batch, produce, read};
use ottla_protocol::ErrorCode;
use ottla_storage::disk::{Disk, Operation, SimulatedDisk};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const TWO_DIRS: &[(&str, &str)] = &[("log.dirs", "/one,/two")];

/// Which of the two directories each partition of `orders` lies in.
fn is_in(disk: &SimulatedDisk, directory: &str, partition: i32) -> bool {
    let path = PathBuf::from(directory).join(format!("orders-{partition}"));
    disk.metadata(&path).is_ok()
}

async fn two_dirs(disk: &SimulatedDisk, configs: &[(&str, &str)]) -> (Broker, Raw, i32, i32) {
    let broker = Broker::on(Arc::new(disk.clone()), TWO_DIRS).await;
    let mut client = broker.client().await;
    client.create("orders", 2, configs).await.unwrap();
    let second = i32::from(is_in(disk, "/two", 1));
    assert!(is_in(disk, "/two", second) && is_in(disk, "/one", 1 - second));
    (broker, client, 1 - second, second)
}

#[tokio::test]
async fn a_full_disk_refuses_records_and_serves_reads() {
    let disk = SimulatedDisk::new();
    let broker = Broker::on(Arc::new(disk.clone()), &[("log.dirs", "/one")]).await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    client
        .produce("orders", 0, batch(None, 1, &["a"]))
        .await
        .unwrap();
    let space = disk.space(Path::new("/one")).unwrap();
    disk.set_capacity_bytes(space.total_bytes - space.free_bytes + 500_000);
    let large = batch(None, 1, &["x".repeat(50_000)]);
    until("it is refused", async || {
        let answer = client.produce("orders", 0, large.clone()).await.unwrap();
        (answer.error_code == ErrorCode::KAFKA_STORAGE_ERROR).then_some(())
    })
    .await;
    let part = client.fetch("orders", 0, 0).await.unwrap();
    assert_eq!(part.error_code, ErrorCode::NONE);
    assert_eq!(read(&part.records)[0].value, "a");
    assert_eq!(
        super::topics::delete(&mut client, "orders").await,
        ErrorCode::NONE
    );
}

#[tokio::test]
async fn a_node_starts_on_a_full_disk_and_serves_reads() {
    let disk = SimulatedDisk::new();
    let mut broker = Broker::on(Arc::new(disk.clone()), &[("log.dirs", "/one")]).await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let large = batch(None, 1, &["x".repeat(900_000)]);
    client.produce("orders", 0, large).await.unwrap();
    broker.stop().await;
    let space = disk.space(Path::new("/one")).unwrap();
    disk.set_capacity_bytes(space.total_bytes - space.free_bytes + 20_000);
    broker.again().await.expect("starts on a full disk");
    let mut client = broker.client().await;
    assert_eq!(
        client.fetch("orders", 0, 0).await.unwrap().high_watermark,
        1
    );
    let answer = client
        .produce("orders", 0, batch(None, 1, &["b"]))
        .await
        .unwrap();
    assert_eq!(answer.error_code, ErrorCode::KAFKA_STORAGE_ERROR);
}

/// Decision 6: five seconds for a write or sync there leave the metadata and the other directory at their usual latency.
#[tokio::test]
async fn a_slow_directory_disturbs_neither_metadata_nor_other_directories() {
    let disk = SimulatedDisk::new();
    let (broker, mut client, quick, slow) = two_dirs(&disk, &[("flush.messages", "1")]).await;
    let is_slow = Arc::new(AtomicBool::new(true));
    let still = is_slow.clone();
    disk.set_hook(Some(Arc::new(move |operation, path| {
        let writes = matches!(operation, Operation::Sync | Operation::SyncDirectory);
        if writes && path.starts_with("/two") && still.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_secs(5));
        }
        Ok(())
    })));
    let mut waiting = broker.client().await;
    let request = produce("orders", slow, batch(None, 1, &["a"]));
    waiting.send(PRODUCE, &request).await.unwrap();
    let began = Instant::now();
    for round in 0..10 {
        let answer = client
            .produce("orders", quick, batch(None, 1, &["a"]))
            .await
            .unwrap();
        assert_eq!(answer.base_offset, round);
        let error = client
            .alter(2, "orders", "retention.ms", Some("123456"))
            .await
            .unwrap();
        assert_eq!(error, ErrorCode::NONE);
    }
    let took = began.elapsed();
    is_slow.store(false, Ordering::Relaxed);
    assert!(
        took < Duration::from_secs(4),
        "waited for the slow directory: {took:?}"
    );
    drop(broker);
}

#[tokio::test]
async fn a_directory_whose_sync_fails_is_offline_and_the_other_serves_on() {
    let disk = SimulatedDisk::new();
    let (_broker, mut client, good, bad) = two_dirs(&disk, &[("flush.messages", "1")]).await;
    disk.set_hook(Some(Arc::new(|operation, path| {
        if operation == Operation::Sync && path.starts_with("/two") {
            return Err(std::io::Error::other("simulated I/O error"));
        }
        Ok(())
    })));
    for _ in 0..2 {
        let producing = client.produce("orders", bad, batch(None, 1, &["a"]));
        let answer = soon("the answer", producing).await.unwrap();
        assert_eq!(answer.error_code, ErrorCode::KAFKA_STORAGE_ERROR);
    }
    let answer = client
        .produce("orders", good, batch(None, 1, &["a"]))
        .await
        .unwrap();
    assert_eq!(answer.error_code, ErrorCode::NONE);
    let metadata = client.metadata(Some(&["orders"])).await.unwrap();
    assert_eq!(metadata.topics[0].error_code, ErrorCode::NONE);
}

/// The metadata log's own directory: nothing can be decided any more.
#[tokio::test]
async fn a_node_whose_metadata_cannot_be_synced_says_that_it_cannot_go_on() {
    let disk = SimulatedDisk::new();
    let (mut broker, mut client, ..) = two_dirs(&disk, &[]).await;
    disk.set_hook(Some(Arc::new(|operation, path| {
        if operation == Operation::Sync && path.starts_with("/one") {
            return Err(std::io::Error::other("simulated I/O error"));
        }
        Ok(())
    })));
    let node = broker.take();
    let changing = client.create("more", 1, &[]);
    let reason = tokio::select! {
        biased;
        reason = soon("it fails", node.failed()) => reason,
        _ = async { let _ = changing.await; std::future::pending::<()>().await } => unreachable!(),
    };
    assert!(reason.contains("metadata"), "{reason}");
}
