//! DeleteRecords (key 21), versions 0-2 (KIP-107). v2 flexible.
//!
//! Moves the log start up; -1 stands for the high watermark. Answered at once while there are no followers to wait for.

use super::{Api, Context, Meta, Reply};
use crate::metadata::internal_topics;
use ottla_controller::image::Image;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest,
    DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use ottla_storage::offset::Offset;
use std::sync::Arc;

const NO_LOW_WATERMARK: i64 = -1;

pub struct DeleteRecords;

impl Api for DeleteRecords {
    type Request = DeleteRecordsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: DeleteRecordsRequest,
    ) -> Reply<DeleteRecordsResponse> {
        let image = context.metadata.image();
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in request.topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for asked in &topic.partitions {
                let deleted = delete(&context, &image, &topic.name, asked).await;
                partitions.push(DeleteRecordsPartitionResult {
                    partition_index: asked.partition_index,
                    low_watermark: deleted.map_or(NO_LOW_WATERMARK, |low| low.0),
                    error_code: deleted.err().unwrap_or(ErrorCode::NONE),
                    ..Default::default()
                });
            }
            topics.push(DeleteRecordsTopicResult {
                name: topic.name,
                partitions,
                ..Default::default()
            });
        }
        Reply::Now(DeleteRecordsResponse {
            topics,
            ..Default::default()
        })
    }
}

async fn delete(
    context: &Context,
    image: &Image,
    topic: &str,
    asked: &DeleteRecordsPartition,
) -> Result<Offset, ErrorCode> {
    let partition = context
        .partitions
        .by_name(image, topic, asked.partition_index)?;
    if internal_topics::is_internal(topic) {
        // `ReplicaManager.deleteRecordsOnLocalLog`: coordinators delete from their topics, clients do not.
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    partition.delete_records(Offset(asked.offset)).await
}
