//! Access control lists over TCP. There is no authentication here: everybody is `User:ANONYMOUS`, and clients differ by their address.
//! The administrator asks from 127.0.0.1, the stranger from 127.0.0.2.

use crate::host::{Broker, Raw};
use crate::wire::create;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::create_acls::{AclCreation, CreateAclsRequest};
use ottla_protocol::messages::delete_acls::{DeleteAclsFilter, DeleteAclsRequest};
use ottla_protocol::messages::describe_acls::{DescribeAclsRequest, DescribeAclsResponse};

pub const ALL: i8 = 2;
pub const READ: i8 = 3;
pub const WRITE: i8 = 4;
pub const DESCRIBE: i8 = 8;
const DENY: i8 = 2;
const ALLOW: i8 = 3;
pub const TOPIC: i8 = 2;
pub const CLUSTER: i8 = 4;
const LITERAL: i8 = 3;
const VERSION: i16 = 3;

const AUTHORIZER: &str = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
const ADMINISTRATOR: &str = "127.0.0.1";
pub const STRANGER: &str = "127.0.0.2";

/// Allows everybody at `host` an operation on a resource.
pub fn allow(host: &str, operation: i8, resource_type: i8, name: &str) -> AclCreation {
    AclCreation {
        resource_type,
        resource_name: name.into(),
        resource_pattern_type: LITERAL,
        principal: "User:ANONYMOUS".into(),
        host: host.into(),
        operation,
        permission_type: ALLOW,
        ..Default::default()
    }
}

pub async fn add(client: &mut Raw, creations: Vec<AclCreation>) -> Vec<ErrorCode> {
    let request = CreateAclsRequest {
        creations,
        ..Default::default()
    };
    let response = client.ask(VERSION, &request).await.unwrap();
    let errors = response.results.iter().map(|result| result.error_code);
    errors.collect()
}

async fn list(client: &mut Raw) -> DescribeAclsResponse {
    let request = DescribeAclsRequest {
        resource_type_filter: 1,
        resource_name_filter: None,
        pattern_type_filter: 1,
        principal_filter: None,
        host_filter: None,
        operation: 1,
        permission_type: 1,
        ..Default::default()
    };
    client.ask(VERSION, &request).await.unwrap()
}

/// Removes what is allowed or denied to a host; answers how many entries that were, or the error.
pub async fn remove(client: &mut Raw, host: &str) -> Result<usize, ErrorCode> {
    let filter = DeleteAclsFilter {
        resource_type_filter: 1,
        resource_name_filter: None,
        pattern_type_filter: 1,
        principal_filter: None,
        host_filter: Some(host.into()),
        operation: 1,
        permission_type: 1,
        ..Default::default()
    };
    let request = DeleteAclsRequest {
        filters: vec![filter],
        ..Default::default()
    };
    let response = client.ask(VERSION, &request).await.unwrap();
    let result = &response.filter_results[0];
    match result.error_code {
        ErrorCode::NONE => Ok(result.matching_acls.len()),
        error => Err(error),
    }
}

/// A node whose administrator may do everything, and nobody else anything: all that it is about has an entry.
pub async fn guarded(settings: &[(&str, &str)]) -> Broker {
    let keys = [
        ("authorizer.class.name", AUTHORIZER),
        ("allow.everyone.if.no.acl.found", "true"),
    ];
    let node = Broker::with(&[&keys, settings].concat()).await;
    let kinds = [
        (2, "*"),
        (3, "*"),
        (4, "kafka-cluster"),
        (5, "*"),
        (6, "*"),
        (7, "*"),
    ];
    let entries = kinds.map(|(kind, name)| allow(ADMINISTRATOR, ALL, kind, name));
    let added = add(&mut node.client().await, entries.to_vec()).await;
    assert_eq!(added, [ErrorCode::NONE; 6]);
    node
}

