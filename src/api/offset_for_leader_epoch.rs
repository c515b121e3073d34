//! OffsetForLeaderEpoch (key 23), versions 2-4 (KIP-101, KIP-279, KIP-320).
//!
//! v3 replica id; v4 flexible. Where a leader epoch ended, so that a client finds out that its log was truncated.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_controller::image::Image;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition, OffsetForLeaderTopicResult,
};
use ottla_storage::offset::{LeaderEpoch, Offset};
use std::sync::Arc;

pub struct OffsetForLeaderEpoch;

impl Api for OffsetForLeaderEpoch {
    type Request = OffsetForLeaderEpochRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 2..=4;
    const NEEDS: Needs = &[
        (Operation::ClusterAction, ResourceType::Cluster),
        (Operation::Describe, ResourceType::Topic),
    ];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: OffsetForLeaderEpochRequest,
    ) -> Reply<OffsetForLeaderEpochResponse> {
        let image = context.metadata.image();
        let caller = context.caller(&meta);
        // A broker that follows asks for all topics.
        let follows = caller.could(Operation::ClusterAction, Resource::Cluster);
        let may_see = |topic: &str| match follows {
            true => Ok(()),
            false => caller.may(Operation::Describe, Resource::Topic(topic)),
        };
        let topics = request.topics.into_iter().map(|topic| {
            let seen = may_see(&topic.topic);
            let partitions = topic.partitions.iter().map(|asked| {
                let found = seen.and_then(|()| end_of_epoch(&context, &image, &topic.topic, asked));
                answer(asked.partition, found)
            });
            OffsetForLeaderTopicResult {
                partitions: partitions.collect(),
                topic: topic.topic,
                ..Default::default()
            }
        });
        Reply::Now(OffsetForLeaderEpochResponse {
            topics: topics.collect(),
            ..Default::default()
        })
    }
}

fn answer(partition: i32, found: Result<(LeaderEpoch, Offset), ErrorCode>) -> EpochEndOffset {
    match found {
        Ok((epoch, end)) => EpochEndOffset {
            partition,
            leader_epoch: epoch.0,
            end_offset: end.0,
            ..Default::default()
        },
        Err(error_code) => EpochEndOffset {
            partition,
            error_code,
            ..Default::default()
        },
    }
}

fn end_of_epoch(
    context: &Context,
    image: &Image,
    topic: &str,
    asked: &OffsetForLeaderPartition,
) -> Result<(LeaderEpoch, Offset), ErrorCode> {
    let partition = context.partitions.by_name(image, topic, asked.partition)?;
    let current =
        Some(LeaderEpoch(asked.current_leader_epoch)).filter(|epoch| *epoch != LeaderEpoch::NONE);
    partition.end_of_epoch(LeaderEpoch(asked.leader_epoch), current)
}
