//! Where the replicas of new partitions go: striped over racks, and over the brokers of each rack.
//!
//! The guarantees are those of Kafka's `StripedReplicaPlacer`: no broker twice in a partition; the first replica on a broker
//! that is not fenced; replicas spread over racks before they are spread over brokers; unfenced brokers before fenced ones
//! within a rack; leaders and followers balanced, with the orders shuffled after each full round so that a lost broker's
//! leaders do not all fall to the same neighbour. Deterministic for a given [`Dice`].

use crate::dice::Dice;
use crate::ids::BrokerId;
use crate::image::Image;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Places replicas for one topic. Each call goes on where the one before ended.
pub struct Placer {
    racks: Vec<Rack>,
    broker_count: usize,
    unfenced_count: usize,
    /// The rack with which the next partition begins.
    offset: usize,
    round: usize,
    dice: Dice,
}

#[derive(Default)]
struct Rack {
    unfenced: Stripe,
    fenced: Stripe,
}

/// Brokers that are handed out in turn, each at most once per round, starting one further in each round.
#[derive(Default)]
struct Stripe {
    brokers: Vec<BrokerId>,
    given: usize,
    offset: usize,
    round: usize,
}

impl Placer {
    /// A placer over the brokers that are not shutting down and have a directory that is not cordoned. Takes its randomness out of `dice` once.
    pub fn new(image: &Image, dice: &mut Dice) -> Self {
        let mut dice = Dice::new(dice.next_u64());
        let mut racks: BTreeMap<Option<Arc<str>>, Rack> = BTreeMap::new();
        let (mut broker_count, mut unfenced_count) = (0, 0);
        for broker in image
            .brokers
            .iter()
            .filter(|broker| !broker.in_controlled_shutdown && broker.has_uncordoned_directory())
        {
            let rack = racks.entry(broker.rack.clone()).or_default();
            let stripe = if broker.fenced {
                &mut rack.fenced
            } else {
                &mut rack.unfenced
            };
            stripe.brokers.push(broker.id);
            broker_count += 1;
            unfenced_count += usize::from(!broker.fenced);
        }
        let mut racks: Vec<Rack> = racks.into_values().collect();
        for rack in &mut racks {
            rack.unfenced.start(&mut dice);
            rack.fenced.start(&mut dice);
        }
        let offset = if racks.is_empty() {
            0
        } else {
            dice.below(racks.len())
        };
        Placer {
            racks,
            broker_count,
            unfenced_count,
            offset,
            round: 0,
            dice,
        }
    }

    /// Whether partitions with this many replicas can be placed; the reason if not, in Kafka's words.
    pub fn check(&self, replication_factor: i16) -> Result<usize, String> {
        let wanted = usize::try_from(replication_factor).unwrap_or(0);
        if wanted == 0 {
            return Err(format!(
                "Invalid replication factor {replication_factor}: the replication factor must be positive."
            ));
        }
        if self.unfenced_count == 0 {
            let reason =
                "All brokers are currently fenced, or have all their log directories cordoned.";
            return Err(reason.to_owned());
        }
        if wanted > self.broker_count {
            return Err(format!(
                "The target replication factor of {wanted} cannot be reached because only {} broker(s) are registered or some \
                 brokers have all their log directories cordoned.",
                self.broker_count
            ));
        }
        Ok(wanted)
    }

    /// The replicas of the next partition; `replicas` is a number that [`Placer::check`] returned.
    pub fn place(&mut self, replicas: usize) -> Vec<BrokerId> {
        assert!(
            replicas <= self.broker_count && self.unfenced_count > 0,
            "checked before placing"
        );
        if self.unfenced_count > 1
            && self.round > 0
            && self.round.is_multiple_of(self.unfenced_count)
        {
            self.shuffle();
        }
        self.offset %= self.racks.len();
        let mut chosen = Vec::with_capacity(replicas);
        let mut leader_rack = Some(self.place_leader(&mut chosen));
        let mut rack = self.offset;
        while chosen.len() < replicas {
            if leader_rack == Some(rack) {
                leader_rack = None; // it had its turn
            } else {
                chosen.extend(self.racks[rack].next(self.round));
            }
            rack = (rack + 1) % self.racks.len();
        }
        self.round += 1;
        self.offset += 1;
        chosen
    }

    fn place_leader(&mut self, chosen: &mut Vec<BrokerId>) -> usize {
        let mut rack = self.offset;
        loop {
            if let Some(leader) = self.racks[rack].unfenced.next(self.round) {
                chosen.push(leader);
                return rack;
            }
            rack = (rack + 1) % self.racks.len();
        }
    }

    fn shuffle(&mut self) {
        self.dice.shuffle(&mut self.racks);
        for rack in &mut self.racks {
            self.dice.shuffle(&mut rack.unfenced.brokers);
            self.dice.shuffle(&mut rack.fenced.brokers);
        }
    }
}

