//! Producers that go on while nodes come and go, and tell of every error that a client could not have asked again after.

use crate::host::{Cluster, Node};
use crate::wire::{PRODUCE, batch, produce};
use ottla_protocol::ErrorCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Of the topic, with a producer each.
pub const PARTITIONS: i32 = 6;

/// Producers on every partition that ask again after what may be repeated, and end with anything else.
pub struct Load {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Result<usize, String>>>,
}

impl Load {
    pub fn on(cluster: &Cluster, topic: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ports: Vec<(i32, u16)> = cluster.nodes.iter().map(|one| (one.id, one.port)).collect();
        let tasks = (0..PARTITIONS).map(|partition| {
            let (stop, ports) = (stop.clone(), ports.clone());
            tokio::spawn(async move {
                let mut acknowledged = 0;
                while !stop.load(Ordering::Relaxed) {
                    acknowledged += produce_one(&ports, topic, partition).await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Ok(acknowledged)
            })
        });
        Self {
            tasks: tasks.collect(),
            stop,
        }
    }

    /// Every producer was acknowledged, and saw no error but those that it asked again after.
    pub async fn stopped(self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            let acknowledged = task
                .await
                .expect("no panic")
                .expect("only retriable errors");
            assert!(acknowledged > 0);
        }
    }
}

/// How long a client asks again: a debug build on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(30);

/// As a client does: whoever leads, and again for a while.
async fn produce_one(ports: &[(i32, u16)], topic: &str, partition: i32) -> Result<usize, String> {
    let began = Instant::now();
    let mut last = String::new();
    while began.elapsed() < PATIENCE {
        for (_, port) in ports {
            let request = produce(topic, partition, batch(None, 0, &["value"]));
            let Some(response) = Node::ask_at(*port, PRODUCE, &request).await else {
                continue;
            };
            let error = response.responses[0].partition_responses[0].error_code;
            match error {
                ErrorCode::NONE => return Ok(1),
                ErrorCode::NOT_LEADER_OR_FOLLOWER
                | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                | ErrorCode::KAFKA_STORAGE_ERROR
                | ErrorCode::NOT_ENOUGH_REPLICAS
                | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
                | ErrorCode::REQUEST_TIMED_OUT => last = error.to_string(),
                error => return Err(format!("{topic}-{partition}: {error}")),
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(format!("{topic}-{partition}: {last} for {PATIENCE:?}"))
}
