//! Topics by id and by name, with their partitions.
//!
//! A name points to an id and an id to the topic, so that a partition's change touches one entry. Names that could collide
//! in a metric's name ('.' and '_' are the same there) are kept once more in their normalised form, because CreateTopics
//! refuses the second of two such names (Kafka's `Topic.hasCollision`).

use super::{ApplyError, Partition};
use crate::ids::{BrokerId, TopicId};
use imbl::OrdMap;
use imbl::ordmap::DiffIter;
use imbl::shared_ptr::DefaultSharedPtr;
use ottla_protocol::records::metadata::{
    PartitionChangeRecord, PartitionRecord, RemoveTopicRecord, TopicRecord,
};
use std::sync::Arc;

/// One topic. Partitions are numbered from 0 without a gap once their records are applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub id: TopicId,
    pub name: Arc<str>,
    pub partitions: OrdMap<i32, Arc<Partition>>,
}

impl Topic {
    /// The partition numbered `index`, if the topic has it.
    pub fn partition(&self, index: i32) -> Option<&Arc<Partition>> {
        self.partitions.get(&index)
    }

    /// How many partitions the topic has.
    pub fn partition_count(&self) -> i32 {
        i32::try_from(self.partitions.len()).expect("partitions are numbered by an i32")
    }

    /// How many replicas its first partition has; what CreatePartitions gives to the new ones.
    pub fn replication_factor(&self) -> usize {
        self.partitions
            .values()
            .next()
            .map_or(0, |partition| partition.replicas.len())
    }
}

/// Every topic of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    by_id: OrdMap<TopicId, Arc<Topic>>,
    by_name: OrdMap<Arc<str>, TopicId>,
    /// Only names with '.' or '_': normalised name and name.
    normalised: OrdMap<(Arc<str>, Arc<str>), ()>,
    partition_count: usize,
}

impl Topics {
    /// How many topics there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// How many partitions all topics have together.
    pub fn partition_count(&self) -> usize {
        self.partition_count
    }

    /// The topic with this id.
    pub fn by_id(&self, id: TopicId) -> Option<&Arc<Topic>> {
        self.by_id.get(&id)
    }

