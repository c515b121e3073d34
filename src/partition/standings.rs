//! Which brokers may count for anything: what a leader asks before it takes a follower into the ISR (KIP-841, KIP-903).
//!
//! Guarantees: brought up to date with the metadata before any role of the same update is taken.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ottla_controller::ids::{BrokerEpoch, BrokerId};
use ottla_controller::image::Image;

/// The brokers that are registered, by the metadata in force here. Clones share.
#[derive(Clone, Debug, Default)]
pub struct Standings(Arc<ArcSwap<BTreeMap<BrokerId, Standing>>>);

/// What the metadata says of one broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub epoch: BrokerEpoch,
    /// Neither fenced nor shutting down.
    pub is_active: bool,
    pub is_fenced: bool,
}

impl Standings {
    pub fn set(&self, image: &Image) {
        let standing = |broker: &Arc<ottla_controller::image::Broker>| {
            let standing = Standing {
                epoch: broker.epoch,
                is_active: broker.is_active(),
                is_fenced: broker.fenced,
            };
            (broker.id, standing)
        };
        self.0
            .store(Arc::new(image.brokers.iter().map(standing).collect()));
    }

    pub fn of(&self, broker: BrokerId) -> Option<Standing> {
        self.0.load().get(&broker).copied()
    }

    /// Whether a fetch of this epoch comes from an older process than the one that is registered now.
    pub fn is_stale(&self, broker: BrokerId, epoch: Option<BrokerEpoch>) -> bool {
        let now = self.of(broker).filter(|standing| !standing.is_fenced);
        matches!((now, epoch), (Some(now), Some(epoch)) if epoch < now.epoch)
    }

    /// Whether a follower that last fetched with this epoch may join an ISR (`Partition.isReplicaIsrEligible`). `None`: it has not
    /// fetched; inside, `None`: it does not say.
    pub fn may_join(&self, broker: BrokerId, fetched_with: Option<Option<BrokerEpoch>>) -> bool {
        self.of(broker).is_some_and(|standing| {
            standing.is_active
                && fetched_with
                    .is_some_and(|epoch| epoch.is_none_or(|epoch| epoch == standing.epoch))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standings(is_fenced: bool, is_active: bool) -> Standings {
        let standings = Standings::default();
        let standing = Standing {
            epoch: BrokerEpoch(5),
            is_active,
            is_fenced,
        };
        let known = BTreeMap::from([(BrokerId(2), standing)]);
        standings.0.store(Arc::new(known));
        standings
    }

    #[test]
    fn only_the_registered_process_of_an_active_broker_may_join() {
        let active = standings(false, true);
        let with = |epoch| Some(Some(BrokerEpoch(epoch)));
        assert!(active.may_join(BrokerId(2), with(5)));
        assert!(active.may_join(BrokerId(2), Some(None)), "it does not say");
        assert!(!active.may_join(BrokerId(2), with(4)));
        assert!(!active.may_join(BrokerId(2), with(6)), "not heard of yet");
        assert!(!active.may_join(BrokerId(2), None), "it never fetched");
        assert!(!active.may_join(BrokerId(3), with(5)), "not registered");
        assert!(!standings(true, false).may_join(BrokerId(2), with(5)));
        assert!(!standings(false, false).may_join(BrokerId(2), with(5)));
    }

    #[test]
    fn a_fetch_of_an_older_process_is_stale() {
        let active = standings(false, true);
        assert!(active.is_stale(BrokerId(2), Some(BrokerEpoch(4))));
        assert!(!active.is_stale(BrokerId(2), Some(BrokerEpoch(5))));
        assert!(!active.is_stale(BrokerId(2), Some(BrokerEpoch(6))));
        assert!(!active.is_stale(BrokerId(2), None));
    }
}
