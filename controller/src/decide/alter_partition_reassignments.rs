//! AlterPartitionReassignments (45): begins, turns and cancels reassignments (KIP-455, KIP-860).
//!
//! A reassignment that needs no new replica in sync is complete at once; others complete with the AlterPartition that takes the last
//! one in. Rules and messages: Kafka's `ReplicationControlManager.alterPartitionReassignments`.

use super::elections::{Elections, Terms};
use super::leadership::Wanted;
use super::reassignment::{Reassignment, Reverted};
use super::rules::{ConfigRules, allows_unclean_election};
use super::{Refusal, assignment};
use crate::ids::BrokerId;
use crate::image::{Image, Partition, Topic};
use crate::outcome::Outcome;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition,
    ReassignablePartitionResponse, ReassignableTopic, ReassignableTopicResponse,
};
use ottla_protocol::records::metadata::MetadataRecord;

/// Decides a request, one answer per partition.
pub fn alter_partition_reassignments(
    image: &Image,
    rules: &dyn ConfigRules,
    request: &AlterPartitionReassignmentsRequest,
) -> Outcome<AlterPartitionReassignmentsResponse> {
    if request.topics.is_empty() {
        return Outcome::unchanged(AlterPartitionReassignmentsResponse::default());
    }
    let mut alteration = Alteration {
        image,
        rules,
        allows_another_factor: request.allow_replication_factor_change,
        elections: Elections::new(image, rules),
        records: Vec::new(),
    };
    let mut answer = |topic: &ReassignableTopic, partition: &ReassignablePartition| {
        alteration.partition(&topic.name, partition)
    };
    let response = AlterPartitionReassignmentsResponse {
        allow_replication_factor_change: request.allow_replication_factor_change,
        error_message: None,
        responses: responses(request, &mut answer),
        ..Default::default()
    };
    Outcome {
        records: alteration.records,
        response,
    }
}

/// The answer to a request that is refused as a whole (`AlterPartitionReassignmentsRequest.getErrorResponse`).
pub fn refused(
    request: &AlterPartitionReassignmentsRequest,
    refusal: &Refusal,
) -> AlterPartitionReassignmentsResponse {
    AlterPartitionReassignmentsResponse {
        error_code: refusal.code,
        error_message: refusal.message.clone(),
        responses: responses(request, &mut |_, _| Err(refusal.clone())),
        ..Default::default()
    }
}

fn responses(
    request: &AlterPartitionReassignmentsRequest,
    answer: &mut dyn FnMut(&ReassignableTopic, &ReassignablePartition) -> Result<(), Refusal>,
) -> Vec<ReassignableTopicResponse> {
    let of_topic = |topic: &ReassignableTopic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let refusal = answer(topic, partition).err();
            ReassignablePartitionResponse {
                partition_index: partition.partition_index,
                error_code: refusal.as_ref().map_or(ErrorCode::NONE, |it| it.code),
                error_message: refusal.and_then(|it| it.message),
                ..Default::default()
            }
        });
        ReassignableTopicResponse {
            name: topic.name.clone(),
            partitions: partitions.collect(),
            ..Default::default()
        }
    };
    request.topics.iter().map(of_topic).collect()
}

struct Alteration<'a> {
    image: &'a Image,
    rules: &'a dyn ConfigRules,
    allows_another_factor: bool,
    elections: Elections<'a>,
    records: Vec<MetadataRecord>,
}

impl Alteration<'_> {
    fn partition(&mut self, name: &str, asked: &ReassignablePartition) -> Result<(), Refusal> {
        let unknown = |message| Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message);
        let index = asked.partition_index;
        let topic = self
            .image
            .topics
            .by_name(name)
            .ok_or_else(|| unknown(format!("Unable to find a topic named {name}.")))?;
        let partition = topic
            .partition(index)
            .ok_or_else(|| unknown(format!("Unable to find partition {name}:{index}.")))?;
        let wanted = match &asked.replicas {
            None => self.cancelled(topic, index, partition)?,
            Some(target) => self.reassigned(partition, target)?,
        };
        let terms = Terms::default();
        let change = self
            .elections
            .change(topic, index, partition, wanted, terms);
        self.records
            .extend(change.map(MetadataRecord::PartitionChange));
        Ok(())
    }

    fn cancelled(
        &self,
        topic: &Topic,
        index: i32,
        partition: &Partition,
    ) -> Result<Wanted, Refusal> {
        if !partition.is_reassigning() {
            return Err(Refusal::bare(ErrorCode::NO_REASSIGNMENT_IN_PROGRESS));
        }
        let refuse = |message| Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message);
        let Reverted { replicas, mut isr } = Reassignment::reverted(partition);
        let Some(first) = replicas.first().copied() else {
            let message = "Invalid replica assignment: addingReplicas contains all replicas.";
            return Err(refuse(message.to_owned()));
        };
        let unclean = isr.is_empty() && !partition.isr.is_empty();
        if unclean && !allows_unclean_election(self.image, self.rules, &topic.name) {
            let name = &topic.name;
            return Err(refuse(format!(
                "Unable to revert partition assignment for {name}:{index} because it would require an unclean leader election."
            )));
        }
        // With eligible replicas an ISR may be empty, and the election that follows is known to be unclean. Kafka takes the first
        // replica for in sync whatever it has.
        if unclean && !self.image.features.has_eligible_leader_replicas() {
            isr.push(first);
        }
        Ok(Wanted {
            isr,
            reassignment: Reassignment::none(replicas),
            ..Wanted::unchanged(partition)
        })
    }

    fn reassigned(&self, partition: &Partition, target: &[i32]) -> Result<Wanted, Refusal> {
        let target: Vec<BrokerId> = target.iter().copied().map(BrokerId).collect();
        assignment::check_manual(self.image, &target, None)
            .map_err(|message| Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message))?;
        let factor = factor_at_the_end(partition);
        if !self.allows_another_factor && factor != target.len() {
            let message = format!(
                "The replication factor is changed from {factor} to {}",
                target.len()
            );
            return Err(Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
        }
        Ok(Wanted {
            reassignment: Reassignment::towards(partition, &target),
            ..Wanted::unchanged(partition)
        })
    }
}

/// How many replicas there will be when what is under way is complete.
fn factor_at_the_end(partition: &Partition) -> usize {
    let removing = &partition.removing_replicas;
    let stays = |replica: &&BrokerId| !removing.contains(replica);
    partition.replicas.iter().filter(stays).count()
}
