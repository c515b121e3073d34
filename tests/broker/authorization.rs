//! What somebody may who has just the rights that something needs, and no more. `strangers.rs` has those who may do nothing.

use crate::acls::{CLUSTER, DESCRIBE, READ, STRANGER, TOPIC, WRITE, add, allow, guarded, remove};
use crate::host::Raw;
use crate::wire::{batch, create, fetch, produce};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages as m;

const GROUP: i8 = 3;
const CREATE: i8 = 5;
const DELETE: i8 = 6;
const DESCRIBE_CONFIGS: i8 = 10;

const OF_TOPIC: ErrorCode = ErrorCode::TOPIC_AUTHORIZATION_FAILED;

/// The error of the only partition of an answer.
async fn produced(client: &mut Raw) -> ErrorCode {
    let response = client
        .ask(12, &produce("t", 0, batch(None, 0, &["a"])))
        .await
        .unwrap();
    response.responses[0].partition_responses[0].error_code
}

async fn fetched(client: &mut Raw) -> ErrorCode {
    let response = client.ask(12, &fetch("t", 0, 0)).await.unwrap();
    response.responses[0].partitions[0].error_code
}

#[tokio::test]
async fn who_may_write_may_not_read_and_what_is_revoked_is_refused_at_once() {
    let mut node = guarded(&[]).await;
    let mut administrator = node.client().await;
    administrator.ask(7, &create("t", 1, &[])).await.unwrap();
    let mut stranger = node.client_from(STRANGER).await;
    assert_eq!(produced(&mut stranger).await, OF_TOPIC);
    add(&mut administrator, vec![allow(STRANGER, WRITE, TOPIC, "t")]).await;
    assert_eq!(produced(&mut stranger).await, ErrorCode::NONE);
    assert_eq!(fetched(&mut stranger).await, OF_TOPIC);
    // Who may write to some topic may do so idempotently.
    let fresh = m::init_producer_id::InitProducerIdRequest {
        transactional_id: None,
        ..Default::default()
    };
    let id = stranger.ask(4, &fresh).await.unwrap();
    assert_eq!(id.error_code, ErrorCode::NONE);
    add(&mut administrator, vec![allow(STRANGER, READ, TOPIC, "t")]).await;
    assert_eq!(fetched(&mut stranger).await, ErrorCode::NONE);
    assert_eq!(remove(&mut administrator, STRANGER).await, Ok(2));
    assert_eq!(produced(&mut stranger).await, OF_TOPIC);
    assert_eq!(fetched(&mut stranger).await, OF_TOPIC);
    node.stop().await;
}

