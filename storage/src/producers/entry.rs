//! One producer's state in one partition (`ProducerStateEntry`): its epoch, its last five batches, its open transaction.

use crate::batch::NO_TIMESTAMP;
use crate::offset::{Offset, ProducerEpoch, ProducerId, Sequence};

/// How many batches a duplicate is recognised among: the client's limit of requests in flight.
pub const MAX_RECENT_BATCHES: usize = 5;

/// A batch that was appended, as far as a retry of it needs it (`BatchMetadata`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredBatch {
    pub last_sequence: Sequence,
    pub last_offset: Offset,
    /// Offsets (and so sequences) between the first and the last record.
    pub offset_delta: i32,
    /// Milliseconds: the batch's max timestamp; answered as log append time to a duplicate.
    pub timestamp: i64,
}

impl StoredBatch {
    pub fn first_sequence(&self) -> Sequence {
        self.last_sequence.minus(self.offset_delta)
    }

    pub fn first_offset(&self) -> Offset {
        self.last_offset.plus(-i64::from(self.offset_delta))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerEntry {
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    /// Epoch of the transaction coordinator that wrote the last marker, −1 before any.
    pub coordinator_epoch: i32,
    /// Milliseconds; the producer expires when this is old enough and no transaction is open.
    pub last_timestamp: i64,
    /// Where the open transaction began; `None` when none is open.
    pub transaction_first_offset: Option<Offset>,
    recent: RecentBatches,
}

/// At most five batches, oldest first, without a heap allocation per producer.
#[derive(Clone, Debug)]
struct RecentBatches {
    slots: [StoredBatch; MAX_RECENT_BATCHES],
    count: u8,
}

impl ProducerEntry {
    /// The state of a producer that is not known (KIP-360: any sequence may start it).
    pub fn unknown(producer_id: ProducerId) -> ProducerEntry {
        ProducerEntry {
            producer_id,
            producer_epoch: ProducerEpoch::NONE,
            coordinator_epoch: -1,
            last_timestamp: NO_TIMESTAMP,
            transaction_first_offset: None,
            recent: RecentBatches::EMPTY,
        }
    }

    /// The batches remembered of the current epoch, oldest first.
    pub fn recent_batches(&self) -> &[StoredBatch] {
        self.recent.as_slice()
    }

    pub fn last_batch(&self) -> Option<&StoredBatch> {
        self.recent_batches().last()
    }

    /// [`Sequence::NONE`] when no batch of the current epoch is remembered.
    pub fn last_sequence(&self) -> Sequence {
        self.last_batch()
            .map_or(Sequence::NONE, |batch| batch.last_sequence)
    }

    /// [`Offset::NONE`] when no batch of the current epoch is remembered.
    pub fn last_offset(&self) -> Offset {
        self.last_batch()
            .map_or(Offset::NONE, |batch| batch.last_offset)
    }

    /// Whether a transaction of exactly this epoch is open.
    pub fn has_open_transaction(&self, epoch: ProducerEpoch) -> bool {
        self.transaction_first_offset.is_some() && self.producer_epoch == epoch
    }

    /// The remembered batch with exactly these sequences.
    pub fn find(
        &self,
        epoch: ProducerEpoch,
        first: Sequence,
        last: Sequence,
    ) -> Option<&StoredBatch> {
        if epoch != self.producer_epoch {
            return None;
        }
        self.recent_batches()
            .iter()
            .find(|batch| batch.first_sequence() == first && batch.last_sequence == last)
    }

    pub(super) fn remember(&mut self, epoch: ProducerEpoch, batch: StoredBatch) {
        self.enter_epoch(epoch);
        self.recent.push(batch);
        self.last_timestamp = batch.timestamp;
    }

    /// A transaction marker closes whatever was open.
    pub(super) fn end_transaction(
        &mut self,
        epoch: ProducerEpoch,
        coordinator_epoch: i32,
        timestamp: i64,
    ) {
        self.enter_epoch(epoch);
        self.coordinator_epoch = coordinator_epoch;
        self.transaction_first_offset = None;
        self.last_timestamp = timestamp;
    }

    fn enter_epoch(&mut self, epoch: ProducerEpoch) {
        if self.producer_epoch != epoch {
            self.recent = RecentBatches::EMPTY;
            self.producer_epoch = epoch;
        }
    }
}

impl RecentBatches {
    const NO_BATCH: StoredBatch = StoredBatch {
        last_sequence: Sequence::NONE,
        last_offset: Offset::NONE,
        offset_delta: 0,
        timestamp: NO_TIMESTAMP,
    };
    const EMPTY: RecentBatches = RecentBatches {
        slots: [Self::NO_BATCH; MAX_RECENT_BATCHES],
        count: 0,
    };

    fn as_slice(&self) -> &[StoredBatch] {
        &self.slots[..usize::from(self.count)]
    }

    fn push(&mut self, batch: StoredBatch) {
        if usize::from(self.count) == MAX_RECENT_BATCHES {
            self.slots.copy_within(1.., 0);
            self.count -= 1;
        }
        self.slots[usize::from(self.count)] = batch;
        self.count += 1;
    }
}

impl PartialEq for RecentBatches {
    fn eq(&self, other: &RecentBatches) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for RecentBatches {}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(last_sequence: i32) -> StoredBatch {
        StoredBatch {
            last_sequence: Sequence(last_sequence),
            last_offset: Offset(100 + i64::from(last_sequence)),
            offset_delta: 1,
            timestamp: 7,
        }
    }

    #[test]
    fn the_sixth_batch_pushes_out_the_first() {
        let mut entry = ProducerEntry::unknown(ProducerId(1));
        for last in [1, 3, 5, 7, 9, 11] {
            entry.remember(ProducerEpoch(0), batch(last));
        }
        assert_eq!(entry.recent_batches().len(), MAX_RECENT_BATCHES);
        assert_eq!(entry.find(ProducerEpoch(0), Sequence(0), Sequence(1)), None);
        assert_eq!(
            entry.find(ProducerEpoch(0), Sequence(2), Sequence(3)),
            Some(&batch(3))
        );
        assert_eq!(
            entry.find(ProducerEpoch(0), Sequence(3), Sequence(3)),
            None,
            "only the exact range is the same batch"
        );
        assert_eq!(entry.last_sequence(), Sequence(11));
    }

    #[test]
    fn a_new_epoch_forgets_the_batches_of_the_old_one() {
        let mut entry = ProducerEntry::unknown(ProducerId(1));
        entry.remember(ProducerEpoch(0), batch(1));
        entry.end_transaction(ProducerEpoch(1), 3, 9);
        assert_eq!(entry.recent_batches(), []);
        assert_eq!(
            (
                entry.last_sequence(),
                entry.coordinator_epoch,
                entry.last_timestamp
            ),
            (Sequence::NONE, 3, 9)
        );
    }
}
