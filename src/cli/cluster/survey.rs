//! The cluster as it is now, asked of its nodes: brokers, quorum, partitions.

use std::collections::BTreeMap;

use ottla_protocol::messages::describe_cluster::{DescribeClusterBroker, DescribeClusterResponse};
use ottla_protocol::messages::describe_log_dirs::DescribeLogDirsRequest;
use ottla_protocol::messages::describe_quorum::{
    DescribeQuorumRequest, Node, RequestPartitionData, RequestTopicData, ResponsePartitionData,
};
use ottla_protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, OngoingPartitionReassignment,
};
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataResponsePartition};

use super::plan::Placed;
use crate::cli::client::{Client, ClientError};

/// A partition as brokers tell of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    pub placed: Placed,
    /// −1: none.
    pub leader: i32,
    pub in_sync: Vec<i32>,
}

/// Its members and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Quorum {
    pub partition: ResponsePartitionData,
    pub nodes: Vec<Node>,
}

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    pub cluster: DescribeClusterResponse,
    pub quorum: Quorum,
    pub partitions: Vec<Partition>,
    /// By topic and index.
    pub reassigning: BTreeMap<(String, i32), OngoingPartitionReassignment>,
}

impl Survey {
    /// # Errors
    /// See [`ClientError`].
    pub async fn of(client: &Client) -> Result<Self, ClientError> {
        let cluster = client.describe_cluster().await?;
        let quorum = quorum(client).await?;
        // Before the partitions: what ends meanwhile then shows as ended.
        let reassigning = reassigning(client).await?;
        Ok(Self {
            cluster,
            quorum,
            partitions: partitions(client).await?,
            reassigning,
        })
    }

    pub fn broker(&self, id: i32) -> Option<&DescribeClusterBroker> {
        self.cluster
            .brokers
            .iter()
            .find(|broker| broker.broker_id == id)
    }

    /// Partitions that have a replica on a broker, or are about to.
    pub fn of_broker(&self, id: i32) -> impl Iterator<Item = &Partition> {
        self.partitions
            .iter()
            .filter(move |partition| partition.placed.replicas.contains(&id))
    }

    pub fn is_leaving(&self, partition: &Placed, id: i32) -> bool {
        let key = (partition.topic.clone(), partition.index);
        self.reassigning
            .get(&key)
            .is_some_and(|ongoing| ongoing.removing_replicas.contains(&id))
    }
}

async fn partitions(client: &Client) -> Result<Vec<Partition>, ClientError> {
    let request = MetadataRequest {
        topics: None,
        ..Default::default()
    };
    let response = client.ask(&request).await?;
    let mut partitions = Vec::new();
    for topic in response.topics {
        let name = topic.name.map(|name| name.to_string()).unwrap_or_default();
        let partition = |one: MetadataResponsePartition| Partition {
            placed: Placed {
                topic: name.clone(),
                index: one.partition_index,
                replicas: one.replica_nodes,
            },
            leader: one.leader_id,
            in_sync: one.isr_nodes,
        };
        partitions.extend(topic.partitions.into_iter().map(partition));
    }
    partitions.sort_by(|one, other| one.placed.cmp(&other.placed));
    Ok(partitions)
}

/// The metadata quorum as the active controller sees it.
///
/// # Errors
/// See [`ClientError`].
pub async fn quorum(client: &Client) -> Result<Quorum, ClientError> {
    let request = DescribeQuorumRequest {
        topics: vec![RequestTopicData {
            topic_name: "__cluster_metadata".into(),
            partitions: vec![RequestPartitionData::default()],
            ..Default::default()
        }],
        ..Default::default()
    };
    let what = "describing the quorum";
    let response = client.ask(&request).await?;
    ClientError::check(what, response.error_code, response.error_message.as_ref())?;
    let topics = response.topics.into_iter();
    let partition = topics.flat_map(|topic| topic.partitions).next();
    let partition = partition.unwrap_or_default();
    ClientError::check(what, partition.error_code, partition.error_message.as_ref())?;
    Ok(Quorum {
        partition,
        nodes: response.nodes,
    })
}

async fn reassigning(
    client: &Client,
) -> Result<BTreeMap<(String, i32), OngoingPartitionReassignment>, ClientError> {
    let response = client
        .ask(&ListPartitionReassignmentsRequest::default())
        .await?;
    ClientError::check(
        "listing reassignments",
        response.error_code,
        response.error_message.as_ref(),
    )?;
    let mut reassigning = BTreeMap::new();
    for topic in response.topics {
        for partition in topic.partitions {
            let key = (topic.name.to_string(), partition.partition_index);
            reassigning.insert(key, partition);
        }
    }
    Ok(reassigning)
}

/// Whether a broker takes no new partitions because all its log directories are cordoned (KIP-1066); `None` when it does not say.
pub async fn is_cordoned(client: &Client, broker: i32) -> Option<bool> {
    let request = DescribeLogDirsRequest {
        topics: Some(Vec::new()),
        ..Default::default()
    };
    let response = client.ask_broker(broker, &request).await.ok()?;
    let directories = &response.results;
    Some(!directories.is_empty() && directories.iter().all(|directory| directory.is_cordoned))
}
