//! The records of `__consumer_offsets`: what group coordinators remember.
//!
//! Kinds 9 and 18 stood for records that no released version writes any more.

pub mod classic;
pub mod consumer;
pub mod share;
pub mod streams;

use self::{classic::*, consumer::*, share::*, streams::*};
use super::coordinator::coordinator_records;

coordinator_records! {
    /// The key of a record of `__consumer_offsets`.
    pub enum GroupRecordKey;
    /// The value of a record of `__consumer_offsets`.
    pub enum GroupRecordValue;
    kinds {
        0 = LegacyOffsetCommit(LegacyOffsetCommitKey, LegacyOffsetCommitValue);
        1 = OffsetCommit(OffsetCommitKey, OffsetCommitValue);
        2 = GroupMetadata(GroupMetadataKey, GroupMetadataValue);
        3 = ConsumerGroupMetadata(ConsumerGroupMetadataKey, ConsumerGroupMetadataValue);
        4 = ConsumerGroupPartitionMetadata(ConsumerGroupPartitionMetadataKey, ConsumerGroupPartitionMetadataValue);
        5 = ConsumerGroupMemberMetadata(ConsumerGroupMemberMetadataKey, ConsumerGroupMemberMetadataValue);
        6 = ConsumerGroupTargetAssignmentMetadata(ConsumerGroupTargetAssignmentMetadataKey, ConsumerGroupTargetAssignmentMetadataValue);
        7 = ConsumerGroupTargetAssignmentMember(ConsumerGroupTargetAssignmentMemberKey, ConsumerGroupTargetAssignmentMemberValue);
        8 = ConsumerGroupCurrentMemberAssignment(ConsumerGroupCurrentMemberAssignmentKey, ConsumerGroupCurrentMemberAssignmentValue);
        10 = ShareGroupMemberMetadata(ShareGroupMemberMetadataKey, ShareGroupMemberMetadataValue);
        11 = ShareGroupMetadata(ShareGroupMetadataKey, ShareGroupMetadataValue);
        12 = ShareGroupTargetAssignmentMetadata(ShareGroupTargetAssignmentMetadataKey, ShareGroupTargetAssignmentMetadataValue);
        13 = ShareGroupTargetAssignmentMember(ShareGroupTargetAssignmentMemberKey, ShareGroupTargetAssignmentMemberValue);
        14 = ShareGroupCurrentMemberAssignment(ShareGroupCurrentMemberAssignmentKey, ShareGroupCurrentMemberAssignmentValue);
        15 = ShareGroupStatePartitionMetadata(ShareGroupStatePartitionMetadataKey, ShareGroupStatePartitionMetadataValue);
        16 = ConsumerGroupRegularExpression(ConsumerGroupRegularExpressionKey, ConsumerGroupRegularExpressionValue);
        17 = StreamsGroupMetadata(StreamsGroupMetadataKey, StreamsGroupMetadataValue);
        19 = StreamsGroupMemberMetadata(StreamsGroupMemberMetadataKey, StreamsGroupMemberMetadataValue);
        20 = StreamsGroupTargetAssignmentMetadata(StreamsGroupTargetAssignmentMetadataKey, StreamsGroupTargetAssignmentMetadataValue);
        21 = StreamsGroupTargetAssignmentMember(StreamsGroupTargetAssignmentMemberKey, StreamsGroupTargetAssignmentMemberValue);
        22 = StreamsGroupCurrentMemberAssignment(StreamsGroupCurrentMemberAssignmentKey, StreamsGroupCurrentMemberAssignmentValue);
        23 = StreamsGroupTopology(StreamsGroupTopologyKey, StreamsGroupTopologyValue);
    }
}
