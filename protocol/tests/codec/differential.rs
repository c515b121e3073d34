//! Our bytes are those of `kafka-protocol` 0.18.0, in every version both know.
//!
//! A random value of ours is encoded, decoded by the other, encoded by the other again and decoded by us: the bytes and the values
//! must be the same. It lacks StreamsGroupHeartbeat, StreamsGroupDescribe, StreamsGroupTopologyDescriptionUpdate and
//! UnregisterController, and some top versions: the golden bytes cover those.

use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Decodable, Encodable, Message as TheirMessage};
use ottla_protocol::arbitrary::{Arbitrary, Random, message};
use ottla_protocol::{Bytes, Decoder, Encoder, Message, messages as ours, records};

const VALUES_OF_EACH_VERSION: usize = 40;

/// Compares one message type in the versions both know; says which they are.
fn agrees<Ours, Theirs>()
where
    Ours: Message + Arbitrary,
    Theirs: TheirMessage + Encodable + Decodable,
{
    let mut random = Random::new(11);
    let first = Theirs::VERSIONS.min.max(*Ours::VERSIONS.start());
    let last = Theirs::VERSIONS.max.min(*Ours::VERSIONS.end());
    assert!(first <= last, "{} has no version in common", Ours::NAME);
    for version in first..=last {
        for _ in 0..VALUES_OF_EACH_VERSION {
            let value: Ours = message(&mut random, version);
            agrees_on::<Ours, Theirs>(&value, version);
        }
    }
}

fn agrees_on<Ours, Theirs>(value: &Ours, version: i16)
where
    Ours: Message,
    Theirs: Encodable + Decodable,
{
    let name = Ours::NAME;
    let mut to = Encoder::new();
    value
        .encode(&mut to, version)
        .expect("a value of the version");
    let bytes = to.into_bytes();

    let mut rest = bytes.clone();
    let theirs = Theirs::decode(&mut rest, version)
        .unwrap_or_else(|error| panic!("{name} {version}: they refuse {value:?}: {error}"));
    assert!(
        rest.is_empty(),
        "{name} {version}: they leave {} bytes of {value:?}",
        rest.len()
    );

    let mut again = Vec::new();
    theirs
        .encode(&mut again, version)
        .unwrap_or_else(|error| panic!("{name} {version}: they cannot write {value:?}: {error}"));
    assert_eq!(again, bytes, "{name} {version}: {value:?}");

    let decoded = Ours::decode(&mut Decoder::new(Bytes::from(again)), version);
    assert_eq!(decoded.as_ref(), Ok(value), "{name} {version}");
}

macro_rules! agree {
    ($($module:ident: $request:ident, $response:ident;)*) => {
        $(
            #[test]
            fn $module() {
                agrees::<ours::$module::$request, theirs::$request>();
                agrees::<ours::$module::$response, theirs::$response>();
            }
        )*
    };
}

