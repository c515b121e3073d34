//! Clients over their quotas: answered at once, told to wait, and then not read for as long.

use super::host::{Broker, Raw, until};
use crate::wire::{FETCH, PRODUCE, batch, create, fetch, produce};
use ottla_protocol::messages::alter_client_quotas::{
    AlterClientQuotasRequest, EntityData, OpData, RequestEntryData,
};
use ottla_protocol::messages::api_versions::ApiVersionsRequest;
use ottla_protocol::messages::describe_client_quotas::{
    ComponentData, DescribeClientQuotasRequest,
};
use ottla_protocol::{ErrorCode, Request};
use std::time::Duration;
use tokio::time::Instant;

/// Every client of these tests calls itself so.
const CLIENT: (&str, Option<&str>) = ("client-id", Some("raw"));

async fn limit(client: &mut Raw, entity: (&str, Option<&str>), key: &str, value: Option<f64>) {
    let request = AlterClientQuotasRequest {
        entries: vec![RequestEntryData {
            entity: vec![EntityData {
                entity_type: entity.0.into(),
                entity_name: entity.1.map(Into::into),
                ..Default::default()
            }],
            ops: vec![OpData {
                key: key.into(),
                value: value.unwrap_or_default(),
                remove: value.is_none(),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let answer = client.ask(1, &request).await.unwrap();
    assert_eq!(answer.entries[0].error_code, ErrorCode::NONE);
}

/// Asks until the answer tells to wait; that answer, and for how long.
async fn throttled<R: Request>(
    client: &mut Raw,
    version: i16,
    request: &R,
    told: impl Fn(&R::Response) -> i32,
) -> (R::Response, Duration) {
    until("it is told to wait", async || {
        let answer = client.ask(version, request).await.unwrap();
        let throttle_ms = told(&answer);
        (throttle_ms > 0).then(|| (answer, Duration::from_millis(throttle_ms as u64)))
    })
    .await
}

/// A question that costs nothing waits at least as long as the client was told to.
async fn is_not_read_for(client: &mut Raw, throttle: Duration) {
    let began = Instant::now();
    client.ask(0, &ApiVersionsRequest::default()).await.unwrap();
    let waited = began.elapsed();
    let slack = Duration::from_millis(50);
    assert!(waited + slack >= throttle, "{waited:?} of {throttle:?}");
}

#[tokio::test]
async fn a_producer_over_its_rate_is_answered_at_once_and_then_not_read() {
    let broker = Broker::start().await;
    let mut admin = broker.client().await;
    admin.create("orders", 1, &[]).await.unwrap();
    limit(&mut admin, CLIENT, "producer_byte_rate", Some(2_000.0)).await;
    let mut client = broker.client().await;
    let request = produce("orders", 0, batch(None, 1, &["x".repeat(12_000)]));
    let (answer, throttle) = throttled(&mut client, PRODUCE, &request, |answer| {
        answer.throttle_time_ms
    })
    .await;
    let written = &answer.responses[0].partition_responses[0];
    assert_eq!(
        written.error_code,
        ErrorCode::NONE,
        "it is written all the same"
    );
    is_not_read_for(&mut client, throttle).await;
    let metrics = broker.node().metrics.fresh_text().await;
    let line =
        r#"ottla_client_quota_throttle_seconds_total{kind="produce",user="",client_id="raw"}"#;
    assert!(metrics.contains(line), "{metrics}");
    // Without the limit nobody waits.
    limit(&mut admin, CLIENT, "producer_byte_rate", None).await;
    until("nobody is told to wait", async || {
        let answer = client.ask(PRODUCE, &request).await.unwrap();
        (answer.throttle_time_ms == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_produce_without_answer_over_its_rate_is_not_read_for_a_while() {
    let broker = Broker::start().await;
    let mut admin = broker.client().await;
    admin.create("orders", 1, &[]).await.unwrap();
    limit(&mut admin, CLIENT, "producer_byte_rate", Some(20_000.0)).await;
    let mut client = broker.client().await;
    let mut request = produce("orders", 0, batch(None, 1, &["x".repeat(60_000)]));
    request.acks = 0;
    until("it is held up", async || {
        client.send_unanswered(PRODUCE, &request).await.unwrap();
        let began = Instant::now();
        client.ask(0, &ApiVersionsRequest::default()).await.unwrap();
        (began.elapsed() > Duration::from_millis(200)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_consumer_over_its_rate_gets_nothing_and_later_more() {
    // A second counts, not ten.
    let broker = Broker::with(&[("quota.window.num", "2")]).await;
    let mut admin = broker.client().await;
    admin.create("orders", 1, &[]).await.unwrap();
    for _ in 0..4 {
        let records = batch(None, 1, &["x".repeat(3_000)]);
        admin.produce("orders", 0, records).await.unwrap();
    }
    limit(&mut admin, CLIENT, "consumer_byte_rate", Some(4_000.0)).await;
    let mut client = broker.client().await;
    let request = fetch("orders", 0, 0);
    let (answer, throttle) = throttled(&mut client, FETCH, &request, |answer| {
        answer.throttle_time_ms
    })
    .await;
    assert!(answer.responses.is_empty(), "nothing is answered");
    is_not_read_for(&mut client, throttle).await;
    until("it gets something", async || {
        let answer = client.ask(FETCH, &request).await.unwrap();
        let read = answer.responses.first()?.partitions[0].clone();
        // No more than it may have within a second.
        assert_eq!(crate::wire::read(&read.records).len(), 1);
        Some(())
    })
    .await;
}

#[tokio::test]
async fn a_client_that_creates_too_much_is_refused_and_an_old_one_waits() {
    let broker = Broker::start().await;
    let mut admin = broker.client().await;
    let everybody = ("user", None);
    limit(&mut admin, everybody, "controller_mutation_rate", Some(2.0)).await;
    let mut number = 0;
    let mut client = broker.client().await;
    let (refused, throttle) = until("it is refused", async || {
        number += 1;
        let request = create(&format!("t-{number}"), 8, &[]);
        let answer = client.ask(7, &request).await.unwrap();
        let error = answer.topics[0].error_code;
        (error != ErrorCode::NONE).then_some((error, answer.throttle_time_ms))
    })
    .await;
    assert_eq!(refused, ErrorCode::THROTTLING_QUOTA_EXCEEDED);
    assert!(throttle > 0);
    is_not_read_for(&mut client, Duration::from_millis(throttle as u64)).await;
    let answer = client.ask(5, &create("old", 8, &[])).await.unwrap();
    assert_eq!(answer.topics[0].error_code, ErrorCode::NONE);
    let answer = client.ask(5, &create("older", 1, &[])).await.unwrap();
    assert_eq!(answer.topics[0].error_code, ErrorCode::NONE);
    assert!(answer.throttle_time_ms > 0);
}

#[tokio::test]
async fn a_client_that_keeps_a_thread_busy_is_told_to_wait() {
    let broker = Broker::start().await;
    let mut admin = broker.client().await;
    admin.create("wide", 500, &[]).await.unwrap();
    limit(&mut admin, CLIENT, "request_percentage", Some(0.01)).await;
    let mut client = broker.client().await;
    let throttle = until("it is told to wait", async || {
        let told = client.metadata(None).await.unwrap().throttle_time_ms;
        (told > 0).then_some(told)
    })
    .await;
    assert!(throttle <= 1_000, "a sample at most: {throttle}");
}

#[tokio::test]
async fn an_address_that_connects_too_often_is_put_off_and_others_are_not() {
    let broker = Broker::start().await;
    let mut admin = broker.client().await;
    let here = ("ip", Some("127.0.0.1"));
    limit(&mut admin, here, "connection_creation_rate", Some(2.0)).await;
    until("a connection is refused", async || {
        let mut client = broker.client().await;
        let asked = client.ask(0, &ApiVersionsRequest::default()).await;
        asked.is_err().then_some(())
    })
    .await;
    limit(&mut admin, here, "connection_creation_rate", None).await;
    until("connections are accepted", async || {
        let mut client = broker.client().await;
        let asked = client.ask(0, &ApiVersionsRequest::default()).await;
        asked.is_ok().then_some(())
    })
    .await;
}

#[tokio::test]
async fn quotas_outlive_a_restart() {
    let mut broker = Broker::start().await;
    let mut admin = broker.client().await;
    limit(&mut admin, CLIENT, "consumer_byte_rate", Some(5.0)).await;
    broker.restart().await;
    let mut admin = broker.client().await;
    let request = DescribeClientQuotasRequest {
        components: vec![ComponentData {
            entity_type: "client-id".into(),
            match_type: 2,
            r#match: None,
            ..Default::default()
        }],
        strict: true,
        ..Default::default()
    };
    let found = admin.ask(1, &request).await.unwrap().entries.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(&*found[0].values[0].key, "consumer_byte_rate");
}