    /// The topic of this name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Topic>> {
        self.by_id.get(self.by_name.get(name)?)
    }

    /// The id of the topic of this name.
    pub fn id_of(&self, name: &str) -> Option<TopicId> {
        self.by_name.get(name).copied()
    }

    /// A partition by its topic's id and its number.
    pub fn partition(&self, topic: TopicId, partition: i32) -> Option<&Arc<Partition>> {
        self.by_id.get(&topic)?.partition(partition)
    }

    /// All topics in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.by_name.values().filter_map(|id| self.by_id.get(id))
    }

    /// All topics in the order of their ids: the order of a snapshot.
    pub fn iter_by_id(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.by_id.values()
    }

    /// The topics named `after` or later, in the order of their names: where DescribeTopicPartitions goes on.
    pub fn iter_from<'a>(&'a self, first: &str) -> impl Iterator<Item = &'a Arc<Topic>> {
        let first: Arc<str> = first.into();
        self.by_name
            .range(first..)
            .filter_map(|(_, id)| self.by_id.get(id))
    }

    /// Every partition of every topic, by topic id and number.
    pub fn partitions(&self) -> impl Iterator<Item = (&Arc<Topic>, i32, &Arc<Partition>)> {
        self.by_id.values().flat_map(|topic| {
            topic
                .partitions
                .iter()
                .map(move |(index, partition)| (topic, *index, partition))
        })
    }

    /// Whether `broker` leads at least one partition. Looks at every partition: for rare questions.
    pub fn has_leaderships(&self, broker: BrokerId) -> bool {
        self.partitions()
            .any(|(_, _, partition)| partition.leader == Some(broker))
    }

    /// The name of an existing topic that differs from `name` only in '.' and '_', if there is one.
    pub fn collision(&self, name: &str) -> Option<&Arc<str>> {
        let normalised = normalise(name)?;
        let first: Arc<str> = "".into();
        let mut same = self.normalised.range((normalised.clone(), first)..);
        same.next()
            .filter(|((found, _), ())| *found == normalised)
            .map(|((_, name), ())| name)
    }

    pub(crate) fn diff<'a>(
        &'a self,
        after: &'a Self,
    ) -> DiffIter<'a, 'a, TopicId, Arc<Topic>, DefaultSharedPtr> {
        self.by_id.diff(&after.by_id)
    }

    pub(super) fn create(&mut self, record: &TopicRecord) -> Result<TopicId, ApplyError> {
        let (id, name) = (TopicId(record.topic_id), Arc::<str>::from(&*record.name));
        if self.by_id.contains_key(&id) || self.by_name.contains_key(&*name) {
            return Err(ApplyError::TopicExists { id, name });
        }
        if let Some(normalised) = normalise(&name) {
            self.normalised.insert((normalised, name.clone()), ());
        }
        self.by_name.insert(name.clone(), id);
        self.by_id.insert(
            id,
            Arc::new(Topic {
                id,
                name,
                partitions: OrdMap::new(),
            }),
        );
        Ok(id)
    }

    pub(super) fn set_partition(
        &mut self,
        record: &PartitionRecord,
    ) -> Result<TopicId, ApplyError> {
        let id = TopicId(record.topic_id);
        let topic = self.topic_mut(id)?;
        let partition = Arc::new(Partition::from_record(record));
        if topic
            .partitions
            .insert(record.partition_id, partition)
            .is_none()
        {
            self.partition_count += 1;
        }
        Ok(id)
    }

    pub(super) fn change_partition(
        &mut self,
        record: &PartitionChangeRecord,
    ) -> Result<TopicId, ApplyError> {
        let (id, partition) = (TopicId(record.topic_id), record.partition_id);
        let topic = self.topic_mut(id)?;
        let Some(slot) = topic.partitions.get_mut(&partition) else {
            return Err(ApplyError::UnknownPartition { id, partition });
        };
        *slot = Arc::new(slot.merged(record));
        Ok(id)
    }

    pub(super) fn remove(&mut self, record: &RemoveTopicRecord) -> Result<Arc<Topic>, ApplyError> {
        let id = TopicId(record.topic_id);
        let topic = self
            .by_id
            .remove(&id)
            .ok_or(ApplyError::UnknownTopic { id })?;
        self.by_name.remove(&topic.name);
        if let Some(normalised) = normalise(&topic.name) {
            self.normalised.remove(&(normalised, topic.name.clone()));
        }
        self.partition_count -= topic.partitions.len();
        Ok(topic)
    }

    fn topic_mut(&mut self, id: TopicId) -> Result<&mut Topic, ApplyError> {
        self.by_id
            .get_mut(&id)
            .map(Arc::make_mut)
            .ok_or(ApplyError::UnknownTopic { id })
    }
}

/// The name with every '.' as '_', if it has either.
fn normalise(name: &str) -> Option<Arc<str>> {
    name.contains(['.', '_'])
        .then(|| name.replace('.', "_").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::Uuid;

    fn with(names: &[&str]) -> Topics {
        let mut topics = Topics::default();
        for (number, name) in names.iter().enumerate() {
            let mut id = Uuid::default();
            id.0[15] = u8::try_from(number).unwrap() + 1;
            topics
                .create(&TopicRecord {
                    name: (*name).into(),
                    topic_id: id,
                    ..Default::default()
                })
                .unwrap();
        }
        topics
    }

    #[test]
    fn a_dot_and_an_underscore_collide() {
        let topics = with(&["a.b", "plain"]);
        assert_eq!(topics.collision("a_b").map(|name| &**name), Some("a.b"));
        assert_eq!(topics.collision("a_c"), None);
        assert_eq!(topics.collision("plain"), None);
    }

    #[test]
    fn a_removed_topic_no_longer_collides() {
        let mut topics = with(&["a.b"]);
        let id = topics.id_of("a.b").unwrap();
        topics
            .remove(&RemoveTopicRecord {
                topic_id: id.0,
                ..Default::default()
            })
            .unwrap();
        assert_eq!(topics.collision("a_b"), None);
        assert_eq!(topics, Topics::default());
    }

    #[test]
    fn topics_are_listed_in_the_order_of_their_names() {
        let topics = with(&["zebra", "ape"]);
        let names: Vec<_> = topics.iter().map(|topic| topic.name.to_string()).collect();
        assert_eq!(names, ["ape", "zebra"]);
        assert_eq!(topics.iter_from("b").count(), 1);
    }
}
