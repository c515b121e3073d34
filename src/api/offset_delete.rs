//! OffsetDelete (key 47), version 0 (KIP-496).

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestTopic, OffsetDeleteResponse,
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use std::sync::Arc;

pub struct OffsetDelete;

impl Api for OffsetDelete {
    type Request = OffsetDeleteRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const NEEDS: Needs = &[
        (Operation::Delete, ResourceType::Group),
        (Operation::Read, ResourceType::Topic),
    ];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        mut request: OffsetDeleteRequest,
    ) -> Reply<OffsetDeleteResponse> {
        let image = context.metadata.image();
        let caller = context.caller(&meta);
        if let Err(error_code) = caller.may(Operation::Delete, Resource::Group(&request.group_id)) {
            return Reply::Now(OffsetDeleteResponse {
                error_code,
                ..Default::default()
            });
        }
        let hidden = caller.take_refused(&mut request.topics, |topic| {
            caller.may(Operation::Read, Resource::Topic(&topic.name))
        });
        let hidden = hidden.iter().map(|(topic, error)| failed(topic, *error));
        let mut refused: Vec<_> = hidden.collect();
        request.topics.retain_mut(|topic| {
            let found = image.topics.by_name(&topic.name);
            let (exist, missing): (Vec<_>, Vec<_>) = std::mem::take(&mut topic.partitions)
                .into_iter()
                .partition(|partition| {
                    found.is_some_and(|found| found.partition(partition.partition_index).is_some())
                });
            if !missing.is_empty() {
                let missing = OffsetDeleteRequestTopic {
                    name: topic.name.clone(),
                    partitions: missing,
                };
                refused.push(failed(&missing, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
            }
            topic.partitions = exist;
            !topic.partitions.is_empty()
        });
        let deleted = context.groups.delete_offsets(request);
        Reply::later(async move {
            match deleted.await {
                response if response.error_code.is_error() => response,
                response => OffsetDeleteResponse {
                    topics: merge(refused, response.topics),
                    ..response
                },
            }
        })
    }
}

fn failed(topic: &OffsetDeleteRequestTopic, error_code: ErrorCode) -> OffsetDeleteResponseTopic {
    let partitions = topic
        .partitions
        .iter()
        .map(|partition| OffsetDeleteResponsePartition {
            partition_index: partition.partition_index,
            error_code,
        });
    OffsetDeleteResponseTopic {
        name: topic.name.clone(),
        partitions: partitions.collect(),
    }
}

/// One entry per topic, whichever way its partitions went.
fn merge(
    mut into: Vec<OffsetDeleteResponseTopic>,
    deleted: Vec<OffsetDeleteResponseTopic>,
) -> Vec<OffsetDeleteResponseTopic> {
    for topic in deleted {
        match into.iter_mut().find(|other| other.name == topic.name) {
            Some(same) => same.partitions.extend(topic.partitions),
            None => into.push(topic),
        }
    }
    into
}
