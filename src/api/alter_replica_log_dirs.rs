//! AlterReplicaLogDirs (key 34), versions 1-2 (KIP-113).
//!
//! v2 flexible. A replica begins to move, or one that this broker does not have yet is noted for when it comes (REPLICA_NOT_AVAILABLE, as
//! Kafka). Source: `ReplicaManager.alterReplicaLogDirs`.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_protocol::Str;
use ottla_protocol::messages::alter_replica_log_dirs::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult, AlterReplicaLogDirsRequest,
    AlterReplicaLogDirsResponse,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub struct AlterReplicaLogDirs;

impl Api for AlterReplicaLogDirs {
    type Request = AlterReplicaLogDirsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=2;
    const NEEDS: Needs = &[(Operation::Alter, ResourceType::Cluster)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: AlterReplicaLogDirsRequest,
    ) -> Reply<AlterReplicaLogDirsResponse> {
        let allowed = context
            .caller(&meta)
            .may(Operation::Alter, Resource::Cluster);
        Reply::later(async move {
            let image = context.metadata.image();
            let mut results: BTreeMap<Str, Vec<AlterReplicaLogDirPartitionResult>> =
                BTreeMap::new();
            for directory in request.dirs {
                let path = Path::new(&*directory.path);
                for topic in directory.topics {
                    for partition_index in topic.partitions {
                        let moving = context.partitions.move_replica(
                            &image,
                            &topic.name,
                            partition_index,
                            path,
                        );
                        let moved = match allowed {
                            Ok(()) => moving.await,
                            Err(refused) => Err(refused),
                        };
                        let result = AlterReplicaLogDirPartitionResult {
                            partition_index,
                            error_code: moved.err().unwrap_or_default(),
                            ..Default::default()
                        };
                        results.entry(topic.name.clone()).or_default().push(result);
                    }
                }
            }
            let topic = |(topic_name, partitions)| AlterReplicaLogDirTopicResult {
                topic_name,
                partitions,
                ..Default::default()
            };
            AlterReplicaLogDirsResponse {
                results: results.into_iter().map(topic).collect(),
                ..Default::default()
            }
        })
    }
}
