//! Requests that many tests make, at one version each.

use ottla_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use ottla_protocol::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use ottla_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic, PartitionData};
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use ottla_protocol::messages::init_producer_id::InitProducerIdRequest;
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};
use ottla_protocol::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, TopicProduceData,
};
use ottla_protocol::{Bytes, ErrorCode, Records, Str};
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Client;

pub const PRODUCE: i16 = 12;
pub const FETCH: i16 = 12;
pub const TOPIC: i8 = 2;
pub const BROKER: i8 = 4;

/// A request to create one topic.
pub fn create(topic: &str, partitions: i32, configs: &[(&str, &str)]) -> CreateTopicsRequest {
    let configs = configs.iter().map(|(name, value)| CreatableTopicConfig {
        name: Str::from(*name),
        value: Some(Str::from(*value)),
        ..Default::default()
    });
    CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: Str::from(topic),
            num_partitions: partitions,
            replication_factor: 1,
            configs: configs.collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// A request to append one batch, to be acknowledged by all.
pub fn produce(topic: &str, partition: i32, batch: Bytes) -> ProduceRequest {
    ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: Str::from(topic),
            partition_data: vec![PartitionProduceData {
                index: partition,
                records: Records::Bytes(batch),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// A request outside sessions for one partition.
pub fn fetch(topic: &str, partition: i32, offset: i64) -> FetchRequest {
    FetchRequest {
        max_wait_ms: 0,
        min_bytes: 1,
        session_epoch: -1,
        topics: vec![FetchTopic {
            topic: Str::from(topic),
            partitions: vec![FetchPartition {
                partition,
                fetch_offset: offset,
                partition_max_bytes: 1 << 20,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// Forgets a partition's records below an offset.
pub fn delete_records(topic: &str, partition: i32, offset: i64) -> DeleteRecordsRequest {
    DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: Str::from(topic),
            partitions: vec![DeleteRecordsPartition {
                partition_index: partition,
                offset,
                ..Default::default()
            }],
            ..Default::default()
        }],
        timeout_ms: 5_000,
        ..Default::default()
    }
}

/// Sets one config of a resource; `None` deletes it.
pub fn alter(
    kind: i8,
    name: &str,
    key: &str,
    value: Option<&str>,
) -> IncrementalAlterConfigsRequest {
    IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: kind,
            resource_name: Str::from(name),
            configs: vec![AlterableConfig {
                name: Str::from(key),
                config_operation: i8::from(value.is_none()),
                value: value.map(Str::from),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Creates a topic; the error of the answer.
    pub async fn create(
        &mut self,
        topic: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> io::Result<ErrorCode> {
        let response = self.ask(7, &create(topic, partitions, configs)).await?;
        Ok(response.topics[0].error_code)
    }

    /// Appends one batch.
    pub async fn produce(
        &mut self,
        topic: &str,
        partition: i32,
        batch: Bytes,
    ) -> io::Result<PartitionProduceResponse> {
        let mut response = self.ask(PRODUCE, &produce(topic, partition, batch)).await?;
        Ok(response.responses.remove(0).partition_responses.remove(0))
    }

    /// Reads one partition once.
    pub async fn fetch(
        &mut self,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> io::Result<PartitionData> {
        let mut response = self.ask(FETCH, &fetch(topic, partition, offset)).await?;
        assert_eq!(response.error_code, ErrorCode::NONE);
        Ok(response.responses.remove(0).partitions.remove(0))
    }

    /// A new producer id and epoch, or why not.
    pub async fn init_producer_id(&mut self) -> io::Result<Result<(i64, i16), ErrorCode>> {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: 60_000,
            ..Default::default()
        };
        let response = self.ask(4, &request).await?;
        Ok(if response.error_code == ErrorCode::NONE {
            Ok((response.producer_id, response.producer_epoch))
        } else {
            Err(response.error_code)
        })
    }

    /// The offset for a timestamp (or -1 latest, -2 earliest, …), its timestamp, or the error.
    pub async fn list_offset(
        &mut self,
        topic: &str,
        partition: i32,
        timestamp: i64,
    ) -> io::Result<Result<(i64, i64), ErrorCode>> {
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![ListOffsetsTopic {
                name: Str::from(topic),
                partitions: vec![ListOffsetsPartition {
                    partition_index: partition,
                    timestamp,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let mut response = self.ask(8, &request).await?;
        let found = response.topics.remove(0).partitions.remove(0);
        Ok(if found.error_code == ErrorCode::NONE {
            Ok((found.offset, found.timestamp))
        } else {
            Err(found.error_code)
        })
    }

    /// What the node says of these topics, creating none; all of them without names.
    pub async fn metadata(&mut self, topics: Option<&[&str]>) -> io::Result<MetadataResponse> {
        self.metadata_creating(topics, false).await
    }

    pub async fn metadata_creating(
        &mut self,
        topics: Option<&[&str]>,
        allow_auto_topic_creation: bool,
    ) -> io::Result<MetadataResponse> {
        let named = |name: &&str| MetadataRequestTopic {
            name: Some(Str::from(*name)),
            ..Default::default()
        };
        let request = MetadataRequest {
            topics: topics.map(|topics| topics.iter().map(named).collect()),
            allow_auto_topic_creation,
            ..Default::default()
        };
        self.ask(12, &request).await
    }

    /// Changes one config; the error of the answer.
    pub async fn alter(
        &mut self,
        kind: i8,
        name: &str,
        key: &str,
        value: Option<&str>,
    ) -> io::Result<ErrorCode> {
        let response = self.ask(1, &alter(kind, name, key, value)).await?;
        Ok(response.responses[0].error_code)
    }
}
