//! AlterPartition (56): a leader says who is in sync with it (KIP-497, KIP-704, KIP-841, KIP-903).
//!
//! Only the leader of the current epochs is heard, and only members that are alive in the incarnation it names get into the ISR. A
//! change that completes a reassignment may take the leadership from the asker, which is then told NEW_LEADER_ELECTED although the
//! change is made. Rules: Kafka's `ReplicationControlManager.alterPartition`.

use super::broker_heartbeat::registered;
use super::elections::{Elections, Terms, is_online};
use super::leadership::Wanted;
use super::rules::ConfigRules;
use crate::ids::{BrokerEpoch, BrokerId, LeaderEpoch, PartitionEpoch, TopicId};
use crate::image::{Image, LeaderRecovery, NO_LEADER_CHANGE, Partition, Topic};
use crate::outcome::Outcome;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_partition::{
    AlterPartitionRequest, AlterPartitionResponse, BrokerState, RequestPartitionData,
    RequestTopicData, ResponsePartitionData, ResponseTopicData,
};
use ottla_protocol::records::metadata::MetadataRecord;

/// A member of the ISR that a leader asks for, and the incarnation it saw; `None` where the request cannot say (version 2).
type Member = (BrokerId, Option<BrokerEpoch>);

/// Decides a request: per partition all or nothing, each on the image as it is.
pub fn alter_partition(
    image: &Image,
    rules: &dyn ConfigRules,
    request: &AlterPartitionRequest,
) -> Outcome<AlterPartitionResponse> {
    if registered(image, request.broker_id, request.broker_epoch).is_err() {
        return Outcome::unchanged(AlterPartitionResponse {
            error_code: ErrorCode::STALE_BROKER_EPOCH,
            ..Default::default()
        });
    }
    let mut alteration = Alteration {
        image,
        asker: BrokerId(request.broker_id),
        elections: Elections::new(image, rules),
        records: Vec::new(),
    };
    let topics = request.topics.iter().map(|topic| alteration.topic(topic));
    let response = AlterPartitionResponse {
        topics: topics.collect(),
        ..Default::default()
    };
    Outcome {
        records: alteration.records,
        response,
    }
}

struct Alteration<'a> {
    image: &'a Image,
    asker: BrokerId,
    elections: Elections<'a>,
    records: Vec<MetadataRecord>,
}

impl Alteration<'_> {
    fn topic(&mut self, asked: &RequestTopicData) -> ResponseTopicData {
        let topic = self.image.topics.by_id(TopicId(asked.topic_id));
        let partitions = asked.partitions.iter().map(|partition| {
            let answer = match topic {
                Some(topic) => self.partition(topic, partition),
                None => Err(ErrorCode::UNKNOWN_TOPIC_ID),
            };
            answer.unwrap_or_else(|error_code| ResponsePartitionData {
                partition_index: partition.partition_index,
                error_code,
                ..Default::default()
            })
        });
        ResponseTopicData {
            topic_id: asked.topic_id,
            partitions: partitions.collect(),
            ..Default::default()
        }
    }

    fn partition(
        &mut self,
        topic: &Topic,
        asked: &RequestPartitionData,
    ) -> Result<ResponsePartitionData, ErrorCode> {
        let index = asked.partition_index;
        let partition = topic
            .partition(index)
            .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        check_epochs(partition, self.asker, asked)?;
        let members = members(asked);
        let recovery = check_members(partition, self.asker, &members, asked)?;
        if !members
            .iter()
            .all(|member| is_eligible(self.image, partition, *member))
        {
            return Err(ErrorCode::INELIGIBLE_REPLICA);
        }
        let isr = members.iter().map(|(broker, _)| *broker).collect();
        let wanted = Wanted {
            recovery,
            ..Wanted::with_isr(partition, isr)
        };
        let terms = Terms::default();
        let Some(change) = self
            .elections
            .change(topic, index, partition, wanted, terms)
        else {
            return Ok(state(partition, index));
        };
        let after = partition.merged(&change);
        let leader = change.leader;
        self.records.push(MetadataRecord::PartitionChange(change));
        if leader != NO_LEADER_CHANGE && leader != self.asker.0 {
            return Err(ErrorCode::NEW_LEADER_ELECTED);
        }
        Ok(state(&after, index))
    }
}

