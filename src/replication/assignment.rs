//! Whom this node follows in which partition, by a change of the metadata: pure.
//!
//! Guarantees: carried out in order, the moves lead from whom was followed to whom the image says; a partition without a leader, or
//! led here, is followed nowhere.

use ottla_controller::Update;
use ottla_controller::ids::{BrokerId, TopicId};
use ottla_storage::offset::LeaderEpoch;

/// A partition, whatever it is called.
pub type Key = (TopicId, i32);

/// What is to be done about one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Follow(Key, BrokerId, LeaderEpoch),
    Leave(Key),
}

/// The moves that an update asks of this node.
pub fn choose(update: &Update, me: BrokerId) -> Vec<Move> {
    let mut moves = Vec::new();
    for (topic_id, indexes) in &update.delta.topics {
        let Some(topic) = update.image.topics.by_id(*topic_id) else {
            let before = update.before.topics.by_id(*topic_id);
            let gone = before.into_iter().flat_map(|topic| topic.partitions.keys());
            moves.extend(gone.map(|index| Move::Leave((*topic_id, *index))));
            continue;
        };
        for index in indexes {
            let key = (*topic_id, *index);
            let partition = topic.partition(*index);
            let followed = partition.filter(|partition| partition.has_replica(me));
            let led = followed.and_then(|partition| Some((partition, partition.leader?)));
            moves.push(match led {
                Some((partition, leader)) if leader != me => {
                    Move::Follow(key, leader, LeaderEpoch(partition.leader_epoch.0))
                }
                _ => Move::Leave(key),
            });
        }
    }
    moves
}

/// Which of a leader's fetchers has a partition (`AbstractFetcherManager.getFetcherId`): the same one as long as their number stays.
pub fn fetcher_number((topic, index): Key, fetchers: usize) -> usize {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in topic.0.0.into_iter().chain(index.to_be_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    usize::try_from(hash % fetchers.max(1) as u64).expect("below a usize")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_controller::delta::Delta;
    use ottla_controller::image::Image;
    use ottla_protocol::Uuid;
    use ottla_protocol::records::metadata::{
        MetadataRecord, PartitionChangeRecord, PartitionRecord, RemoveTopicRecord, TopicRecord,
    };
    use std::sync::Arc;

    const ME: BrokerId = BrokerId(1);
    const ID: Uuid = Uuid([7; 16]);

    fn step(before: &Arc<Image>, records: &[MetadataRecord]) -> Update {
        let (mut image, mut delta) = (Image::clone(before), Delta::default());
        for record in records {
            image.apply(record, &mut delta).unwrap();
        }
        Update {
            before: before.clone(),
            image: Arc::new(image),
            delta: Arc::new(delta),
        }
    }

    fn created(replicas: &[&[i32]]) -> Update {
        let mut records = vec![MetadataRecord::Topic(TopicRecord {
            name: "t".into(),
            topic_id: ID,
            ..Default::default()
        })];
        for (index, replicas) in replicas.iter().enumerate() {
            records.push(MetadataRecord::Partition(PartitionRecord {
                partition_id: i32::try_from(index).unwrap(),
                topic_id: ID,
                replicas: replicas.to_vec(),
                isr: replicas.to_vec(),
                leader: replicas[0],
                leader_epoch: 0,
                ..Default::default()
            }));
        }
        step(&Arc::default(), &records)
    }

    fn key(index: i32) -> Key {
        (TopicId(ID), index)
    }

    #[test]
    fn only_partitions_with_a_replica_here_and_a_leader_elsewhere_are_followed() {
        let update = created(&[&[1, 2], &[2, 1], &[2, 3]]);
        let expected = [
            Move::Leave(key(0)),
            Move::Follow(key(1), BrokerId(2), LeaderEpoch(0)),
            Move::Leave(key(2)),
        ];
        assert_eq!(choose(&update, ME), expected);
    }

    #[test]
    fn without_a_leader_nobody_is_followed_and_a_new_epoch_is_followed_anew() {
        let before = created(&[&[2, 1]]);
        let elect = |leader| {
            let change = PartitionChangeRecord {
                topic_id: ID,
                partition_id: 0,
                leader,
                ..Default::default()
            };
            choose(
                &step(&before.image, &[MetadataRecord::PartitionChange(change)]),
                ME,
            )
        };
        assert_eq!(elect(-1), [Move::Leave(key(0))]);
        assert_eq!(
            elect(2),
            [Move::Follow(key(0), BrokerId(2), LeaderEpoch(1))]
        );
        let gone = MetadataRecord::RemoveTopic(RemoveTopicRecord {
            topic_id: ID,
            ..Default::default()
        });
        assert_eq!(
            choose(&step(&before.image, &[gone]), ME),
            [Move::Leave(key(0))]
        );
    }

    #[test]
    fn partitions_are_spread_over_the_fetchers() {
        let mut counts = [0; 4];
        (0..400).for_each(|index| counts[fetcher_number(key(index), 4)] += 1);
        assert!(
            counts.iter().all(|count| (60..140).contains(count)),
            "{counts:?}"
        );
        assert_eq!(fetcher_number(key(3), 0), 0);
    }
}
