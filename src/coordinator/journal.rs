//! The log under a shard: what a coordinator needs of a partition, and how records become batches.
//!
//! The trait keeps coordinators apart from partitions; `broker/` implements it for them.

use super::{Encoded, Shard};
use bytes::Bytes;
use futures::future::BoxFuture;
use ottla_protocol::{EncodeError, ErrorCode};
use ottla_storage::batch::compress::Compression;
use ottla_storage::batch::{BatchBuilder, NewRecord};
use ottla_storage::offset::{LeaderEpoch, Offset};

/// One partition, led by this node.
pub trait Journal: Send + Sync + 'static {
    /// Appends one batch if the leader epoch is still `epoch`. Resolves when it is written (not yet committed), with the log's end
    /// behind it. The place in the log is decided when this returns.
    ///
    /// # Errors
    /// Nothing was written: NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS, KAFKA_STORAGE_ERROR and the like.
    fn append(
        &self,
        batch: Bytes,
        epoch: LeaderEpoch,
    ) -> BoxFuture<'static, Result<Offset, ErrorCode>>;

    /// Resolves when everything before `offset` is committed in this epoch, or with the reason why that will not happen.
    fn committed(
        &self,
        epoch: LeaderEpoch,
        offset: Offset,
    ) -> BoxFuture<'static, Result<(), ErrorCode>>;

    /// Whole batches from the one that holds `from`, at most about `max_bytes` of them; uncommitted ones too.
    fn read(
        &self,
        epoch: LeaderEpoch,
        from: Offset,
        max_bytes: usize,
    ) -> BoxFuture<'static, Result<Piece, ErrorCode>>;

    /// The largest batch that the log takes.
    fn max_batch_bytes(&self) -> usize;
}

/// A piece of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Empty at the log's end.
    pub batches: Bytes,
    pub log_start: Offset,
    pub high_watermark: Offset,
    pub log_end: Offset,
}

/// The records as batches, no larger than `max_bytes` where one record does not make them so.
///
/// # Errors
/// A record that cannot be stored.
pub fn batches<S: Shard>(
    shard: &S,
    records: &[S::Record],
    wall_ms: i64,
    max_bytes: usize,
) -> Result<Vec<Bytes>, EncodeError> {
    let mut finished = Vec::new();
    let new = || BatchBuilder::new().compression(Compression::of(shard.codec()));
    let mut open = new();
    for record in records {
        let Encoded { key, value } = S::encode(record)?;
        let size_bytes = key.len() + value.as_ref().map_or(0, Bytes::len) + RECORD_OVERHEAD_BYTES;
        if !open.is_empty() && open.plain_size_bytes() + size_bytes > max_bytes {
            finished.push(std::mem::replace(&mut open, new()).build());
        }
        open.push(NewRecord {
            timestamp: wall_ms,
            key: Some(&key),
            value: value.as_deref(),
            headers: &[],
        });
    }
    if !open.is_empty() {
        finished.push(open.build());
    }
    Ok(finished)
}

/// Lengths, deltas and attributes of a record at their largest.
const RECORD_OVERHEAD_BYTES: usize = 32;
