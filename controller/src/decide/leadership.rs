//! Who leads a partition after its replicas' circumstances changed, and who stays in its ISR and ELR.
//!
//! Kafka's `PartitionChangeBuilder` as one pure function: ISR without the broker that leaves, eligible leader replicas out of
//! those that fell from the ISR below `min.insync.replicas` (KIP-966), election in the order present leader, ISR, ELR,
//! last known leader, and, where the topic wants it, anybody alive. Reassignment is not part of this yet.

use crate::ids::{BrokerId, TopicId};
use crate::image::{LeaderRecovery, Partition};
use ottla_protocol::records::metadata::PartitionChangeRecord;

/// Which elections are allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Election {
    /// Only replicas that hold everything.
    #[default]
    Clean,
    /// The preferred leader if it is alive and in sync, even if the present leader is fine.
    Preferred,
    /// Any replica that is alive, when nothing else is left: loses data.
    Unclean,
}

/// Everything about a partition's surroundings that an election depends on.
pub struct Circumstances<'a> {
    /// Whether a broker may lead this partition: alive, and its directory online.
    pub may_lead: &'a dyn Fn(BrokerId) -> bool,
    pub election: Election,
    /// The topic's `min.insync.replicas`.
    pub min_in_sync_replicas: usize,
    /// Whether eligible leader replicas are kept.
    pub keeps_eligible: bool,
    /// A broker that came back without knowing what it lost: it is in no set any more.
    pub lost_its_tail: Option<BrokerId>,
}

/// The change that follows when the ISR is to become `target_isr`; `None` when nothing changes.
pub fn choose_change(
    partition: &Partition,
    topic: TopicId,
    index: i32,
    target_isr: Vec<BrokerId>,
    around: &Circumstances<'_>,
) -> Option<PartitionChangeRecord> {
    let mut next = Next {
        partition,
        around,
        isr: target_isr,
        eligible: Vec::new(),
    };
    next.eligible = next.choose_eligible();
    let elected = next.elect();
    let mut change = PartitionChangeRecord {
        topic_id: topic.0,
        partition_id: index,
        ..Default::default()
    };
    let mut forced_isr = false;
    if elected.leader != partition.leader {
        if let Some(leader) = elected
            .leader
            .filter(|leader| next.eligible.contains(leader))
        {
            next.isr = vec![leader];
            next.eligible.retain(|replica| *replica != leader);
        }
        change.leader = elected.leader.unwrap_or(BrokerId::NONE).0;
        if elected.unclean {
            forced_isr = true;
            next.isr = elected.leader.into_iter().collect();
            if partition.leader_recovery != LeaderRecovery::Recovering {
                change.leader_recovery_state = LeaderRecovery::Recovering.to_wire();
            }
        }
    }
    next.note_sets(&mut change, forced_isr);
    next.note_last_known(&mut change);
    (change
        != PartitionChangeRecord {
            topic_id: topic.0,
            partition_id: index,
            ..Default::default()
        })
    .then_some(change)
}

struct Next<'a> {
    partition: &'a Partition,
    around: &'a Circumstances<'a>,
    isr: Vec<BrokerId>,
    eligible: Vec<BrokerId>,
}

struct Elected {
    leader: Option<BrokerId>,
    unclean: bool,
}

