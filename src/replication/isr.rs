//! Takes leaders' proposals of ISRs to the active controller, and its answers back: AlterPartition (KIP-497, `AlterPartitionManager`).
//!
//! Guarantees: one request is under way at a time and carries all that waits; a proposal that nobody decided is sent again, unless the
//! partition has a later one. Does not decide: partitions do, and the controller.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use ottla_controller::ids::{BrokerEpoch, BrokerId, PartitionEpoch, TopicId};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_partition::{
    AlterPartitionRequest, AlterPartitionResponse, BrokerState, RequestPartitionData,
    RequestTopicData, ResponsePartitionData,
};
use ottla_protocol::messages::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, AssignReplicasToDirsResponse,
};
use ottla_storage::offset::LeaderEpoch;

use super::assignment::Key;
use crate::partition::{Altered, Fate, Partition, Proposal, Replicating};

/// After a request that brought no answer, or none to some of what it asked (`AlterPartitionManager`).
pub(super) const RETRY: Duration = Duration::from_millis(50);
/// Partitions in one request.
const AT_ONCE: usize = 1_000;
const UNKNOWN_EPOCH: i64 = -1;

/// Brings requests to the active controller, wherever that is.
pub trait AskController: Send + Sync {
    /// Its error is for people: the request is repeated later.
    fn alter_partition(
        &self,
        request: AlterPartitionRequest,
    ) -> BoxFuture<'_, Result<AlterPartitionResponse, String>>;

    /// As above.
    fn assign_replicas_to_dirs(
        &self,
        request: AssignReplicasToDirsRequest,
    ) -> BoxFuture<'_, Result<AssignReplicasToDirsResponse, String>>;
}

type Proposed = (Arc<Partition>, Proposal);

/// Runs until dropped.
pub async fn propose_isrs(
    replicating: Arc<Replicating>,
    controller: Arc<dyn AskController>,
    me: BrokerId,
    epoch: impl Fn() -> BrokerEpoch,
) {
    loop {
        replicating.proposals.arrived().await;
        let proposed = replicating.proposals.take(AT_ONCE);
        if proposed.is_empty() {
            continue;
        }
        let request = request(&proposed, me, epoch());
        let answers = match controller.alter_partition(request).await {
            Ok(response) if !response.error_code.is_error() => answers(response),
            Ok(response) => {
                tracing::warn!(error = response.error_code.name(), "no ISR was changed");
                BTreeMap::new()
            }
            Err(why) => {
                tracing::warn!(why, "the controller was not asked to change ISRs");
                BTreeMap::new()
            }
        };
        let again = bring_back(&replicating, proposed, answers);
        if !again.is_empty() {
            tokio::time::sleep(RETRY).await;
            again.iter().for_each(|partition| partition.expand_isr());
        }
    }
}

/// Returns for which partitions there is something to be asked again.
fn bring_back(
    replicating: &Replicating,
    proposed: Vec<Proposed>,
    mut answers: BTreeMap<Key, Result<Altered, ErrorCode>>,
) -> Vec<Arc<Partition>> {
    let mut again = Vec::new();
    for (partition, proposal) in proposed {
        let key = (partition.topic().id(), partition.index());
        let answer = answers.remove(&key).unwrap_or(Err(ErrorCode::NONE));
        match partition.isr_answered(proposal.clone(), answer) {
            Fate::Retry => {
                replicating.proposals.put_back(&partition, proposal);
                again.push(partition);
            }
            Fate::Withdrawn => again.push(partition),
            Fate::Stale | Fate::Adopted(_) | Fate::Undecided => {}
        }
    }
    again
}

fn request(proposed: &[Proposed], me: BrokerId, epoch: BrokerEpoch) -> AlterPartitionRequest {
    let mut topics: BTreeMap<TopicId, Vec<RequestPartitionData>> = BTreeMap::new();
    for (partition, proposal) in proposed {
        let state = |member: &crate::partition::Member| BrokerState {
            broker_id: member.broker.0,
            broker_epoch: member.epoch.map_or(UNKNOWN_EPOCH, |epoch| epoch.0),
            ..Default::default()
        };
        topics
            .entry(partition.topic().id())
            .or_default()
            .push(RequestPartitionData {
                partition_index: partition.index(),
                leader_epoch: proposal.leader_epoch.0,
                new_isr_with_epochs: proposal.isr.iter().map(state).collect(),
                partition_epoch: proposal.partition_epoch.0,
                ..Default::default()
            });
    }
    let topics = topics
        .into_iter()
        .map(|(topic, partitions)| RequestTopicData {
            topic_id: topic.0,
            partitions,
            ..Default::default()
        });
    AlterPartitionRequest {
        broker_id: me.0,
        broker_epoch: epoch.0,
        topics: topics.collect(),
        ..Default::default()
    }
}

fn answers(response: AlterPartitionResponse) -> BTreeMap<Key, Result<Altered, ErrorCode>> {
    let topics = response.topics.into_iter().flat_map(|topic| {
        let id = TopicId(topic.topic_id);
        let partitions = topic.partitions.into_iter();
        partitions.map(move |partition| ((id, partition.partition_index), altered(&partition)))
    });
    topics.collect()
}

fn altered(partition: &ResponsePartitionData) -> Result<Altered, ErrorCode> {
    if partition.error_code.is_error() {
        return Err(partition.error_code);
    }
    Ok(Altered {
        leader_epoch: LeaderEpoch(partition.leader_epoch),
        partition_epoch: PartitionEpoch(partition.partition_epoch),
        isr: partition.isr.iter().copied().map(BrokerId).collect(),
    })
}
