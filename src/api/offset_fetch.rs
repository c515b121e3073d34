//! OffsetFetch (key 9), versions 1-10.
//!
//! v2 null asks for all topics, errors at the top; v5 leader epochs; v6 flexible; v7 waits for what is being committed (KIP-447);
//! v8 several groups (KIP-709); v9 member epochs; v10 topics by id (KIP-848). A partition without a commit is no error.

use super::{Api, Caller, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use futures::future::{BoxFuture, FutureExt, join_all};
use ottla_controller::ids::TopicId;
use ottla_controller::image::Image;
use ottla_protocol::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponse,
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

const TOP_LEVEL_ERROR_FROM: i16 = 2;
const BATCHED_FROM: i16 = 8;
const TOPIC_IDS_FROM: i16 = 10;

pub struct OffsetFetch;

impl Api for OffsetFetch {
    type Request = OffsetFetchRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=10;
    const NEEDS: Needs = &[
        (Operation::Describe, ResourceType::Group),
        (Operation::Describe, ResourceType::Topic),
    ];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: OffsetFetchRequest,
    ) -> Reply<OffsetFetchResponse> {
        let version = meta.api_version;
        let require_stable = request.require_stable;
        let groups = match version {
            BATCHED_FROM.. => request.groups,
            _ => vec![only_group(request)],
        };
        let caller = context.caller(&meta);
        let fetches: Vec<_> = groups
            .into_iter()
            .map(|group| fetch(&context, &caller, version, group, require_stable))
            .collect();
        Reply::later(join_all(fetches).map(move |groups| in_version(groups, version)))
    }
}

/// How requests before version 8 say it.
fn only_group(request: OffsetFetchRequest) -> OffsetFetchRequestGroup {
    let topics = request.topics.map(|topics| {
        let topics = topics.into_iter().map(|topic| OffsetFetchRequestTopics {
            name: topic.name,
            partition_indexes: topic.partition_indexes,
            ..Default::default()
        });
        topics.collect()
    });
    OffsetFetchRequestGroup {
        group_id: request.group_id,
        topics,
        ..Default::default()
    }
}

/// One group. Decides the request's place in the coordinator's order before it returns.
fn fetch(
    context: &Context,
    caller: &Caller,
    version: i16,
    mut group: OffsetFetchRequestGroup,
    require_stable: bool,
) -> BoxFuture<'static, OffsetFetchResponseGroup> {
    let may_see = caller.may(Operation::Describe, Resource::Group(&group.group_id));
    if let Err(error) = may_see {
        return std::future::ready(failed(group, Vec::new(), error, version)).boxed();
    }
    let image = context.metadata.image();
    let by_id = version >= TOPIC_IDS_FROM;
    let mut unknown = Vec::new();
    let mut hidden = Vec::new();
    if let (Some(topics), true) = (&mut group.topics, by_id) {
        for topic in topics.iter_mut() {
            if let Some(found) = image.topics.by_id(TopicId(topic.topic_id)) {
                topic.name = Str::from(&*found.name);
            }
        }
        let (nameless, named) = std::mem::take(topics)
            .into_iter()
            .partition(|topic| topic.name.is_empty());
        (unknown, *topics) = (nameless, named);
    }
    if let Some(topics) = &mut group.topics {
        hidden = caller.take_refused(topics, |topic| {
            caller.may(Operation::Describe, Resource::Topic(&topic.name))
        });
    }
    let caller = caller.clone();
    let asked = group.clone();
    let fetched = context.groups.fetch(group, require_stable);
    async move {
        match fetched.await {
            Err(error) => failed(asked, unknown, error, version),
            Ok(mut response) => {
                if asked.topics.is_none() {
                    let sees = |topic: &OffsetFetchResponseTopics| {
                        caller.could(Operation::Describe, Resource::Topic(&topic.name))
                    };
                    response.topics.retain(sees);
                    if by_id {
                        name_ids(&mut response, &image);
                    }
                }
                let unknown = unknown
                    .into_iter()
                    .map(|topic| refused(topic, ErrorCode::UNKNOWN_TOPIC_ID));
                response.topics.extend(unknown);
                let hidden = hidden
                    .into_iter()
                    .map(|(topic, error)| refused(topic, error));
                response.topics.extend(hidden);
                response
            }
        }
    }
    .boxed()
}

/// All topics were asked for: those that are gone have no id to be named by.
fn name_ids(response: &mut OffsetFetchResponseGroup, image: &Image) {
    response
        .topics
        .retain_mut(|topic| match image.topics.id_of(&topic.name) {
            Some(id) => {
                topic.topic_id = id.0;
                true
            }
            None => false,
        });
}

/// `OffsetFetchResponse.groupError`: at the top, or at every partition before there was a top.
fn failed(
    asked: OffsetFetchRequestGroup,
    unknown: Vec<OffsetFetchRequestTopics>,
    error: ErrorCode,
    version: i16,
) -> OffsetFetchResponseGroup {
    if version >= TOP_LEVEL_ERROR_FROM {
        return OffsetFetchResponseGroup {
            group_id: asked.group_id,
            error_code: error,
            ..Default::default()
        };
    }
    let topics = asked.topics.into_iter().flatten().chain(unknown);
    OffsetFetchResponseGroup {
        group_id: asked.group_id,
        topics: topics.map(|topic| refused(topic, error)).collect(),
        ..Default::default()
    }
}

fn refused(topic: OffsetFetchRequestTopics, error_code: ErrorCode) -> OffsetFetchResponseTopics {
    let partitions =
        topic
            .partition_indexes
            .into_iter()
            .map(|partition_index| OffsetFetchResponsePartitions {
                partition_index,
                committed_offset: -1,
                metadata: Some(Str::default()),
                error_code,
                ..Default::default()
            });
    OffsetFetchResponseTopics {
        name: topic.name,
        topic_id: topic.topic_id,
        partitions: partitions.collect(),
        ..Default::default()
    }
}

fn in_version(mut groups: Vec<OffsetFetchResponseGroup>, version: i16) -> OffsetFetchResponse {
    if version >= BATCHED_FROM {
        return OffsetFetchResponse {
            groups,
            ..Default::default()
        };
    }
    let group = groups.pop().unwrap_or_default();
    let topics = group
        .topics
        .into_iter()
        .map(|topic| OffsetFetchResponseTopic {
            name: topic.name,
            partitions: topic
                .partitions
                .into_iter()
                .map(|partition| OffsetFetchResponsePartition {
                    partition_index: partition.partition_index,
                    committed_offset: partition.committed_offset,
                    committed_leader_epoch: partition.committed_leader_epoch,
                    metadata: partition.metadata,
                    error_code: partition.error_code,
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        });
    OffsetFetchResponse {
        topics: topics.collect(),
        error_code: group.error_code,
        ..Default::default()
    }
}
