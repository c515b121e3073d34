//! Where the replicas of a broker that leaves go: pure.
//!
//! Guarantees: a partition keeps its other replicas and their order; no broker gets two replicas of one partition. Racks that a partition is
//! not in yet come first, then brokers with fewer replicas, those that are on their way counted.

use std::collections::BTreeMap;

/// A broker that may take replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taker {
    pub id: i32,
    pub rack: Option<String>,
    /// That it has, or is about to have.
    pub replicas: usize,
}

/// A partition and the brokers that have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    pub topic: String,
    pub index: i32,
    pub replicas: Vec<i32>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRoom(pub Placed);

/// The partitions as they are to be; in their order. `racks`: of all brokers. `may_shrink`: a partition that nobody can take gets a replica
/// fewer, unless it has no other.
///
/// # Errors
/// A partition that no broker can take.
pub fn choose(
    partitions: &[Placed],
    leaving: i32,
    takers: &mut [Taker],
    racks: &BTreeMap<i32, String>,
    may_shrink: bool,
) -> Result<Vec<Placed>, NoRoom> {
    let mut planned = Vec::with_capacity(partitions.len());
    for partition in partitions {
        let others: Vec<i32> = partition.replicas.clone();
        let used: Vec<&String> = others
            .iter()
            .filter(|id| **id != leaving)
            .filter_map(|id| racks.get(id))
            .collect();
        let taker = takers
            .iter_mut()
            .filter(|taker| taker.id != leaving && !others.contains(&taker.id))
            .min_by_key(|taker| {
                let is_in_used_rack = taker.rack.as_ref().is_some_and(|rack| used.contains(&rack));
                (is_in_used_rack, taker.replicas, taker.id)
            });
        let replicas: Vec<i32> = match taker {
            Some(taker) => {
                taker.replicas += 1;
                let replaced = |id: &i32| if *id == leaving { taker.id } else { *id };
                others.iter().map(replaced).collect()
            }
            None if may_shrink && others.len() > 1 => {
                others.into_iter().filter(|id| *id != leaving).collect()
            }
            None => return Err(NoRoom(partition.clone())),
        };
        planned.push(Placed {
            replicas,
            ..partition.clone()
        });
    }
    Ok(planned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taker(id: i32, rack: &str, replicas: usize) -> Taker {
        Taker {
            id,
            rack: Some(rack.to_owned()),
            replicas,
        }
    }

    fn placed(index: i32, replicas: &[i32]) -> Placed {
        Placed {
            topic: "t".to_owned(),
            index,
            replicas: replicas.to_vec(),
        }
    }

    fn replicas(planned: Result<Vec<Placed>, NoRoom>) -> Vec<Vec<i32>> {
        let planned = planned.unwrap();
        planned.into_iter().map(|one| one.replicas).collect()
    }

    #[test]
    fn what_leaves_is_spread_over_those_with_the_fewest_and_keeps_its_place_in_the_order() {
        let mut takers = [taker(1, "a", 5), taker(2, "a", 4), taker(4, "a", 4)];
        let partitions = [
            placed(0, &[3, 1]),
            placed(1, &[1, 3]),
            placed(2, &[2, 3, 4]),
        ];
        let planned = choose(&partitions, 3, &mut takers, &BTreeMap::new(), false);
        assert_eq!(replicas(planned), [vec![2, 1], vec![1, 4], vec![2, 1, 4]]);
    }

    #[test]
    fn another_rack_counts_more_than_fewer_replicas() {
        let racks = [(1, "a".to_owned()), (3, "b".to_owned())].into();
        let mut takers = [taker(1, "a", 0), taker(2, "a", 0), taker(4, "b", 9)];
        let planned = choose(&[placed(0, &[1, 3])], 3, &mut takers, &racks, false);
        assert_eq!(replicas(planned), [vec![1, 4]]);
    }

    #[test]
    fn where_nobody_can_take_a_replica_there_is_no_plan_unless_there_may_be_fewer() {
        let partition = placed(0, &[1, 2, 3]);
        let mut takers = [taker(1, "a", 0), taker(2, "a", 0)];
        let planned = choose(
            std::slice::from_ref(&partition),
            3,
            &mut takers,
            &BTreeMap::new(),
            false,
        );
        assert_eq!(planned, Err(NoRoom(partition.clone())));
        let planned = choose(&[partition], 3, &mut takers, &BTreeMap::new(), true);
        assert_eq!(replicas(planned), [vec![1, 2]]);
        let alone = placed(0, &[3]);
        let planned = choose(
            std::slice::from_ref(&alone),
            3,
            &mut [],
            &BTreeMap::new(),
            true,
        );
        assert_eq!(planned, Err(NoRoom(alone)));
    }
}
