//! A node that stops does so in good order, and waits for nobody without need.

use super::host::{Broker, soon, until};
use crate::wire::{FETCH, PRODUCE, batch, fetch, produce};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::fetch::FetchRequest;
use ottla_protocol::messages::produce::ProduceRequest;
use ottla_storage::disk::{Operation, SimulatedDisk};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_stopping_node_answers_what_is_in_flight_and_accepts_nothing_more() {
    let disk = SimulatedDisk::new();
    let mut broker = Broker::on(Arc::new(disk.clone()), &[("log.dirs", "/one")]).await;
    let mut client = broker.client().await;
    client
        .create("orders", 1, &[("flush.messages", "1")])
        .await
        .unwrap();
    // The produce waits for a sync, which waits until the node is stopping.
    let (syncing, is_stopping) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let (begun, go_on) = (syncing.clone(), is_stopping.clone());
    disk.set_hook(Some(Arc::new(move |operation, path| {
        if operation == Operation::Sync && path.starts_with("/one/orders-0") {
            begun.store(true, Ordering::Relaxed);
            while !go_on.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        }
        Ok(())
    })));
    let port = broker.port_of(0);
    let request = produce("orders", 0, batch(None, 1, &["a"]));
    client.send(PRODUCE, &request).await.unwrap();
    until("the sync begins", async || {
        syncing.load(Ordering::Relaxed).then_some(())
    })
    .await;
    let stopping = async {
        let refused = until("nothing more is accepted", async || {
            TcpStream::connect(("127.0.0.1", port)).await.err()
        });
        refused.await;
        is_stopping.store(true, Ordering::Relaxed);
        client.answer::<ProduceRequest>().await.unwrap()
    };
    let ((), answered) = soon("it stops", futures::future::join(broker.stop(), stopping)).await;
    let part = &answered.responses[0].partition_responses[0];
    assert_eq!(part.error_code, ErrorCode::NONE);
    soon("the connection closes", client.closed()).await;
}

#[tokio::test]
async fn a_stopping_node_does_not_wait_for_a_consumer_that_waits() {
    let mut broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let mut request = fetch("orders", 0, 0);
    request.max_wait_ms = i32::MAX;
    client.send(FETCH, &request).await.unwrap();
    until("the fetch has begun", async || {
        let metrics = broker.node().metrics.text();
        metrics
            .contains("ottla_requests_total{api=\"Fetch\"")
            .then_some(())
    })
    .await;
    let (stopped, answer) = futures::future::join(
        async {
            let began = tokio::time::Instant::now();
            broker.stop().await;
            began.elapsed()
        },
        client.answer::<FetchRequest>(),
    )
    .await;
    let answer = answer.expect("what it waited for is answered, without records");
    assert_eq!(answer.error_code, ErrorCode::NONE);
    assert!(stopped.as_millis() < 2_000, "{stopped:?}");
}
