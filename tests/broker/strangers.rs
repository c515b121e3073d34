//! Every API, asked by somebody who may do nothing: what it answers to them. An API that nobody asks here fails the test.
//!
//! As in `acls.rs`, the stranger asks from another address than the administrator.

#[path = "strangers/administration.rs"]
mod administration;

use crate::acls::{STRANGER, TOPIC, guarded};
use crate::host::{Broker, Raw};
use crate::wire::{batch, create, delete_records, fetch, produce};
use ottla::api::APIS;
use ottla_protocol::messages as m;
use ottla_protocol::{Encoder, ErrorCode, Message, Request, Str};
use std::collections::BTreeSet;

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
    administration::ask_about_the_cluster(&mut stranger).await;
    administration::ask_about_logins(&mut stranger).await;
    let port = node.node().controllers[0].advertised.port;
    stranger.client = crate::host::connected(STRANGER, port).await;
    administration::ask_as_a_broker(&mut stranger).await;
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
