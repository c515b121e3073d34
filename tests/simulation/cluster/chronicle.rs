//! What the nodes themselves say of the metadata, noted with every step of each: one history of images, and one leader in each epoch.

use ottla_controller::ids::{LeaderEpoch, MetadataOffset, TopicId};
use ottla_controller::image::{Image, Partition};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Clones share it.
#[derive(Clone, Default)]
pub struct Chronicle(Arc<Mutex<Notes>>);

#[derive(Default)]
struct Notes {
    /// What was at this offset, and who said so first.
    images: BTreeMap<MetadataOffset, (Arc<Image>, i32)>,
    leaders: BTreeMap<(TopicId, i32, LeaderEpoch), i32>,
    /// By node, the last that it said.
    last: BTreeMap<i32, Arc<Image>>,
    elections: u64,
}

impl Chronicle {
    /// Node `id` has come to this image.
    pub fn note(&self, id: i32, image: &Arc<Image>) {
        let mut notes = self.0.lock().unwrap();
        notes.last.insert(id, image.clone());
        let known = notes
            .images
            .entry(image.offset)
            .or_insert_with(|| (image.clone(), id));
        assert!(
            *known.0 == **image,
            "nodes {} and {id} have different metadata at {:?}: {:?} and {image:?}",
            known.1,
            image.offset,
            known.0
        );
        for topic in image.topics.iter() {
            for (index, partition) in topic.partitions.iter() {
                let Some(leader) = partition.leader else {
                    continue;
                };
                let epoch = (topic.id, *index, partition.leader_epoch);
                let before = notes.leaders.insert(epoch, leader.0);
                notes.elections += u64::from(before.is_none());
                assert!(
                    before.is_none_or(|before| before == leader.0),
                    "{}-{index} has two leaders in epoch {:?}: {before:?} and {leader:?}",
                    topic.name,
                    partition.leader_epoch
                );
            }
        }
    }

    /// Of the nodes that speak, the one that knows most.
    pub fn latest(&self) -> Option<Arc<Image>> {
        let notes = self.0.lock().unwrap();
        let images = notes.last.values();
        images.max_by_key(|image| image.offset).cloned()
    }

    /// The partition as the latest image has it.
    pub fn partition(&self, topic: &str, index: i32) -> Option<Arc<Partition>> {
        let image = self.latest()?;
        let topic = image.topics.by_name(topic)?;
        topic.partitions.get(&index).cloned()
    }

    /// Whether every partition has a leader and all its replicas in sync, as far as is known.
    pub fn is_in_sync(&self) -> bool {
        self.latest().is_some_and(|image| {
            let mut partitions = image
                .topics
                .iter()
                .flat_map(|topic| topic.partitions.iter());
            partitions.all(|(_, partition)| {
                partition.leader.is_some() && partition.isr.len() == partition.replicas.len()
            })
        })
    }

    /// How much happened, in one line.
    pub fn figures(&self) -> String {
        let notes = self.0.lock().unwrap();
        format!(
            "{} images, {} leaders elected",
            notes.images.len(),
            notes.elections
        )
    }
}
