//! OffsetCommit (key 8), versions 2-10.
//!
//! v5 no retention time; v6 leader epochs; v7 static members (KIP-345); v8 flexible; v9 member epochs, and GROUP_ID_NOT_FOUND for
//! an unknown group (KIP-848); v10 topics by id. Offsets are stored only for partitions that exist.

use super::{Api, Caller, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_controller::ids::TopicId;
use ottla_controller::image::Image;
use ottla_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestTopic, OffsetCommitResponse,
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use ottla_protocol::{ErrorCode, Str, Uuid};
use std::sync::Arc;

const TOPIC_IDS_FROM: i16 = 10;

pub struct OffsetCommit;

impl Api for OffsetCommit {
    type Request = OffsetCommitRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 2..=10;
    const NEEDS: Needs = &[
        (Operation::Read, ResourceType::Group),
        (Operation::Read, ResourceType::Topic),
    ];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        mut request: OffsetCommitRequest,
    ) -> Reply<OffsetCommitResponse> {
        let image = context.metadata.image();
        let caller = context.caller(&meta);
        if let Err(error) = caller.may(Operation::Read, Resource::Group(&request.group_id)) {
            let topics = request.topics.into_iter();
            return Reply::Now(response(topics.map(|topic| failed(topic, error)).collect()));
        }
        let mut known = Known::default();
        for topic in std::mem::take(&mut request.topics) {
            known.sort(&image, &caller, topic, meta.api_version >= TOPIC_IDS_FROM);
        }
        let Known { refused, existing } = known;
        if existing.is_empty() {
            return Reply::Now(response(refused));
        }
        let commit = OffsetCommitRequest {
            topics: existing.clone(),
            ..request
        };
        let committed = context.groups.commit(meta.api_version, commit);
        Reply::later(async move {
            let committed = match committed.await {
                Ok(response) => response.topics,
                Err(error) => existing
                    .into_iter()
                    .map(|topic| failed(topic, error))
                    .collect(),
            };
            response(merge(refused, committed))
        })
    }
}

/// The topics of a request, by whether they exist.
#[derive(Default)]
struct Known {
    refused: Vec<OffsetCommitResponseTopic>,
    existing: Vec<OffsetCommitRequestTopic>,
}

impl Known {
    fn sort(
        &mut self,
        image: &Image,
        caller: &Caller,
        mut topic: OffsetCommitRequestTopic,
        by_id: bool,
    ) {
        let found = match by_id {
            true => image.topics.by_id(TopicId(topic.topic_id)),
            false => image.topics.by_name(&topic.name),
        };
        // A name that they may not read is refused whether it exists or not.
        let name = found.map_or(&*topic.name, |found| &*found.name);
        if (found.is_some() || !by_id)
            && let Err(error) = caller.may(Operation::Read, Resource::Topic(name))
        {
            return self.refused.push(failed(topic, error));
        }
        let Some(found) = found else {
            let error = match by_id {
                true => ErrorCode::UNKNOWN_TOPIC_ID,
                false => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            };
            return self.refused.push(failed(topic, error));
        };
        topic.name = Str::from(&*found.name);
        topic.topic_id = found.id.0;
        let (exist, missing): (Vec<_>, Vec<_>) = std::mem::take(&mut topic.partitions)
            .into_iter()
            .partition(|partition| found.partition(partition.partition_index).is_some());
        if !missing.is_empty() {
            let missing = OffsetCommitRequestTopic {
                partitions: missing,
                ..topic.clone()
            };
            self.refused
                .push(failed(missing, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
        }
        if !exist.is_empty() {
            self.existing.push(OffsetCommitRequestTopic {
                partitions: exist,
                ..topic
            });
        }
    }
}

fn failed(topic: OffsetCommitRequestTopic, error_code: ErrorCode) -> OffsetCommitResponseTopic {
    let partitions = topic
        .partitions
        .iter()
        .map(|partition| OffsetCommitResponsePartition {
            partition_index: partition.partition_index,
            error_code,
            ..Default::default()
        });
    OffsetCommitResponseTopic {
        name: topic.name,
        topic_id: topic.topic_id,
        partitions: partitions.collect(),
        ..Default::default()
    }
}

/// One entry per topic, whichever way its partitions went.
fn merge(
    mut into: Vec<OffsetCommitResponseTopic>,
    committed: Vec<OffsetCommitResponseTopic>,
) -> Vec<OffsetCommitResponseTopic> {
    for topic in committed {
        let is_same = |other: &&mut OffsetCommitResponseTopic| {
            other.name == topic.name
                && (other.topic_id == topic.topic_id || other.topic_id == Uuid::ZERO)
        };
        match into.iter_mut().find(is_same) {
            Some(same) => same.partitions.extend(topic.partitions),
            None => into.push(topic),
        }
    }
    into
}

fn response(topics: Vec<OffsetCommitResponseTopic>) -> OffsetCommitResponse {
    OffsetCommitResponse {
        topics,
        ..Default::default()
    }
}
