//! What every API answers to somebody who may do nothing, and to somebody who may do just what it needs. As in `acls.rs`, the stranger asks
//! from another address than the administrator.

use crate::acls::{
    ALL, CLUSTER, DESCRIBE, READ, STRANGER, TOPIC, WRITE, add, allow, guarded, remove,
};
use crate::host::{Broker, Raw};
use crate::wire::{batch, create, delete_records, fetch, produce};
use ottla::api::APIS;
use ottla_protocol::messages as m;
use ottla_protocol::{Encoder, ErrorCode, Message, Request, Str};
use std::collections::BTreeSet;

const GROUP: i8 = 3;
const CREATE: i8 = 5;
const DELETE: i8 = 6;
const DESCRIBE_CONFIGS: i8 = 10;

const OF_TOPIC: ErrorCode = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
const OF_GROUP: ErrorCode = ErrorCode::GROUP_AUTHORIZATION_FAILED;
const OF_CLUSTER: ErrorCode = ErrorCode::CLUSTER_AUTHORIZATION_FAILED;

fn name() -> Str {
    Str::from_static("t")
}

/// Somebody who may do nothing, and the keys of what they have asked.
struct Stranger {
    client: Raw,
    asked: BTreeSet<i16>,
}

impl Stranger {
    /// Asks at the highest version served, or at this one; the errors of the answer.
    async fn errors_at<R: Request>(&mut self, version: Option<i16>, request: R) -> Vec<ErrorCode> {
        self.asked.insert(R::KEY.0);
        let entry = APIS.iter().find(|entry| entry.key == R::KEY);
        let version = version.unwrap_or(*entry.expect("served").versions.end());
        let response = self.client.ask(version, &request).await.unwrap();
        let mut encoder = Encoder::new();
        response.encode(&mut encoder, version).unwrap();
        let errors = encoder.errors().iter().map(|(error, _)| *error);
        errors.filter(|error| error.is_error()).collect()
    }

    async fn refused<R: Request>(&mut self, expected: ErrorCode, request: R) {
        self.refused_at(None, expected, request).await;
    }

    async fn refused_at<R: Request>(
        &mut self,
        version: Option<i16>,
        expected: ErrorCode,
        request: R,
    ) {
        let errors = self.errors_at(version, request).await;
        assert_eq!(errors, [expected], "{}", R::NAME);
    }
}

async fn ask_about_records(stranger: &mut Stranger) {
    stranger
        .refused_at(Some(12), OF_TOPIC, produce("t", 0, batch(None, 0, &["a"])))
        .await;
    stranger
        .refused_at(Some(12), OF_TOPIC, fetch("t", 0, 0))
        .await;
    let follower = m::fetch::FetchRequest {
        replica_id: 2,
        ..fetch("t", 0, 0)
    };
    stranger.refused_at(Some(12), OF_TOPIC, follower).await;
    let topics = vec![m::list_offsets::ListOffsetsTopic {
        name: name(),
        partitions: vec![Default::default()],
        ..Default::default()
    }];
    stranger
        .refused(
            OF_TOPIC,
            m::list_offsets::ListOffsetsRequest {
                topics,
                ..Default::default()
            },
        )
        .await;
    stranger.refused(OF_TOPIC, delete_records("t", 0, 0)).await;
    let topics = vec![m::offset_for_leader_epoch::OffsetForLeaderTopic {
        topic: name(),
        partitions: vec![Default::default()],
        ..Default::default()
    }];
    let request = m::offset_for_leader_epoch::OffsetForLeaderEpochRequest {
        topics,
        ..Default::default()
    };
    stranger.refused(OF_TOPIC, request).await;
    let topics = vec![m::describe_producers::TopicRequest {
        name: name(),
        partition_indexes: vec![0],
        ..Default::default()
    }];
    stranger
        .refused(
            OF_TOPIC,
            m::describe_producers::DescribeProducersRequest {
                topics,
                ..Default::default()
            },
        )
        .await;
    let fresh = m::init_producer_id::InitProducerIdRequest {
        transactional_id: None,
        ..Default::default()
    };
    stranger.refused(OF_CLUSTER, fresh).await;
    let transactional = m::init_producer_id::InitProducerIdRequest {
        transactional_id: Some(name()),
        ..Default::default()
    };
    stranger
        .refused(
            ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            transactional,
        )
        .await;
}