impl Rack {
    fn next(&mut self, round: usize) -> Option<BrokerId> {
        self.unfenced
            .next(round)
            .or_else(|| self.fenced.next(round))
    }
}

impl Stripe {
    fn start(&mut self, dice: &mut Dice) {
        if !self.brokers.is_empty() {
            self.offset = dice.below(self.brokers.len());
        }
    }

    fn next(&mut self, round: usize) -> Option<BrokerId> {
        if self.brokers.is_empty() {
            return None;
        }
        if self.round != round {
            (self.round, self.given) = (round, 0);
            self.offset = (self.offset + 1) % self.brokers.len();
        }
        if self.given == self.brokers.len() {
            return None;
        }
        let broker = self.brokers[(self.given + self.offset) % self.brokers.len()];
        self.given += 1;
        Some(broker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::Delta;
    use ottla_protocol::Uuid;
    use ottla_protocol::records::metadata::{MetadataRecord, RegisterBrokerRecord};

    fn image(brokers: &[(i32, Option<&str>, bool)]) -> Image {
        let mut image = Image::default();
        for (id, rack, fenced) in brokers {
            let record = RegisterBrokerRecord {
                broker_id: *id,
                rack: rack.map(Into::into),
                fenced: *fenced,
                ..Default::default()
            };
            image
                .apply(
                    &MetadataRecord::RegisterBroker(record),
                    &mut Delta::default(),
                )
                .unwrap();
        }
        image
    }

    fn place(image: &Image, replicas: usize, partitions: usize) -> Vec<Vec<BrokerId>> {
        let mut placer = Placer::new(image, &mut Dice::new(7));
        (0..partitions).map(|_| placer.place(replicas)).collect()
    }

    #[test]
    fn no_broker_holds_a_partition_twice_and_leaders_are_even() {
        let image = image(&[
            (1, None, false),
            (2, None, false),
            (3, None, false),
            (4, None, false),
        ]);
        let mut led: BTreeMap<BrokerId, usize> = BTreeMap::new();
        for replicas in place(&image, 3, 400) {
            let distinct: std::collections::BTreeSet<_> = replicas.iter().collect();
            assert_eq!(distinct.len(), 3);
            *led.entry(replicas[0]).or_default() += 1;
        }
        assert!(
            led.values().all(|count| (90..=110).contains(count)),
            "{led:?}"
        );
    }

    #[test]
    fn every_partition_spans_as_many_racks_as_it_can() {
        let image = image(&[
            (1, Some("a"), false),
            (2, Some("a"), false),
            (3, Some("b"), false),
            (4, Some("b"), false),
        ]);
        for replicas in place(&image, 2, 50) {
            assert_ne!(replicas[0].0 <= 2, replicas[1].0 <= 2, "{replicas:?}");
        }
    }

    #[test]
    fn a_fenced_broker_never_leads_and_is_taken_last() {
        let image = image(&[(1, None, false), (2, None, true), (3, None, false)]);
        for replicas in place(&image, 2, 50) {
            assert!(!replicas.contains(&BrokerId(2)), "{replicas:?}");
        }
        for replicas in place(&image, 3, 50) {
            assert_eq!(replicas[2], BrokerId(2));
        }
    }

    #[test]
    fn a_broker_whose_directories_are_all_cordoned_gets_nothing_new() {
        let mut image = image(&[(1, None, false), (3, None, false)]);
        let (first, second) = (Uuid([1; 16]), Uuid([2; 16]));
        let cordoned = |cordoned: Vec<Uuid>| RegisterBrokerRecord {
            broker_id: 2,
            fenced: false,
            log_dirs: vec![first, second],
            cordoned_log_dirs: Some(cordoned),
            ..Default::default()
        };
        let mut register = |record| {
            let record = MetadataRecord::RegisterBroker(record);
            image.apply(&record, &mut Delta::default()).unwrap();
            Placer::new(&image, &mut Dice::new(1)).broker_count
        };
        assert_eq!(register(cordoned(vec![first, second])), 2);
        assert_eq!(register(cordoned(vec![second])), 3);
    }

    #[test]
    fn the_same_dice_place_the_same() {
        let image = image(&[(1, None, false), (2, None, false), (3, None, false)]);
        assert_eq!(place(&image, 2, 20), place(&image, 2, 20));
    }

    #[test]
    fn one_broker_is_enough_for_one_replica_and_too_few_for_two() {
        let image = image(&[(1, None, false)]);
        let placer = Placer::new(&image, &mut Dice::new(1));
        assert_eq!(placer.check(1), Ok(1));
        assert!(placer.check(2).unwrap_err().contains("only 1 broker(s)"));
        assert_eq!(place(&image, 1, 3), vec![vec![BrokerId(1)]; 3]);
    }
}
