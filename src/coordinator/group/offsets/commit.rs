//! OffsetCommit, once it is known which topics and partitions exist.

use super::super::classic::{ClassicGroup, State, existing};
use super::super::record::Committed;
use super::super::{GroupDraft, classic};
use super::record;
use crate::config::GroupValues;
use crate::coordinator::Turn;
use ottla_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitResponse,
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use ottla_protocol::{ErrorCode, Str, Uuid};
use std::sync::Arc;

/// "The broker's retention."
const NO_RETENTION: i64 = -1;
/// From this version on an unknown group is called that.
const GROUP_ID_NOT_FOUND_FROM: i16 = 9;

/// A request, whose topics have names and ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    pub version: i16,
    pub request: OffsetCommitRequest,
}

/// Stores the offsets.
///
/// # Errors
/// Nothing is stored: the committer is not who may.
pub fn commit(
    draft: &mut GroupDraft,
    turn: &Turn,
    values: &GroupValues,
    commit: &Commit,
) -> Result<OffsetCommitResponse, ErrorCode> {
    let request = &commit.request;
    match existing(draft.durable(), &draft.volatile, &request.group_id) {
        Some(group) => {
            check(&group, request)?;
            if matches!(group.state, State::Stable | State::PreparingRebalance) {
                classic::keep(draft, turn, &group, &request.member_id);
            }
        }
        // Committing without membership makes a group.
        None if request.generation_id_or_member_epoch < 0 => {}
        None if commit.version >= GROUP_ID_NOT_FOUND_FROM => {
            return Err(ErrorCode::GROUP_ID_NOT_FOUND);
        }
        None => return Err(ErrorCode::ILLEGAL_GENERATION),
    }
    let expire_timestamp_ms = match request.retention_time_ms {
        NO_RETENTION => None,
        retention_ms => Some(turn.wall_ms.saturating_add(retention_ms)),
    };
    // Such a record is stored in a version that has neither leader epoch nor topic id.
    let is_expiring = expire_timestamp_ms.is_some();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let error_code = match is_too_large(partition, values) {
                true => ErrorCode::OFFSET_METADATA_TOO_LARGE,
                false => {
                    let committed = Committed {
                        offset: partition.committed_offset,
                        leader_epoch: if is_expiring {
                            -1
                        } else {
                            partition.committed_leader_epoch
                        },
                        metadata: partition
                            .committed_metadata
                            .as_ref()
                            .map(Str::detached)
                            .unwrap_or_default(),
                        commit_timestamp_ms: turn.wall_ms,
                        expire_timestamp_ms,
                        topic_id: if is_expiring {
                            Uuid::ZERO
                        } else {
                            topic.topic_id
                        },
                    };
                    let (group, index) = (&request.group_id, partition.partition_index);
                    let record = record(
                        draft.durable(),
                        group,
                        &topic.name,
                        index,
                        Some(Arc::new(committed)),
                    );
                    draft.emit(record);
                    ErrorCode::NONE
                }
            };
            let partition_index = partition.partition_index;
            partitions.push(OffsetCommitResponsePartition {
                partition_index,
                error_code,
                ..Default::default()
            });
        }
        topics.push(OffsetCommitResponseTopic {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            partitions,
            ..Default::default()
        });
    }
    Ok(OffsetCommitResponse {
        topics,
        ..Default::default()
    })
}

/// `ClassicGroup.validateOffsetCommit`.
fn check(group: &ClassicGroup, request: &OffsetCommitRequest) -> Result<(), ErrorCode> {
    let generation = request.generation_id_or_member_epoch;
    let (member, instance) = (&request.member_id, request.group_instance_id.as_deref());
    if generation < 0 && group.state == State::Empty {
        return Ok(());
    }
    if generation >= 0 || !member.is_empty() || instance.is_some() {
        group.check_member(member, instance)?;
        if generation != group.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
    } else if group.state != State::Empty {
        return Err(ErrorCode::UNKNOWN_MEMBER_ID);
    }
    match group.state {
        State::CompletingRebalance => Err(ErrorCode::REBALANCE_IN_PROGRESS),
        _ => Ok(()),
    }
}

/// Java counts UTF-16 units.
fn is_too_large(partition: &OffsetCommitRequestPartition, values: &GroupValues) -> bool {
    let metadata = partition.committed_metadata.as_deref().unwrap_or_default();
    metadata.len() > values.offset_metadata_max
        && metadata.encode_utf16().count() > values.offset_metadata_max
}
