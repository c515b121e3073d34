//! The records Kafka keeps in its internal topics and beside its logs.
//!
//! | records | framing |
//! |---|---|
//! | [`consumer_offsets`], [`transaction_state`], [`share_group_state`] | [`coordinator`]: key = i16 kind + body, value = i16 version + body |
//! | [`metadata`], [`remote_log`] | [`typed`]: frame version, kind, version as unsigned varints + body |
//! | [`consumer_protocol`], [`principal`], [`log_files`] | [`prefixed`]: i16 version + body |
//! | [`control`] | key = i16 version + i16 type; value by type |

pub mod consumer_offsets;
pub mod consumer_protocol;
pub mod control;
mod control_values;
pub mod coordinator;
pub mod log_files;
pub mod metadata;
pub mod prefixed;
pub mod principal;
pub mod remote_log;
pub mod share_group_state;
pub mod transaction_state;
pub mod typed;

/// Hands the list of every record type to a macro, as paths within this module. Tests and fuzz targets come from it.
#[doc(hidden)]
#[macro_export]
macro_rules! every_record {
    ($callback:ident) => {
        $callback! {
            consumer_offsets::classic::LegacyOffsetCommitKey;
            consumer_offsets::classic::LegacyOffsetCommitValue;
            consumer_offsets::classic::OffsetCommitKey;
            consumer_offsets::classic::OffsetCommitValue;
            consumer_offsets::classic::GroupMetadataKey;
            consumer_offsets::classic::GroupMetadataValue;
            consumer_offsets::consumer::ConsumerGroupMetadataKey;
            consumer_offsets::consumer::ConsumerGroupMetadataValue;
            consumer_offsets::consumer::ConsumerGroupPartitionMetadataKey;
            consumer_offsets::consumer::ConsumerGroupPartitionMetadataValue;
            consumer_offsets::consumer::ConsumerGroupMemberMetadataKey;
            consumer_offsets::consumer::ConsumerGroupMemberMetadataValue;
            consumer_offsets::consumer::ConsumerGroupTargetAssignmentMetadataKey;
            consumer_offsets::consumer::ConsumerGroupTargetAssignmentMetadataValue;
            consumer_offsets::consumer::ConsumerGroupTargetAssignmentMemberKey;
            consumer_offsets::consumer::ConsumerGroupTargetAssignmentMemberValue;
            consumer_offsets::consumer::ConsumerGroupCurrentMemberAssignmentKey;
            consumer_offsets::consumer::ConsumerGroupCurrentMemberAssignmentValue;
            consumer_offsets::consumer::ConsumerGroupRegularExpressionKey;
            consumer_offsets::consumer::ConsumerGroupRegularExpressionValue;
            consumer_offsets::share::ShareGroupMemberMetadataKey;
            consumer_offsets::share::ShareGroupMemberMetadataValue;
            consumer_offsets::share::ShareGroupMetadataKey;
            consumer_offsets::share::ShareGroupMetadataValue;
            consumer_offsets::share::ShareGroupTargetAssignmentMetadataKey;
            consumer_offsets::share::ShareGroupTargetAssignmentMetadataValue;
            consumer_offsets::share::ShareGroupTargetAssignmentMemberKey;
            consumer_offsets::share::ShareGroupTargetAssignmentMemberValue;
            consumer_offsets::share::ShareGroupCurrentMemberAssignmentKey;
            consumer_offsets::share::ShareGroupCurrentMemberAssignmentValue;
            consumer_offsets::share::ShareGroupStatePartitionMetadataKey;
            consumer_offsets::share::ShareGroupStatePartitionMetadataValue;
            consumer_offsets::streams::StreamsGroupMetadataKey;
            consumer_offsets::streams::StreamsGroupMetadataValue;
            consumer_offsets::streams::StreamsGroupMemberMetadataKey;
            consumer_offsets::streams::StreamsGroupMemberMetadataValue;
            consumer_offsets::streams::StreamsGroupTargetAssignmentMetadataKey;
            consumer_offsets::streams::StreamsGroupTargetAssignmentMetadataValue;
            consumer_offsets::streams::StreamsGroupTargetAssignmentMemberKey;
            consumer_offsets::streams::StreamsGroupTargetAssignmentMemberValue;
            consumer_offsets::streams::StreamsGroupCurrentMemberAssignmentKey;
            consumer_offsets::streams::StreamsGroupCurrentMemberAssignmentValue;
            consumer_offsets::streams::StreamsGroupTopologyKey;
            consumer_offsets::streams::StreamsGroupTopologyValue;
            consumer_protocol::ConsumerProtocolSubscription;
            consumer_protocol::ConsumerProtocolAssignment;
            control::EndTxnMarker;
            control::LeaderChangeMessage;
            control::SnapshotHeaderRecord;
            control::SnapshotFooterRecord;
            control::KRaftVersionRecord;
            control::VotersRecord;
            log_files::ProducerSnapshot;
            log_files::AbortedTxn;
            metadata::brokers::RegisterBrokerRecord;
            metadata::brokers::UnregisterBrokerRecord;
            metadata::brokers::BrokerRegistrationChangeRecord;
            metadata::brokers::FenceBrokerRecord;
            metadata::brokers::UnfenceBrokerRecord;
            metadata::configs::ConfigRecord;
            metadata::configs::ClientQuotaRecord;
            metadata::configs::FeatureLevelRecord;
            metadata::configs::ProducerIdsRecord;
            metadata::controllers::RegisterControllerRecord;
            metadata::controllers::UnregisterControllerRecord;
            metadata::security::AccessControlEntryRecord;
            metadata::security::RemoveAccessControlEntryRecord;
            metadata::security::UserScramCredentialRecord;
            metadata::security::RemoveUserScramCredentialRecord;
            metadata::security::DelegationTokenRecord;
            metadata::security::RemoveDelegationTokenRecord;
            metadata::topics::TopicRecord;
            metadata::topics::RemoveTopicRecord;
            metadata::topics::PartitionRecord;
            metadata::topics::PartitionChangeRecord;
            metadata::topics::ClearElrRecord;
            metadata::transactions::BeginTransactionRecord;
            metadata::transactions::EndTransactionRecord;
            metadata::transactions::AbortTransactionRecord;
            metadata::transactions::NoOpRecord;
            metadata::transactions::ZkMigrationStateRecord;
            principal::DefaultPrincipalData;
            remote_log::RemoteLogSegmentMetadataRecord;
            remote_log::RemoteLogSegmentMetadataUpdateRecord;
            remote_log::RemotePartitionDeleteMetadataRecord;
            remote_log::RemoteLogSegmentMetadataSnapshotRecord;
            share_group_state::ShareSnapshotKey;
            share_group_state::ShareSnapshotValue;
            share_group_state::ShareUpdateKey;
            share_group_state::ShareUpdateValue;
            transaction_state::TransactionLogKey;
            transaction_state::TransactionLogValue;
        }
    };
}
