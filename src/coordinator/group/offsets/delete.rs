//! OffsetDelete, and what is deleted with a group or a topic.

use super::super::GroupDraft;
use super::super::classic::{State, existing};
use super::record;
use ottla_protocol::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestTopic, OffsetDeleteResponse,
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use ottla_protocol::{ErrorCode, Uuid};
use std::sync::Arc;

/// Deletes offsets of topics that no member reads.
pub fn delete(draft: &mut GroupDraft, request: &OffsetDeleteRequest) -> OffsetDeleteResponse {
    let refused = |error_code| OffsetDeleteResponse {
        error_code,
        ..Default::default()
    };
    let Some(group) = existing(draft.durable(), &draft.volatile, &request.group_id) else {
        return refused(ErrorCode::GROUP_ID_NOT_FOUND);
    };
    if group.state != State::Empty && !group.uses_consumer_protocol() {
        return refused(ErrorCode::NON_EMPTY_GROUP);
    }
    let topics = request.topics.iter().map(|topic| {
        let error_code = match group.is_subscribed_to(&topic.name) {
            true => ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC,
            false => {
                delete_topic(draft, &group.id, topic);
                ErrorCode::NONE
            }
        };
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
    });
    OffsetDeleteResponse {
        topics: topics.collect(),
        ..Default::default()
    }
}

fn delete_topic(draft: &mut GroupDraft, group: &str, topic: &OffsetDeleteRequestTopic) {
    for partition in &topic.partitions {
        let index = partition.partition_index;
        if draft.durable().offset(group, &topic.name, index).is_some() {
            let record = record(draft.durable(), group, &topic.name, index, None);
            draft.emit(record);
        }
    }
}

/// Deletes every offset of a group.
pub fn delete_all(draft: &mut GroupDraft, group: &str) {
    let Some(topics) = draft.durable().offsets.get(group).cloned() else {
        return;
    };
    for (topic, partitions) in topics.iter() {
        for partition in partitions.keys() {
            let record = record(draft.durable(), group, topic, *partition, None);
            draft.emit(record);
        }
    }
}

/// Deletes the offsets of topics that are gone, in all groups.
pub fn topics_deleted(draft: &mut GroupDraft, topics: &[(Arc<str>, Uuid)]) {
    for (group, offsets) in draft.durable().offsets.clone().iter() {
        for (topic, id) in topics {
            let Some(partitions) = offsets.get(topic) else {
                continue;
            };
            for (partition, committed) in partitions.iter() {
                // Records of before topic ids are taken to be of the topic of that name.
                if committed.topic_id.is_zero() || committed.topic_id == *id {
                    let record = record(draft.durable(), group, topic, *partition, None);
                    draft.emit(record);
                }
            }
        }
    }
}