async fn ask_about_topics(stranger: &mut Stranger) {
    let topics = Some(vec![m::metadata::MetadataRequestTopic {
        name: Some(name()),
        ..Default::default()
    }]);
    stranger
        .refused(
            OF_TOPIC,
            m::metadata::MetadataRequest {
                topics,
                ..Default::default()
            },
        )
        .await;
    let topics = vec![m::describe_topic_partitions::TopicRequest {
        name: name(),
        ..Default::default()
    }];
    let request = m::describe_topic_partitions::DescribeTopicPartitionsRequest {
        topics,
        cursor: None,
        ..Default::default()
    };
    stranger.refused(OF_TOPIC, request).await;
    stranger.refused(OF_TOPIC, create("new", 1, &[])).await;
    let topics = vec![m::delete_topics::DeleteTopicState {
        name: Some(name()),
        ..Default::default()
    }];
    stranger
        .refused(
            OF_TOPIC,
            m::delete_topics::DeleteTopicsRequest {
                topics,
                ..Default::default()
            },
        )
        .await;
    let topics = vec![m::create_partitions::CreatePartitionsTopic {
        name: name(),
        count: 2,
        ..Default::default()
    }];
    stranger
        .refused(
            OF_TOPIC,
            m::create_partitions::CreatePartitionsRequest {
                topics,
                ..Default::default()
            },
        )
        .await;
    let resources = vec![m::describe_configs::DescribeConfigsResource {
        resource_type: 2,
        resource_name: name(),
        ..Default::default()
    }];
    stranger
        .refused(
            OF_TOPIC,
            m::describe_configs::DescribeConfigsRequest {
                resources,
                ..Default::default()
            },
        )
        .await;
    let resources = vec![m::alter_configs::AlterConfigsResource {
        resource_type: 32,
        resource_name: name(),
        ..Default::default()
    }];
    stranger
        .refused(
            OF_GROUP,
            m::alter_configs::AlterConfigsRequest {
                resources,
                ..Default::default()
            },
        )
        .await;
    for (kind, expected) in [(TOPIC, OF_TOPIC), (4, OF_CLUSTER), (8, OF_CLUSTER)] {
        let name = if kind == TOPIC { "t" } else { "1" };
        let request = crate::wire::alter(kind, name, "retention.ms", Some("1"));
        stranger.refused(expected, request).await;
    }
}

async fn ask_about_groups(stranger: &mut Stranger) {
    let group_id = name;
    let coordinator = m::find_coordinator::FindCoordinatorRequest {
        coordinator_keys: vec![name()],
        ..Default::default()
    };
    stranger.refused(OF_GROUP, coordinator).await;
    let transactions = m::find_coordinator::FindCoordinatorRequest {
        coordinator_keys: vec![name()],
        key_type: 1,
        ..Default::default()
    };
    stranger
        .refused(
            ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            transactions,
        )
        .await;
    stranger
        .refused(
            OF_GROUP,
            m::join_group::JoinGroupRequest {
                group_id: group_id(),
                ..Default::default()
            },
        )
        .await;
    let sync = m::sync_group::SyncGroupRequest {
        group_id: group_id(),
        protocol_type: Some(name()),
        protocol_name: Some(name()),
        ..Default::default()
    };
    stranger.refused(OF_GROUP, sync).await;
    stranger
        .refused(
            OF_GROUP,
            m::heartbeat::HeartbeatRequest {
                group_id: group_id(),
                ..Default::default()
            },
        )
        .await;
    stranger
        .refused(
            OF_GROUP,
            m::leave_group::LeaveGroupRequest {
                group_id: group_id(),
                ..Default::default()
            },
        )
        .await;
    stranger
        .refused(
            OF_GROUP,
            m::describe_groups::DescribeGroupsRequest {
                groups: vec![name()],
                ..Default::default()
            },
        )
        .await;
    stranger
        .refused(
            OF_GROUP,
            m::delete_groups::DeleteGroupsRequest {
                groups_names: vec![name()],
                ..Default::default()
            },
        )
        .await;
    stranger
        .refused(
            OF_GROUP,
            m::offset_delete::OffsetDeleteRequest {
                group_id: group_id(),
                ..Default::default()
            },
        )
        .await;
    let topics = vec![m::offset_commit::OffsetCommitRequestTopic {
        name: name(),
        partitions: vec![Default::default()],
        ..Default::default()
    }];
    stranger
        .refused_at(
            Some(9),
            OF_GROUP,
            m::offset_commit::OffsetCommitRequest {
                group_id: group_id(),
                topics,
                ..Default::default()
            },
        )
        .await;
    let groups = vec![m::offset_fetch::OffsetFetchRequestGroup {
        group_id: group_id(),
        topics: None,
        ..Default::default()
    }];
    stranger
        .refused_at(
            Some(9),
            OF_GROUP,
            m::offset_fetch::OffsetFetchRequest {
                groups,
                ..Default::default()
            },
        )
        .await;
    assert_eq!(
        stranger
            .errors_at(None, m::list_groups::ListGroupsRequest::default())
            .await,
        []
    );
}

