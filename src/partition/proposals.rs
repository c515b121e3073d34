//! Changes of ISRs on their way to the controller: what leaders have asked for and nobody has sent yet.
//!
//! Guarantees: at most one per partition, the latest (an older one is void by then); a partition that is gone meanwhile is left
//! out. Does not send: `replication/isr.rs` takes them from here and brings the answers back to the partitions.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};
use std::time::Duration;

use ottla_controller::ids::TopicId;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::isr::Proposal;
use super::placements::Placements;
use super::replica::Partition;
use super::standings::Standings;

/// What the partitions of a node share in order to replicate.
#[derive(Debug)]
pub struct Replicating {
    pub standings: Standings,
    pub proposals: Proposals,
    pub placements: Placements,
    /// Told when a follower's log start, or a role, is another: what DeleteRecords waits for, which is rare.
    pub starts_moved: Notify,
    /// `replica.lag.time.max.ms`.
    pub lag_max: Duration,
    /// ISRs of partitions led here, as they changed.
    pub shrunk: AtomicU64,
    pub expanded: AtomicU64,
    /// What followers here were sent: bytes, and answers.
    pub received_bytes: AtomicU64,
    pub received: AtomicU64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Proposals {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

type Waiting = BTreeMap<(TopicId, i32), (Weak<Partition>, Proposal)>;

impl Proposals {
    pub fn submit(&self, partition: &Arc<Partition>, proposal: Proposal) {
        let key = (partition.topic().id(), partition.index());
        self.waiting
            .lock()
            .insert(key, (Arc::downgrade(partition), proposal));
        self.arrived.notify_one();
    }

    /// Puts back what could not be sent, unless there is a later one meanwhile.
    pub fn put_back(&self, partition: &Arc<Partition>, proposal: Proposal) {
        let key = (partition.topic().id(), partition.index());
        self.waiting
            .lock()
            .entry(key)
            .or_insert_with(|| (Arc::downgrade(partition), proposal));
        self.arrived.notify_one();
    }

    /// Takes up to `max`, in the order of topics.
    pub fn take(&self, max: usize) -> Vec<(Arc<Partition>, Proposal)> {
        let mut waiting = self.waiting.lock();
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some((_, (partition, proposal))) = waiting.pop_first()
        {
            taken.extend(partition.upgrade().map(|partition| (partition, proposal)));
        }
        taken
    }

    /// Resolves when there may be something to take. One taker at a time.
    pub async fn arrived(&self) {
        while self.waiting.lock().is_empty() {
            self.arrived.notified().await;
        }
    }
}
