//! What happens to partitions when a broker goes, comes back, or comes back without its tail.
//!
//! Each event looks at the partitions that it can touch and asks [`choose_change`](super::choose_change) for each.
//! It walks all partitions of the image: at 100,000 that is a few milliseconds, on an event that is rare.

use super::elections::{Elections, Terms, is_online};
use super::leadership::Wanted;
use super::rules::ConfigRules;
use crate::ids::{BrokerEpoch, BrokerId};
use crate::image::{Broker, Image, Partition};
use ottla_protocol::Uuid;
use ottla_protocol::records::metadata::{
    BrokerRegistrationChangeRecord, MetadataRecord, UnregisterBrokerRecord,
};

/// What happened to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is fenced, shuts down, or restarted after a clean shutdown: out of every ISR.
    Leaves(BrokerId),
    /// It is unfenced: leaderless partitions may take it.
    Returns(BrokerId),
    /// It restarted after an unclean shutdown: out of every ISR and ELR.
    LostItsTail(BrokerId),
    /// It is unregistered: out of every ISR and ELR.
    IsForgotten(BrokerId),
}

/// The changes of all partitions that the event touches.
pub fn partition_changes(
    image: &Image,
    rules: &dyn ConfigRules,
    event: Event,
) -> Vec<MetadataRecord> {
    changes_where(image, rules, event, |partition| event.touches(partition))
}

/// Directories of a broker went offline: it leaves the ISR of what was in them (KIP-858).
pub fn lose_directories(
    image: &Image,
    rules: &dyn ConfigRules,
    broker: &Broker,
    lost: &[Uuid],
) -> Vec<MetadataRecord> {
    let event = Event::Leaves(broker.id);
    changes_where(image, rules, event, |partition| {
        let lies_there = partition
            .directory(broker.id)
            .is_some_and(|directory| lost.contains(&directory));
        lies_there && event.touches(partition)
    })
}

fn changes_where(
    image: &Image,
    rules: &dyn ConfigRules,
    event: Event,
    touched: impl Fn(&Partition) -> bool,
) -> Vec<MetadataRecord> {
    let mut elections = Elections::new(image, rules);
    let terms = Terms {
        lost_its_tail: event.lost_its_tail(),
        ..Default::default()
    };
    let mut records = Vec::new();
    for (topic, index, partition) in image
        .topics
        .partitions()
        .filter(|(_, _, partition)| touched(partition))
    {
        let mut wanted = Wanted::unchanged(partition);
        wanted
            .isr
            .retain(|replica| Some(*replica) != event.removed());
        let may_lead = |broker| event.may_lead(image, partition, broker);
        let change = elections.change_where(topic, index, partition, wanted, terms, &may_lead);
        records.extend(change.map(MetadataRecord::PartitionChange));
    }
    records
}

/// Fences a broker: its partitions get other leaders and it is handed to clients no more.
pub fn fence(image: &Image, rules: &dyn ConfigRules, broker: &Broker) -> Vec<MetadataRecord> {
    let mut records = partition_changes(image, rules, Event::Leaves(broker.id));
    if !broker.fenced {
        records.push(registration_change(broker.id, broker.epoch, |change| {
            change.fenced = 1
        }));
    }
    records
}

/// Unfences a broker and gives it the partitions that only it can lead.
pub fn unfence(image: &Image, rules: &dyn ConfigRules, broker: &Broker) -> Vec<MetadataRecord> {
    let mut records = vec![registration_change(broker.id, broker.epoch, |change| {
        change.fenced = -1
    })];
    records.extend(partition_changes(image, rules, Event::Returns(broker.id)));
    records
}

/// Starts a controlled shutdown: leadership moves away while the broker still serves.
pub fn start_shutdown(
    image: &Image,
    rules: &dyn ConfigRules,
    broker: &Broker,
) -> Vec<MetadataRecord> {
    let mut records = Vec::new();
    if !broker.in_controlled_shutdown {
        records.push(registration_change(broker.id, broker.epoch, |change| {
            change.in_controlled_shutdown = 1
        }));
    }
    records.extend(partition_changes(image, rules, Event::Leaves(broker.id)));
    records
}

/// Forgets a broker.
pub fn forget(image: &Image, rules: &dyn ConfigRules, broker: &Broker) -> Vec<MetadataRecord> {
    let mut records = partition_changes(image, rules, Event::IsForgotten(broker.id));
    records.push(MetadataRecord::UnregisterBroker(UnregisterBrokerRecord {
        broker_id: broker.id.0,
        broker_epoch: broker.epoch.0,
        ..Default::default()
    }));
    records
}

pub(super) fn registration_change(
    broker: BrokerId,
    epoch: BrokerEpoch,
    set: impl FnOnce(&mut BrokerRegistrationChangeRecord),
) -> MetadataRecord {
    let mut change = BrokerRegistrationChangeRecord {
        broker_id: broker.0,
        broker_epoch: epoch.0,
        ..Default::default()
    };
    set(&mut change);
    MetadataRecord::BrokerRegistrationChange(change)
}

impl Event {
    fn touches(self, partition: &Partition) -> bool {
        match self {
            Event::Leaves(broker) => {
                partition.isr.contains(&broker) || partition.leader == Some(broker)
            }
            Event::Returns(broker) => partition.leader.is_none() && partition.has_replica(broker),
            Event::LostItsTail(broker) | Event::IsForgotten(broker) => {
                partition.isr.contains(&broker)
                    || partition.eligible_leader_replicas.contains(&broker)
            }
        }
    }

    fn removed(self) -> Option<BrokerId> {
        match self {
            Event::Leaves(broker) | Event::LostItsTail(broker) | Event::IsForgotten(broker) => {
                Some(broker)
            }
            Event::Returns(_) => None,
        }
    }

    fn lost_its_tail(self) -> Option<BrokerId> {
        match self {
            Event::LostItsTail(broker) | Event::IsForgotten(broker) => Some(broker),
            Event::Leaves(_) | Event::Returns(_) => None,
        }
    }

    /// The image still shows the broker as it was before the event.
    fn may_lead(self, image: &Image, partition: &Partition, broker: BrokerId) -> bool {
        let Some(registered) = image.brokers.get(broker) else {
            return false;
        };
        let alive = match self {
            Event::Returns(returning) if returning == broker => !registered.in_controlled_shutdown,
            _ => registered.is_active() && self.removed() != Some(broker),
        };
        alive && is_online(image, partition, broker)
    }
}