async fn ask_about_the_cluster(stranger: &mut Stranger) {
    assert_eq!(
        stranger
            .errors_at(
                None,
                m::api_versions::ApiVersionsRequest {
                    client_software_name: name(),
                    client_software_version: name(),
                    ..Default::default()
                }
            )
            .await,
        []
    );
    // Everybody may know where the brokers are.
    assert_eq!(
        stranger
            .errors_at(
                None,
                m::describe_cluster::DescribeClusterRequest {
                    endpoint_type: 1,
                    ..Default::default()
                }
            )
            .await,
        []
    );
    stranger
        .refused(
            OF_CLUSTER,
            m::create_acls::CreateAclsRequest {
                creations: vec![allow("*", ALL, CLUSTER, "kafka-cluster")],
                ..Default::default()
            },
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::delete_acls::DeleteAclsRequest {
                filters: vec![Default::default()],
                ..Default::default()
            },
        )
        .await;
    stranger
        .refused(OF_CLUSTER, m::describe_acls::DescribeAclsRequest::default())
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::describe_log_dirs::DescribeLogDirsRequest {
                topics: None,
                ..Default::default()
            },
        )
        .await;
    let topic = m::alter_replica_log_dirs::AlterReplicaLogDirTopic {
        name: name(),
        partitions: vec![0],
        ..Default::default()
    };
    let directory = m::alter_replica_log_dirs::AlterReplicaLogDir {
        path: Str::from_static("/logs"),
        topics: vec![topic],
        ..Default::default()
    };
    stranger
        .refused(
            OF_CLUSTER,
            m::alter_replica_log_dirs::AlterReplicaLogDirsRequest {
                dirs: vec![directory],
                ..Default::default()
            },
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::elect_leaders::ElectLeadersRequest {
                topic_partitions: None,
                ..Default::default()
            },
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::alter_partition_reassignments::AlterPartitionReassignmentsRequest::default(),
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::list_partition_reassignments::ListPartitionReassignmentsRequest::default(),
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::describe_quorum::DescribeQuorumRequest::default(),
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::update_features::UpdateFeaturesRequest::default(),
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::unregister_broker::UnregisterBrokerRequest::default(),
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::list_config_resources::ListConfigResourcesRequest::default(),
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::describe_client_quotas::DescribeClientQuotasRequest::default(),
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::alter_client_quotas::AlterClientQuotasRequest {
                entries: vec![Default::default()],
                ..Default::default()
            },
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::add_raft_voter::AddRaftVoterRequest::default(),
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::remove_raft_voter::RemoveRaftVoterRequest::default(),
        )
        .await;
}

async fn ask_as_a_broker(stranger: &mut Stranger) {
    stranger
        .refused(
            OF_CLUSTER,
            m::alter_partition::AlterPartitionRequest::default(),
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::assign_replicas_to_dirs::AssignReplicasToDirsRequest::default(),
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::broker_registration::BrokerRegistrationRequest::default(),
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::broker_heartbeat::BrokerHeartbeatRequest::default(),
        )
        .await;
    stranger
        .refused(
            OF_CLUSTER,
            m::allocate_producer_ids::AllocateProducerIdsRequest::default(),
        )
        .await;
    stranger
        .refused(OF_CLUSTER, m::envelope::EnvelopeRequest::default())
        .await;
}

