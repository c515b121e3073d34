//! What becomes of a partition after its circumstances changed: who leads it, who stays in its ISR and ELR, and which replicas it has.
//!
//! Kafka's `PartitionChangeBuilder` as one pure function: a reassignment completes when the new replicas are in sync (KIP-455),
//! eligible leader replicas are those that fell from the ISR below `min.insync.replicas` (KIP-966), and elections go in the order present
//! leader, ISR, ELR, last known leader, and, where the topic wants it, anybody alive.

use super::reassignment::Reassignment;
use crate::ids::{BrokerId, TopicId};
use crate::image::{LeaderRecovery, NO_LEADER_CHANGE, Partition};
use ottla_protocol::Uuid;
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

/// Everything about a partition's surroundings that a change depends on.
pub struct Circumstances<'a> {
    /// Whether a broker may lead this partition: alive, and its directory online.
    pub may_lead: &'a dyn Fn(BrokerId) -> bool,
    /// The directory of a replica that is new on a broker (KIP-858).
    pub default_directory: &'a dyn Fn(BrokerId) -> Uuid,
    pub election: Election,
    /// The topic's `min.insync.replicas`.
    pub min_in_sync_replicas: usize,
    /// Whether eligible leader replicas are kept.
    pub keeps_eligible: bool,
    /// A broker that came back without knowing what it lost: it is in no set any more.
    pub lost_its_tail: Option<BrokerId>,
}

/// What a partition is to become, where nothing stands against it. Starts as what it is.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub isr: Vec<BrokerId>,
    /// The replicas while they are being reassigned: old and new ones.
    pub reassignment: Reassignment,
    pub recovery: LeaderRecovery,
    /// Where a broker says that its replica is.
    pub directory: Option<(BrokerId, Uuid)>,
}

impl Wanted {
    /// The partition as it is.
    pub fn unchanged(partition: &Partition) -> Self {
        Wanted {
            isr: partition.isr.to_vec(),
            reassignment: Reassignment::under_way(partition),
            recovery: partition.leader_recovery,
            directory: None,
        }
    }

    /// The partition with another ISR.
    pub fn with_isr(partition: &Partition, isr: Vec<BrokerId>) -> Self {
        Wanted {
            isr,
            ..Self::unchanged(partition)
        }
    }
}

/// The change that makes the partition what is wanted, as far as it can be; `None` when nothing changes.
pub fn choose_change(
    partition: &Partition,
    topic: TopicId,
    index: i32,
    mut wanted: Wanted,
    around: &Circumstances<'_>,
) -> Option<PartitionChangeRecord> {
    if let Some((replicas, isr)) = wanted.reassignment.completed(&wanted.isr) {
        wanted.isr = isr;
        wanted.reassignment = Reassignment::none(replicas);
    }
    let nothing = PartitionChangeRecord {
        topic_id: topic.0,
        partition_id: index,
        ..Default::default()
    };
    let mut change = nothing.clone();
    let mut next = Next {
        partition,
        around,
        wanted,
        eligible: Vec::new(),
    };
    next.eligible = next.choose_eligible();
    let forced_isr = next.note_election(&mut change);
    next.note_lost_replicas(&mut change);
    next.note_sets(&mut change, forced_isr);
    next.note_last_known(&mut change);
    next.note_assignment(&mut change);
    if !forced_isr && next.wanted.recovery != partition.leader_recovery {
        change.leader_recovery_state = next.wanted.recovery.to_wire();
    }
    (change != nothing).then_some(change)
}

struct Next<'a> {
    partition: &'a Partition,
    around: &'a Circumstances<'a>,
    wanted: Wanted,
    eligible: Vec<BrokerId>,
}

struct Elected {
    leader: Option<BrokerId>,
    unclean: bool,
}

