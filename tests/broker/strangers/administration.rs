//! A stranger among what administrators, brokers and whoever logs in ask.

use super::{OF_CLUSTER, Stranger, name};
use crate::acls::{ALL, CLUSTER, allow};
use ottla_protocol::messages as m;
use ottla_protocol::{ErrorCode, Str};

pub async fn ask_about_the_cluster(stranger: &mut Stranger) {
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

pub async fn ask_as_a_broker(stranger: &mut Stranger) {
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
pub async fn ask_about_logins(stranger: &mut Stranger) {
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