impl Next<'_> {
    fn choose_eligible(&self) -> Vec<BrokerId> {
        let enough = self
            .around
            .min_in_sync_replicas
            .min(self.partition.replicas.len());
        if !self.around.keeps_eligible || self.isr.len() >= enough {
            return Vec::new();
        }
        let mut eligible: Vec<BrokerId> = self
            .partition
            .eligible_leader_replicas
            .iter()
            .chain(&self.partition.isr)
            .copied()
            .filter(|replica| {
                !self.isr.contains(replica) && self.around.lost_its_tail != Some(*replica)
            })
            .collect();
        eligible.sort_unstable();
        eligible.dedup();
        eligible
    }

    fn elect(&self) -> Elected {
        let clean = |leader| Elected {
            leader: Some(leader),
            unclean: false,
        };
        let (replicas, present) = (&self.partition.replicas, self.partition.leader);
        let preferred = replicas
            .first()
            .copied()
            .filter(|_| self.around.election == Election::Preferred);
        let in_order = preferred
            .into_iter()
            .chain(present)
            .chain(replicas.iter().copied());
        if let Some(leader) = in_order
            .into_iter()
            .find(|replica| self.may_lead_cleanly(*replica))
        {
            return clean(leader);
        }
        if let Some(leader) = self.last_known_leader() {
            return Elected {
                leader: Some(leader),
                unclean: true,
            };
        }
        let anybody = replicas
            .iter()
            .copied()
            .find(|replica| (self.around.may_lead)(*replica));
        match anybody.filter(|_| self.around.election == Election::Unclean) {
            Some(leader) => Elected {
                leader: Some(leader),
                unclean: true,
            },
            None => Elected {
                leader: None,
                unclean: false,
            },
        }
    }

    fn may_lead_cleanly(&self, replica: BrokerId) -> bool {
        let holds_everything = self.isr.contains(&replica)
            || (self.isr.is_empty() && self.eligible.contains(&replica));
        holds_everything && (self.around.may_lead)(replica)
    }

    /// When nobody is in sync or eligible, the last leader is the one that lost least (KIP-966's "balanced" recovery).
    fn last_known_leader(&self) -> Option<BrokerId> {
        if !self.around.keeps_eligible || !self.isr.is_empty() || !self.eligible.is_empty() {
            return None;
        }
        match *self.partition.last_known_eligible {
            [only] if (self.around.may_lead)(only) => Some(only),
            _ => None,
        }
    }

    fn note_sets(&mut self, change: &mut PartitionChangeRecord, forced_isr: bool) {
        if forced_isr || !self.around.keeps_eligible {
            self.eligible.clear();
        }
        if self.eligible != *self.partition.eligible_leader_replicas {
            change.eligible_leader_replicas = Some(numbers(&self.eligible));
        }
        // Without eligible replicas the last member of the ISR stays in it: somebody must know where the data is.
        let may_be_empty = self.around.keeps_eligible;
        let differs = self.isr != *self.partition.isr && (may_be_empty || !self.isr.is_empty());
        if forced_isr || differs {
            change.isr = Some(numbers(&self.isr));
        }
    }

    fn note_last_known(&self, change: &mut PartitionChangeRecord) {
        if !self.around.keeps_eligible {
            if !self.partition.last_known_eligible.is_empty() {
                change.last_known_elr = Some(Vec::new());
            }
            return;
        }
        let known = &*self.partition.last_known_eligible;
        let becomes_empty = change.isr.as_ref().is_some_and(Vec::is_empty);
        let has_leader =
            change.leader >= 0 || (self.partition.leader.is_some() && change.leader != -1);
        match self.partition.leader {
            Some(leader) if becomes_empty && known != [leader] => {
                change.last_known_elr = Some(vec![leader.0])
            }
            _ if has_leader && !known.is_empty() => change.last_known_elr = Some(Vec::new()),
            _ => {}
        }
    }
}