impl Next<'_> {
    fn replicas(&self) -> &[BrokerId] {
        &self.wanted.reassignment.replicas
    }

    fn choose_eligible(&self) -> Vec<BrokerId> {
        let enough = self
            .around
            .min_in_sync_replicas
            .min(self.partition.replicas.len());
        if !self.around.keeps_eligible || self.wanted.isr.len() >= enough {
            return Vec::new();
        }
        let mut eligible: Vec<BrokerId> = self
            .partition
            .eligible_leader_replicas
            .iter()
            .chain(&self.partition.isr)
            .copied()
            .filter(|replica| {
                self.replicas().contains(replica)
                    && !self.wanted.isr.contains(replica)
                    && self.around.lost_its_tail != Some(*replica)
            })
            .collect();
        eligible.sort_unstable();
        eligible.dedup();
        eligible
    }

    /// Elects; whether the election was unclean, so that the ISR is the new leader alone.
    fn note_election(&mut self, change: &mut PartitionChangeRecord) -> bool {
        let elected = self.elect();
        if elected.leader == self.partition.leader {
            return false;
        }
        change.leader = elected.leader.unwrap_or(BrokerId::NONE).0;
        let eligible = |leader: &BrokerId| self.eligible.contains(leader);
        if let Some(leader) = elected.leader.filter(eligible) {
            self.wanted.isr = vec![leader];
            self.eligible.retain(|replica| *replica != leader);
        }
        if elected.unclean {
            self.wanted.isr = elected.leader.into_iter().collect();
            if self.partition.leader_recovery != LeaderRecovery::Recovering {
                change.leader_recovery_state = LeaderRecovery::Recovering.to_wire();
            }
        }
        elected.unclean
    }

    fn elect(&self) -> Elected {
        let elected = |leader, unclean| Elected { leader, unclean };
        let replicas = self.replicas();
        let preferred = replicas
            .first()
            .copied()
            .filter(|_| self.around.election == Election::Preferred);
        let mut in_order = preferred
            .into_iter()
            .chain(self.partition.leader)
            .chain(replicas.iter().copied());
        if let Some(leader) = in_order.find(|replica| self.may_lead_cleanly(*replica)) {
            return elected(Some(leader), false);
        }
        if let Some(leader) = self.last_known_leader() {
            return elected(Some(leader), true);
        }
        let mut alive = replicas.iter().copied();
        let anybody = alive.find(|replica| (self.around.may_lead)(*replica));
        let anybody = anybody.filter(|_| self.around.election == Election::Unclean);
        elected(anybody, anybody.is_some())
    }

    fn may_lead_cleanly(&self, replica: BrokerId) -> bool {
        let isr = &self.wanted.isr;
        let holds_everything =
            isr.contains(&replica) || (isr.is_empty() && self.eligible.contains(&replica));
        holds_everything && (self.around.may_lead)(replica)
    }

    /// When nobody is in sync or eligible, the last leader is the one that lost least (KIP-966's "balanced" recovery).
    fn last_known_leader(&self) -> Option<BrokerId> {
        if !self.around.keeps_eligible || !self.wanted.isr.is_empty() || !self.eligible.is_empty() {
            return None;
        }
        match *self.partition.last_known_eligible {
            [only] if self.replicas().contains(&only) && (self.around.may_lead)(only) => Some(only),
            _ => None,
        }
    }

    /// A broker that loses its replica must not go on fetching under the leader epoch that it knows.
    fn note_lost_replicas(&self, change: &mut PartitionChangeRecord) {
        let is_kept = |replica: &BrokerId| self.replicas().contains(replica);
        if change.leader == NO_LEADER_CHANGE && !self.partition.replicas.iter().all(is_kept) {
            change.leader = self.partition.leader.unwrap_or(BrokerId::NONE).0;
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
        let isr = &self.wanted.isr;
        let may_be_empty = self.around.keeps_eligible;
        let differs = *isr != *self.partition.isr && (may_be_empty || !isr.is_empty());
        if forced_isr || differs {
            change.isr = Some(numbers(isr));
        }
    }

    /// Whoever led when the partition lost its last leader is remembered until there is a leader again.
    fn note_last_known(&self, change: &mut PartitionChangeRecord) {
        let known = &self.partition.last_known_eligible;
        let forgets = !self.around.keeps_eligible || change.leader >= 0;
        match self.partition.leader {
            Some(leader) if !forgets && change.leader == BrokerId::NONE.0 && known.is_empty() => {
                change.last_known_elr = Some(vec![leader.0]);
            }
            _ if forgets && !known.is_empty() => change.last_known_elr = Some(Vec::new()),
            _ => {}
        }
    }

    fn note_assignment(&self, change: &mut PartitionChangeRecord) {
        let Reassignment {
            replicas,
            adding,
            removing,
        } = &self.wanted.reassignment;
        let directories: Vec<Uuid> = replicas.iter().map(|it| self.directory(*it)).collect();
        let moves = *replicas != *self.partition.replicas;
        if moves {
            change.replicas = Some(numbers(replicas));
        }
        if moves || directories != *self.partition.directories {
            change.directories = Some(directories);
        }
        if *adding != *self.partition.adding_replicas {
            change.adding_replicas = Some(numbers(adding));
        }
        if *removing != *self.partition.removing_replicas {
            change.removing_replicas = Some(numbers(removing));
        }
    }

    fn directory(&self, replica: BrokerId) -> Uuid {
        let told = self
            .wanted
            .directory
            .filter(|(broker, _)| *broker == replica);
        told.map(|(_, directory)| directory)
            .or_else(|| self.partition.directory(replica))
            .unwrap_or_else(|| (self.around.default_directory)(replica))
    }
}

fn numbers(brokers: &[BrokerId]) -> Vec<i32> {
    brokers.iter().map(|broker| broker.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::directory;

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
            directories: vec![directory::UNASSIGNED; case.replicas.len()].into(),
            ..Default::default()
        };
        let around = Circumstances {
            may_lead: &|broker| case.alive.contains(&broker.0),
            default_directory: &|_| directory::UNASSIGNED,
            election: case.election,
            min_in_sync_replicas: case.min,
            keeps_eligible: case.keeps_eligible,
            lost_its_tail: case.lost_its_tail.map(BrokerId),
        };
        let change = choose_change(
            &partition,
            TopicId::default(),
            0,
            Wanted::with_isr(&partition, ids(case.target_isr).into()),
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
        assert_eq!(after(&case), Some((vec![1], vec![], vec![1], -1)));
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
