//! The image as one client sees it: through the listener its request came in on.
//!
//! Pure. A broker without that listener is left out, a fenced one is offline. Source: `KRaftMetadataCache`.

use ottla_controller::ids::BrokerId;
use ottla_controller::image::{Broker, Endpoint, Image, Partition};
use ottla_protocol::ErrorCode;
use std::sync::Arc;

/// One image through one listener.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub image: &'a Image,
    pub listener: &'a str,
}

/// A partition as Metadata tells it.
#[derive(Debug, PartialEq, Eq)]
pub struct PartitionView {
    pub error: ErrorCode,
    pub leader: BrokerId,
    pub leader_epoch: i32,
    pub replicas: Vec<i32>,
    pub in_sync: Vec<i32>,
    pub offline: Vec<i32>,
}

/// What differs between versions of Metadata.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Version 0 leaves replicas out whose broker is fenced or lacks the listener, and answers REPLICA_NOT_AVAILABLE; later versions name
    /// every replica.
    pub drop_unavailable: bool,
    /// From version 6 a leader without the listener is LISTENER_NOT_FOUND, before LEADER_NOT_AVAILABLE.
    pub listener_error: bool,
}

impl<'a> View<'a> {
    /// Brokers that serve and have the listener, with their endpoint, by id.
    pub fn alive_brokers(self) -> impl Iterator<Item = (&'a Arc<Broker>, &'a Endpoint)> {
        self.all_brokers().filter(|(broker, _)| !broker.fenced)
    }

    /// Brokers that have the listener, fenced ones included.
    pub fn all_brokers(self) -> impl Iterator<Item = (&'a Arc<Broker>, &'a Endpoint)> {
        let listener = self.listener;
        self.image
            .brokers
            .iter()
            .filter_map(move |broker| Some((broker, broker.endpoint(listener)?)))
    }

    /// The endpoint of a broker on this listener.
    pub fn endpoint(self, broker: BrokerId) -> Option<(&'a Arc<Broker>, &'a Endpoint)> {
        let broker = self.image.brokers.get(broker)?;
        Some((broker, broker.endpoint(self.listener)?))
    }

    /// The partition with the brokers that this listener reaches.
    pub fn partition(self, partition: &Partition, rules: Rules) -> PartitionView {
        let replicas = self.reachable(&partition.replicas, rules);
        let in_sync = self.reachable(&partition.isr, rules);
        let leader = partition
            .leader
            .filter(|leader| self.endpoint(*leader).is_some());
        let missing =
            replicas.len() < partition.replicas.len() || in_sync.len() < partition.isr.len();
        let error = match leader {
            Some(_) if missing => ErrorCode::REPLICA_NOT_AVAILABLE,
            Some(_) => ErrorCode::NONE,
            None if rules.listener_error && self.is_known(partition.leader) => {
                ErrorCode::LISTENER_NOT_FOUND
            }
            None => ErrorCode::LEADER_NOT_AVAILABLE,
        };
        PartitionView {
            error,
            leader: leader.unwrap_or(BrokerId::NONE),
            leader_epoch: partition.leader_epoch.0,
            replicas,
            in_sync,
            offline: self.offline(partition),
        }
    }

    fn is_known(self, broker: Option<BrokerId>) -> bool {
        broker.is_some_and(|broker| self.image.brokers.get(broker).is_some())
    }

    fn reachable(self, brokers: &[BrokerId], rules: Rules) -> Vec<i32> {
        let serves = |broker: &BrokerId| {
            self.endpoint(*broker)
                .is_some_and(|(broker, _)| !broker.fenced)
        };
        brokers
            .iter()
            .filter(|broker| !rules.drop_unavailable || serves(broker))
            .map(|broker| broker.0)
            .collect()
    }

    fn offline(self, partition: &Partition) -> Vec<i32> {
        let online = |broker: BrokerId| {
            self.endpoint(broker).is_some_and(|(registration, _)| {
                let directory = partition.directory(broker);
                !registration.fenced
                    && directory
                        .is_none_or(|directory| registration.has_online_directory(directory))
            })
        };
        partition
            .replicas
            .iter()
            .filter(|broker| !online(**broker))
            .map(|broker| broker.0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_controller::delta::Delta;
    use ottla_protocol::records::metadata::{BrokerEndpoint, MetadataRecord, RegisterBrokerRecord};

    #[test]
    fn a_fenced_replica_is_named_and_offline_except_in_version_0() {
        let mut image = Image::default();
        for broker_id in [1, 2] {
            let endpoint = BrokerEndpoint {
                name: "A".into(),
                ..Default::default()
            };
            let record = RegisterBrokerRecord {
                broker_id,
                fenced: broker_id == 2,
                end_points: vec![endpoint],
                ..Default::default()
            };
            let record = MetadataRecord::RegisterBroker(record);
            image.apply(&record, &mut Delta::default()).unwrap();
        }
        let partition = Partition {
            replicas: [BrokerId(1), BrokerId(2)].into(),
            isr: [BrokerId(1)].into(),
            leader: Some(BrokerId(1)),
            ..Default::default()
        };
        let image = &image;
        let seen = |drop_unavailable| {
            let rules = Rules {
                drop_unavailable,
                listener_error: true,
            };
            let listener = "A";
            let seen = View { image, listener }.partition(&partition, rules);
            (seen.error, seen.replicas, seen.offline)
        };
        assert_eq!(seen(false), (ErrorCode::NONE, vec![1, 2], vec![2]));
        let dropped = (ErrorCode::REPLICA_NOT_AVAILABLE, vec![1], vec![2]);
        assert_eq!(seen(true), dropped);
    }
}
