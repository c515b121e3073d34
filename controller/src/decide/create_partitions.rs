//! CreatePartitions (37): a topic grows, and never shrinks (KIP-195).
//!
//! The caller has removed what the principal may not alter. Rules and messages: Kafka's
//! `ReplicationControlManager.createPartitions`.

use super::permits::{self, Permits};
use super::{MAX_PARTITIONS_PER_REQUEST, Refusal, assignment};
use crate::dice::Dice;
use crate::ids::BrokerId;
use crate::image::{Image, Partition, Topic};
use crate::outcome::Outcome;
use crate::placement::Placer;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::create_partitions::{
    CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsResponse,
    CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use ottla_protocol::records::metadata::MetadataRecord;
use std::collections::BTreeSet;

/// Decides a request: duplicates first, then the topics in the order of the request.
pub fn create_partitions(
    image: &Image,
    request: &CreatePartitionsRequest,
    dice: &mut Dice,
) -> Outcome<CreatePartitionsResponse> {
    create_partitions_within(image, request, dice, &mut |_| true)
}

/// As [`create_partitions`], for a client that may create no more than it is permitted (KIP-599).
pub fn create_partitions_within(
    image: &Image,
    request: &CreatePartitionsRequest,
    dice: &mut Dice,
    permits: Permits<'_>,
) -> Outcome<CreatePartitionsResponse> {
    let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
    for topic in &request.topics {
        if !seen.insert(&*topic.name) {
            twice.insert(&*topic.name);
        }
    }
    let duplicate = Refusal::invalid_request("Duplicate topic name.");
    let mut results: Vec<_> = twice
        .iter()
        .map(|name| result(name, Err(duplicate.clone())))
        .collect();
    let mut records = Vec::new();
    for topic in request
        .topics
        .iter()
        .filter(|topic| !twice.contains(&*topic.name))
    {
        let room = MAX_PARTITIONS_PER_REQUEST.saturating_sub(records.len());
        let grown = grow(image, topic, dice, room)
            .and_then(|added| permits::take(permits, added.len()).map(|()| added));
        results.push(result(
            &topic.name,
            grown.map(|mut added| records.append(&mut added)),
        ));
    }
    if request.validate_only {
        records.clear();
    }
    Outcome {
        records,
        response: CreatePartitionsResponse {
            results,
            ..Default::default()
        },
    }
}

fn result(name: &str, outcome: Result<(), Refusal>) -> CreatePartitionsTopicResult {
    let (error_code, error_message) = match outcome {
        Ok(()) => (ErrorCode::NONE, None),
        Err(refusal) => (refusal.code, refusal.message),
    };
    CreatePartitionsTopicResult {
        name: name.into(),
        error_code,
        error_message,
        ..Default::default()
    }
}

fn grow(
    image: &Image,
    request: &CreatePartitionsTopic,
    dice: &mut Dice,
    room: usize,
) -> Result<Vec<MetadataRecord>, Refusal> {
    let topic = image
        .topics
        .by_name(&request.name)
        .ok_or_else(|| Refusal::bare(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION))?;
    let first = topic.partition_count();
    let additional = additional(topic, request.count)?;
    if usize::try_from(additional).is_ok_and(|additional| additional > room) {
        let message = "Excessively large number of partitions per request.";
        return Err(Refusal::new(ErrorCode::POLICY_VIOLATION, message));
    }
    let partitions = match &request.assignments {
        Some(assignments) => assigned(image, topic, additional, assignments)?,
        None => placed(image, topic, additional, dice)?,
    };
    let numbered = (first..).zip(&partitions);
    Ok(numbered
        .map(|(index, partition)| MetadataRecord::Partition(partition.to_record(topic.id, index)))
        .collect())
}

fn additional(topic: &Topic, count: i32) -> Result<i32, Refusal> {
    let has = topic.partition_count();
    let message = if count == has {
        format!("Topic already has {has} partition(s).")
    } else if count < has {
        let name = &topic.name;
        format!(
            "The topic {name} currently has {has} partition(s); {count} would not be an increase."
        )
    } else {
        return Ok(count - has);
    };
    Err(Refusal::new(ErrorCode::INVALID_PARTITIONS, message))
}

fn assigned(
    image: &Image,
    topic: &Topic,
    additional: i32,
    assignments: &[CreatePartitionsAssignment],
) -> Result<Vec<Partition>, Refusal> {
    if i32::try_from(assignments.len()) != Ok(additional) {
        let message = format!(
            "Attempted to add {additional} additional partition(s), but only {} assignment(s) were specified.",
            assignments.len()
        );
        return Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
    }
    let factor = Some(topic.replication_factor());
    let numbered = (topic.partition_count()..).zip(assignments);
    numbered
        .map(|(index, assignment)| {
            let replicas: Vec<BrokerId> = assignment
                .broker_ids
                .iter()
                .copied()
                .map(BrokerId)
                .collect();
            assignment::manual(image, &replicas, factor, index)
        })
        .collect()
}

fn placed(
    image: &Image,
    topic: &Topic,
    additional: i32,
    dice: &mut Dice,
) -> Result<Vec<Partition>, Refusal> {
    let factor = i16::try_from(topic.replication_factor()).unwrap_or(i16::MAX);
    let mut placer = Placer::new(image, dice);
    let replicas = placer
        .check(factor)
        .map_err(|reason| Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, reason))?;
    assignment::place(image, &mut placer, additional, replicas)
}