/// Where nobody logs in there are neither tokens nor a login, whoever asks.
async fn ask_about_logins(stranger: &mut Stranger) {
    let alter = m::alter_user_scram_credentials::AlterUserScramCredentialsRequest {
        deletions: vec![m::alter_user_scram_credentials::ScramCredentialDeletion {
            name: name(),
            mechanism: 1,
            ..Default::default()
        }],
        ..Default::default()
    };
    stranger.refused(OF_CLUSTER, alter).await;
    let describe =
        m::describe_user_scram_credentials::DescribeUserScramCredentialsRequest::default();
    stranger.refused(OF_CLUSTER, describe).await;
    let not_here = ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED;
    let create = m::create_delegation_token::CreateDelegationTokenRequest::default();
    stranger.refused(not_here, create).await;
    let renew = m::renew_delegation_token::RenewDelegationTokenRequest::default();
    stranger.refused(not_here, renew).await;
    let expire = m::expire_delegation_token::ExpireDelegationTokenRequest::default();
    stranger.refused(not_here, expire).await;
    let describe = m::describe_delegation_token::DescribeDelegationTokenRequest::default();
    stranger.refused(not_here, describe).await;
    let illegal = ErrorCode::ILLEGAL_SASL_STATE;
    let handshake = m::sasl_handshake::SaslHandshakeRequest::default();
    stranger.refused(illegal, handshake).await;
    let token = m::sasl_authenticate::SaslAuthenticateRequest::default();
    stranger.refused(illegal, token).await;
}

/// A node with a listener for controllers, of which the administrator may do everything.
async fn node_with_controllers() -> Broker {
    let listeners = [
        (
            "listeners",
            "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0",
        ),
        ("controller.listener.names", "CONTROLLER"),
        (
            "listener.security.protocol.map",
            "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        ),
    ];
    guarded(&listeners).await
}

#[tokio::test]
async fn who_may_do_nothing_is_refused_by_every_api() {
    let mut node = node_with_controllers().await;
    node.client()
        .await
        .ask(7, &create("t", 1, &[]))
        .await
        .unwrap();
    let mut stranger = Stranger {
        client: node.client_from(STRANGER).await,
        asked: BTreeSet::new(),
    };
    ask_about_records(&mut stranger).await;
    ask_about_topics(&mut stranger).await;
    ask_about_groups(&mut stranger).await;
    ask_about_the_cluster(&mut stranger).await;
    ask_about_logins(&mut stranger).await;
    let port = node.node().controllers[0].advertised.port;
    stranger.client = crate::host::connected(STRANGER, port).await;
    ask_as_a_broker(&mut stranger).await;
    // The quorum's own have no answer for strangers: the connection ends.
    const QUORUMS_FROM: i16 = 1000;
    for key in [1000_i16, 1001] {
        let mut client = crate::host::connected(STRANGER, port).await;
        let header = [
            key.to_be_bytes(),
            [0, 0],
            [0, 0],
            [0, 1],
            [255, 255],
            [0, 1],
        ]
        .concat();
        let frame = [&(header.len() as u32).to_be_bytes()[..], &header[..]].concat();
        client.send_bytes(&frame).await.unwrap();
        client.closed().await;
    }
    let served = APIS.iter().map(|entry| entry.key.0);
    let served: BTreeSet<i16> = served.filter(|key| *key < QUORUMS_FROM).collect();
    let left: Vec<_> = served.difference(&stranger.asked).collect();
    assert_eq!(left, Vec::<&i16>::new(), "APIs that this test does not ask");
    let open = APIS.iter().filter(|entry| entry.needs.is_empty());
    let open: Vec<_> = open.map(|entry| entry.name).collect();
    // Of a token its HMAC is the right to renew and to expire it.
    let anybodys = [
        "ApiVersions",
        "RenewDelegationToken",
        "ExpireDelegationToken",
        "SaslHandshake",
        "SaslAuthenticate",
    ];
    assert_eq!(open, anybodys, "APIs that anybody may use");
    node.stop().await;
}

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
