//! DeleteRecords (key 21), versions 0-2 (KIP-107). v2 flexible.
//!
//! Moves the log start up; -1 stands for the high watermark. Answered when all living replicas have followed, or when the request's time
//! is up.

use super::{Api, Context, Meta, Reply};
use crate::metadata::internal_topics;
use futures::future::join_all;
use ottla_controller::image::Image;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest,
    DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use ottla_storage::offset::Offset;
use std::sync::Arc;
use std::time::Duration;

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
        let timeout = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
        // All at once: each may wait for its followers.
        let deleting = request.topics.into_iter().map(|topic| async {
            let topic = topic;
            let deleting = topic.partitions.iter().map(|asked| async {
                let deleted = delete(&context, &image, &topic.name, asked, timeout).await;
                DeleteRecordsPartitionResult {
                    partition_index: asked.partition_index,
                    low_watermark: deleted.map_or(NO_LOW_WATERMARK, |low| low.0),
                    error_code: deleted.err().unwrap_or(ErrorCode::NONE),
                    ..Default::default()
                }
            });
            let partitions = join_all(deleting).await;
            DeleteRecordsTopicResult {
                name: topic.name,
                partitions,
                ..Default::default()
            }
        });
        Reply::Now(DeleteRecordsResponse {
            topics: join_all(deleting).await,
            ..Default::default()
        })
    }
}

async fn delete(
    context: &Context,
    image: &Image,
    topic: &str,
    asked: &DeleteRecordsPartition,
    timeout: Duration,
) -> Result<Offset, ErrorCode> {
    let partition = context
        .partitions
        .by_name(image, topic, asked.partition_index)?;
    if internal_topics::is_internal(topic) {
        // `ReplicaManager.deleteRecordsOnLocalLog`: coordinators delete from their topics, clients do not.
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    partition
        .delete_records(Offset(asked.offset), timeout)
        .await
}
