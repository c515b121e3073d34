//! Log directories: several of them, what stays over a restart, and what is never touched.

use super::host::Broker;
use crate::wire::batch;
use ottla::broker::StartError;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::describe_log_dirs::DescribeLogDirsRequest;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every file below, with its contents.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let mut broker = Broker::start().await;
    let mut client = broker.client().await;
    client
        .create("orders", 2, &[("retention.ms", "123456789")])
        .await
        .unwrap();
    client
        .produce("orders", 1, batch(None, 1, &["a", "b"]))
        .await
        .unwrap();
    let before = client.metadata(None).await.unwrap();
    broker.restart().await;
    let mut client = broker.client().await;
    let after = client.metadata(None).await.unwrap();
    assert_eq!(after.cluster_id, before.cluster_id);
    assert_eq!(after.topics[0].topic_id, before.topics[0].topic_id);
    assert_eq!(
        client.fetch("orders", 1, 0).await.unwrap().high_watermark,
        2
    );
    let answer = client
        .produce("orders", 1, batch(None, 1, &["c"]))
        .await
        .unwrap();
    assert_eq!(answer.base_offset, 2);
}

/// A clean stop says so, which the next start takes its word for and away.
#[tokio::test]
async fn a_clean_stop_leaves_its_mark_until_the_next_start() {
    let mut broker = Broker::start().await;
    let mark = broker.data().join(".kafka_cleanshutdown");
    assert!(!mark.exists());
    broker.stop().await;
    assert!(mark.exists());
    broker.again().await.unwrap();
    assert!(!mark.exists());
}

#[tokio::test]
async fn partitions_lie_in_all_log_dirs_and_are_found_there_again() {
    let mut broker = Broker::with(&[("log.dirs", "{}/one,{}/two")]).await;
    let mut client = broker.client().await;
    client.create("orders", 4, &[]).await.unwrap();
    for partition in 0..4 {
        client
            .produce("orders", partition, batch(None, 1, &["a"]))
            .await
            .unwrap();
    }
    let count = |name: &str| {
        let folder = fs::read_dir(broker.folder().join(name)).unwrap();
        folder
            .filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .starts_with("orders-")
            })
            .count()
    };
    assert_eq!((count("one"), count("two")), (2, 2));
    broker.restart().await;
    let mut client = broker.client().await;
    for partition in 0..4 {
        assert_eq!(
            client
                .fetch("orders", partition, 0)
                .await
                .unwrap()
                .high_watermark,
            1
        );
    }
    let request = DescribeLogDirsRequest {
        topics: None,
        ..Default::default()
    };
    let response = client.ask(4, &request).await.unwrap();
    let held = response
        .results
        .iter()
        .map(|dir| dir.topics[0].partitions.len());
    assert_eq!(held.collect::<Vec<_>>(), [2, 2]);
}

#[tokio::test]
async fn a_cordoned_directory_takes_no_new_partition() {
    let cordoned = ("cordoned.log.dirs", "{}/one");
    let broker = Broker::with(&[("log.dirs", "{}/one,{}/two"), cordoned]).await;
    let mut client = broker.client().await;
    client.create("orders", 4, &[]).await.unwrap();
    let request = DescribeLogDirsRequest {
        topics: None,
        ..Default::default()
    };
    let answer = client.ask(5, &request).await.unwrap();
    let found = answer.results.iter().map(|directory| {
        let topics = directory.topics.iter();
        let held: usize = topics.map(|topic| topic.partitions.len()).sum();
        (directory.is_cordoned, held)
    });
    assert_eq!(found.collect::<Vec<_>>(), [(true, 0), (false, 4)]);
}

#[tokio::test]
async fn the_metadata_log_lives_in_its_own_directory_when_told() {
    let mut broker = Broker::with(&[("metadata.log.dir", "{}/metadata")]).await;
    let metadata = broker.folder().join("metadata").join("__ottla_metadata");
    assert!(metadata.is_dir());
    assert!(!broker.data().join("__ottla_metadata").exists());
    broker
        .client()
        .await
        .create("orders", 1, &[])
        .await
        .unwrap();
    broker.restart().await;
    let topics = broker.client().await.metadata(None).await.unwrap().topics;
    assert_eq!(topics.len(), 1);
}

#[tokio::test]
async fn a_directory_that_the_metadata_does_not_know_is_left_alone() {
    let lay = |folder: &Path| {
        let stranger = folder.join("data").join("stranger-0");
        fs::create_dir_all(&stranger).unwrap();
        fs::write(stranger.join("00000000000000000000.log"), b"not ours").unwrap();
        let told = "version: 0\ntopic_id: 4L6g3nShT-eMCtK--X86sw\n";
        fs::write(stranger.join("partition.metadata"), told).unwrap();
    };
    let mut broker = Broker::prepared(&[], None, lay).await.expect("starts");
    let stranger = broker.data().join("stranger-0");
    let before = tree(&stranger);
    let mut client = broker.client().await;
    // Not even when a topic of its name comes: that partition is not served.
    client.create("stranger", 1, &[]).await.unwrap();
    let answer = client
        .produce("stranger", 0, batch(None, 1, &["a"]))
        .await
        .unwrap();
    assert_eq!(answer.error_code, ErrorCode::KAFKA_STORAGE_ERROR);
    broker.stop().await;
    assert_eq!(tree(&stranger), before);
}

#[tokio::test]
async fn a_directory_of_apache_kafka_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("kafka");
    fs::create_dir_all(data.join("__cluster_metadata-0")).unwrap();
    let properties = "version=1\nnode.id=1\ncluster.id=4L6g3nShT-eMCtK--X86sw\n";
    fs::write(data.join("meta.properties"), properties).unwrap();
    let before = tree(&data);
    let settings = [("log.dirs", data.to_str().unwrap())];
    let started = Broker::prepared(&settings, None, |_| {}).await;
    let Err(StartError::Directory(reason)) = started.map(|_| ()) else {
        panic!("it started on a directory of Apache Kafka");
    };
    assert!(reason.contains("Kafka"), "{reason}");
    assert_eq!(tree(&data), before);
}