#[tokio::test]
async fn without_an_authorizer_there_are_no_lists() {
    let mut node = Broker::start().await;
    let mut client = node.client().await;
    let entry = allow("*", READ, TOPIC, "t");
    assert_eq!(
        add(&mut client, vec![entry]).await,
        [ErrorCode::SECURITY_DISABLED]
    );
    assert_eq!(
        list(&mut client).await.error_code,
        ErrorCode::SECURITY_DISABLED
    );
    assert_eq!(
        remove(&mut client, "*").await,
        Err(ErrorCode::SECURITY_DISABLED)
    );
    node.stop().await;
}

#[tokio::test]
async fn entries_are_added_listed_and_removed_and_survive_a_restart() {
    let mut node = guarded(&[]).await;
    let mut client = node.client().await;
    let reads = allow(STRANGER, READ, TOPIC, "t");
    assert_eq!(add(&mut client, vec![reads]).await, [ErrorCode::NONE]);
    let names = |listed: &DescribeAclsResponse| {
        let resources = listed.resources.iter();
        let named = resources.map(|one| (one.resource_type, one.resource_name.to_string()));
        named.collect::<Vec<_>>()
    };
    let listed = list(&mut client).await;
    assert_eq!(names(&listed).len(), 7);
    assert!(names(&listed).contains(&(TOPIC, "t".to_owned())));
    node.restart().await;
    let mut client = node.client().await;
    assert_eq!(names(&list(&mut client).await), names(&listed));
    assert_eq!(remove(&mut client, STRANGER).await, Ok(1));
    assert_eq!(names(&list(&mut client).await).len(), 6);
    node.stop().await;
}

#[tokio::test]
async fn only_who_may_alter_the_cluster_changes_the_lists() {
    let mut node = guarded(&[]).await;
    let mut stranger = node.client_from(STRANGER).await;
    let refused = ErrorCode::CLUSTER_AUTHORIZATION_FAILED;
    let entry = allow(STRANGER, ALL, CLUSTER, "kafka-cluster");
    assert_eq!(add(&mut stranger, vec![entry]).await, [refused]);
    assert_eq!(list(&mut stranger).await.error_code, refused);
    assert_eq!(remove(&mut stranger, "*").await, Err(refused));
    let entry = allow("127.0.0.0/30", DESCRIBE, CLUSTER, "kafka-cluster");
    add(&mut node.client().await, vec![entry]).await;
    assert_eq!(list(&mut stranger).await.error_code, ErrorCode::NONE);
    assert_eq!(remove(&mut stranger, "*").await, Err(refused));
    node.stop().await;
}

/// The names that a client is shown when it asks for all, and the errors of a missing, an open and a shut one by name.
async fn seen(client: &mut Raw) -> (Vec<String>, Vec<ErrorCode>) {
    let all = client.metadata(None).await.unwrap();
    let names = all.topics.iter();
    let names = names.map(|topic| topic.name.as_deref().unwrap_or_default().to_owned());
    let named = client.metadata(Some(&["missing", "open", "shut"])).await;
    let mut named = named.unwrap().topics;
    named.sort_by_key(|topic| topic.name.clone());
    let errors = named.iter().map(|topic| topic.error_code);
    (names.collect(), errors.collect())
}

#[tokio::test]
async fn a_topic_is_hidden_from_who_may_not_see_it_until_an_entry_shows_it() {
    let mut node = guarded(&[]).await;
    let mut administrator = node.client().await;
    for topic in ["open", "shut"] {
        administrator.ask(7, &create(topic, 1, &[])).await.unwrap();
    }
    let mut stranger = node.client_from(STRANGER).await;
    let refused = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    assert_eq!(seen(&mut stranger).await, (vec![], vec![refused; 3]));
    add(
        &mut administrator,
        vec![allow(STRANGER, READ, TOPIC, "open")],
    )
    .await;
    let expected = vec![refused, ErrorCode::NONE, refused];
    assert_eq!(
        seen(&mut stranger).await,
        (vec!["open".to_owned()], expected)
    );
    assert_eq!(seen(&mut administrator).await.0, ["open", "shut"]);
    let deny = AclCreation {
        permission_type: DENY,
        ..allow("127.0.0.0/24", DESCRIBE, TOPIC, "open")
    };
    add(&mut administrator, vec![deny]).await;
    assert_eq!(seen(&mut stranger).await.1, [refused; 3]);
    node.stop().await;
}
