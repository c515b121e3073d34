//! DescribeProducers (key 61), version 0 (KIP-664): who has produced to a partition, and where open transactions began.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use crate::partition::ActiveProducer;
use ottla_controller::decide::reason_invalid_topic_name;
use ottla_controller::image::Image;
use ottla_protocol::messages::describe_producers::{
    DescribeProducersRequest, DescribeProducersResponse, PartitionResponse, ProducerState,
    TopicResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

pub struct DescribeProducers;

impl Api for DescribeProducers {
    type Request = DescribeProducersRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const NEEDS: Needs = &[(Operation::Read, ResourceType::Topic)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DescribeProducersRequest,
    ) -> Reply<DescribeProducersResponse> {
        let image = context.metadata.image();
        let caller = context.caller(&meta);
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in request.topics {
            let mut partitions = Vec::with_capacity(topic.partition_indexes.len());
            let may_read = caller.may(Operation::Read, Resource::Topic(&topic.name));
            for index in topic.partition_indexes {
                partitions.push(match may_read {
                    Ok(()) => describe(&context, &image, &topic.name, index).await,
                    Err(error) => failed(index, error, None),
                });
            }
            topics.push(TopicResponse {
                name: topic.name,
                partitions,
                ..Default::default()
            });
        }
        Reply::Now(DescribeProducersResponse {
            topics,
            ..Default::default()
        })
    }
}

async fn describe(
    context: &Context,
    image: &Image,
    topic: &str,
    partition_index: i32,
) -> PartitionResponse {
    let failed = |error: ErrorCode, message| failed(partition_index, error, message);
    if let Some(reason) = reason_invalid_topic_name(topic) {
        return failed(ErrorCode::INVALID_TOPIC_EXCEPTION, Some(Str::from(reason)));
    }
    let partition = match context.partitions.by_name(image, topic, partition_index) {
        Ok(partition) => partition,
        Err(error) => return failed(error, None),
    };
    match partition.active_producers().await {
        Ok(producers) => PartitionResponse {
            partition_index,
            active_producers: producers.iter().map(to_wire).collect(),
            ..Default::default()
        },
        Err(error) => failed(error, None),
    }
}

fn failed(
    partition_index: i32,
    error_code: ErrorCode,
    error_message: Option<Str>,
) -> PartitionResponse {
    PartitionResponse {
        partition_index,
        error_code,
        error_message,
        ..Default::default()
    }
}

fn to_wire(producer: &ActiveProducer) -> ProducerState {
    ProducerState {
        producer_id: producer.producer_id.0,
        producer_epoch: i32::from(producer.producer_epoch.0),
        last_sequence: producer.last_sequence.0,
        last_timestamp: producer.last_timestamp,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.transaction_start.0,
        ..Default::default()
    }
}