fn numbers(brokers: &[BrokerId]) -> Vec<i32> {
    brokers.iter().map(|broker| broker.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        replicas: &'static [i32],
        isr: &'static [i32],
        eligible: &'static [i32],
        last_known: &'static [i32],
        leader: i32,
        alive: &'static [i32],
        target_isr: &'static [i32],
        election: Election,
        min: usize,
        keeps_eligible: bool,
        lost_its_tail: Option<i32>,
    }

    const HEALTHY: Case = Case {
        replicas: &[1, 2, 3],
        isr: &[1, 2, 3],
        eligible: &[],
        last_known: &[],
        leader: 1,
        alive: &[1, 2, 3],
        target_isr: &[1, 2, 3],
        election: Election::Clean,
        min: 1,
        keeps_eligible: true,
        lost_its_tail: None,
    };

    fn ids(numbers: &[i32]) -> Box<[BrokerId]> {
        numbers.iter().copied().map(BrokerId).collect()
    }

    /// ISR, ELR, last known and leader.
    type Sets = (Vec<i32>, Vec<i32>, Vec<i32>, i32);

    /// The partition after the change; `None` when nothing changes.
    fn after(case: &Case) -> Option<Sets> {
        let partition = Partition {
            replicas: ids(case.replicas),
            isr: ids(case.isr),
            eligible_leader_replicas: ids(case.eligible),
            last_known_eligible: ids(case.last_known),
            leader: (case.leader >= 0).then_some(BrokerId(case.leader)),
            ..Default::default()
        };
        let around = Circumstances {
            may_lead: &|broker| case.alive.contains(&broker.0),
            election: case.election,
            min_in_sync_replicas: case.min,
            keeps_eligible: case.keeps_eligible,
            lost_its_tail: case.lost_its_tail.map(BrokerId),
        };
        let change = choose_change(
            &partition,
            TopicId::default(),
            0,
            ids(case.target_isr).into(),
            &around,
        )?;
        let after = partition.merged(&change);
        Some((
            numbers(&after.isr),
            numbers(&after.eligible_leader_replicas),
            numbers(&after.last_known_eligible),
            after.leader.map_or(-1, |leader| leader.0),
        ))
    }

    #[test]
    fn nothing_changes_where_nothing_happened() {
        assert_eq!(after(&HEALTHY), None);
    }

    #[test]
    fn the_next_replica_in_sync_leads_when_the_leader_goes() {
        let case = Case {
            alive: &[2, 3],
            target_isr: &[2, 3],
            ..HEALTHY
        };
        assert_eq!(after(&case), Some((vec![2, 3], vec![], vec![], 2)));
    }

    #[test]
    fn who_falls_below_the_minimum_becomes_eligible() {
        let case = Case {
            isr: &[1, 2],
            alive: &[1],
            target_isr: &[1],
            min: 2,
            ..HEALTHY
        };
        assert_eq!(after(&case), Some((vec![1], vec![2], vec![], 1)));
    }

    #[test]
    fn the_last_replica_leaves_an_empty_isr_and_stays_eligible() {
        let case = Case {
            isr: &[1],
            alive: &[],
            target_isr: &[],
            ..HEALTHY
        };
        assert_eq!(after(&case), Some((vec![], vec![1], vec![1], -1)));
    }

    #[test]
    fn without_eligible_replicas_the_last_one_stays_in_the_isr() {
        let case = Case {
            isr: &[1],
            alive: &[],
            target_isr: &[],
            keeps_eligible: false,
            ..HEALTHY
        };
        assert_eq!(after(&case), Some((vec![1], vec![], vec![], -1)));
    }

    #[test]
    fn an_eligible_replica_that_comes_back_leads_and_is_in_sync() {
        let case = Case {
            isr: &[],
            eligible: &[2],
            last_known: &[2],
            leader: -1,
            target_isr: &[],
            alive: &[2],
            ..HEALTHY
        };
        assert_eq!(after(&case), Some((vec![2], vec![], vec![], 2)));
    }

    #[test]
    fn an_unclean_restart_of_the_only_replica_leaves_it_as_last_known_leader() {
        let case = Case {
            replicas: &[1],
            isr: &[1],
            alive: &[],
            target_isr: &[],
            lost_its_tail: Some(1),
            ..HEALTHY
        };
        assert_eq!(after(&case), Some((vec![], vec![], vec![1], -1)));
        let back = Case {
            replicas: &[1],
            isr: &[],
            last_known: &[1],
            leader: -1,
            target_isr: &[],
            alive: &[1],
            ..HEALTHY
        };
        assert_eq!(after(&back), Some((vec![1], vec![], vec![], 1)));
    }

    #[test]
    fn a_replica_out_of_sync_leads_only_an_unclean_election() {
        let case = Case {
            isr: &[1],
            target_isr: &[1],
            alive: &[3],
            ..HEALTHY
        };
        assert_eq!(after(&case), Some((vec![1], vec![], vec![], -1)));
        let case = Case {
            election: Election::Unclean,
            ..case
        };
        assert_eq!(after(&case), Some((vec![3], vec![], vec![], 3)));
    }

    #[test]
    fn a_preferred_election_moves_a_healthy_leader() {
        let case = Case {
            leader: 2,
            election: Election::Preferred,
            ..HEALTHY
        };
        assert_eq!(after(&case), Some((vec![1, 2, 3], vec![], vec![], 1)));
    }
}
