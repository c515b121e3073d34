//! IncrementalAlterConfigs and AlterConfigs: what is set, kept, refused.

use crate::cluster::Cluster;
use crate::support::Lenient;
use ottla_controller::decide;
use ottla_controller::image::{ConfigResource, ResourceKind};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::{alter_configs as legacy, incremental_alter_configs as incremental};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

type Change<'a> = (&'a str, i8, Option<&'a str>);

fn resource(kind: i8, name: &str, changes: &[Change<'_>]) -> incremental::AlterConfigsResource {
    let config = |(name, config_operation, value): &Change<'_>| incremental::AlterableConfig {
        name: (*name).into(),
        config_operation: *config_operation,
        value: value.map(Into::into),
        ..Default::default()
    };
    incremental::AlterConfigsResource {
        resource_type: kind,
        resource_name: name.into(),
        configs: changes.iter().map(config).collect(),
        ..Default::default()
    }
}

fn alter(
    cluster: &mut Cluster,
    resources: Vec<incremental::AlterConfigsResource>,
) -> Vec<(ErrorCode, String)> {
    let request = incremental::IncrementalAlterConfigsRequest {
        resources,
        ..Default::default()
    };
    let outcome = decide::incremental_alter_configs(&cluster.image, &Lenient, &request);
    let responses = cluster.take(outcome).responses;
    let said = |message: Option<&str>| message.unwrap_or_default().to_owned();
    responses
        .iter()
        .map(|each| (each.error_code, said(each.error_message.as_deref())))
        .collect()
}