agree! {
    produce: ProduceRequest, ProduceResponse;
    fetch: FetchRequest, FetchResponse;
    list_offsets: ListOffsetsRequest, ListOffsetsResponse;
    metadata: MetadataRequest, MetadataResponse;
    offset_commit: OffsetCommitRequest, OffsetCommitResponse;
    offset_fetch: OffsetFetchRequest, OffsetFetchResponse;
    find_coordinator: FindCoordinatorRequest, FindCoordinatorResponse;
    join_group: JoinGroupRequest, JoinGroupResponse;
    heartbeat: HeartbeatRequest, HeartbeatResponse;
    leave_group: LeaveGroupRequest, LeaveGroupResponse;
    sync_group: SyncGroupRequest, SyncGroupResponse;
    describe_groups: DescribeGroupsRequest, DescribeGroupsResponse;
    list_groups: ListGroupsRequest, ListGroupsResponse;
    sasl_handshake: SaslHandshakeRequest, SaslHandshakeResponse;
    api_versions: ApiVersionsRequest, ApiVersionsResponse;
    create_topics: CreateTopicsRequest, CreateTopicsResponse;
    delete_topics: DeleteTopicsRequest, DeleteTopicsResponse;
    delete_records: DeleteRecordsRequest, DeleteRecordsResponse;
    init_producer_id: InitProducerIdRequest, InitProducerIdResponse;
    offset_for_leader_epoch: OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse;
    add_partitions_to_txn: AddPartitionsToTxnRequest, AddPartitionsToTxnResponse;
    add_offsets_to_txn: AddOffsetsToTxnRequest, AddOffsetsToTxnResponse;
    end_txn: EndTxnRequest, EndTxnResponse;
    write_txn_markers: WriteTxnMarkersRequest, WriteTxnMarkersResponse;
    txn_offset_commit: TxnOffsetCommitRequest, TxnOffsetCommitResponse;
    describe_acls: DescribeAclsRequest, DescribeAclsResponse;
    create_acls: CreateAclsRequest, CreateAclsResponse;
    delete_acls: DeleteAclsRequest, DeleteAclsResponse;
    describe_configs: DescribeConfigsRequest, DescribeConfigsResponse;
    alter_configs: AlterConfigsRequest, AlterConfigsResponse;
    alter_replica_log_dirs: AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse;
    describe_log_dirs: DescribeLogDirsRequest, DescribeLogDirsResponse;
    sasl_authenticate: SaslAuthenticateRequest, SaslAuthenticateResponse;
    create_partitions: CreatePartitionsRequest, CreatePartitionsResponse;
    create_delegation_token: CreateDelegationTokenRequest, CreateDelegationTokenResponse;
    renew_delegation_token: RenewDelegationTokenRequest, RenewDelegationTokenResponse;
    expire_delegation_token: ExpireDelegationTokenRequest, ExpireDelegationTokenResponse;
    describe_delegation_token: DescribeDelegationTokenRequest, DescribeDelegationTokenResponse;
    delete_groups: DeleteGroupsRequest, DeleteGroupsResponse;
    elect_leaders: ElectLeadersRequest, ElectLeadersResponse;
    incremental_alter_configs: IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse;
    alter_partition_reassignments: AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse;
    list_partition_reassignments: ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse;
    offset_delete: OffsetDeleteRequest, OffsetDeleteResponse;
    describe_client_quotas: DescribeClientQuotasRequest, DescribeClientQuotasResponse;
    alter_client_quotas: AlterClientQuotasRequest, AlterClientQuotasResponse;
    describe_user_scram_credentials: DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse;
    alter_user_scram_credentials: AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse;
    vote: VoteRequest, VoteResponse;
    begin_quorum_epoch: BeginQuorumEpochRequest, BeginQuorumEpochResponse;
    end_quorum_epoch: EndQuorumEpochRequest, EndQuorumEpochResponse;
    describe_quorum: DescribeQuorumRequest, DescribeQuorumResponse;
    alter_partition: AlterPartitionRequest, AlterPartitionResponse;
    update_features: UpdateFeaturesRequest, UpdateFeaturesResponse;
    envelope: EnvelopeRequest, EnvelopeResponse;
    fetch_snapshot: FetchSnapshotRequest, FetchSnapshotResponse;
    describe_cluster: DescribeClusterRequest, DescribeClusterResponse;
    describe_producers: DescribeProducersRequest, DescribeProducersResponse;
    broker_registration: BrokerRegistrationRequest, BrokerRegistrationResponse;
    broker_heartbeat: BrokerHeartbeatRequest, BrokerHeartbeatResponse;
    unregister_broker: UnregisterBrokerRequest, UnregisterBrokerResponse;
    describe_transactions: DescribeTransactionsRequest, DescribeTransactionsResponse;
    list_transactions: ListTransactionsRequest, ListTransactionsResponse;
    allocate_producer_ids: AllocateProducerIdsRequest, AllocateProducerIdsResponse;
    consumer_group_heartbeat: ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse;
    consumer_group_describe: ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse;
    controller_registration: ControllerRegistrationRequest, ControllerRegistrationResponse;
    get_telemetry_subscriptions: GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse;
    push_telemetry: PushTelemetryRequest, PushTelemetryResponse;
    assign_replicas_to_dirs: AssignReplicasToDirsRequest, AssignReplicasToDirsResponse;
    list_config_resources: ListConfigResourcesRequest, ListConfigResourcesResponse;
    describe_topic_partitions: DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse;
    share_group_heartbeat: ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse;
    share_group_describe: ShareGroupDescribeRequest, ShareGroupDescribeResponse;
    share_fetch: ShareFetchRequest, ShareFetchResponse;
    share_acknowledge: ShareAcknowledgeRequest, ShareAcknowledgeResponse;
    add_raft_voter: AddRaftVoterRequest, AddRaftVoterResponse;
    remove_raft_voter: RemoveRaftVoterRequest, RemoveRaftVoterResponse;
    update_raft_voter: UpdateRaftVoterRequest, UpdateRaftVoterResponse;
    initialize_share_group_state: InitializeShareGroupStateRequest, InitializeShareGroupStateResponse;
    read_share_group_state: ReadShareGroupStateRequest, ReadShareGroupStateResponse;
    write_share_group_state: WriteShareGroupStateRequest, WriteShareGroupStateResponse;
    delete_share_group_state: DeleteShareGroupStateRequest, DeleteShareGroupStateResponse;
    read_share_group_state_summary: ReadShareGroupStateSummaryRequest, ReadShareGroupStateSummaryResponse;
    describe_share_group_offsets: DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse;
    alter_share_group_offsets: AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse;
    delete_share_group_offsets: DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse;
}

#[test]
fn consumer_protocol_principals_and_markers() {
    use records::consumer_protocol as protocol;
    agrees::<protocol::ConsumerProtocolSubscription, theirs::ConsumerProtocolSubscription>();
    agrees::<protocol::ConsumerProtocolAssignment, theirs::ConsumerProtocolAssignment>();
    agrees::<records::control::EndTxnMarker, theirs::EndTxnMarker>();
    agrees::<records::principal::DefaultPrincipalData, theirs::DefaultPrincipalData>();
}

/// They read the rest of such a message in the version that its first field names, so that the field must tell the truth.
#[test]
fn control_records_that_name_their_own_version() {
    macro_rules! agree {
        ($($message:ident)*) => {$(
            let mut random = Random::new(12);
            for version in records::control::$message::VERSIONS {
                for _ in 0..VALUES_OF_EACH_VERSION {
                    let value =
                        records::control::$message { version, ..message(&mut random, version) };
                    agrees_on::<_, theirs::$message>(&value, version);
                }
            }
        )*};
    }
    agree!(LeaderChangeMessage SnapshotHeaderRecord SnapshotFooterRecord KRaftVersionRecord VotersRecord);
}
