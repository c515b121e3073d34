//! Transactions being verified with their coordinator before their first append (KIP-890, `VerificationStateEntry`). Volatile: lost
//! on restart, when clients ask again.

use std::collections::BTreeMap;

use crate::offset::{ProducerEpoch, ProducerId, Sequence};

/// Proof that verification was asked for; only the one handed out last for its producer is good, so that an answer that comes
/// after an abort marker is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard(u64);

/// What a transactional batch brings to show that its transaction is the coordinator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// `transaction.partition.verification.enable` is off, or the batch is no client's.
    NotRequired,
    /// Only good inside a transaction that is open already.
    Nothing,
    /// The coordinator said yes after this guard was handed out.
    Guard(Guard),
}

#[derive(Clone, Debug)]
pub(super) struct Verification {
    guard: Guard,
    /// Milliseconds; forgotten after `producer.id.expiration.ms`.
    started_ms: i64,
    /// Lowest sequence seen while verifying: higher ones must wait for it.
    pub lowest_sequence: Sequence,
    pub epoch: ProducerEpoch,
    /// Transaction version 2: the producer's epoch grows with every transaction.
    pub supports_epoch_bump: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Verifications {
    by_producer: BTreeMap<ProducerId, Verification>,
    next_guard: u64,
}

impl Verifications {
    pub fn get(&self, producer_id: ProducerId) -> Option<&Verification> {
        self.by_producer.get(&producer_id)
    }

    pub fn is_verified(&self, producer_id: ProducerId, proof: Proof) -> bool {
        match proof {
            Proof::NotRequired => true,
            Proof::Nothing => false,
            Proof::Guard(guard) => self
                .get(producer_id)
                .is_some_and(|verification| verification.guard == guard),
        }
    }

    pub fn start(
        &mut self,
        producer_id: ProducerId,
        sequence: Sequence,
        epoch: ProducerEpoch,
        supports_epoch_bump: bool,
        now_ms: i64,
    ) -> Guard {
        let next_guard = &mut self.next_guard;
        let verification = self.by_producer.entry(producer_id).or_insert_with(|| {
            *next_guard += 1;
            Verification {
                guard: Guard(*next_guard),
                started_ms: now_ms,
                lowest_sequence: sequence,
                epoch,
                supports_epoch_bump,
            }
        });
        if epoch > verification.epoch {
            verification.epoch = epoch;
            verification.lowest_sequence = sequence;
        } else if epoch == verification.epoch && sequence < verification.lowest_sequence {
            verification.lowest_sequence = sequence;
        }
        verification.guard
    }

    /// A transactional batch was appended. Under version 2 the marker that ends a transaction carries the epoch of the next one,
    /// whose verification may already be under way and stays.
    pub fn settle(&mut self, producer_id: ProducerId, epoch: ProducerEpoch, is_marker: bool) {
        let is_of_the_next_transaction = self
            .get(producer_id)
            .is_some_and(|next| next.supports_epoch_bump && is_marker && next.epoch == epoch);
        if !is_of_the_next_transaction {
            self.by_producer.remove(&producer_id);
        }
    }

    pub fn expire(&mut self, now_ms: i64, expiration_ms: i64) {
        self.by_producer.retain(|_, verification| {
            now_ms.saturating_sub(verification.started_ms) < expiration_ms
        });
    }

    pub fn is_empty(&self) -> bool {
        self.by_producer.is_empty()
    }

    pub fn len(&self) -> usize {
        self.by_producer.len()
    }
}
