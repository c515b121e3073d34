//! Who has produced to a partition: DescribeProducers (KIP-664).

use std::sync::Arc;

use ottla_protocol::ErrorCode;
use ottla_storage::offset::{Offset, ProducerEpoch, ProducerId, Sequence};

use super::replica::Partition;

/// An idempotent or transactional producer that the partition remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveProducer {
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    /// −1 before its first batch.
    pub last_sequence: Sequence,
    /// Milliseconds; −1 before its first batch.
    pub last_timestamp: i64,
    /// −1 without a transaction.
    pub coordinator_epoch: i32,
    /// Where its open transaction began; −1 without one.
    pub transaction_start: Offset,
}

impl Partition {
    /// The producers of this partition, by id.
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER (also from a follower, as `KafkaApis.handleDescribeProducersRequest` asks only leaders);
    /// KAFKA_STORAGE_ERROR.
    pub async fn active_producers(self: &Arc<Self>) -> Result<Vec<ActiveProducer>, ErrorCode> {
        self.check(None)?;
        let partition = self.clone();
        // An idle partition keeps its producers in a file.
        let listed = self.directory().threads().reads.run(move || {
            let now_ms = partition.directory().clock().wall_ms();
            partition.reader().with_producers(now_ms, |producers| {
                producers
                    .iter()
                    .map(|entry| ActiveProducer {
                        producer_id: entry.producer_id,
                        producer_epoch: entry.producer_epoch,
                        last_sequence: entry.last_sequence(),
                        last_timestamp: entry.last_timestamp,
                        coordinator_epoch: entry.coordinator_epoch,
                        transaction_start: entry.transaction_first_offset.unwrap_or(Offset::NONE),
                    })
                    .collect()
            })
        });
        listed
            .await
            .and_then(Result::ok)
            .ok_or(ErrorCode::KAFKA_STORAGE_ERROR)
    }
}
