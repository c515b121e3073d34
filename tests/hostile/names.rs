//! Names without end: clients, software, groups, transactional ids, sessions, producer ids. What is kept for a name is bounded, and no
//! metric has a label that a stranger chooses.

use crate::host::{TOPIC, Target, many};
use crate::wire::{batch, fetch, produce};
use ottla_protocol::messages::api_versions::ApiVersionsRequest;
use ottla_protocol::messages::find_coordinator::FindCoordinatorRequest;
use ottla_protocol::messages::init_producer_id::InitProducerIdRequest;
use ottla_protocol::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use ottla_protocol::messages::produce::ProduceRequest;
use ottla_protocol::{Bytes, Chunk, Request, Str, frame};
use std::time::Duration;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(30);

fn frame_of<R: Request>(version: i16, client_id: &str, request: &R) -> Vec<u8> {
    let chunks = frame::request(version, 1, Some(client_id.into()), request).expect("encodes");
    let bytes = chunks.iter().map(|chunk| match chunk {
        Chunk::Bytes(part) => &part[..],
        Chunk::Deferred(_) => unreachable!("a request's records are at hand"),
    });
    bytes.collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn clients_with_a_new_name_each_time_leave_no_trace() {
    let target = Target::start().await;
    target
        .survives(async {
            let long = "x".repeat(20_000);
            let mut client = target.client().await;
            for number in 0..1_500 {
                let name = format!("{long}{number}");
                let request = produce(TOPIC, 0, batch(None, 1, &["x"]));
                client
                    .send_bytes(&frame_of(9, &name, &request))
                    .await
                    .expect("sent");
                timeout(SOON, client.frame())
                    .await
                    .expect("soon")
                    .expect("an answer");
            }
            let _held = many(1_000, async |number| {
                let mut client = target.client().await;
                let request = ApiVersionsRequest {
                    client_software_name: format!("{}{number}", "a".repeat(30_000)).into(),
                    client_software_version: "1".into(),
                    ..Default::default()
                };
                client.ask(3, &request).await.expect("an answer");
                client
            })
            .await;
        })
        .await;
}

#[tokio::test]
async fn sessions_without_end_have_a_limit() {
    let target = Target::start().await;
    target
        .survives(async {
            let mut client = target.client().await;
            let mut kept = 0;
            for _ in 0..2_000 {
                let mut request = fetch(TOPIC, 0, 0);
                request.session_epoch = 0;
                request.max_bytes = 1;
                let answer = client.ask(12, &request).await.expect("an answer");
                kept += usize::from(answer.session_id != 0);
            }
            assert!(kept <= 1_000, "{kept} sessions");
        })
        .await;
}

#[tokio::test]
async fn producer_ids_and_transactional_ids_without_end_take_no_memory() {
    let target = Target::start().await;
    target
        .survives(async {
            let mut client = target.client().await;
            for number in 0..2_000 {
                let request = InitProducerIdRequest {
                    transactional_id: (number % 2 == 0).then(|| Str::from(format!("t-{number}"))),
                    transaction_timeout_ms: 60_000,
                    ..Default::default()
                };
                client.send(4, &request).await.expect("sent");
                client
                    .answer::<InitProducerIdRequest>()
                    .await
                    .expect("an answer");
            }
            let request = FindCoordinatorRequest {
                key_type: 0,
                coordinator_keys: (0..100_000)
                    .map(|number| Str::from(format!("g-{number}")))
                    .collect(),
                ..Default::default()
            };
            timeout(SOON, client.ask(4, &request))
                .await
                .expect("soon")
                .expect("an answer");
        })
        .await;
}

/// A producer id that was never given out, and another one with every batch.
#[tokio::test]
async fn producers_that_are_new_with_every_batch_are_bounded() {
    let target = Target::start().await;
    target
        .survives(async {
            let mut client = target.client().await;
            for round in 0..40 {
                for number in 0..100_i64 {
                    let id = round * 100 + number;
                    let request = produce(TOPIC, 0, batch(Some((id, 0, 0)), 1, &["x"]));
                    client.send(12, &request).await.expect("sent");
                }
                for _ in 0..100 {
                    client.answer::<ProduceRequest>().await.expect("an answer");
                }
            }
        })
        .await;
}

#[tokio::test]
async fn groups_without_end_are_forgotten_when_their_members_are() {
    let target = Target::start().await;
    target
        .survives(async {
            let mut client = target.client().await;
            for number in 0..1_000 {
                let request = JoinGroupRequest {
                    group_id: format!("group-{number}").into(),
                    session_timeout_ms: 6_000,
                    rebalance_timeout_ms: 1_000,
                    protocol_type: "consumer".into(),
                    protocols: vec![JoinGroupRequestProtocol {
                        name: "range".into(),
                        metadata: Bytes::from_static(b"anything"),
                        ..Default::default()
                    }],
                    ..Default::default()
                };
                client.send(4, &request).await.expect("sent");
                client
                    .answer::<JoinGroupRequest>()
                    .await
                    .expect("an answer");
            }
        })
        .await;
    assert!(target.output().lines().count() < 200);
}
