//! Client quotas: who may be limited by what, how limits are found again, and what a client without permits may still do.

use crate::cluster::Cluster;
use ottla_controller::decide;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_client_quotas::{
    AlterClientQuotasRequest, EntityData, OpData, RequestEntryData,
};
use ottla_protocol::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use ottla_protocol::messages::delete_topics::DeleteTopicsRequest;
use ottla_protocol::messages::describe_client_quotas::{
    ComponentData, DescribeClientQuotasRequest,
};

type Part<'a> = (&'a str, Option<&'a str>);

fn entry(parts: &[Part<'_>], ops: &[(&str, Option<f64>)]) -> RequestEntryData {
    let part = |(kind, name): &Part<'_>| EntityData {
        entity_type: (*kind).into(),
        entity_name: name.map(Into::into),
        ..Default::default()
    };
    let op = |(key, value): &(&str, Option<f64>)| OpData {
        key: (*key).into(),
        value: value.unwrap_or_default(),
        remove: value.is_none(),
        ..Default::default()
    };
    RequestEntryData {
        entity: parts.iter().map(part).collect(),
        ops: ops.iter().map(op).collect(),
        ..Default::default()
    }
}

fn alter(cluster: &mut Cluster, entries: Vec<RequestEntryData>) -> Vec<(ErrorCode, String)> {
    let request = AlterClientQuotasRequest {
        entries,
        ..Default::default()
    };
    let outcome = decide::alter_client_quotas(&cluster.image, &request);
    let answers = cluster.take(outcome).entries.into_iter();
    let said = |message: Option<ottla_protocol::Str>| message.as_deref().unwrap_or("").to_owned();
    answers
        .map(|answer| (answer.error_code, said(answer.error_message)))
        .collect()
}

fn describe(cluster: &Cluster, filter: &[(&str, i8, Option<&str>)], strict: bool) -> Vec<String> {
    let component = |(kind, match_type, name): &(&str, i8, Option<&str>)| ComponentData {
        entity_type: (*kind).into(),
        match_type: *match_type,
        r#match: name.map(Into::into),
        ..Default::default()
    };
    let request = DescribeClientQuotasRequest {
        components: filter.iter().map(component).collect(),
        strict,
        ..Default::default()
    };
    let response = decide::describe_client_quotas(&cluster.image, &request);
    let Some(entries) = response.entries else {
        return vec![response.error_code.name().unwrap().to_owned()];
    };
    let shown = entries.iter().map(|entry| {
        let parts = entry.entity.iter().map(|part| {
            let name = part.entity_name.as_deref().unwrap_or("*");
            format!("{}={name}", part.entity_type)
        });
        let values = entry
            .values
            .iter()
            .map(|value| format!("{}:{}", value.key, value.value));
        parts.chain(values).collect::<Vec<_>>().join(" ")
    });
    shown.collect()
}

#[test]
fn limits_are_set_found_changed_and_removed() {
    let mut cluster = Cluster::of(1);
    let (user, client) = (("user", Some("ann")), ("client-id", Some("app")));
    let entries = vec![
        entry(&[user], &[("producer_byte_rate", Some(10.0))]),
        entry(
            &[user, ("client-id", None)],
            &[("consumer_byte_rate", Some(20.0))],
        ),
        entry(&[client], &[("request_percentage", Some(12.5))]),
        entry(
            &[("ip", Some("10.0.0.1"))],
            &[("connection_creation_rate", Some(3.0))],
        ),
    ];
    let answers = alter(&mut cluster, entries);
    assert!(answers.iter().all(|(error, _)| *error == ErrorCode::NONE));
    assert_eq!(
        describe(&cluster, &[("user", 0, Some("ann"))], true),
        ["user=ann producer_byte_rate:10"]
    );
    assert_eq!(
        describe(&cluster, &[("user", 0, Some("ann"))], false).len(),
        2
    );
    assert_eq!(
        describe(&cluster, &[("client-id", 1, None)], false),
        ["user=ann client-id=* consumer_byte_rate:20"]
    );
    assert_eq!(
        describe(&cluster, &[("client-id", 2, None)], false).len(),
        2
    );
    assert_eq!(describe(&cluster, &[], false).len(), 4);
    let changes = vec![
        entry(&[user], &[("producer_byte_rate", Some(11.0))]),
        entry(&[client], &[("request_percentage", None)]),
    ];
    alter(&mut cluster, changes);
    assert_eq!(
        describe(&cluster, &[("user", 0, Some("ann"))], true),
        ["user=ann producer_byte_rate:11"]
    );
    assert_eq!(describe(&cluster, &[], false).len(), 3);
}

