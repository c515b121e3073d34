//! Topics and their partitions as brokers tell of them, and where these are led.

use super::client::{Address, Client, ClientError};
use ottla_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use ottla_protocol::{ErrorCode, Str, Uuid};

/// A topic's name and a partition's index.
pub type Key = (String, i32);

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    pub index: i32,
    /// −1: none.
    pub leader: i32,
    pub replicas: Vec<i32>,
    pub in_sync: Vec<i32>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub name: String,
    pub id: Uuid,
    pub is_internal: bool,
    /// In the order of their indexes.
    pub partitions: Vec<Partition>,
    /// Why nothing else is known of it.
    pub error: ErrorCode,
}

/// See the module; in the order of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    pub topics: Vec<Topic>,
    pub brokers: Vec<i32>,
}

impl Catalog {
    /// Of these topics, or of all; never makes one. From now on the client knows where the brokers are.
    ///
    /// # Errors
    /// See [`ClientError`]. A topic that is unknown is in the catalog with its error.
    pub async fn of(client: &Client, names: Option<&[String]>) -> Result<Self, ClientError> {
        let topic = |name: &String| MetadataRequestTopic {
            name: Some(Str::from(name)),
            ..Default::default()
        };
        let request = MetadataRequest {
            topics: names.map(|names| names.iter().map(topic).collect()),
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        let response = client.ask(&request).await?;
        let address = |broker: &MetadataResponseBroker| {
            let address = Address {
                host: broker.host.to_string(),
                port: u16::try_from(broker.port).ok()?,
            };
            Some((broker.node_id, address))
        };
        client.learn(response.brokers.iter().filter_map(address));
        let mut topics: Vec<Topic> = response.topics.into_iter().map(read).collect();
        topics.sort_by(|one, other| one.name.cmp(&other.name));
        let brokers = response.brokers.iter().map(|broker| broker.node_id);
        Ok(Self {
            topics,
            brokers: brokers.collect(),
        })
    }

    /// Of one topic that must be there.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn topic(client: &Client, name: &str) -> Result<Topic, ClientError> {
        let catalog = Self::of(client, Some(&[name.to_owned()])).await?;
        let topic = catalog.named(name).cloned();
        let topic = topic.ok_or(ClientError::UnknownTopic(name.to_owned()))?;
        match topic.error {
            ErrorCode::NONE => Ok(topic),
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {
                Err(ClientError::UnknownTopic(name.to_owned()))
            }
            error => Err(ClientError::Refused {
                what: "looking the topic up",
                error,
                message: None,
            }),
        }
    }

    pub fn named(&self, name: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.name == name)
    }

    pub fn with_id(&self, id: Uuid) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.id == id)
    }

    /// The leader of a partition, −1 for none; `None` for a partition that is unknown.
    pub fn leader(&self, (topic, index): &Key) -> Option<i32> {
        let partitions = &self.named(topic)?.partitions;
        let found = partitions.iter().find(|one| one.index == *index)?;
        Some(found.leader)
    }

    /// Every partition there is.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.topics.iter().flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|partition| (topic.name.clone(), partition.index))
        })
    }
}

fn read(topic: MetadataResponseTopic) -> Topic {
    let partition = |one: MetadataResponsePartition| Partition {
        index: one.partition_index,
        leader: one.leader_id,
        replicas: one.replica_nodes,
        in_sync: one.isr_nodes,
    };
    let mut partitions: Vec<Partition> = topic.partitions.into_iter().map(partition).collect();
    partitions.sort_by_key(|partition| partition.index);
    Topic {
        name: topic.name.map(|name| name.to_string()).unwrap_or_default(),
        id: topic.topic_id,
        is_internal: topic.is_internal,
        partitions,
        error: topic.error_code,
    }
}
