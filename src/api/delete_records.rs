//! DeleteRecords (key 21), versions 0-2 (KIP-107). v2 flexible.
//!
//! Moves the log start up, for good: what is answered survives any crash. -1 stands for the high watermark. Answered when all living replicas have followed, or when the request's time
//! is up.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use crate::metadata::internal_topics;
use crate::partition::Partition;
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
    const NEEDS: Needs = &[(Operation::Delete, ResourceType::Topic)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DeleteRecordsRequest,
    ) -> Reply<DeleteRecordsResponse> {
        let image = context.metadata.image();
        let caller = context.caller(&meta);
        let timeout = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
        // All at once: each may wait for its followers.
        let deleting = request.topics.iter().flat_map(|topic| {
            let (context, image) = (&context, &image);
            let may_delete = caller.may(Operation::Delete, Resource::Topic(&topic.name));
            let partitions = topic.partitions.iter();
            partitions.map(move |asked| async move {
                may_delete?;
                delete(context, image, &topic.name, asked, timeout).await
            })
        });
        let deleted = join_all(deleting.collect::<Vec<_>>()).await;
        // Kafka leaves this to its next checkpoint, a minute away: until then a crash brings deleted records back.
        let moved = deleted.iter().flatten();
        let moved: Vec<_> = moved.map(|(partition, _)| partition.clone()).collect();
        context.partitions.keep_log_starts(&moved).await;
        let mut deleted = deleted.into_iter();
        let topics = request.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.iter().zip(&mut deleted);
            DeleteRecordsTopicResult {
                partitions: partitions
                    .map(|(asked, deleted)| answer(asked, deleted))
                    .collect(),
                name: topic.name,
                ..Default::default()
            }
        });
        Reply::Now(DeleteRecordsResponse {
            topics: topics.collect(),
            ..Default::default()
        })
    }
}

/// What was deleted in a directory that has failed since may come back.
fn answer(
    asked: &DeleteRecordsPartition,
    deleted: Result<(Arc<Partition>, Offset), ErrorCode>,
) -> DeleteRecordsPartitionResult {
    let low = deleted.and_then(|(partition, low)| partition.role().check(None).map(|()| low));
    DeleteRecordsPartitionResult {
        partition_index: asked.partition_index,
        low_watermark: low.map_or(NO_LOW_WATERMARK, |low| low.0),
        error_code: low.err().unwrap_or(ErrorCode::NONE),
        ..Default::default()
    }
}

async fn delete(
    context: &Context,
    image: &Image,
    topic: &str,
    asked: &DeleteRecordsPartition,
    timeout: Duration,
) -> Result<(Arc<Partition>, Offset), ErrorCode> {
    let partition = context
        .partitions
        .by_name(image, topic, asked.partition_index)?;
    if internal_topics::is_internal(topic) {
        // `ReplicaManager.deleteRecordsOnLocalLog`: coordinators delete from their topics, clients do not.
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    let low = partition
        .delete_records(Offset(asked.offset), timeout)
        .await?;
    Ok((partition, low))
}