#[test]
fn what_cannot_be_a_limit_is_refused_in_kafkas_words() {
    let user = ("user", Some("ann"));
    let cases: &[(&[Part<'_>], &str, f64, &str)] = &[
        (
            &[],
            "producer_byte_rate",
            1.0,
            "Invalid empty client quota entity",
        ),
        (
            &[("host", Some("x"))],
            "producer_byte_rate",
            1.0,
            "Unhandled client quota entity type: host",
        ),
        (
            &[("user", Some(""))],
            "producer_byte_rate",
            1.0,
            "Empty user not supported",
        ),
        (
            &[user, user],
            "producer_byte_rate",
            1.0,
            "duplicate entity entry user",
        ),
        (
            &[user, ("ip", None)],
            "connection_creation_rate",
            1.0,
            "should not be combined",
        ),
        (
            &[("ip", Some("no address"))],
            "connection_creation_rate",
            1.0,
            "is not a valid IP",
        ),
        (
            &[("ip", None)],
            "producer_byte_rate",
            1.0,
            "Invalid configuration key producer_byte_rate",
        ),
        (
            &[user],
            "no_such_key",
            1.0,
            "Invalid configuration key no_such_key",
        ),
        (&[user], "producer_byte_rate", 0.0, "must be greater than 0"),
        (
            &[user],
            "producer_byte_rate",
            f64::NAN,
            "must be greater than 0",
        ),
        (
            &[user],
            "producer_byte_rate",
            1.5,
            "cannot be a fractional value",
        ),
        (&[user], "producer_byte_rate", 1e19, "too large for a LONG"),
        (
            &[("ip", None)],
            "connection_creation_rate",
            3e9,
            "too large for a INT",
        ),
    ];
    for (parts, key, value, message) in cases {
        let mut cluster = Cluster::of(1);
        let answers = alter(&mut cluster, vec![entry(parts, &[(key, Some(*value))])]);
        let (error, said) = &answers[0];
        assert_eq!(*error, ErrorCode::INVALID_REQUEST, "{key} {value}");
        assert!(said.contains(message), "{said}");
        assert!(describe(&cluster, &[], false).is_empty());
    }
}

#[test]
fn a_filter_that_means_nothing_is_refused() {
    let cluster = Cluster::of(1);
    for (filter, error) in [
        (&[("", 0, Some("x"))][..], "INVALID_REQUEST"),
        (&[("host", 0, Some("x"))], "UNSUPPORTED_VERSION"),
        (&[("user", 0, None)], "INVALID_REQUEST"),
        (&[("user", 1, Some("x"))], "INVALID_REQUEST"),
        (&[("user", 3, None)], "INVALID_REQUEST"),
        (&[("user", 2, None), ("user", 1, None)], "INVALID_REQUEST"),
        (&[("user", 2, None), ("ip", 2, None)], "INVALID_REQUEST"),
    ] {
        assert_eq!(describe(&cluster, filter, false), [error], "{filter:?}");
    }
}

#[test]
fn topics_beyond_a_clients_permits_are_left_undone_and_the_others_are_done() {
    let mut cluster = Cluster::of(1);
    let topic = |name: &str| CreatableTopic {
        name: name.into(),
        num_partitions: 4,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest {
        topics: vec![topic("a"), topic("b")],
        ..Default::default()
    };
    let mut left = 4;
    let mut permits = |partitions: usize| {
        let granted = left >= partitions;
        left -= if granted { partitions } else { 0 };
        granted
    };
    let rules = crate::support::Lenient;
    let outcome = decide::create_topics_within(
        &cluster.image,
        &rules,
        &request,
        &mut cluster.dice,
        &mut permits,
    );
    let created = cluster.take(outcome);
    let errors: Vec<_> = created
        .topics
        .iter()
        .map(|topic| topic.error_code)
        .collect();
    assert_eq!(
        errors,
        [ErrorCode::NONE, ErrorCode::THROTTLING_QUOTA_EXCEEDED]
    );
    let request = DeleteTopicsRequest {
        topic_names: vec!["a".into()],
        ..Default::default()
    };
    let outcome = decide::delete_topics_within(&cluster.image, &request, &mut |_| false);
    let deleted = cluster.take(outcome);
    let error = deleted.responses[0].error_code;
    assert_eq!(error, ErrorCode::THROTTLING_QUOTA_EXCEEDED);
    assert!(cluster.image.topics.id_of("a").is_some());
}
