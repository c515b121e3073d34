//! The producers of one partition (`ProducerStateManager` without its files).
//!
//! One owner changes it, after a write has succeeded. Everything but verifications and unreplicated transactions survives in a
//! snapshot, so a table of an idle partition can be dropped ([`Producers::is_spillable`]) and loaded again.

use std::collections::BTreeMap;

use super::draft::{Draft, Step};
use super::entry::ProducerEntry;
use super::rules::ProducerError;
use super::transactions::{AbortedTransaction, Transactions};
use super::verification::{Guard, Proof, Verification, Verifications};
use crate::offset::{Offset, ProducerEpoch, ProducerId, Sequence};

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Producers {
    entries: BTreeMap<ProducerId, ProducerEntry>,
    transactions: Transactions,
    verifications: Verifications,
}

impl Producers {
    pub fn new() -> Producers {
        Producers::default()
    }

    /// The table that these entries (of a snapshot) describe, without those that expired by `now_ms`.
    pub fn load(
        entries: impl IntoIterator<Item = ProducerEntry>,
        now_ms: i64,
        expiration_ms: i64,
    ) -> Producers {
        let mut producers = Producers::new();
        for entry in entries
            .into_iter()
            .filter(|entry| !is_expired(entry, now_ms, expiration_ms))
        {
            if let Some(first_offset) = entry.transaction_first_offset {
                producers
                    .transactions
                    .begin(entry.producer_id, first_offset);
            }
            producers.entries.insert(entry.producer_id, entry);
        }
        producers
    }

    pub fn get(&self, producer_id: ProducerId) -> Option<&ProducerEntry> {
        self.entries.get(&producer_id)
    }

    /// Every known producer, by id.
    pub fn iter(&self) -> impl Iterator<Item = &ProducerEntry> {
        self.entries.values()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The write that `draft` was checked for has succeeded. Returns what to append to the `.txnindex`, in order. A transaction that
    /// ended holds the last stable offset until [`Producers::high_watermark_reached`] its marker.
    pub fn install(&mut self, draft: Draft) -> Vec<AbortedTransaction> {
        for entry in draft.entries {
            self.entries.insert(entry.producer_id, entry);
        }
        for (producer_id, epoch, is_marker) in draft.settled {
            self.verifications.settle(producer_id, epoch, is_marker);
        }
        let mut aborted = Vec::new();
        for step in draft.steps {
            match step {
                Step::Begin(producer_id, first_offset) => {
                    self.transactions.begin(producer_id, first_offset)
                }
                Step::Complete(completed) => aborted.extend(self.transactions.complete(&completed)),
            }
        }
        aborted
    }

    /// First offset of the oldest transaction that is open, or whose marker is not yet below the high watermark. The last stable
    /// offset is the smaller of this and the high watermark.
    pub fn first_unstable_offset(&self) -> Option<Offset> {
        self.transactions.first_unstable_offset()
    }

    /// First offset of the oldest transaction without a marker, wherever the high watermark is.
    pub fn first_undecided_offset(&self) -> Option<Offset> {
        self.transactions
            .first_undecided()
            .map(|(first_offset, _)| first_offset)
    }

    /// Milliseconds of the last write of the producer with the oldest open transaction: tells of hanging transactions.
    pub fn oldest_transaction_timestamp(&self) -> Option<i64> {
        let (_, producer_id) = self.transactions.first_undecided()?;
        self.get(producer_id).map(|entry| entry.last_timestamp)
    }

    pub fn high_watermark_reached(&mut self, high_watermark: Offset) {
        self.transactions.settle_below(high_watermark);
    }

    /// Records below `log_start` are gone; producers stay known until they expire (KIP-360).
    pub fn log_start_moved(&mut self, log_start: Offset) {
        self.transactions.settle_below(log_start);
    }

    /// Forgets producers idle for `expiration_ms` (`producer.id.expiration.ms`) without an open transaction. Returns how many.
    pub fn expire(&mut self, now_ms: i64, expiration_ms: i64) -> usize {
        let before = self.entries.len();
        self.entries
            .retain(|_, entry| !is_expired(entry, now_ms, expiration_ms));
        self.verifications.expire(now_ms, expiration_ms);
        before - self.entries.len()
    }

    /// Forgets the longest idle producers without an open transaction until `limit` are left: early expiry, so that a flood of
    /// producer ids cannot grow the table without end. Returns how many.
    pub fn shrink_to(&mut self, limit: usize) -> usize {
        let Some(excess) = self
            .entries
            .len()
            .checked_sub(limit)
            .filter(|excess| *excess > 0)
        else {
            return 0;
        };
        let mut idle: Vec<(i64, ProducerId)> = self
            .iter()
            .filter(|entry| entry.transaction_first_offset.is_none())
            .map(|entry| (entry.last_timestamp, entry.producer_id))
            .collect();
        idle.sort_unstable();
        idle.truncate(excess);
        for (_, producer_id) in &idle {
            self.entries.remove(producer_id);
        }
        idle.len()
    }

    /// Whether nothing would be lost by writing a snapshot and dropping this table: no transaction or verification is pending.
    pub fn is_spillable(&self) -> bool {
        self.transactions.is_empty() && self.verifications.is_empty()
    }

    /// Before a transaction's first append: remembers that it is being verified and hands out the guard to pass to
    /// [`Draft::check`]; `None` when the transaction is already open here and needs none (KIP-890).
    pub fn start_verification(
        &mut self,
        producer_id: ProducerId,
        sequence: Sequence,
        epoch: ProducerEpoch,
        supports_epoch_bump: bool,
        now_ms: i64,
    ) -> Result<Option<Guard>, ProducerError> {
        if let Some(entry) = self.get(producer_id) {
            if epoch < entry.producer_epoch {
                return Err(ProducerError::StaleEpoch {
                    producer_id,
                    epoch,
                    current: entry.producer_epoch,
                });
            }
            if entry.has_open_transaction(epoch) {
                return Ok(None);
            }
        }
        Ok(Some(self.verifications.start(
            producer_id,
            sequence,
            epoch,
            supports_epoch_bump,
            now_ms,
        )))
    }

    /// How many transactions are being verified.
    pub fn verification_count(&self) -> usize {
        self.verifications.len()
    }

    pub(super) fn verification(&self, producer_id: ProducerId) -> Option<&Verification> {
        self.verifications.get(producer_id)
    }

    pub(super) fn is_verified(&self, producer_id: ProducerId, proof: Proof) -> bool {
        self.verifications.is_verified(producer_id, proof)
    }
}

fn is_expired(entry: &ProducerEntry, now_ms: i64, expiration_ms: i64) -> bool {
    entry.transaction_first_offset.is_none()
        && now_ms.saturating_sub(entry.last_timestamp) >= expiration_ms
}