fn change(
    cluster: &mut Cluster,
    kind: i8,
    name: &str,
    changes: &[Change<'_>],
) -> (ErrorCode, String) {
    alter(cluster, vec![resource(kind, name, changes)]).remove(0)
}

fn value(cluster: &Cluster, kind: ResourceKind, name: &str, key: &str) -> Option<String> {
    cluster
        .image
        .configs
        .value(&ConfigResource::new(kind, name), key)
        .map(ToString::to_string)
}

#[test]
fn set_append_subtract_and_delete_do_what_they_say() {
    let mut cluster = Cluster::of(1).with_topic("a", 1);
    let policy = |cluster: &Cluster| value(cluster, ResourceKind::Topic, "a", "cleanup.policy");
    let steps = [
        (APPEND, Some("compact"), Some("delete,compact")), // starts from the default
        (APPEND, Some("compact,delete"), Some("delete,compact")),
        (SUBTRACT, Some("delete,other"), Some("compact")),
        (SET, Some("x"), Some("x")),
        (DELETE, None, None),
    ];
    for (operation, operand, expected) in steps {
        let (code, said) = change(
            &mut cluster,
            TOPIC,
            "a",
            &[("cleanup.policy", operation, operand)],
        );
        assert_eq!(code, ErrorCode::NONE, "{said}");
        assert_eq!(policy(&cluster).as_deref(), expected);
    }
}

#[test]
fn what_is_wrong_is_refused_as_in_kafka() {
    let mut cluster = Cluster::of(1).with_topic("a", 1);
    let cases: [(i8, &str, &[Change<'_>], ErrorCode, &str); 11] = [
        (
            TOPIC,
            "a",
            &[("x", SET, Some("1")), ("x", SET, Some("2"))],
            ErrorCode::INVALID_REQUEST,
            "Error due to duplicate config keys",
        ),
        (
            TOPIC,
            "a",
            &[("x", SET, None), ("y", SET, None)],
            ErrorCode::INVALID_REQUEST,
            "Null value not supported for : x, y",
        ),
        (
            TOPIC,
            "a",
            &[("x", 9, Some("1"))],
            ErrorCode::INVALID_REQUEST,
            "Unknown operations type 9",
        ),
        (
            TOPIC,
            "a",
            &[("x", APPEND, Some("1"))],
            ErrorCode::INVALID_CONFIG,
            "Can't APPEND to key x because its type is not LIST.",
        ),
        (
            TOPIC,
            "a",
            &[("refused", SET, Some("1"))],
            ErrorCode::INVALID_CONFIG,
            "refused",
        ),
        (
            TOPIC,
            "b",
            &[("x", SET, Some("1"))],
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            "The topic 'b' does not exist.",
        ),
        (
            TOPIC,
            "",
            &[("x", SET, Some("1"))],
            ErrorCode::INVALID_REQUEST,
            "Default topic resources are not allowed.",
        ),
        (
            BROKER,
            "7",
            &[("x", SET, Some("1"))],
            ErrorCode::BROKER_ID_NOT_REGISTERED,
            "No node with id 7 found.",
        ),
        (
            BROKER,
            "x",
            &[("x", SET, Some("1"))],
            ErrorCode::INVALID_REQUEST,
            "Unable to parse broker name as a base 10 number.",
        ),
        (
            BROKER,
            "-1",
            &[("x", SET, Some("1"))],
            ErrorCode::INVALID_REQUEST,
            "Invalid negative broker ID.",
        ),
        (
            3,
            "a",
            &[("x", SET, Some("1"))],
            ErrorCode::INVALID_REQUEST,
            "Unknown resource type 3",
        ),
    ];
    for (kind, name, changes, code, message) in cases {
        assert_eq!(
            change(&mut cluster, kind, name, changes),
            (code, message.to_owned())
        );
    }
}

#[test]
fn a_resource_changes_as_a_whole_and_others_go_on() {
    let mut cluster = Cluster::of(1).with_topic("a", 1).with_topic("b", 1);
    let both: &[Change<'_>] = &[("x", SET, Some("1")), ("refused", SET, Some("1"))];
    let answers = alter(
        &mut cluster,
        vec![
            resource(TOPIC, "a", both),
            resource(TOPIC, "b", &[("x", SET, Some("1"))]),
        ],
    );
    assert_eq!(
        (answers[0].0, answers[1].0),
        (ErrorCode::INVALID_CONFIG, ErrorCode::NONE)
    );
    assert_eq!(value(&cluster, ResourceKind::Topic, "a", "x"), None);
    assert_eq!(
        value(&cluster, ResourceKind::Topic, "b", "x").as_deref(),
        Some("1")
    );
}

#[test]
fn a_resource_named_twice_is_refused_twice() {
    let mut cluster = Cluster::of(1).with_topic("a", 1);
    let same = resource(TOPIC, "a", &[("x", SET, Some("1"))]);
    let answers = alter(&mut cluster, vec![same.clone(), same]);
    let refused = (
        ErrorCode::INVALID_REQUEST,
        "Each resource must appear at most once.".to_owned(),
    );
    assert_eq!(answers, [refused.clone(), refused]);
}

#[test]
fn the_clusters_minimum_stays_while_eligible_replicas_are_kept() {
    let mut cluster = Cluster::of(1);
    let minimum = "min.insync.replicas";
    assert_eq!(
        value(&cluster, ResourceKind::Broker, "", minimum).as_deref(),
        Some("1")
    );
    assert_eq!(
        change(&mut cluster, BROKER, "", &[(minimum, DELETE, None)]).0,
        ErrorCode::INVALID_CONFIG
    );
    assert_eq!(
        change(&mut cluster, BROKER, "1", &[(minimum, SET, Some("2"))]).0,
        ErrorCode::INVALID_CONFIG
    );
    assert_eq!(
        change(&mut cluster, BROKER, "", &[(minimum, SET, Some("2"))]).0,
        ErrorCode::NONE
    );
}

#[test]
fn the_old_request_replaces_all_configs_of_a_resource() {
    let mut cluster = Cluster::of(1).with_topic("a", 1);
    change(
        &mut cluster,
        TOPIC,
        "a",
        &[("x", SET, Some("1")), ("y", SET, Some("1"))],
    );
    let config = |name: &str, value: &str| legacy::AlterableConfig {
        name: name.into(),
        value: Some(value.into()),
        ..Default::default()
    };
    let resource = legacy::AlterConfigsResource {
        resource_type: TOPIC,
        resource_name: "a".into(),
        configs: vec![config("y", "2"), config("z", "1")],
        ..Default::default()
    };
    let request = legacy::AlterConfigsRequest {
        resources: vec![resource],
        ..Default::default()
    };
    let outcome = decide::alter_configs(&cluster.image, &Lenient, &request);
    assert_eq!(
        cluster.take(outcome).responses[0].error_code,
        ErrorCode::NONE
    );
    let found = ["x", "y", "z"].map(|key| value(&cluster, ResourceKind::Topic, "a", key));
    assert_eq!(found, [None, Some("2".to_owned()), Some("1".to_owned())]);
}
