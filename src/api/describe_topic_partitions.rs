//! DescribeTopicPartitions (key 75), version 0 (KIP-966).
//!
//! Topics by name, page by page: at most `max.request.partition.size.limit` partitions an answer, with a cursor where
//! the next one starts. Source: `DescribeTopicPartitionsRequestHandler`, `KRaftMetadataCache.describeTopicResponse`.

use super::{Api, Caller, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use crate::metadata::internal_topics;
use crate::metadata::view::{Rules, View};
use ottla_controller::decide::reason_invalid_topic_name;
use ottla_controller::image::Topic;
use ottla_protocol::messages::describe_topic_partitions::{
    Cursor, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

pub struct DescribeTopicPartitions;

impl Api for DescribeTopicPartitions {
    type Request = DescribeTopicPartitionsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const NEEDS: Needs = &[(Operation::Describe, ResourceType::Topic)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DescribeTopicPartitionsRequest,
    ) -> Reply<DescribeTopicPartitionsResponse> {
        let image = context.metadata.image();
        let Some((mut names, first)) =
            selected(&request, image.topics.iter().map(|topic| &*topic.name))
        else {
            return Reply::Now(refused(&request));
        };
        let limit = request
            .response_partition_limit
            .min(
                i32::try_from(context.values().requests.max_partitions_described)
                    .unwrap_or(i32::MAX),
            )
            .max(1);
        let view = View {
            image: &image,
            listener: &meta.peer.listener.name,
        };
        let caller = context.caller(&meta);
        let are_named = !request.topics.is_empty();
        let hidden = hide(&caller, &mut names, are_named);
        let mut response = page(view, &names, first, limit, are_named);
        for topic in &mut response.topics {
            let name = topic.name.as_deref().unwrap_or_default();
            topic.topic_authorized_operations = caller.operations(Resource::Topic(name));
        }
        response.topics.extend(hidden);
        Reply::Now(response)
    }
}

/// Where a page begins: a topic and a partition of it.
type Start<'a> = (&'a str, i32);

/// The names to describe, in order, and the partition to begin with in the cursor's topic. `None` for a cursor that Kafka refuses.
fn selected<'a>(
    request: &'a DescribeTopicPartitionsRequest,
    all: impl Iterator<Item = &'a str>,
) -> Option<(BTreeSet<&'a str>, Option<Start<'a>>)> {
    let cursor = request
        .cursor
        .as_ref()
        .map(|cursor| (cursor.topic_name.as_str(), cursor.partition_index));
    let from = cursor.map_or("", |(name, _)| name);
    let names: BTreeSet<&str> = match request.topics.is_empty() {
        true => all.filter(|name| *name >= from).collect(),
        false => request
            .topics
            .iter()
            .map(|topic| topic.name.as_str())
            .filter(|name| *name >= from)
            .collect(),
    };
    let listed = |name| request.topics.is_empty() || names.contains(name);
    match cursor {
        Some((name, partition)) if !listed(name) || partition < 0 => None,
        _ => Some((names, cursor)),
    }
}

/// Takes out the topics that the caller may not see, and answers those that were named, whether they exist or not.
fn hide(
    caller: &Caller,
    names: &mut BTreeSet<&str>,
    are_named: bool,
) -> Vec<DescribeTopicPartitionsResponseTopic> {
    let mut hidden = Vec::new();
    if !are_named {
        names.retain(|name| caller.could(Operation::Describe, Resource::Topic(name)));
        return hidden;
    }
    names.retain(|name| {
        let seen = caller.may(Operation::Describe, Resource::Topic(name));
        let hide = |error_code| {
            hidden.push(DescribeTopicPartitionsResponseTopic {
                error_code,
                name: Some(Str::from(*name)),
                ..Default::default()
            });
        };
        seen.map_err(hide).is_ok()
    });
    hidden
}

fn refused(request: &DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
    let topics = request
        .topics
        .iter()
        .map(|topic| DescribeTopicPartitionsResponseTopic {
            error_code: ErrorCode::INVALID_REQUEST,
            name: Some(topic.name.clone()),
            ..Default::default()
        });
    DescribeTopicPartitionsResponse {
        topics: topics.collect(),
        ..Default::default()
    }
}

fn page(
    view: View<'_>,
    names: &BTreeSet<&str>,
    first: Option<Start<'_>>,
    limit: i32,
    name_missing: bool,
) -> DescribeTopicPartitionsResponse {
    let mut answer = DescribeTopicPartitionsResponse::default();
    let mut remaining = limit;
    for name in names {
        if remaining == 0 {
            answer.next_cursor = Some(cursor(name, 0));
            break;
        }
        let start = first
            .filter(|(topic, _)| topic == name)
            .map_or(0, |(_, partition)| partition);
        match view.image.topics.by_name(name) {
            Some(topic) => {
                let end = topic.partition_count().min(start.saturating_add(remaining));
                remaining -= (end - start).max(0);
                answer.topics.push(describe(view, topic, start..end));
                if end < topic.partition_count() {
                    answer.next_cursor = Some(cursor(name, end));
                    break;
                }
            }
            None if name_missing => answer.topics.push(missing(name)),
            None => {}
        }
    }
    answer
}

fn cursor(topic: &str, partition_index: i32) -> Cursor {
    Cursor {
        topic_name: Str::from(topic),
        partition_index,
        ..Default::default()
    }
}

fn missing(name: &str) -> DescribeTopicPartitionsResponseTopic {
    let error_code = match reason_invalid_topic_name(name) {
        None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Some(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
    };
    DescribeTopicPartitionsResponseTopic {
        error_code,
        name: Some(Str::from(name)),
        is_internal: internal_topics::is_internal(name),
        ..Default::default()
    }
}

fn describe(
    view: View<'_>,
    topic: &Topic,
    range: std::ops::Range<i32>,
) -> DescribeTopicPartitionsResponseTopic {
    let rules = Rules {
        drop_unavailable: false,
        listener_error: true,
    };
    let partitions = range.filter_map(|index| {
        let partition = topic.partition(index)?;
        let seen = view.partition(partition, rules);
        let ids = |brokers: &[ottla_controller::ids::BrokerId]| {
            Some(brokers.iter().map(|broker| broker.0).collect())
        };
        Some(DescribeTopicPartitionsResponsePartition {
            partition_index: index,
            leader_id: seen.leader.0,
            leader_epoch: seen.leader_epoch,
            replica_nodes: seen.replicas,
            isr_nodes: seen.in_sync,
            eligible_leader_replicas: ids(&partition.eligible_leader_replicas),
            last_known_elr: ids(&partition.last_known_eligible),
            offline_replicas: seen.offline,
            ..Default::default()
        })
    });
    DescribeTopicPartitionsResponseTopic {
        name: Some(Str::from(&*topic.name)),
        topic_id: topic.id.0,
        is_internal: internal_topics::is_internal(&topic.name),
        partitions: partitions.collect(),
        ..Default::default()
    }
}
