//! Many partitions cost little each.

use super::*;

#[tokio::test]
async fn a_thousand_partitions_open_again_with_their_ends() {
    let mut node = Node::new();
    node.create("many", 1_000, &[]).await;
    for index in [0, 500, 999] {
        let partition = node.partition("many", index);
        partition
            .append(batch(&["value"]), &options(Acks::All))
            .acknowledged()
            .await
            .unwrap();
    }
    node.table.shutdown(1).await;
    let node = node.restarted(&["/logs"]).await;
    assert_eq!(node.table.hosted().partitions().count(), 1_000);
    let ends: i64 = node
        .table
        .hosted()
        .partitions()
        .map(|partition| partition.offsets().end.0)
        .sum();
    assert_eq!(ends, 3);
}

#[tokio::test(start_paused = true)]
async fn an_idle_log_rests_and_still_knows_its_producers() {
    use ottla_storage::offset::{ProducerEpoch, ProducerId, Sequence};
    let mut node = Node::new();
    node.create("orders", 1, &[]).await;
    let partition = node.partition("orders", 0);
    let mut builder = BatchBuilder::new().producer(ProducerId(77), ProducerEpoch(0), Sequence(0));
    builder.push(NewRecord {
        timestamp: START_MS,
        value: Some(b"v"),
        ..Default::default()
    });
    let bytes = builder.build();
    partition
        .append(bytes.clone(), &options(Acks::All))
        .acknowledged()
        .await
        .unwrap();
    let snapshots = || {
        let names = names_in(&node.disk, "/logs/orders-0");
        names
            .iter()
            .filter(|name| name.ends_with(".snapshot"))
            .count()
    };
    node.table.rest_idle();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(snapshots(), 0, "it is not idle yet");
    tokio::time::advance(Duration::from_secs(301)).await;
    for _ in 0..2 {
        node.table.rest_idle();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(snapshots(), 1);
    }
    let again = partition
        .append(bytes, &options(Acks::All))
        .acknowledged()
        .await
        .unwrap();
    assert!(again.is_duplicate);
}

/// Run by hand, in release: `cargo test --release --lib ten_thousand -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures a real disk"]
async fn ten_thousand_partitions_are_created_and_opened_in_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs");
    let paths = [path.to_str().unwrap()];
    let disk: Arc<dyn Disk> = Arc::new(ottla_storage::disk::RealDisk);
    let (mut node, files) =
        Node::on_disk(disk.clone(), &paths, |index| Threads::start(index).unwrap());
    let resident = resident_bytes();
    let began = std::time::Instant::now();
    node.create("many", 10_000, &[]).await;
    println!("created: {:?}", began.elapsed());
    println!(
        "resident per partition: {} bytes",
        (resident_bytes() - resident) / 10_000
    );
    println!("open files of segments: {}", files.open_count());
    let began = std::time::Instant::now();
    node.table.checkpoint_high_watermarks().await;
    println!("one checkpoint of high watermarks: {:?}", began.elapsed());
    let began = std::time::Instant::now();
    node.table.shutdown(1).await;
    println!("stopped: {:?}", began.elapsed());
    for stop in ["clean", "kill"] {
        let image = node.image.clone();
        drop(node);
        let resident = resident_bytes();
        let began = std::time::Instant::now();
        node = Node::on_disk(disk.clone(), &paths, |index| Threads::start(index).unwrap()).0;
        let before = Arc::<Image>::default();
        let delta = Arc::new(Delta::between(&before, &image));
        node.table
            .apply(&Update {
                before,
                image: image.clone(),
                delta,
            })
            .await;
        println!("opened after {stop}: {:?}", began.elapsed());
        println!(
            "resident per partition: {}",
            (resident_bytes() - resident) / 10_000
        );
        node.image = image;
        assert_eq!(node.table.hosted().partitions().count(), 10_000);
        node.table.checkpoint_high_watermarks().await;
    }
}

fn resident_bytes() -> i64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<i64>().unwrap() * 4096
}