/// An asker that is ahead has heard of a newer controller, and is told to look for it.
fn check_epochs(
    partition: &Partition,
    asker: BrokerId,
    asked: &RequestPartitionData,
) -> Result<(), ErrorCode> {
    let leader_epoch = LeaderEpoch(asked.leader_epoch);
    let partition_epoch = PartitionEpoch(asked.partition_epoch);
    if leader_epoch > partition.leader_epoch || partition_epoch > partition.partition_epoch {
        Err(ErrorCode::NOT_CONTROLLER)
    } else if leader_epoch < partition.leader_epoch {
        Err(ErrorCode::FENCED_LEADER_EPOCH)
    } else if partition.leader != Some(asker) {
        Err(ErrorCode::INVALID_REQUEST)
    } else if partition_epoch < partition.partition_epoch {
        Err(ErrorCode::INVALID_UPDATE_VERSION)
    } else {
        Ok(())
    }
}

fn members(asked: &RequestPartitionData) -> Vec<Member> {
    let with_epoch = |member: &BrokerState| {
        let epoch = BrokerEpoch(member.broker_epoch);
        (BrokerId(member.broker_id), (epoch.0 != -1).then_some(epoch))
    };
    let without = asked.new_isr.iter().map(|id| (BrokerId(*id), None));
    let with = asked.new_isr_with_epochs.iter().map(with_epoch);
    without.chain(with).collect()
}

/// Whether these can be an ISR at all, and the state of recovery that the leader is in.
fn check_members(
    partition: &Partition,
    asker: BrokerId,
    members: &[Member],
    asked: &RequestPartitionData,
) -> Result<LeaderRecovery, ErrorCode> {
    let mut ids: Vec<BrokerId> = members.iter().map(|(broker, _)| *broker).collect();
    ids.sort_unstable();
    let twice = ids.windows(2).any(|pair| pair[0] == pair[1]);
    let foreign = ids.iter().any(|broker| !partition.has_replica(*broker));
    let recovery =
        LeaderRecovery::from_wire(asked.leader_recovery_state).ok_or(ErrorCode::INVALID_REQUEST)?;
    let recovering = recovery == LeaderRecovery::Recovering;
    let recovers_again = recovering && partition.leader_recovery == LeaderRecovery::Recovered;
    let followed_too_early = recovering && ids.len() > 1;
    if twice || foreign || !ids.contains(&asker) || recovers_again || followed_too_early {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    Ok(recovery)
}

/// A fenced broker, one that goes, or another incarnation than the one that the leader saw is never taken in (KIP-841, KIP-903); nor is
/// one whose directory has failed since, which Kafka does not look at.
fn is_eligible(image: &Image, partition: &Partition, (broker, epoch): Member) -> bool {
    let registered = image.brokers.get(broker);
    let is_alive = registered.is_some_and(|registered| {
        registered.is_active() && epoch.is_none_or(|epoch| epoch == registered.epoch)
    });
    is_alive && is_online(image, partition, broker)
}

fn state(partition: &Partition, index: i32) -> ResponsePartitionData {
    ResponsePartitionData {
        partition_index: index,
        leader_id: partition.leader.unwrap_or(BrokerId::NONE).0,
        leader_epoch: partition.leader_epoch.0,
        isr: partition.isr.iter().map(|broker| broker.0).collect(),
        leader_recovery_state: partition.leader_recovery.to_wire(),
        partition_epoch: partition.partition_epoch.0,
        ..Default::default()
    }
}
