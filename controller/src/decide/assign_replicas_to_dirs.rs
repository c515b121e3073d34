//! AssignReplicasToDirs (73): a broker says in which of its directories its replicas are (KIP-858).
//!
//! What it puts into a directory that is offline leaves the ISR in the same change. Rules: Kafka's
//! `ReplicationControlManager.handleAssignReplicasToDirs`.

use super::broker_heartbeat::registered;
use super::elections::{Elections, Terms, is_online};
use super::leadership::Wanted;
use super::rules::ConfigRules;
use crate::ids::{BrokerId, TopicId};
use crate::image::{Broker, Image};
use crate::outcome::Outcome;
use ottla_protocol::messages::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, AssignReplicasToDirsResponse, RequestDirectoryData,
    RequestTopicData, ResponseDirectoryData, ResponsePartitionData, ResponseTopicData,
};
use ottla_protocol::records::metadata::MetadataRecord;
use ottla_protocol::{ErrorCode, Uuid};

/// Decides a request, one answer per partition.
pub fn assign_replicas_to_dirs(
    image: &Image,
    rules: &dyn ConfigRules,
    request: &AssignReplicasToDirsRequest,
) -> Outcome<AssignReplicasToDirsResponse> {
    let Ok(broker) = registered(image, request.broker_id, request.broker_epoch) else {
        return Outcome::unchanged(AssignReplicasToDirsResponse {
            error_code: ErrorCode::STALE_BROKER_EPOCH,
            ..Default::default()
        });
    };
    let mut assignment = Assignment {
        image,
        broker,
        elections: Elections::new(image, rules),
        records: Vec::new(),
    };
    let directories = request.directories.iter();
    let response = AssignReplicasToDirsResponse {
        directories: directories.map(|it| assignment.directory(it)).collect(),
        ..Default::default()
    };
    Outcome {
        records: assignment.records,
        response,
    }
}

struct Assignment<'a> {
    image: &'a Image,
    broker: &'a Broker,
    elections: Elections<'a>,
    records: Vec<MetadataRecord>,
}

impl Assignment<'_> {
    fn directory(&mut self, asked: &RequestDirectoryData) -> ResponseDirectoryData {
        let topics = asked.topics.iter();
        ResponseDirectoryData {
            id: asked.id,
            topics: topics.map(|topic| self.topic(asked.id, topic)).collect(),
            ..Default::default()
        }
    }

    fn topic(&mut self, directory: Uuid, asked: &RequestTopicData) -> ResponseTopicData {
        let partitions = asked.partitions.iter().map(|partition| {
            let index = partition.partition_index;
            ResponsePartitionData {
                partition_index: index,
                error_code: self.partition(directory, TopicId(asked.topic_id), index),
                ..Default::default()
            }
        });
        ResponseTopicData {
            topic_id: asked.topic_id,
            partitions: partitions.collect(),
            ..Default::default()
        }
    }

    fn partition(&mut self, directory: Uuid, topic: TopicId, index: i32) -> ErrorCode {
        let (image, me) = (self.image, self.broker.id);
        let Some(topic) = image.topics.by_id(topic) else {
            return ErrorCode::UNKNOWN_TOPIC_ID;
        };
        let Some(partition) = topic.partition(index) else {
            return ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        };
        if !partition.has_replica(me) {
            return ErrorCode::NOT_LEADER_OR_FOLLOWER;
        }
        let goes_offline = !self.broker.has_online_directory(directory);
        let mut wanted = Wanted {
            directory: Some((me, directory)),
            ..Wanted::unchanged(partition)
        };
        wanted
            .isr
            .retain(|replica| !(goes_offline && *replica == me));
        let may_lead = |broker: BrokerId| {
            let online = match broker == me {
                true => !goes_offline,
                false => is_online(image, partition, broker),
            };
            online && image.brokers.is_active(broker)
        };
        let terms = Terms::default();
        let change = self
            .elections
            .change_where(topic, index, partition, wanted, terms, &may_lead);
        self.records
            .extend(change.map(MetadataRecord::PartitionChange));
        ErrorCode::NONE
    }
}
