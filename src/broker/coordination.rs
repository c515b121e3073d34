//! Brings the coordinators in step with the metadata: which shards this node leads, and the logs under them.
//!
//! Runs after the partitions are in step, so that a shard that is loaded has a log in the epoch that it is loaded in.

use crate::coordinator::group::Groups;
use crate::coordinator::{Journal, Piece};
use crate::metadata::internal_topics::CONSUMER_OFFSETS;
use crate::partition::{Ask, Isolation, Partition, Regions, Source, Table};
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use ottla_controller::Update;
use ottla_controller::ids::BrokerId;
use ottla_protocol::{ErrorCode, Records, Uuid};
use ottla_storage::offset::{LeaderEpoch, Offset};
use ottla_storage::segment::Patience;
use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// An append to a journal waits for its own commit: the coordinator decides how long its clients do.
const COMMIT_MAX: Duration = Duration::from_secs(3600);

/// Elects, resigns, and forgets the offsets of topics that are gone.
pub fn follow(update: &Update, me: BrokerId, partitions: &Table, groups: &Groups) {
    let image = &update.image;
    let is_touched = |name: &str| {
        let ids = [update.before.topics.id_of(name), image.topics.id_of(name)];
        ids.iter()
            .flatten()
            .any(|id| update.delta.topics.contains_key(id))
    };
    if is_touched(CONSUMER_OFFSETS) {
        if update.before.topics.id_of(CONSUMER_OFFSETS) != image.topics.id_of(CONSUMER_OFFSETS) {
            // Deleted, and perhaps there again: its epochs begin anew.
            groups.runtime.stop();
        }
        let topic = image.topics.by_name(CONSUMER_OFFSETS);
        let mut led = BTreeSet::new();
        for (index, partition) in topic.into_iter().flat_map(|topic| topic.partitions.iter()) {
            if partition.leader != Some(me) {
                continue;
            }
            match partitions.by_name(image, CONSUMER_OFFSETS, *index) {
                Ok(log) => {
                    led.insert(*index);
                    groups.runtime.elect(
                        *index,
                        LeaderEpoch(partition.leader_epoch.0),
                        Arc::new(PartitionJournal(log)),
                    );
                }
                Err(error) => {
                    tracing::error!(
                        partition = index,
                        error = error.name(),
                        "the log of a group coordinator is not there"
                    );
                }
            }
        }
        for index in groups.runtime.led() {
            if !led.contains(&index) {
                groups.runtime.resign(index);
            }
        }
    }
    let deleted: Vec<(Arc<str>, Uuid)> = update
        .delta
        .topics
        .keys()
        .filter(|id| image.topics.by_id(**id).is_none())
        .filter_map(|id| update.before.topics.by_id(*id))
        .map(|topic| (topic.name.clone(), topic.id.0))
        .collect();
    if !deleted.is_empty() {
        tokio::spawn(groups.topics_deleted(deleted));
    }
}

/// A partition as the log of a coordinator.
struct PartitionJournal(Arc<Partition>);

impl Journal for PartitionJournal {
    fn append(
        &self,
        batch: Bytes,
        epoch: LeaderEpoch,
    ) -> BoxFuture<'static, Result<Offset, ErrorCode>> {
        let appending = self.0.append_own(batch, None, epoch, COMMIT_MAX);
        async move {
            let written = appending.written().await.map_err(|refused| refused.error)?;
            Ok(written.last_offset.next())
        }
        .boxed()
    }

    fn committed(
        &self,
        epoch: LeaderEpoch,
        offset: Offset,
    ) -> BoxFuture<'static, Result<(), ErrorCode>> {
        let committed = self.0.committed(epoch, offset);
        async move { committed.await.map_err(ErrorCode::from) }.boxed()
    }

    fn read(
        &self,
        epoch: LeaderEpoch,
        from: Offset,
        max_bytes: usize,
    ) -> BoxFuture<'static, Result<Piece, ErrorCode>> {
        read(self.0.clone(), epoch, from, max_bytes).boxed()
    }

    fn max_batch_bytes(&self) -> usize {
        self.0.topic().in_force().rules.max_message_bytes
    }
}

async fn read(
    partition: Arc<Partition>,
    epoch: LeaderEpoch,
    from: Offset,
    max_bytes: usize,
) -> Result<Piece, ErrorCode> {
    // What an older leader acknowledged may lie beyond the high watermark that this one has heard of. A coordinator that answered before that
    // is known to be committed would show older offsets than it had shown already, as Kafka's can.
    let began = partition.role().epoch_start;
    partition.committed(epoch, began).await?;
    let start = partition.offsets().start;
    let ask = Ask {
        fetch_offset: from.max(start),
        max_bytes,
        at_least_one_batch: true,
        isolation: Isolation::Replica,
        current_leader_epoch: Some(epoch),
        last_fetched_epoch: None,
        from: Source::Leader,
    };
    let answer = partition.read(ask).await;
    if answer.error.is_error() {
        return Err(answer.error);
    }
    let offsets = partition.offsets();
    let batches = match answer.into_records() {
        Records::Deferred(deferred) => {
            let regions = move || {
                let source: &dyn Any = &*deferred.source;
                let Regions(regions) = source
                    .downcast_ref()
                    .expect("what reads of partitions give");
                let read = regions.iter().map(|region| region.to_vec(Patience::Wait));
                read.collect::<Result<Vec<_>, _>>()
                    .map(|pieces| Bytes::from(pieces.concat()))
            };
            let read = partition.directory().threads().reads.run(regions).await;
            read.and_then(Result::ok)
                .ok_or(ErrorCode::KAFKA_STORAGE_ERROR)?
        }
        Records::Bytes(bytes) => bytes,
        Records::Null => Bytes::new(),
    };
    Ok(Piece {
        batches: if from < start { Bytes::new() } else { batches },
        log_start: start,
        high_watermark: offsets.high_watermark,
        log_end: offsets.end,
    })
}
