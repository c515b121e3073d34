//! ListOffsets (key 2), versions 1-11.
//!
//! v2 isolation level; v4 leader epochs (KIP-320); v5 OFFSET_NOT_AVAILABLE (KIP-207); v6 flexible; v7 the latest timestamp
//! (-3, KIP-734); v8 earliest on local disk (-4); v9 latest tiered (-5, KIP-1005); v10 timeout for tiered look-ups;
//! v11 earliest waiting for upload (-6, KIP-1023). Source: `ReplicaManager.fetchOffset`.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use crate::partition::{
    EARLIEST_LOCAL, EARLIEST_PENDING_UPLOAD, Isolation, LATEST_TIERED, Listed, MAX_TIMESTAMP,
};
use ottla_controller::image::Image;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic, ListOffsetsTopicResponse,
};
use ottla_storage::offset::LeaderEpoch;
use std::collections::BTreeSet;
use std::sync::Arc;

const READ_COMMITTED: i8 = 1;
const CONSUMER: i32 = -1;

pub struct ListOffsets;

impl Api for ListOffsets {
    type Request = ListOffsetsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=11;
    const NEEDS: Needs = &[(Operation::Describe, ResourceType::Topic)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: ListOffsetsRequest,
    ) -> Reply<ListOffsetsResponse> {
        let image = context.metadata.image();
        let isolation = match (request.replica_id, request.isolation_level) {
            (CONSUMER, READ_COMMITTED) => Isolation::ReadCommitted,
            (CONSUMER, _) => Isolation::ReadUncommitted,
            _ => Isolation::Replica,
        };
        let caller = context.caller(&meta);
        let twice = twice(&request.topics);
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            let may_see = caller.may(Operation::Describe, Resource::Topic(&topic.name));
            for asked in &topic.partitions {
                let is_twice = twice.contains(&(&*topic.name, asked.partition_index));
                let found = match may_see {
                    Err(error) => Err(error),
                    Ok(()) if is_twice => Err(ErrorCode::INVALID_REQUEST),
                    Ok(()) => {
                        list(
                            &context,
                            &image,
                            &topic.name,
                            asked,
                            isolation,
                            meta.api_version,
                        )
                        .await
                    }
                };
                partitions.push(answer(asked.partition_index, found, meta.api_version));
            }
            topics.push(ListOffsetsTopicResponse {
                name: topic.name.clone(),
                partitions,
                ..Default::default()
            });
        }
        Reply::Now(ListOffsetsResponse {
            topics,
            ..Default::default()
        })
    }
}

/// Partitions that a request names more than once.
fn twice(topics: &[ListOffsetsTopic]) -> BTreeSet<(&str, i32)> {
    let mut once = BTreeSet::new();
    let named = topics.iter().flat_map(|topic| {
        topic
            .partitions
            .iter()
            .map(|asked| (&*topic.name, asked.partition_index))
    });
    named.filter(|partition| !once.insert(*partition)).collect()
}

async fn list(
    context: &Context,
    image: &Image,
    topic: &str,
    asked: &ListOffsetsPartition,
    isolation: Isolation,
    version: i16,
) -> Result<Listed, ErrorCode> {
    if version < known_from(asked.timestamp) {
        return Err(ErrorCode::UNSUPPORTED_VERSION);
    }
    let partition = context
        .partitions
        .by_name(image, topic, asked.partition_index)?;
    // Only -1 asks for no check; any other epoch below the leader's is fenced.
    let current =
        Some(LeaderEpoch(asked.current_leader_epoch)).filter(|epoch| *epoch != LeaderEpoch::NONE);
    partition
        .list_offset(asked.timestamp, isolation, current)
        .await
}

/// The version from which a word for a time is understood (`ReplicaManager.isListOffsetsTimestampUnsupported`).
fn known_from(timestamp: i64) -> i16 {
    match timestamp {
        MAX_TIMESTAMP => 7,
        EARLIEST_LOCAL => 8,
        LATEST_TIERED => 9,
        EARLIEST_PENDING_UPLOAD => 11,
        _ => 1,
    }
}

fn answer(
    partition_index: i32,
    found: Result<Listed, ErrorCode>,
    version: i16,
) -> ListOffsetsPartitionResponse {
    let mut response = ListOffsetsPartitionResponse {
        partition_index,
        ..Default::default()
    };
    match found {
        Ok(listed) => {
            response.timestamp = listed.timestamp;
            response.offset = listed.offset.0;
            if version >= 4 {
                response.leader_epoch = listed.leader_epoch.0;
            }
        }
        Err(ErrorCode::OFFSET_NOT_AVAILABLE) if version < 5 => {
            response.error_code = ErrorCode::LEADER_NOT_AVAILABLE
        }
        Err(error) => response.error_code = error,
    }
    response
}