#[tokio::test]
async fn a_topic_is_made_by_who_may_create_it_and_shown_to_who_may_see_it() {
    let mut node = guarded(&[]).await;
    let mut administrator = node.client().await;
    let mut stranger = node.client_from(STRANGER).await;
    add(
        &mut administrator,
        vec![allow(STRANGER, DESCRIBE, TOPIC, "t")],
    )
    .await;
    // To see is not to create, not even by asking.
    let seen = stranger
        .metadata_creating(Some(&["t"]), true)
        .await
        .unwrap();
    assert_eq!(seen.topics[0].error_code, OF_TOPIC);
    add(
        &mut administrator,
        vec![allow(STRANGER, CREATE, TOPIC, "t")],
    )
    .await;
    let seen = stranger
        .metadata_creating(Some(&["t"]), true)
        .await
        .unwrap();
    assert_eq!(seen.topics[0].error_code, ErrorCode::NONE);
    let again = allow(STRANGER, CREATE, TOPIC, "u");
    add(&mut administrator, vec![again]).await;
    let created = stranger.ask(7, &create("u", 1, &[])).await.unwrap();
    let result = &created.topics[0];
    assert_eq!(
        (result.error_code, result.topic_config_error_code),
        (ErrorCode::NONE, OF_TOPIC)
    );
    assert_eq!(
        (result.num_partitions, &result.configs),
        (-1, &Some(vec![]))
    );
    let delete = |name: &str| m::delete_topics::DeleteTopicsRequest {
        topic_names: vec![name.into()],
        ..Default::default()
    };
    // By who does not see it, by who sees it, and by who may.
    for (entry, topic, expected) in [
        (None, "u", OF_TOPIC),
        (None, "missing", OF_TOPIC),
        (Some(allow(STRANGER, DESCRIBE, TOPIC, "*")), "u", OF_TOPIC),
        (None, "missing", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        (
            Some(allow(STRANGER, DELETE, TOPIC, "u")),
            "u",
            ErrorCode::NONE,
        ),
    ] {
        add(&mut administrator, entry.into_iter().collect()).await;
        let deleted = stranger.ask(5, &delete(topic)).await.unwrap();
        assert_eq!(deleted.responses[0].error_code, expected, "{topic}");
    }
    node.stop().await;
}

#[tokio::test]
async fn an_answer_says_what_its_reader_may_do() {
    let mut node = guarded(&[]).await;
    let mut administrator = node.client().await;
    administrator.ask(7, &create("t", 1, &[])).await.unwrap();
    let mut stranger = node.client_from(STRANGER).await;
    add(
        &mut administrator,
        vec![
            allow(STRANGER, READ, TOPIC, "t"),
            allow(STRANGER, DESCRIBE_CONFIGS, CLUSTER, "kafka-cluster"),
        ],
    )
    .await;
    let asked = m::metadata::MetadataRequest {
        topics: None,
        include_topic_authorized_operations: true,
        include_cluster_authorized_operations: true,
        ..Default::default()
    };
    let bits = |operations: &[i8]| operations.iter().fold(0, |bits, one| bits | 1 << one);
    let seen = stranger.ask(10, &asked).await.unwrap();
    assert_eq!(
        seen.topics[0].topic_authorized_operations,
        bits(&[READ, DESCRIBE])
    );
    assert_eq!(
        seen.cluster_authorized_operations, 0,
        "who may not see the cluster"
    );
    add(
        &mut administrator,
        vec![allow(STRANGER, DESCRIBE, CLUSTER, "kafka-cluster")],
    )
    .await;
    let seen = stranger.ask(10, &asked).await.unwrap();
    assert_eq!(
        seen.cluster_authorized_operations,
        bits(&[DESCRIBE, DESCRIBE_CONFIGS])
    );
    let seen = administrator.ask(10, &asked).await.unwrap();
    assert_eq!(seen.topics[0].topic_authorized_operations, 0b1101_1111_1000);
    node.stop().await;
}

/// The group's own entry and its topics'.
#[tokio::test]
async fn a_group_commits_and_shows_offsets_of_what_its_member_may_read() {
    let mut node = guarded(&[]).await;
    let mut administrator = node.client().await;
    for topic in ["t", "u"] {
        administrator.ask(7, &create(topic, 1, &[])).await.unwrap();
    }
    let mut stranger = node.client_from(STRANGER).await;
    add(
        &mut administrator,
        vec![
            allow(STRANGER, READ, GROUP, "g"),
            allow(STRANGER, READ, TOPIC, "t"),
        ],
    )
    .await;
    let coordinator = m::find_coordinator::FindCoordinatorRequest {
        coordinator_keys: vec!["g".into()],
        ..Default::default()
    };
    let found = stranger.ask(4, &coordinator).await.unwrap();
    assert_eq!(found.coordinators[0].error_code, ErrorCode::NONE);
    let topic = |name: &str| m::offset_commit::OffsetCommitRequestTopic {
        name: name.into(),
        partitions: vec![m::offset_commit::OffsetCommitRequestPartition {
            committed_offset: 5,
            ..Default::default()
        }],
        ..Default::default()
    };
    let commit = m::offset_commit::OffsetCommitRequest {
        group_id: "g".into(),
        topics: vec![topic("t"), topic("u")],
        ..Default::default()
    };
    let committed = stranger.ask(8, &commit).await.unwrap();
    let mut errors: Vec<_> = committed
        .topics
        .iter()
        .map(|topic| (&*topic.name, topic.partitions[0].error_code))
        .collect();
    errors.sort_unstable();
    assert_eq!(errors, [("t", ErrorCode::NONE), ("u", OF_TOPIC)]);
    administrator.ask(8, &commit).await.unwrap();
    let all = m::offset_fetch::OffsetFetchRequest {
        groups: vec![m::offset_fetch::OffsetFetchRequestGroup {
            group_id: "g".into(),
            topics: None,
            ..Default::default()
        }],
        ..Default::default()
    };
    let names = |response: &m::offset_fetch::OffsetFetchResponse| response.groups[0].topics.len();
    assert_eq!(names(&administrator.ask(9, &all).await.unwrap()), 2);
    assert_eq!(names(&stranger.ask(9, &all).await.unwrap()), 1);
    let listed = stranger
        .ask(4, &m::list_groups::ListGroupsRequest::default())
        .await
        .unwrap();
    assert_eq!(listed.groups.len(), 1, "its own");
    node.stop().await;
}

#[tokio::test]
async fn what_is_denied_and_what_changes_the_cluster_is_in_the_audit_log() {
    let mut node = guarded(&[("ottla.audit.log.file", "{}/audit.log")]).await;
    let path = node.folder().join("audit.log");
    let mut stranger = node.client_from(STRANGER).await;
    assert_eq!(fetched(&mut stranger).await, OF_TOPIC);
    node.client()
        .await
        .ask(7, &create("t", 1, &[]))
        .await
        .unwrap();
    let lines = crate::host::until("both are written", async || {
        let lines = std::fs::read_to_string(&path).ok()?;
        let is_there = |parts: &[&str]| {
            lines
                .lines()
                .any(|line| parts.iter().all(|part| line.contains(part)))
        };
        let both = is_there(&["\"denied\"", "\"READ\"", "\"t\"", STRANGER, "\"Fetch\""])
            && is_there(&[
                "\"allowed\"",
                "\"CREATE\"",
                "\"CLUSTER\"",
                "\"CreateTopics\"",
            ]);
        both.then_some(lines)
    });
    let lines = lines.await;
    assert!(
        lines
            .lines()
            .all(|line| line.starts_with("{\"timestamp_ms\":") && line.ends_with('}')),
        "{lines}"
    );
    node.stop().await;
}
