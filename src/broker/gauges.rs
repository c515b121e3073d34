//! What is scraped about the cluster: the quorum and the metadata as this node knows them, and, where the active controller is,
//! brokers and partitions of all.
//!
//! Guarantees: read at scrape, so that it costs nothing between; elections are counted from the changes of the metadata as they arrive.

use crate::metrics::definitions::{
    CLUSTER_BROKERS, CLUSTER_PARTITIONS, CLUSTER_TOPICS, CONTROLLER_ACTIVE, LEADER_ELECTIONS,
    METADATA_OFFSET, QUORUM_LAG, QUORUM_LEADER, QUORUM_LOG_END, QUORUM_MEMBERS, QUORUM_TERM,
};
use crate::metrics::{Definition, Samples, Source};
use ottla_controller::controller::{MemberStatus, QuorumStatus};
use ottla_controller::ids::{BrokerId, MetadataOffset};
use ottla_controller::image::{Image, Partition};
use ottla_controller::{Controller, Metadata, Update};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// See the module.
pub struct ClusterGauges {
    metadata: Metadata,
    controller: Controller,
    me: BrokerId,
    elections: AtomicU64,
    unclean: AtomicU64,
}

impl ClusterGauges {
    pub fn new(metadata: Metadata, controller: Controller, me: BrokerId) -> Arc<Self> {
        Arc::new(Self {
            metadata,
            controller,
            me,
            elections: AtomicU64::new(0),
            unclean: AtomicU64::new(0),
        })
    }

    /// Counts the elections of an update. What a node finds at its start happened before it.
    pub fn count(&self, update: &Update) {
        if update.before.offset == MetadataOffset::NONE {
            return;
        }
        for (topic, indexes) in &update.delta.topics {
            for index in indexes {
                let before = update.before.topics.partition(*topic, *index);
                let after = update.image.topics.partition(*topic, *index);
                let (Some(before), Some(after)) = (before, after) else {
                    continue;
                };
                match election(before, after) {
                    Some(true) => self.elections.fetch_add(1, Ordering::Relaxed),
                    Some(false) => self.unclean.fetch_add(1, Ordering::Relaxed),
                    None => 0,
                };
            }
        }
    }
}

/// Whether another leader was elected, and cleanly: from those that had everything.
fn election(before: &Partition, after: &Partition) -> Option<bool> {
    let leader = after.leader.filter(|_| after.leader != before.leader)?;
    let had_everything = [&before.isr, &before.eligible_leader_replicas];
    Some(had_everything.iter().any(|ids| ids.contains(&leader)))
}

impl Source for ClusterGauges {
    fn definitions(&self) -> &'static [&'static Definition] {
        &[
            &CONTROLLER_ACTIVE,
            &METADATA_OFFSET,
            &QUORUM_TERM,
            &QUORUM_LEADER,
            &QUORUM_LOG_END,
            &QUORUM_MEMBERS,
            &QUORUM_LAG,
            &LEADER_ELECTIONS,
            &CLUSTER_BROKERS,
            &CLUSTER_TOPICS,
            &CLUSTER_PARTITIONS,
        ]
    }

    fn sample(&self, into: &mut Samples) {
        let (image, quorum) = (self.metadata.image(), self.controller.quorum());
        let leads = quorum.leader.is_some_and(|leader| leader.node == self.me);
        into.set(&CONTROLLER_ACTIVE, &[], f64::from(u8::from(leads)));
        into.set(&METADATA_OFFSET, &[], image.offset.0 as f64);
        for (kind, count) in [("clean", &self.elections), ("unclean", &self.unclean)] {
            into.set(
                &LEADER_ELECTIONS,
                &[kind],
                count.load(Ordering::Relaxed) as f64,
            );
        }
        sample_quorum(&quorum, into);
        if leads {
            sample_cluster(&image, into);
        }
    }
}

fn sample_quorum(quorum: &QuorumStatus, into: &mut Samples) {
    let leader = quorum.leader.map_or(-1, |leader| leader.node.0);
    into.set(&QUORUM_TERM, &[], quorum.term as f64);
    into.set(&QUORUM_LEADER, &[], f64::from(leader));
    into.set(&QUORUM_LOG_END, &[], quorum.high_watermark as f64);
    for (kind, members) in [("voter", &quorum.voters), ("observer", &quorum.observers)] {
        into.set(&QUORUM_MEMBERS, &[kind], members.len() as f64);
        for MemberStatus { id, end, .. } in members {
            // Only the leader knows where the others are.
            if let Some(end) = end.filter(|_| quorum.leader.is_some()) {
                let lag = quorum.high_watermark.saturating_sub(end);
                into.set(&QUORUM_LAG, &[&id.node.to_string()], lag as f64);
            }
        }
    }
}

fn sample_cluster(image: &Image, into: &mut Samples) {
    let (mut alive, mut fenced) = (0_usize, 0_usize);
    for broker in image.brokers.iter() {
        match broker.fenced {
            true => fenced += 1,
            false => alive += 1,
        }
    }
    for (state, count) in [("alive", alive), ("fenced", fenced)] {
        into.set(&CLUSTER_BROKERS, &[state], count as f64);
    }
    into.set(&CLUSTER_TOPICS, &[], image.topics.len() as f64);
    let mut counts = [0_usize; 5];
    for (_, _, partition) in image.topics.partitions() {
        let preferred = partition.replicas.first().copied();
        let is = [
            true,
            partition.leader.is_none(),
            partition.isr.len() < partition.replicas.len(),
            !partition.adding_replicas.is_empty() || !partition.removing_replicas.is_empty(),
            partition.leader.is_some() && partition.leader != preferred,
        ];
        for (count, is) in counts.iter_mut().zip(is) {
            *count += usize::from(is);
        }
    }
    let states = [
        "all",
        "offline",
        "under_replicated",
        "reassigning",
        "not_preferred",
    ];
    for (state, count) in states.iter().zip(counts) {
        into.set(&CLUSTER_PARTITIONS, &[state], count as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_election_is_clean_when_the_new_leader_had_everything() {
        let led = |leader: Option<i32>, isr: &[i32], eligible: &[i32]| Partition {
            leader: leader.map(BrokerId),
            isr: isr.iter().copied().map(BrokerId).collect(),
            eligible_leader_replicas: eligible.iter().copied().map(BrokerId).collect(),
            ..Default::default()
        };
        let before = led(Some(1), &[1, 2], &[3]);
        for (leader, expected) in [
            (Some(1), None),
            (None, None),
            (Some(2), Some(true)),
            (Some(3), Some(true)),
            (Some(4), Some(false)),
        ] {
            assert_eq!(
                election(&before, &led(leader, &[], &[])),
                expected,
                "{leader:?}"
            );
        }
    }
}
