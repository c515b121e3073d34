//! What a change of the metadata means for the partitions of this node: pure.
//!
//! Guarantees: carried out in the order given, the changes lead from what was hosted to what the image says; a topic that
//! was deleted and created again under its name is two topics, because everything goes by id.

use std::sync::Arc;

use ottla_controller::Update;
use ottla_controller::ids::{BrokerId, TopicId};
use ottla_controller::image::{self, ConfigResource, ResourceKind};

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The topic is gone, and its partitions with it.
    DeleteTopic(TopicId),
    /// This node no longer has a replica.
    DeletePartition(TopicId, i32),
    /// This node has a replica: open or create it where it is not hosted yet, and take the role.
    Host {
        topic: Arc<image::Topic>,
        index: i32,
        partition: Arc<image::Partition>,
    },
    /// The topic's configuration may be another.
    Reconfigure(Arc<image::Topic>),
}

/// Deletions first, so that a name is free before it is used again.
pub fn choose(update: &Update, me: BrokerId) -> Vec<Change> {
    let mut deletions = Vec::new();
    let mut others = Vec::new();
    for (topic_id, indexes) in &update.delta.topics {
        let Some(topic) = update.image.topics.by_id(*topic_id) else {
            if update.before.topics.by_id(*topic_id).is_some() {
                deletions.push(Change::DeleteTopic(*topic_id));
            }
            continue;
        };
        for index in indexes {
            match topic.partition(*index) {
                Some(partition) if partition.has_replica(me) => others.push(Change::Host {
                    topic: topic.clone(),
                    index: *index,
                    partition: partition.clone(),
                }),
                _ => deletions.push(Change::DeletePartition(*topic_id, *index)),
            }
        }
    }
    deletions.extend(others);
    deletions.extend(
        reconfigured(update, me)
            .into_iter()
            .map(Change::Reconfigure),
    );
    deletions
}

/// Topics whose own configuration changed; all topics when a default of the brokers did.
fn reconfigured(update: &Update, me: BrokerId) -> Vec<Arc<image::Topic>> {
    let (cluster, own) = (
        ConfigResource::cluster_default(),
        ConfigResource::broker(me),
    );
    if update.delta.configs.contains(&cluster) || update.delta.configs.contains(&own) {
        return update.image.topics.iter().cloned().collect();
    }
    let topics = update
        .delta
        .configs
        .iter()
        .filter(|resource| resource.kind == ResourceKind::Topic);
    topics
        .filter_map(|resource| update.image.topics.by_name(&resource.name))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_controller::delta::Delta;
    use ottla_controller::image::{Image, config_record};
    use ottla_protocol::Uuid;
    use ottla_protocol::records::metadata::{
        MetadataRecord, PartitionRecord, RemoveTopicRecord, TopicRecord,
    };

    const ME: BrokerId = BrokerId(1);

    fn id(number: u8) -> Uuid {
        Uuid([number; 16])
    }

    fn create(number: u8, replicas: &[&[i32]]) -> Vec<MetadataRecord> {
        let mut records = vec![MetadataRecord::Topic(TopicRecord {
            name: format!("t{number}").as_str().into(),
            topic_id: id(number),
            ..Default::default()
        })];
        for (index, replicas) in replicas.iter().enumerate() {
            records.push(MetadataRecord::Partition(PartitionRecord {
                partition_id: i32::try_from(index).unwrap(),
                topic_id: id(number),
                replicas: replicas.to_vec(),
                isr: replicas.to_vec(),
                leader: replicas[0],
                ..Default::default()
            }));
        }
        records
    }

    fn step(before: &Arc<Image>, records: &[MetadataRecord]) -> Update {
        let mut image = Image::clone(before);
        let mut delta = Delta::default();
        for record in records {
            image.apply(record, &mut delta).unwrap();
        }
        Update {
            before: before.clone(),
            image: Arc::new(image),
            delta: Arc::new(delta),
        }
    }

    fn names(changes: &[Change]) -> Vec<String> {
        changes
            .iter()
            .map(|change| match change {
                Change::DeleteTopic(topic) => format!("delete {}", topic.0.0[0]),
                Change::DeletePartition(topic, index) => format!("delete {}-{index}", topic.0.0[0]),
                Change::Host { topic, index, .. } => format!("host {}-{index}", topic.name),
                Change::Reconfigure(topic) => format!("configure {}", topic.name),
            })
            .collect()
    }

    #[test]
    fn only_partitions_with_a_replica_here_are_hosted() {
        let created = step(&Arc::default(), &create(7, &[&[1, 2], &[2, 3]]));
        assert_eq!(names(&choose(&created, ME)), ["delete 7-1", "host t7-0"]);
    }

    #[test]
    fn a_topic_recreated_under_its_name_is_deleted_first_and_then_hosted() {
        let created = step(&Arc::default(), &create(7, &[&[1]]));
        let mut records = vec![MetadataRecord::RemoveTopic(RemoveTopicRecord {
            topic_id: id(7),
            ..Default::default()
        })];
        records.extend(create(9, &[&[1]]));
        let recreated = step(&created.image, &records);
        assert_eq!(names(&choose(&recreated, ME)), ["delete 7", "host t9-0"]);
    }

    #[test]
    fn a_brokers_default_concerns_every_topic_and_a_topics_config_only_itself() {
        let mut records = create(7, &[&[1]]);
        records.extend(create(9, &[&[1]]));
        let created = step(&Arc::default(), &records);
        let set = |resource| {
            step(
                &created.image,
                &[MetadataRecord::Config(config_record(
                    &resource,
                    "k",
                    Some("v"),
                ))],
            )
        };
        assert_eq!(
            names(&choose(&set(ConfigResource::topic("t9")), ME)),
            ["configure t9"]
        );
        assert_eq!(
            names(&choose(&set(ConfigResource::cluster_default()), ME)),
            ["configure t7", "configure t9"]
        );
    }
}
