//! DeleteTopics: by name, by id, and everything that can be wrong with either.

use crate::cluster::Cluster;
use ottla_controller::decide;
use ottla_protocol::messages::delete_topics::{
    DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use ottla_protocol::{ErrorCode, Uuid};

fn delete(cluster: &mut Cluster, topics: Vec<DeleteTopicState>) -> DeleteTopicsResponse {
    let request = DeleteTopicsRequest {
        topics,
        ..Default::default()
    };
    let outcome = decide::delete_topics(&cluster.image, &request);
    cluster.take(outcome)
}

fn named(name: &str) -> DeleteTopicState {
    DeleteTopicState {
        name: Some(name.into()),
        ..Default::default()
    }
}

fn with_id(topic_id: Uuid) -> DeleteTopicState {
    DeleteTopicState {
        topic_id,
        ..Default::default()
    }
}

#[test]
fn a_topic_is_deleted_by_name_and_by_id() {
    let mut cluster = Cluster::of(1).with_topic("a", 1).with_topic("b", 1);
    let id = cluster.image.topics.id_of("b").unwrap().0;
    let response = delete(&mut cluster, vec![named("a"), with_id(id)]);
    assert!(
        response
            .responses
            .iter()
            .all(|topic| topic.error_code == ErrorCode::NONE)
    );
    let mut names: Vec<_> = response
        .responses
        .iter()
        .filter_map(|topic| topic.name.clone())
        .collect();
    names.sort();
    assert_eq!(names, ["a", "b"]);
    assert!(cluster.image.topics.is_empty());
}

#[test]
fn the_old_names_field_works_too() {
    let mut cluster = Cluster::of(1).with_topic("a", 1);
    let request = DeleteTopicsRequest {
        topic_names: vec!["a".into()],
        ..Default::default()
    };
    let outcome = decide::delete_topics(&cluster.image, &request);
    assert_eq!(
        cluster.take(outcome).responses[0].error_code,
        ErrorCode::NONE
    );
}

#[test]
fn what_is_wrong_is_refused_one_by_one() {
    let mut cluster = Cluster::of(1).with_topic("a", 1);
    let id = cluster.image.topics.id_of("a").unwrap().0;
    let both = DeleteTopicState {
        name: Some("a".into()),
        topic_id: id,
        ..Default::default()
    };
    let cases = [
        (
            vec![DeleteTopicState::default()],
            ErrorCode::INVALID_REQUEST,
            "Neither topic name nor id were specified.",
        ),
        (
            vec![both],
            ErrorCode::INVALID_REQUEST,
            "You may not specify both topic name and topic id.",
        ),
        (
            vec![named("a"), named("a")],
            ErrorCode::INVALID_REQUEST,
            "Duplicate topic name.",
        ),
        (
            vec![with_id(id), with_id(id)],
            ErrorCode::INVALID_REQUEST,
            "Duplicate topic id.",
        ),
        (
            vec![named("a"), with_id(id)],
            ErrorCode::INVALID_REQUEST,
            "The provided topic name maps to an ID that was already supplied.",
        ),
        (
            vec![named("b")],
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            "This server does not host this topic-partition.",
        ),
        (
            vec![with_id(Uuid([1; 16]))],
            ErrorCode::UNKNOWN_TOPIC_ID,
            "This server does not host this topic ID.",
        ),
    ];
    for (topics, code, message) in cases {
        let response = delete(&mut cluster, topics);
        assert_eq!(response.responses.len(), 1, "{message}");
        assert_eq!(response.responses[0].error_code, code, "{message}");
        assert_eq!(
            response.responses[0].error_message.as_deref(),
            Some(message)
        );
    }
    assert!(cluster.image.topics.by_name("a").is_some());
}

#[test]
fn a_recreated_topic_has_another_id_and_no_configs() {
    let mut cluster = Cluster::of(1).with_topic("a", 1);
    let before = cluster.image.topics.id_of("a");
    delete(&mut cluster, vec![named("a")]);
    let cluster = cluster.with_topic("a", 1);
    assert_ne!(cluster.image.topics.id_of("a"), before);
}
