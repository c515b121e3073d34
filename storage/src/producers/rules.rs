//! When a batch of a producer is refused (`ProducerAppendInfo`). Pure: one batch against one entry.

use std::fmt;

use super::batch::{EndMarker, ProducerBatch};
use super::entry::ProducerEntry;
use super::verification::Verification;
use crate::offset::{ProducerEpoch, ProducerId, Sequence};

/// Where a batch comes from, which says how much of it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A produce request: everything.
    Client,
    /// A coordinator of this broker (group offsets of a transaction, markers): epochs, no sequences.
    Coordinator,
    /// The leader's log or our own being recovered: already checked, only transaction states must fit.
    Replication,
}

/// Why a batch may not be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProducerError {
    /// INVALID_PRODUCER_EPOCH.
    StaleEpoch {
        producer_id: ProducerId,
        epoch: ProducerEpoch,
        current: ProducerEpoch,
    },
    /// OUT_OF_ORDER_SEQUENCE_NUMBER. `expected_after` is [`Sequence::NONE`] when 0 was due.
    OutOfOrderSequence {
        producer_id: ProducerId,
        sequence: Sequence,
        expected_after: Sequence,
    },
    /// INVALID_TXN_STATE: a plain batch inside an open transaction.
    OpenTransaction { producer_id: ProducerId },
    /// INVALID_TXN_STATE: a transactional batch that the coordinator has not verified (KIP-890).
    UnverifiedTransaction { producer_id: ProducerId },
    /// TRANSACTION_COORDINATOR_FENCED.
    CoordinatorFenced {
        producer_id: ProducerId,
        epoch: i32,
        current: i32,
    },
}

impl fmt::Display for ProducerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StaleEpoch {
                producer_id,
                epoch,
                current,
            } => {
                write!(
                    f,
                    "epoch {epoch} of producer {producer_id} is older than the last seen epoch {current}"
                )
            }
            Self::OutOfOrderSequence {
                producer_id,
                sequence,
                expected_after,
            } => {
                write!(
                    f,
                    "sequence {sequence} of producer {producer_id} does not follow {expected_after}"
                )
            }
            Self::OpenTransaction { producer_id } => {
                write!(
                    f,
                    "producer {producer_id} has an open transaction and sent a batch outside of it"
                )
            }
            Self::UnverifiedTransaction { producer_id } => {
                write!(
                    f,
                    "the batch of producer {producer_id} is not part of an ongoing transaction"
                )
            }
            Self::CoordinatorFenced {
                producer_id,
                epoch,
                current,
            } => {
                write!(
                    f,
                    "coordinator epoch {epoch} for producer {producer_id} is older than the known {current}"
                )
            }
        }
    }
}

impl std::error::Error for ProducerError {}

/// Whether a batch of data may follow `entry`. Duplicates are found before this is asked.
pub(super) fn check_data(
    batch: &ProducerBatch,
    entry: &ProducerEntry,
    verification: Option<&Verification>,
    origin: Origin,
) -> Result<(), ProducerError> {
    if origin != Origin::Replication && batch.producer_epoch < entry.producer_epoch {
        return Err(stale(batch, entry));
    }
    if origin == Origin::Client {
        check_sequence(batch, entry, verification)?;
    }
    if entry.transaction_first_offset.is_some() && !batch.is_transactional {
        return Err(ProducerError::OpenTransaction {
            producer_id: batch.producer_id,
        });
    }
    Ok(())
}

fn check_sequence(
    batch: &ProducerBatch,
    entry: &ProducerEntry,
    verification: Option<&Verification>,
) -> Result<(), ProducerError> {
    let first = batch.first_sequence;
    let out_of_order = |expected_after| {
        Err(ProducerError::OutOfOrderSequence {
            producer_id: batch.producer_id,
            sequence: first,
            expected_after,
        })
    };
    if let Some(verification) = verification {
        // Under transaction version 2 a producer without state starts at 0; otherwise the lowest sequence seen while verifying
        // comes first, so that a batch whose predecessor failed verification does not overtake it.
        if verification.supports_epoch_bump
            && first != Sequence(0)
            && entry.recent_batches().is_empty()
        {
            return out_of_order(Sequence::NONE);
        }
        if first > verification.lowest_sequence {
            return out_of_order(verification.lowest_sequence);
        }
    }
    if entry.producer_epoch == ProducerEpoch::NONE {
        return Ok(()); // nothing known (expired, deleted by retention): any sequence starts it (KIP-360)
    }
    if batch.producer_epoch != entry.producer_epoch {
        return if first == Sequence(0) {
            Ok(())
        } else {
            out_of_order(Sequence::NONE)
        };
    }
    if first.follows(entry.last_sequence()) {
        Ok(())
    } else {
        out_of_order(entry.last_sequence())
    }
}

/// Whether a transaction marker may follow `entry`.
pub(super) fn check_marker(
    batch: &ProducerBatch,
    marker: &EndMarker,
    entry: &ProducerEntry,
    origin: Origin,
) -> Result<(), ProducerError> {
    if origin == Origin::Replication {
        return Ok(());
    }
    let current = entry.producer_epoch;
    let is_version_2 = marker.transaction_version >= 2;
    // Version 2 bumps the epoch with every marker, so an equal one is late, unless it repeats one that was written already
    // (KAFKA-19999).
    let is_repeated = batch.producer_epoch == current
        && (entry.transaction_first_offset.is_none()
            || batch.producer_epoch == ProducerEpoch(i16::MAX));
    let is_late = batch.producer_epoch < current
        || (is_version_2 && batch.producer_epoch == current && !is_repeated);
    if is_late {
        return Err(stale(batch, entry));
    }
    if entry.coordinator_epoch > marker.coordinator_epoch {
        return Err(ProducerError::CoordinatorFenced {
            producer_id: batch.producer_id,
            epoch: marker.coordinator_epoch,
            current: entry.coordinator_epoch,
        });
    }
    Ok(())
}

/// Whether a transactional batch may start or continue a transaction: either one of its epoch is open, or
/// the coordinator has confirmed it (KIP-890).
pub(super) fn check_verified(
    batch: &ProducerBatch,
    entry: Option<&ProducerEntry>,
    is_verified: bool,
) -> Result<(), ProducerError> {
    if !batch.is_transactional
        || entry.is_some_and(|entry| entry.has_open_transaction(batch.producer_epoch))
    {
        return Ok(());
    }
    match entry {
        Some(entry) if batch.producer_epoch < entry.producer_epoch => Err(stale(batch, entry)),
        _ if batch.marker.is_none() && !is_verified => Err(ProducerError::UnverifiedTransaction {
            producer_id: batch.producer_id,
        }),
        _ => Ok(()),
    }
}

fn stale(batch: &ProducerBatch, entry: &ProducerEntry) -> ProducerError {
    ProducerError::StaleEpoch {
        producer_id: batch.producer_id,
        epoch: batch.producer_epoch,
        current: entry.producer_epoch,
    }
}
