//! Nodes restarted one after another under load: leadership is handed over, and a node is ready when it has caught up.

use crate::host::{Cluster, DEADLINE, free_port};
use crate::load::{Load, PARTITIONS};
use crate::wire::create;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::metadata::MetadataRequest;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Three nodes with an admin listener each; the ports of these.
async fn three(settings: &[(&str, &str)]) -> (Cluster, Vec<u16>) {
    let mut cluster = Cluster::named(3);
    let ports: Vec<u16> = (0..3).map(|_| free_port()).collect();
    for (id, port) in (1..).zip(&ports) {
        let node = cluster.node_mut(id);
        node.set("admin.listeners", &format!("http://127.0.0.1:{port}"));
        for (key, value) in settings {
            node.set(key, value);
        }
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
    (cluster, ports)
}

/// The page of `/readyz`; empty while nobody listens.
async fn readiness(port: u16) -> String {
    let asked = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let request = "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await?;
        std::io::Result::Ok(page)
    };
    asked.await.unwrap_or_default()
}

/// Waits until the node says that it is ready; what it said before.
async fn until_ready(port: u16) -> Vec<String> {
    let began = Instant::now();
    let mut said = Vec::new();
    loop {
        let page = readiness(port).await;
        if page.starts_with("HTTP/1.1 200") {
            return said;
        }
        let reason = page.lines().last().unwrap_or_default().to_owned();
        if !reason.is_empty() && said.last() != Some(&reason) {
            said.push(reason);
        }
        assert!(began.elapsed() < DEADLINE, "not ready: {said:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn all_in_sync(cluster: &Cluster) -> bool {
    let request = MetadataRequest {
        topics: None,
        ..Default::default()
    };
    let Some(response) = cluster.node(1).ask(9, &request).await else {
        return false;
    };
    let mut partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
    partitions.all(|one| one.isr_nodes.len() == one.replica_nodes.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_costs_clients_nothing_but_retries() {
    let (cluster, ports) = three(&[]).await;
    let load = Load::on(&cluster, "kept");
    for (id, port) in (1..).zip(&ports) {
        until_ready(*port).await;
        let node = cluster.node(id);
        node.stop();
        let output = node.output();
        assert!(
            output.contains("the controller has released this broker"),
            "{output}"
        );
        node.start();
        let said = until_ready(*port).await;
        assert!(said.iter().all(|reason| *reason != "ready"), "{said:?}");
        // Ready means in sync: the next node may go.
        cluster
            .until("its replicas are in sync", async |cluster| {
                all_in_sync(cluster).await.then_some(())
            })
            .await;
    }
    load.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_told_not_to_hand_over_stops_at_once() {
    let (cluster, ports) = three(&[("controlled.shutdown.enable", "false")]).await;
    until_ready(ports[1]).await;
    let load = Load::on(&cluster, "kept");
    let node = cluster.node(2);
    node.stop();
    let output = node.output();
    assert!(!output.contains("released this broker"), "{output}");
    load.stopped().await;
}
