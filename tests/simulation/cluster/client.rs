//! Connections to the nodes, found as clients find them: any node says who leads. No request waits for ever.

use super::stage::NODES;
use crate::wire::Client;
use ottla::world::Rng;
use ottla_protocol::messages::find_coordinator::FindCoordinatorRequest;
use ottla_protocol::{ErrorCode, Str};
use std::io;
use std::time::Duration;
use tokio::time::timeout;
use turmoil::net::TcpStream;

/// For one answer.
const PATIENCE: Duration = Duration::from_secs(3);
const CONNECT_MAX: Duration = Duration::from_millis(500);
const BETWEEN_ATTEMPTS_MS: u64 = 100;

pub type Connection = Client<TcpStream>;

/// One attempt.
pub async fn connect(node: i32) -> io::Result<Connection> {
    let address = format!("node-{node}:9092");
    let connecting = timeout(CONNECT_MAX, TcpStream::connect(address));
    Ok(Client::on(connecting.await??))
}

/// Any node.
pub async fn any(rng: &Rng) -> io::Result<(i32, Connection)> {
    let at = usize::try_from(rng.below(3)).expect("small");
    Ok((NODES[at], connect(NODES[at]).await?))
}

/// The node that leads, by what any node says.
pub async fn leader(rng: &Rng, topic: &str, index: i32) -> io::Result<(i32, Connection)> {
    let (asked, mut connection) = any(rng).await?;
    let metadata = patiently(connection.metadata(Some(&[topic]))).await?;
    let topic = &metadata.topics[0];
    passing(topic.error_code)?;
    let partitions = topic.partitions.iter();
    let partition = partitions
        .into_iter()
        .find(|one| one.partition_index == index);
    match partition.map_or(-1, |partition| partition.leader_id) {
        -1 => Err(io::Error::other("no leader is known")),
        leader if leader == asked => Ok((asked, connection)),
        leader => Ok((leader, connect(leader).await?)),
    }
}

/// The coordinator of a group, by what any node says.
pub async fn coordinator(rng: &Rng, group: &'static str) -> io::Result<(i32, Connection)> {
    let (asked, mut connection) = any(rng).await?;
    let request = FindCoordinatorRequest {
        coordinator_keys: vec![Str::from_static(group)],
        ..Default::default()
    };
    let found = patiently(connection.ask(4, &request)).await?;
    passing(found.coordinators[0].error_code)?;
    match found.coordinators[0].node_id {
        node if node == asked => Ok((asked, connection)),
        node => Ok((node, connect(node).await?)),
    }
}

/// Lets the cluster come back.
pub async fn rest(rng: &Rng) {
    let ms = BETWEEN_ATTEMPTS_MS / 2 + rng.below(BETWEEN_ATTEMPTS_MS);
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// What `asking` yields, unless the node is silent for too long.
pub async fn patiently<T>(asking: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(PATIENCE, asking).await?
}

/// Anything but success is tried again, from the beginning.
pub fn passing(error: ErrorCode) -> io::Result<()> {
    match error {
        ErrorCode::NONE => Ok(()),
        other => Err(io::Error::other(format!("{other:?}"))),
    }
}
