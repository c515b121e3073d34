//! Which partitions this node holds, as an immutable snapshot that requests look into.

use std::sync::Arc;

use imbl::OrdMap;
use ottla_controller::ids::TopicId;
use ottla_protocol::ErrorCode;

use super::replica::Partition;
use super::topic::Topic;

/// A partition, or why there is none though the metadata says so.
#[derive(Clone, Debug)]
pub enum Place {
    Open(Arc<Partition>),
    /// Damaged or in a failed directory: answered with KAFKA_STORAGE_ERROR, the rest is served.
    Quarantined(Arc<str>),
}

/// One topic's partitions on this node.
#[derive(Clone, Debug)]
pub struct HostedTopic {
    pub topic: Arc<Topic>,
    pub places: OrdMap<i32, Place>,
}

/// See the module. Cloning shares.
#[derive(Clone, Debug, Default)]
pub struct Hosted {
    by_id: OrdMap<TopicId, HostedTopic>,
    by_name: OrdMap<Arc<str>, TopicId>,
}

impl Hosted {
    pub fn topic(&self, id: TopicId) -> Option<&HostedTopic> {
        self.by_id.get(&id)
    }

    pub fn topic_named(&self, name: &str) -> Option<&HostedTopic> {
        self.by_id.get(self.by_name.get(name)?)
    }

    pub fn topics(&self) -> impl Iterator<Item = &HostedTopic> {
        self.by_id.values()
    }

    /// Every open partition.
    pub fn partitions(&self) -> impl Iterator<Item = &Arc<Partition>> {
        self.by_id.values().flat_map(HostedTopic::partitions)
    }

    pub fn place(&self, id: TopicId, index: i32) -> Option<&Place> {
        self.by_id.get(&id)?.places.get(&index)
    }

    pub(super) fn insert(&mut self, topic: &Arc<Topic>, index: i32, place: Place) {
        self.by_name.insert(topic.name().clone(), topic.id());
        let hosted = self.by_id.entry(topic.id()).or_insert_with(|| HostedTopic {
            topic: topic.clone(),
            places: OrdMap::new(),
        });
        hosted.places.insert(index, place);
    }

    pub(super) fn remove(&mut self, id: TopicId, index: i32) -> Option<Place> {
        let hosted = self.by_id.get_mut(&id)?;
        let place = hosted.places.remove(&index);
        if hosted.places.is_empty() {
            self.remove_topic(id);
        }
        place
    }

    pub(super) fn remove_topic(&mut self, id: TopicId) -> Option<HostedTopic> {
        let hosted = self.by_id.remove(&id)?;
        if self.by_name.get(hosted.topic.name()) == Some(&id) {
            self.by_name.remove(hosted.topic.name());
        }
        Some(hosted)
    }
}

impl HostedTopic {
    /// The open ones.
    pub fn partitions(&self) -> impl Iterator<Item = &Arc<Partition>> {
        self.places.values().filter_map(|place| match place {
            Place::Open(partition) => Some(partition),
            Place::Quarantined(_) => None,
        })
    }
}

impl Place {
    /// # Errors
    /// KAFKA_STORAGE_ERROR.
    pub fn partition(&self) -> Result<Arc<Partition>, ErrorCode> {
        match self {
            Place::Open(partition) => Ok(partition.clone()),
            Place::Quarantined(_) => Err(ErrorCode::KAFKA_STORAGE_ERROR),
        }
    }
}
