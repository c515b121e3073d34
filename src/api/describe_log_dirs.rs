//! DescribeLogDirs (key 35), versions 1-5 (KIP-113). Replicas on their way are in both directories, as future ones where they go.
//!
//! v2 flexible; v3 top-level error; v4 sizes of the volume (KIP-827); v5 cordoned directories (KIP-1066).

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use crate::partition::{DescribedDirectory, Partition};
use ottla_protocol::messages::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsPartition, DescribeLogDirsRequest,
    DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeMap;
use std::sync::Arc;

pub struct DescribeLogDirs;

impl Api for DescribeLogDirs {
    type Request = DescribeLogDirsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=5;
    const NEEDS: Needs = &[(Operation::Describe, ResourceType::Cluster)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DescribeLogDirsRequest,
    ) -> Reply<DescribeLogDirsResponse> {
        if let Err(error) = context
            .caller(&meta)
            .may(Operation::Describe, Resource::Cluster)
        {
            return Reply::Now(DescribeLogDirsResponse {
                error_code: error,
                ..Default::default()
            });
        }
        let asked = request.topics.as_deref();
        let directories = context.partitions.describe_directories();
        let results = directories
            .into_iter()
            .map(|directory| describe(directory, asked))
            .collect();
        Reply::Now(DescribeLogDirsResponse {
            results,
            ..Default::default()
        })
    }
}

fn describe(
    directory: DescribedDirectory,
    asked: Option<&[DescribableLogDirTopic]>,
) -> DescribeLogDirsResult {
    let log_dir = Str::from(directory.path.display().to_string());
    if directory.is_offline {
        return DescribeLogDirsResult {
            log_dir,
            error_code: ErrorCode::KAFKA_STORAGE_ERROR,
            is_cordoned: directory.is_cordoned,
            ..Default::default()
        };
    }
    let mut topics: BTreeMap<Arc<str>, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
    let mut tell = |partition: &Partition, size_bytes: u64, lag: i64, is_future: bool| {
        if !is_asked(asked, partition) {
            return;
        }
        let described = DescribeLogDirsPartition {
            partition_index: partition.index(),
            partition_size: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            offset_lag: lag,
            is_future_key: is_future,
            ..Default::default()
        };
        let topic = topics.entry(partition.topic().name().clone());
        topic.or_default().push(described);
    };
    for partition in &directory.partitions {
        // How far the replica is behind the high watermark: a leader is not (`getLogEndOffsetLag`).
        let offsets = partition.offsets();
        let lag = offsets.high_watermark.0.saturating_sub(offsets.end.0);
        tell(partition, partition.size_bytes(), lag.max(0), false);
    }
    for copying in &directory.copies {
        tell(&copying.partition, copying.size_bytes, copying.lag, true);
    }
    let topics = topics
        .into_iter()
        .map(|(name, partitions)| DescribeLogDirsTopic {
            name: Str::from(&*name),
            partitions,
            ..Default::default()
        });
    DescribeLogDirsResult {
        log_dir,
        topics: topics.collect(),
        total_bytes: directory.total_bytes,
        usable_bytes: directory.usable_bytes,
        is_cordoned: directory.is_cordoned,
        ..Default::default()
    }
}

fn is_asked(asked: Option<&[DescribableLogDirTopic]>, partition: &Partition) -> bool {
    asked.is_none_or(|topics| {
        topics.iter().any(|topic| {
            *topic.topic == **partition.topic().name()
                && topic.partitions.contains(&partition.index())
        })
    })
}
