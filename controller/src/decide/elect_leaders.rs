//! ElectLeaders (43): gives partitions their preferred leader, or any leader at all (KIP-183, KIP-460).
//!
//! Rules and messages: Kafka's `ReplicationControlManager.electLeaders`. Asked about all partitions, those that need no election are
//! left out of the answer.

use super::Refusal;
use super::elections::{Elections, Terms};
use super::leadership::{Election, Wanted};
use super::rules::ConfigRules;
use crate::image::{Image, Topic};
use crate::outcome::Outcome;
use ottla_protocol::messages::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
    TopicPartitions,
};
use ottla_protocol::records::metadata::MetadataRecord;
use ottla_protocol::{ErrorCode, Str};

/// Kafka's `ElectionType`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Preferred,
    Unclean,
}

/// Decides a request.
pub fn elect_leaders(
    image: &Image,
    rules: &dyn ConfigRules,
    request: &ElectLeadersRequest,
) -> Outcome<ElectLeadersResponse> {
    let kind = match request.election_type {
        _ if request.topic_partitions.as_ref().is_some_and(Vec::is_empty) => {
            return Outcome::unchanged(ElectLeadersResponse::default());
        }
        0 => Kind::Preferred,
        1 => Kind::Unclean,
        other => {
            let message = format!("Unknown election type {other}");
            return Outcome::unchanged(refused(request, &Refusal::invalid_request(message)));
        }
    };
    let mut campaign = Campaign {
        image,
        kind,
        elections: Elections::new(image, rules),
        records: Vec::new(),
    };
    let replica_election_results = match &request.topic_partitions {
        Some(topics) => topics.iter().map(|topic| campaign.named(topic)).collect(),
        None => image.topics.iter().map(|it| campaign.whole(it)).collect(),
    };
    Outcome {
        records: campaign.records,
        response: ElectLeadersResponse {
            replica_election_results,
            ..Default::default()
        },
    }
}

/// The answer to a request that is refused as a whole (`ElectLeadersRequest.getErrorResponse`).
pub fn refused(request: &ElectLeadersRequest, refusal: &Refusal) -> ElectLeadersResponse {
    let of_topic = |topic: &TopicPartitions| {
        let partitions = topic.partitions.iter();
        ReplicaElectionResult {
            topic: topic.topic.clone(),
            partition_result: partitions
                .map(|index| result(*index, Err(refusal.clone())))
                .collect(),
            ..Default::default()
        }
    };
    let topics = request.topic_partitions.iter().flatten();
    ElectLeadersResponse {
        error_code: refusal.code,
        replica_election_results: topics.map(of_topic).collect(),
        ..Default::default()
    }
}

fn result(partition_id: i32, elected: Result<(), Refusal>) -> PartitionResult {
    let refusal = elected.err();
    PartitionResult {
        partition_id,
        error_code: refusal.as_ref().map_or(ErrorCode::NONE, |it| it.code),
        error_message: refusal.and_then(|it| it.message),
        ..Default::default()
    }
}

struct Campaign<'a> {
    image: &'a Image,
    kind: Kind,
    elections: Elections<'a>,
    records: Vec<MetadataRecord>,
}

impl Campaign<'_> {
    fn named(&mut self, asked: &TopicPartitions) -> ReplicaElectionResult {
        let topic = self.image.topics.by_name(&asked.topic);
        let partitions = asked.partitions.iter().map(|index| {
            let elected = match topic {
                Some(topic) => self.elect(topic, *index),
                None => Err(unknown(format!("No such topic as {}", asked.topic))),
            };
            result(*index, elected)
        });
        ReplicaElectionResult {
            partition_result: partitions.collect(),
            topic: asked.topic.clone(),
            ..Default::default()
        }
    }

    fn whole(&mut self, topic: &Topic) -> ReplicaElectionResult {
        let mut partition_result = Vec::new();
        for index in topic.partitions.keys() {
            let answer = result(*index, self.elect(topic, *index));
            if answer.error_code != ErrorCode::ELECTION_NOT_NEEDED {
                partition_result.push(answer);
            }
        }
        ReplicaElectionResult {
            topic: Str::from(&*topic.name),
            partition_result,
            ..Default::default()
        }
    }

    fn elect(&mut self, topic: &Topic, index: i32) -> Result<(), Refusal> {
        let partition = topic
            .partition(index)
            .ok_or_else(|| unknown(format!("No such partition as {}-{index}", topic.name)))?;
        let (election, needless, impossible) = match self.kind {
            Kind::Preferred => (
                Election::Preferred,
                partition.has_preferred_leader(),
                ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE,
            ),
            Kind::Unclean => (
                Election::Unclean,
                partition.leader.is_some(),
                ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE,
            ),
        };
        if needless {
            return Err(Refusal::plain(ErrorCode::ELECTION_NOT_NEEDED));
        }
        let terms = Terms {
            election: Some(election),
            ..Default::default()
        };
        let wanted = Wanted::unchanged(partition);
        let change = self
            .elections
            .change(topic, index, partition, wanted, terms)
            .ok_or_else(|| Refusal::plain(impossible))?;
        self.records.push(MetadataRecord::PartitionChange(change));
        Ok(())
    }
}

fn unknown(message: String) -> Refusal {
    Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message)
}
