//! Log directories of a node in a cluster: one that fails, and replicas that move from one to another.

use crate::host::{Cluster, Node};
use crate::load::{Load, PARTITIONS};
use crate::wire::{BROKER, FETCH, PRODUCE, alter, batch, create, fetch, produce, read};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_replica_log_dirs::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic, AlterReplicaLogDirsRequest,
};
use ottla_protocol::messages::describe_log_dirs::DescribeLogDirsRequest;
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataResponsePartition};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The second directory of a node.
fn more(node: &Node) -> PathBuf {
    node.data().with_file_name("more")
}

async fn three() -> Cluster {
    let mut cluster = Cluster::named(3);
    for id in 1..=3 {
        let node = cluster.node_mut(id);
        let directories = format!("{},{}", node.data().display(), more(node).display());
        node.set("log.dirs", &directories);
        node.set("replica.high.watermark.checkpoint.interval.ms", "200");
        node.start();
    }
    for node in &cluster.nodes {
        node.ready().await;
    }
    cluster
        .until("three brokers", async |cluster| {
            let response = cluster.node(1).ask(9, &MetadataRequest::default()).await?;
            (response.brokers.len() == 3).then_some(())
        })
        .await;
    let mut request = create("kept", PARTITIONS, &[("min.insync.replicas", "2")]);
    request.topics[0].replication_factor = 3;
    cluster
        .until("a topic", async |cluster| {
            let created = cluster.node(1).ask(5, &request).await?;
            (created.topics[0].error_code == ErrorCode::NONE).then_some(())
        })
        .await;
    cluster
}

async fn partitions(cluster: &Cluster) -> Option<Vec<MetadataResponsePartition>> {
    let request = MetadataRequest {
        topics: None,
        ..Default::default()
    };
    let response = cluster.node(1).ask(9, &request).await?;
    let mut topics = response.topics.into_iter();
    topics
        .next()
        .filter(|topic| topic.partitions.len() == 6)
        .map(|topic| topic.partitions)
}

async fn all_in_sync(cluster: &Cluster) -> Option<()> {
    let partitions = partitions(cluster).await?;
    let is_whole = |one: &MetadataResponsePartition| one.isr_nodes.len() == 3 && one.leader_id > 0;
    partitions.iter().all(is_whole).then_some(())
}

/// A directory in which nothing can be created, renamed or removed; again once this is dropped.
struct Immutable(PathBuf);

