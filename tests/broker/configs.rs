//! Configs that change while the node runs take effect at once, and stay.

use super::host::{Broker, Raw, until};
use crate::wire::{BROKER, TOPIC, batch};
use ottla_protocol::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use ottla_protocol::{ErrorCode, Str};
use std::path::Path;

/// Value and source of a config.
async fn described(client: &mut Raw, kind: i8, name: &str, key: &str) -> (Option<String>, i8) {
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: kind,
            resource_name: Str::from(name),
            configuration_keys: Some(vec![Str::from(key)]),
            ..Default::default()
        }],
        ..Default::default()
    };
    let response = client.ask(4, &request).await.unwrap();
    let config = &response.results[0].configs[0];
    (
        config.value.as_deref().map(str::to_owned),
        config.config_source,
    )
}

fn segments(partition: &Path) -> usize {
    let names = std::fs::read_dir(partition).unwrap();
    names
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|end| end == "log")
        })
        .count()
}

#[tokio::test]
async fn a_changed_max_message_bytes_holds_for_the_next_produce() {
    let mut broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let records = batch(None, 1, &["x".repeat(500)]);
    let error = client
        .alter(TOPIC, "orders", "max.message.bytes", Some("100"))
        .await
        .unwrap();
    assert_eq!(error, ErrorCode::NONE);
    until("it is refused", async || {
        let answer = client.produce("orders", 0, records.clone()).await.unwrap();
        (answer.error_code == ErrorCode::MESSAGE_TOO_LARGE).then_some(())
    })
    .await;
    broker.restart().await;
    let mut client = broker.client().await;
    let answer = client.produce("orders", 0, records.clone()).await.unwrap();
    assert_eq!(
        answer.error_code,
        ErrorCode::MESSAGE_TOO_LARGE,
        "after a restart"
    );
    client
        .alter(TOPIC, "orders", "max.message.bytes", None)
        .await
        .unwrap();
    until("it is taken again", async || {
        let answer = client.produce("orders", 0, records.clone()).await.unwrap();
        (answer.error_code == ErrorCode::NONE).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_segment_rolls_at_segment_bytes() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let records = batch(None, 1, &["x".repeat(400_000)]);
    for _ in 0..3 {
        client.produce("orders", 0, records.clone()).await.unwrap();
    }
    let partition = broker.data().join("orders-0");
    assert_eq!(segments(&partition), 1);
    client
        .alter(TOPIC, "orders", "segment.bytes", Some("1048576"))
        .await
        .unwrap();
    until("a segment is rolled", async || {
        client.produce("orders", 0, records.clone()).await.unwrap();
        (segments(&partition) > 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_shortened_retention_deletes_what_is_too_old_now() {
    let settings = [
        ("log.retention.check.interval.ms", "50"),
        ("log.initial.task.delay.ms", "0"),
    ];
    let broker = Broker::with(&settings).await;
    let mut client = broker.client().await;
    client
        .create("orders", 1, &[("retention.ms", "-1")])
        .await
        .unwrap();
    client
        .produce("orders", 0, batch(None, 1_000, &["old"]))
        .await
        .unwrap();
    client
        .alter(TOPIC, "orders", "retention.ms", Some("60000"))
        .await
        .unwrap();
    until("the old record is gone", async || {
        let earliest = client.list_offset("orders", 0, -2).await.unwrap();
        (earliest == Ok((1, -1))).then_some(())
    })
    .await;
}

/// The topic's own value, the broker's, the cluster's, the file's, the default: nearest first, each told by its source.
#[tokio::test]
async fn a_config_comes_from_the_nearest_place_that_sets_it() {
    let broker = Broker::with(&[("log.retention.ms", "1000000")]).await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let mut retention = async || described(&mut client, TOPIC, "orders", "retention.ms").await;
    assert_eq!(retention().await, (Some("1000000".to_owned()), 4), "static");
    for (kind, name, key, value, source) in [
        (BROKER, "", "log.retention.ms", "2000000", 3),
        (BROKER, "1", "log.retention.ms", "3000000", 2),
        (TOPIC, "orders", "retention.ms", "4000000", 1),
    ] {
        let mut admin = broker.client().await;
        let error = admin.alter(kind, name, key, Some(value)).await.unwrap();
        assert_eq!(error, ErrorCode::NONE, "{key} of {name}");
        until("it is in force", async || {
            (retention().await == (Some(value.to_owned()), source)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_bad_value_is_refused_and_changes_nothing() {
    let broker = Broker::start().await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    for (key, value) in [("retention.ms", "soon"), ("no.such.key", "1")] {
        let error = client
            .alter(TOPIC, "orders", key, Some(value))
            .await
            .unwrap();
        assert_eq!(error, ErrorCode::INVALID_CONFIG, "{key}");
    }
    let (value, _) = described(&mut client, TOPIC, "orders", "retention.ms").await;
    assert_eq!(value.as_deref(), Some("604800000"));
}
