//! Throttled replication on the leader's side (KIP-73): `ReplicaManager.shouldLeaderThrottle`.

use super::Context;
use crate::fetch::{Answer, Brake, PartitionKey, TopicKey};
use crate::partition::Partition;
use crate::quota::{Throttles, is_listed};
use ottla_controller::ids::{BrokerId, TopicId};
use std::sync::Arc;

/// Holds back replicas that are not in sync while the leader's rate is exceeded.
#[derive(Debug)]
struct OfLeader {
    throttles: Arc<Throttles>,
    me: BrokerId,
}

impl Brake for OfLeader {
    fn holds(&self, partition: &Partition, follower: BrokerId) -> bool {
        is_throttled(partition, self.me)
            && !partition.role().isr.contains(&follower)
            && !self
                .throttles
                .leader
                .wait(self.throttles.clock.elapsed())
                .is_zero()
    }
}

/// `None` while there is no limit.
pub(super) fn brake(context: &Context) -> Option<Arc<dyn Brake>> {
    context.throttles.leader.is_limited().then(|| {
        Arc::new(OfLeader {
            throttles: context.throttles.clone(),
            me: context.node_id,
        }) as Arc<dyn Brake>
    })
}

/// Counts what a replica was sent of throttled partitions, whether it is in sync or not.
pub(super) fn sent(context: &Context, answer: &Answer) {
    let throttle = &context.throttles.leader;
    if !throttle.is_limited() {
        return;
    }
    let image = context.metadata.image();
    let is_counted = |key: &PartitionKey| {
        let topic = match &key.topic {
            TopicKey::Id(id) => TopicId(*id),
            TopicKey::Name(name) => match image.topics.by_name(name) {
                Some(topic) => topic.id,
                None => return false,
            },
        };
        let partition = context.partitions.by_id(&image, topic, key.index);
        partition.is_ok_and(|partition| is_throttled(&partition, context.node_id))
    };
    let counted = answer.partitions.iter().filter(|(key, _)| is_counted(key));
    let size_bytes = counted.map(|(_, read)| read.size_bytes()).sum();
    throttle.record(size_bytes, context.clock.elapsed());
}

/// Whether the leader's replica of the partition is throttled.
fn is_throttled(partition: &Partition, me: BrokerId) -> bool {
    let in_force = partition.topic().in_force();
    is_listed(
        &in_force.config.leader_throttled_replicas,
        partition.index(),
        me.0,
    )
}
