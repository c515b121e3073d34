//! `ottla cluster`: what it says of a cluster, and brokers taken out of it while clients go on.

use crate::host::{Cluster, DEADLINE, Node};
use crate::load::{Load, PARTITIONS};
use crate::wire::create;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataResponse};
use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Four brokers that found one another through the first, all of them voters.
async fn four() -> Cluster {
    let mut cluster = Cluster::named(0);
    let first = cluster.add(1, &[]);
    first.start();
    first.ready().await;
    let servers = format!("127.0.0.1:{}", first.controller_port);
    for id in 2..=4 {
        let settings = [
            ("controller.quorum.bootstrap.servers", &*servers),
            ("controller.quorum.auto.join.enable", "true"),
        ];
        cluster.add(id, &settings).start();
    }
    for node in &cluster.nodes {
        node.ready().await;
    }
    cluster
        .until("four brokers and four voters", async |cluster| {
            let response = metadata(cluster.node(1)).await?;
            let voters = cluster.quorum().await?.current_voters.len();
            (response.brokers.len() == 4 && voters == 4).then_some(())
        })
        .await;
    cluster
}

async fn metadata(node: &Node) -> Option<MetadataResponse> {
    let request = MetadataRequest {
        topics: None,
        ..Default::default()
    };
    node.ask(9, &request).await
}

async fn create_replicated(cluster: &Cluster, topic: &str) {
    let mut request = create(topic, PARTITIONS, &[("min.insync.replicas", "2")]);
    request.topics[0].replication_factor = 3;
    cluster
        .until("a topic", async |cluster| {
            let created = cluster.node(1).ask(5, &request).await?;
            (created.topics[0].error_code == ErrorCode::NONE).then_some(())
        })
        .await;
}

fn command(cluster: &Cluster, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
    let server = format!("127.0.0.1:{}", cluster.node(1).port);
    command
        .arg("cluster")
        .args(words)
        .args(["--bootstrap-server", &server, "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

async fn output(cluster: &Cluster, words: &[&str]) -> Output {
    let mut command = command(cluster, words);
    let run = tokio::task::spawn_blocking(move || command.output());
    run.await.expect("no panic").expect("it runs")
}

fn text(output: &Output) -> String {
    let both = [&*output.stdout, &*output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Brokers that have replicas.
async fn holders(cluster: &Cluster) -> Option<BTreeSet<i32>> {
    let response = metadata(cluster.node(1)).await?;
    let partitions = response
        .topics
        .into_iter()
        .flat_map(|topic| topic.partitions);
    Some(partitions.flat_map(|one| one.replica_nodes).collect())
}

/// Partitions with a replica on broker 4.
async fn on_four(cluster: &Cluster) -> Option<usize> {
    let response = metadata(cluster.node(1)).await?;
    let partitions = response
        .topics
        .into_iter()
        .flat_map(|topic| topic.partitions);
    Some(
        partitions
            .filter(|one| one.replica_nodes.contains(&4))
            .count(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drained_broker_leaves_nothing_behind_and_clients_hardly_notice() {
    let cluster = four().await;
    create_replicated(&cluster, "kept").await;
    let load = Load::on(&cluster, "kept");
    let drained = output(&cluster, &["drain", "4", "--at-once", "2"]).await;
    assert_eq!(drained.status.code(), Some(0), "{}", text(&drained));
    assert!(
        text(&drained).contains(r#""drained":true"#),
        "{}",
        text(&drained)
    );
    load.stopped().await;
    assert_eq!(holders(&cluster).await, Some([1, 2, 3].into()));
    let quorum = cluster.quorum().await.expect("a quorum");
    assert!(quorum.current_voters.iter().all(|one| one.replica_id != 4));
    let response = metadata(cluster.node(1)).await.expect("an answer");
    assert!(response.brokers.iter().all(|broker| broker.node_id != 4));
    cluster.node(4).stop();
    let again = output(&cluster, &["drain", "4"]).await;
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert!(
        text(&again).contains(r#""was_gone":true"#),
        "{}",
        text(&again)
    );
    // Three replicas do not fit on two brokers.
    let refused = output(&cluster, &["drain", "3"]).await;
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_drain_goes_on_where_it_was() {
    let cluster = four().await;
    create_replicated(&cluster, "kept").await;
    let mut interrupted = command(&cluster, &["drain", "4", "--at-once", "1"])
        .spawn()
        .expect("it runs");
    let before = on_four(&cluster).await.expect("an answer");
    let began = Instant::now();
    while on_four(&cluster).await.is_none_or(|now| now >= before) {
        let ended = interrupted.try_wait().expect("it runs");
        if ended.is_some() || began.elapsed() > DEADLINE {
            // It may have ended by itself.
            let _ = interrupted.kill();
            let output = interrupted.wait_with_output().expect("its output");
            panic!("nothing moved: {ended:?} {}", text(&output));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    interrupted.kill().expect("killed");
    interrupted.wait().expect("it ended");
    let status = output(&cluster, &["status"]).await;
    assert!(
        text(&status).contains(r#""state":"cordoned""#),
        "{}",
        text(&status)
    );
    // The broker dies in the meantime: what is left is made anew from the others.
    cluster.node(4).kill();
    let drained = output(&cluster, &["drain", "4"]).await;
    assert_eq!(drained.status.code(), Some(0), "{}", text(&drained));
    assert_eq!(holders(&cluster).await, Some([1, 2, 3].into()));
    let began = Instant::now();
    loop {
        let status = output(&cluster, &["status"]).await;
        if status.status.code() == Some(0) {
            break;
        }
        assert!(began.elapsed() < DEADLINE, "{}", text(&status));
    }
}
