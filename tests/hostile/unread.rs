//! Clients that ask and never read the answer.

use crate::host::{TOPIC, Target, many};
use crate::wire::{FETCH, batch, bytes_of, fetch};
use ottla_protocol::Str;
use ottla_protocol::messages::api_versions::ApiVersionsRequest;
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

/// Writes as much as the node takes within a moment.
async fn pour(stream: &mut tokio::net::TcpStream, bytes: &[u8]) {
    let _ = timeout(Duration::from_millis(50), stream.write_all(bytes)).await;
}

#[tokio::test]
async fn fetches_that_never_read_take_little_memory() {
    let target = Target::start().await;
    let mut client = target.client().await;
    for _ in 0..40 {
        let value = vec![b'x'; 900_000];
        client
            .produce(TOPIC, 0, batch(None, 1, &[value]))
            .await
            .expect("an answer");
    }
    let before = target.memory();
    target
        .survives(async {
            let mut request = fetch(TOPIC, 0, 0);
            request.max_bytes = i32::MAX;
            request.topics[0].partitions[0].partition_max_bytes = i32::MAX;
            let asked = bytes_of(FETCH, 1, &request).repeat(50);
            let held = many(150, async |_| {
                let mut stream = target.stream().await;
                pour(&mut stream, &asked).await;
                stream
            })
            .await;
            target.be_decent().await;
            let taken = target.memory().saturating_sub(before);
            assert!(taken < 256 << 20, "{} MiB", taken >> 20);
            drop(held);
        })
        .await;
}

#[tokio::test]
async fn thousands_of_requests_in_a_row_that_never_read_take_little_memory() {
    let target = Target::start().await;
    let before = target.memory();
    target
        .survives(async {
            let asked = bytes_of(3, 1, &ApiVersionsRequest::default()).repeat(5_000);
            let held = many(150, async |_| {
                let mut stream = target.stream().await;
                pour(&mut stream, &asked).await;
                stream
            })
            .await;
            target.be_decent().await;
            let taken = target.memory().saturating_sub(before);
            assert!(taken < 200 << 20, "{} MiB", taken >> 20);
            drop(held);
        })
        .await;
}

/// 400 clients send 720 MB of requests, and would have as much in answers. Requests may take 64 MiB here, answers that nobody takes 128 MiB
/// (twice the memory for answers), and an allocator as much again, and somewhat more while blocks go from thread to thread.
#[tokio::test]
async fn large_answers_that_nobody_reads_are_bounded_in_all() {
    let settings = [
        ("socket.request.max.bytes", "16777216"),
        ("queued.max.request.bytes", "67108864"),
    ];
    let target = Target::with(&settings).await;
    let before = target.memory();
    target
        .survives(async {
            // No topic may be called so, which every one of them is told.
            let named = |number: usize| MetadataRequestTopic {
                name: Some(Str::from(format!("{}{number}", "x".repeat(30_000)))),
                ..Default::default()
            };
            let request = MetadataRequest {
                topics: Some((0..30).map(named).collect()),
                ..Default::default()
            };
            let asked = bytes_of(12, 1, &request).repeat(2);
            let held = many(400, async |_| {
                let mut stream = target.stream().await;
                pour(&mut stream, &asked).await;
                stream
            })
            .await;
            target.be_decent().await;
            let taken = target.memory().saturating_sub(before);
            assert!(taken < 512 << 20, "{} MiB", taken >> 20);
            drop(held);
        })
        .await;
}
