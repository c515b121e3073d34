//! The changes that a write will make to the table, gathered while its batches are checked and installed when it has succeeded.
//!
//! Batches of one write see each other through the draft: a retry that sits in the same queue as its original is a duplicate of it.

use super::batch::ProducerBatch;
use super::entry::{ProducerEntry, StoredBatch};
use super::rules::{self, Origin, ProducerError};
use super::table::Producers;
use super::transactions::CompletedTransaction;
use super::verification::Proof;
use crate::offset::{Offset, ProducerEpoch, ProducerId};

/// What a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    New,
    /// Already in the log (or in this write): answer with these offsets and this timestamp, write nothing.
    Duplicate(StoredBatch),
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub(super) entries: Vec<ProducerEntry>,
    pub(super) steps: Vec<Step>,
    /// Transactional batches, whose verification is settled: producer, epoch, whether a marker.
    pub(super) settled: Vec<(ProducerId, ProducerEpoch, bool)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Begin(ProducerId, Offset),
    Complete(CompletedTransaction),
}

impl Draft {
    pub fn new() -> Draft {
        Draft::default()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Judges the next batch of the write. `New` has entered the draft; after `Duplicate` or an error the draft is as it was.
    /// `proof` says whether the coordinator has confirmed the batch's transaction ([`Producers::start_verification`]).
    pub fn check(
        &mut self,
        producers: &Producers,
        batch: &ProducerBatch,
        origin: Origin,
        proof: Proof,
    ) -> Result<Verdict, ProducerError> {
        let drafted = self
            .entries
            .iter()
            .position(|entry| entry.producer_id == batch.producer_id);
        let known = drafted
            .map(|index| &self.entries[index])
            .or_else(|| producers.get(batch.producer_id));
        if origin == Origin::Client
            && let Some(duplicate) = known.and_then(|entry| {
                entry.find(
                    batch.producer_epoch,
                    batch.first_sequence,
                    batch.last_sequence,
                )
            })
        {
            return Ok(Verdict::Duplicate(*duplicate));
        }
        if origin != Origin::Replication {
            rules::check_verified(
                batch,
                known,
                producers.is_verified(batch.producer_id, proof),
            )?;
        }
        let mut entry = known
            .cloned()
            .unwrap_or_else(|| ProducerEntry::unknown(batch.producer_id));
        match &batch.marker {
            Some(marker) => {
                rules::check_marker(batch, marker, &entry, origin)?;
                if let Some(first_offset) = entry.transaction_first_offset {
                    self.steps.push(Step::Complete(CompletedTransaction {
                        producer_id: batch.producer_id,
                        first_offset,
                        marker_offset: batch.first_offset,
                        is_aborted: marker.kind == super::MarkerKind::Abort,
                    }));
                }
                entry.end_transaction(
                    batch.producer_epoch,
                    marker.coordinator_epoch,
                    marker.timestamp,
                );
            }
            None => {
                let is_first_settled = !self
                    .settled
                    .iter()
                    .any(|(producer_id, ..)| *producer_id == batch.producer_id);
                let verification = producers
                    .verification(batch.producer_id)
                    .filter(|_| is_first_settled);
                rules::check_data(batch, &entry, verification, origin)?;
                entry.remember(batch.producer_epoch, stored(batch));
                if batch.is_transactional && entry.transaction_first_offset.is_none() {
                    entry.transaction_first_offset = Some(batch.first_offset);
                    self.steps
                        .push(Step::Begin(batch.producer_id, batch.first_offset));
                }
            }
        }
        if batch.is_transactional {
            self.settled.push((
                batch.producer_id,
                batch.producer_epoch,
                batch.marker.is_some(),
            ));
        }
        match drafted {
            Some(index) => self.entries[index] = entry,
            None => self.entries.push(entry),
        }
        Ok(Verdict::New)
    }
}

fn stored(batch: &ProducerBatch) -> StoredBatch {
    StoredBatch {
        last_sequence: batch.last_sequence,
        last_offset: batch.last_offset,
        offset_delta: batch.last_offset.since(batch.first_offset) as i32,
        timestamp: batch.max_timestamp,
    }
}
