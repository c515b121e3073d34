//! DeleteTopics (20): by name or by id (KIP-516).
//!
//! The caller has removed what the principal may not delete, and whatever the broker refuses because
//! `delete.topic.enable` is false. Rules and messages: Kafka's `ControllerApis.deleteTopics`.

use super::Refusal;
use super::permits::{self, Permits};
use crate::ids::TopicId;
use crate::image::Image;
use crate::outcome::Outcome;
use ottla_protocol::messages::delete_topics::{
    DeletableTopicResult, DeleteTopicsRequest, DeleteTopicsResponse,
};
use ottla_protocol::records::metadata::{MetadataRecord, RemoveTopicRecord};
use ottla_protocol::{ErrorCode, Str, Uuid};
use std::collections::{BTreeMap, BTreeSet};

/// Decides a request: malformed and unknown topics first, then the deleted ones by id.
pub fn delete_topics(
    image: &Image,
    request: &DeleteTopicsRequest,
) -> Outcome<DeleteTopicsResponse> {
    delete_topics_within(image, request, &mut |_| true)
}

/// As [`delete_topics`], for a client that may delete no more partitions than it is permitted (KIP-599).
pub fn delete_topics_within(
    image: &Image,
    request: &DeleteTopicsRequest,
    permits: Permits<'_>,
) -> Outcome<DeleteTopicsResponse> {
    let mut sorted = Sorted::default();
    for name in &request.topic_names {
        sorted.name(name);
    }
    for topic in &request.topics {
        match (&topic.name, topic.topic_id) {
            (None, Uuid::ZERO) => {
                let message = "Neither topic name nor id were specified.";
                sorted.refuse(None, Uuid::ZERO, Refusal::invalid_request(message));
            }
            (None, id) => sorted.id(id),
            (Some(name), Uuid::ZERO) => sorted.name(name),
            (Some(name), id) => {
                let message = "You may not specify both topic name and topic id.";
                sorted.refuse(Some(name.clone()), id, Refusal::invalid_request(message));
            }
        }
    }
    sorted.refuse_duplicates();
    let doomed = sorted.doomed(image);
    let mut records = Vec::with_capacity(doomed.len());
    for (id, name) in doomed {
        let partitions = image.topics.by_id(id).map_or(0, |it| it.partitions.len());
        if let Err(refusal) = permits::take(permits, partitions) {
            sorted.refuse(Some(name), id.0, refusal);
            continue;
        }
        let record = RemoveTopicRecord {
            topic_id: id.0,
            ..Default::default()
        };
        records.push(MetadataRecord::RemoveTopic(record));
        sorted.responses.push(DeletableTopicResult {
            name: Some(name),
            topic_id: id.0,
            ..Default::default()
        });
    }
    let response = DeleteTopicsResponse {
        responses: sorted.responses,
        ..Default::default()
    };
    Outcome { records, response }
}

/// What a request names, each once, and the answers that are known already.
#[derive(Default)]
struct Sorted {
    names: BTreeSet<Str>,
    names_twice: BTreeSet<Str>,
    ids: BTreeSet<Uuid>,
    ids_twice: BTreeSet<Uuid>,
    responses: Vec<DeletableTopicResult>,
}

impl Sorted {
    fn name(&mut self, name: &Str) {
        if self.names_twice.contains(name) || !self.names.insert(name.clone()) {
            self.names.remove(name);
            self.names_twice.insert(name.clone());
        }
    }

    fn id(&mut self, id: Uuid) {
        if self.ids_twice.contains(&id) || !self.ids.insert(id) {
            self.ids.remove(&id);
            self.ids_twice.insert(id);
        }
    }

    fn refuse(&mut self, name: Option<Str>, id: Uuid, refusal: Refusal) {
        self.responses.push(DeletableTopicResult {
            name,
            topic_id: id,
            error_code: refusal.code,
            error_message: refusal.message,
            ..Default::default()
        });
    }

    fn refuse_duplicates(&mut self) {
        for name in self.names_twice.clone() {
            self.refuse(
                Some(name),
                Uuid::ZERO,
                Refusal::invalid_request("Duplicate topic name."),
            );
        }
        for id in self.ids_twice.clone() {
            self.refuse(None, id, Refusal::invalid_request("Duplicate topic id."));
        }
    }

    /// The topics that exist and are named once, refusing the others.
    fn doomed(&mut self, image: &Image) -> BTreeMap<TopicId, Str> {
        let mut doomed = BTreeMap::new();
        for id in std::mem::take(&mut self.ids) {
            match image.topics.by_id(TopicId(id)) {
                Some(topic) => {
                    doomed.insert(topic.id, Str::from(&*topic.name));
                }
                None => {
                    let message = "This server does not host this topic ID.";
                    self.refuse(None, id, Refusal::new(ErrorCode::UNKNOWN_TOPIC_ID, message));
                }
            }
        }
        for name in std::mem::take(&mut self.names) {
            match image.topics.id_of(&name) {
                None => {
                    let message = "This server does not host this topic-partition.";
                    let refusal = Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message);
                    self.refuse(Some(name), Uuid::ZERO, refusal);
                }
                Some(id)
                    if self.ids_twice.contains(&id.0)
                        || doomed.insert(id, name.clone()).is_some() =>
                {
                    doomed.remove(&id);
                    self.ids_twice.insert(id.0);
                    let message =
                        "The provided topic name maps to an ID that was already supplied.";
                    self.refuse(Some(name), id.0, Refusal::invalid_request(message));
                }
                Some(_) => {}
            }
        }
        doomed
    }
}