impl Immutable {
    /// `None` where that is not permitted.
    fn make(path: &Path) -> Option<Self> {
        let made = Command::new("chattr").arg("+i").arg(path).output();
        let is_made = made.is_ok_and(|output| output.status.success());
        let is_permitted = is_made || std::env::var_os("CI").is_none();
        assert!(is_permitted, "chattr +i must be permitted here");
        is_made.then(|| Self(path.to_owned()))
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        // The test has failed already if the folder is gone.
        let _ = Command::new("chattr").arg("-i").arg(&self.0).output();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_directory_takes_its_partitions_offline_and_leadership_elsewhere() {
    let cluster = three().await;
    cluster.until("all in sync", all_in_sync).await;
    let node = cluster.node(2);
    let Some(immutable) = Immutable::make(&more(node)) else {
        eprintln!("skipped: chattr +i is not permitted");
        return;
    };
    let load = Load::on(&cluster, "kept");
    cluster
        .until(
            "its replicas are offline, and led elsewhere",
            async |cluster| {
                let partitions = partitions(cluster).await?;
                let is_offline =
                    |one: &&MetadataResponsePartition| one.offline_replicas.contains(&2);
                let (offline, online): (Vec<_>, Vec<_>) = partitions.iter().partition(is_offline);
                let elsewhere = |one: &&MetadataResponsePartition| {
                    one.leader_id > 0 && one.leader_id != 2 && !one.isr_nodes.contains(&2)
                };
                let kept = online.iter().all(|one| one.isr_nodes.contains(&2));
                let is_so = !offline.is_empty() && !online.is_empty() && kept;
                (is_so && offline.iter().all(elsewhere)).then_some(())
            },
        )
        .await;
    assert!(node.runs());
    load.stopped().await;
    drop(immutable);
    node.stop();
    node.restart().await;
    cluster.until("all in sync again", all_in_sync).await;
}

/// The directory that a node has a partition in, and whether it is on its way elsewhere.
async fn lies_in(node: &Node, index: i32) -> Option<(String, bool)> {
    let request = DescribeLogDirsRequest {
        topics: None,
        ..Default::default()
    };
    let response = node.ask(3, &request).await?;
    let (mut lies_in, mut is_moving) = (None, false);
    for directory in response.results {
        for topic in directory
            .topics
            .iter()
            .filter(|topic| *topic.name == *"kept")
        {
            let its = topic
                .partitions
                .iter()
                .filter(|one| one.partition_index == index);
            for one in its {
                match one.is_future_key {
                    true => is_moving |= one.partition_size > 0,
                    false => lies_in = Some(directory.log_dir.to_string()),
                }
            }
        }
    }
    Some((lies_in?, is_moving))
}

async fn throttle(cluster: &Cluster, rate: &str) {
    let name = "replica.alter.log.dirs.io.max.bytes.per.second";
    let request = alter(BROKER, "2", name, Some(rate));
    cluster
        .until("another rate", async |cluster| {
            let response = cluster.node(2).ask(1, &request).await?;
            (response.responses[0].error_code == ErrorCode::NONE).then_some(())
        })
        .await;
}

async fn values(cluster: &Cluster) -> Option<Vec<String>> {
    let leader = partitions(cluster).await?[0].leader_id;
    let mut values = Vec::new();
    loop {
        let from = i64::try_from(values.len()).expect("a few");
        let response = cluster
            .node(leader)
            .ask(FETCH, &fetch("kept", 0, from))
            .await?;
        let records = response
            .responses
            .first()?
            .partitions
            .first()?
            .records
            .clone();
        let found = read(&records);
        if found.is_empty() {
            return Some(values);
        }
        let new = found.into_iter().filter(|one| one.offset >= from);
        values.extend(new.map(|one| one.value));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_between_directories_outlives_its_nodes_death() {
    let cluster = three().await;
    cluster.until("all in sync", all_in_sync).await;
    let value = "x".repeat(300_000);
    let mut written = Vec::new();
    for number in 0..8 {
        let value = format!("{number}-{value}");
        let request = produce("kept", 0, batch(None, 0, &[&value]));
        cluster
            .until("an acknowledgement", async |cluster| {
                let leader = partitions(cluster).await?[0].leader_id;
                let response = cluster.node(leader).ask(PRODUCE, &request).await?;
                let answer = &response.responses[0].partition_responses[0];
                (answer.error_code == ErrorCode::NONE).then_some(())
            })
            .await;
        written.push(value);
    }
    throttle(&cluster, "1").await;
    let node = cluster.node(2);
    let (source, _) = lies_in(node, 0).await.expect("it is there");
    let both = [node.data(), more(node)].map(|path| path.display().to_string());
    let target = both.iter().find(|path| **path != source).expect("another");
    let request = AlterReplicaLogDirsRequest {
        dirs: vec![AlterReplicaLogDir {
            path: target.as_str().into(),
            topics: vec![AlterReplicaLogDirTopic {
                name: "kept".into(),
                partitions: vec![0],
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let response = node.ask(2, &request).await.expect("an answer");
    let error = response.results[0].partitions[0].error_code;
    assert_eq!(error, ErrorCode::NONE);
    let begun = Some((source.clone(), true));
    cluster
        .until("it has begun", async |cluster| {
            (lies_in(cluster.node(2), 0).await == begun).then_some(())
        })
        .await;
    node.kill();
    node.restart().await;
    cluster
        .until("it goes on", async |cluster| {
            (lies_in(cluster.node(2), 0).await == begun).then_some(())
        })
        .await;
    throttle(&cluster, "100000000").await;
    cluster
        .until("it has moved", async |cluster| {
            let found = lies_in(cluster.node(2), 0).await?;
            (found == (target.clone(), false)).then_some(())
        })
        .await;
    cluster.until("all in sync", all_in_sync).await;
    let found = cluster
        .until("the values", async |cluster| {
            values(cluster)
                .await
                .filter(|found| found.len() >= written.len())
        })
        .await;
    assert!(found == written, "{} of {}", found.len(), written.len());
}
