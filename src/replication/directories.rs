//! Tells the active controller where this broker's replicas lie, and which it has lost: AssignReplicasToDirs (KIP-858,
//! `AssignmentsManager`).
//!
//! Guarantees: one request is under way at a time; what nobody decided is told again, unless there is something later to tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ottla_controller::ids::{BrokerEpoch, BrokerId, TopicId};
use ottla_protocol::messages::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, AssignReplicasToDirsResponse, RequestDirectoryData,
    RequestPartitionData, RequestTopicData,
};
use ottla_protocol::{ErrorCode, Uuid};

use super::assignment::Key;
use super::isr::{AskController, RETRY};
use crate::partition::{Placement, Replicating};

/// Partitions in one request (`AssignReplicasToDirsRequest.MAX_ASSIGNMENTS_PER_REQUEST`).
const AT_ONCE: usize = 2_000;

/// Runs until dropped.
pub async fn tell_placements(
    replicating: Arc<Replicating>,
    controller: Arc<dyn AskController>,
    me: BrokerId,
    epoch: impl Fn() -> BrokerEpoch,
) {
    loop {
        replicating.placements.arrived().await;
        let placed = replicating.placements.take(AT_ONCE);
        let request = request(&placed, me, epoch());
        let settled = match controller.assign_replicas_to_dirs(request).await {
            Ok(response) if !response.error_code.is_error() => settled(&response),
            Ok(response) => {
                tracing::warn!(
                    error = response.error_code.name(),
                    "directories of replicas were not taken note of"
                );
                BTreeSet::new()
            }
            Err(why) => {
                tracing::warn!(why, "the controller was not told of replicas' directories");
                BTreeSet::new()
            }
        };
        let again = placed.into_iter().filter(|(key, _)| !settled.contains(key));
        let again: Vec<Placement> = again.collect();
        if !again.is_empty() {
            tokio::time::sleep(RETRY).await;
            again
                .into_iter()
                .for_each(|placement| replicating.placements.put_back(placement));
        }
    }
}

fn request(placed: &[Placement], me: BrokerId, epoch: BrokerEpoch) -> AssignReplicasToDirsRequest {
    type Indexes = Vec<RequestPartitionData>;
    let mut directories: BTreeMap<Uuid, BTreeMap<TopicId, Indexes>> = BTreeMap::new();
    for ((topic, index), directory) in placed {
        let partition = RequestPartitionData {
            partition_index: *index,
            ..Default::default()
        };
        let topics = directories.entry(*directory).or_default();
        topics.entry(*topic).or_default().push(partition);
    }
    let topic = |(topic, partitions): (TopicId, Indexes)| RequestTopicData {
        topic_id: topic.0,
        partitions,
        ..Default::default()
    };
    let directory = |(id, topics): (Uuid, BTreeMap<TopicId, Indexes>)| RequestDirectoryData {
        id,
        topics: topics.into_iter().map(topic).collect(),
        ..Default::default()
    };
    AssignReplicasToDirsRequest {
        broker_id: me.0,
        broker_epoch: epoch.0,
        directories: directories.into_iter().map(directory).collect(),
        ..Default::default()
    }
}

/// What need not be told again: decided, or void because the partition is gone or no longer here.
fn settled(response: &AssignReplicasToDirsResponse) -> BTreeSet<Key> {
    let is_settled = |error: ErrorCode| {
        matches!(
            error,
            ErrorCode::NONE
                | ErrorCode::UNKNOWN_TOPIC_ID
                | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                | ErrorCode::NOT_LEADER_OR_FOLLOWER
        )
    };
    let topics = response
        .directories
        .iter()
        .flat_map(|directory| &directory.topics);
    let partitions = topics.flat_map(|topic| {
        let id = TopicId(topic.topic_id);
        topic
            .partitions
            .iter()
            .map(move |partition| ((id, partition.partition_index), partition.error_code))
    });
    partitions
        .filter(|(_, error)| is_settled(*error))
        .map(|(key, _)| key)
        .collect()
}
