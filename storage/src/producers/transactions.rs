//! The transactions of a partition, and the entry of a `.txnindex` file.
//!
//! *Open* transactions have no marker yet; *unreplicated* ones have theirs above the high watermark. Both hold the last stable offset
//! back (`ProducerStateManager.firstUnstableOffset`).
//!
//! ```text
//!   .txnindex entry, 34 bytes (AbortedTxn):
//!   version i16 = 0 | producer id i64 | first offset i64 | last offset (the marker) i64 | last stable offset i64
//! ```

use std::collections::BTreeMap;

use crate::error::Malformed;
use crate::offset::{Offset, ProducerId};

/// Size of one entry of a `.txnindex` file.
pub const ABORTED_TRANSACTION_SIZE_BYTES: usize = 34;

/// A transaction that was aborted: its data is skipped by readers of committed records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTransaction {
    pub producer_id: ProducerId,
    pub first_offset: Offset,
    /// Offset of the abort marker.
    pub last_offset: Offset,
    /// Last stable offset once this transaction was complete: a search for aborted transactions above an offset may stop at the first
    /// entry whose last stable offset is at or beyond its upper end.
    pub last_stable_offset: Offset,
}

impl AbortedTransaction {
    pub fn encode(&self) -> [u8; ABORTED_TRANSACTION_SIZE_BYTES] {
        let mut bytes = [0; ABORTED_TRANSACTION_SIZE_BYTES];
        bytes[2..10].copy_from_slice(&self.producer_id.0.to_be_bytes());
        bytes[10..18].copy_from_slice(&self.first_offset.0.to_be_bytes());
        bytes[18..26].copy_from_slice(&self.last_offset.0.to_be_bytes());
        bytes[26..34].copy_from_slice(&self.last_stable_offset.0.to_be_bytes());
        bytes
    }

    pub fn parse(
        bytes: &[u8; ABORTED_TRANSACTION_SIZE_BYTES],
    ) -> Result<AbortedTransaction, Malformed> {
        let version = i16::from_be_bytes([bytes[0], bytes[1]]);
        if version != 0 {
            return Err(Malformed::new(
                "transaction index entry",
                format!("version {version} is unknown"),
            ));
        }
        let long = |at: usize| {
            i64::from_be_bytes(
                *bytes[at..]
                    .first_chunk()
                    .expect("34 bytes hold four longs after the version"),
            )
        };
        Ok(AbortedTransaction {
            producer_id: ProducerId(long(2)),
            first_offset: Offset(long(10)),
            last_offset: Offset(long(18)),
            last_stable_offset: Offset(long(26)),
        })
    }
}

/// A transaction that a marker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CompletedTransaction {
    pub producer_id: ProducerId,
    pub first_offset: Offset,
    pub marker_offset: Offset,
    pub is_aborted: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Transactions {
    /// By first offset.
    open: BTreeMap<Offset, ProducerId>,
    /// By first offset, with the marker's offset.
    unreplicated: BTreeMap<Offset, Offset>,
}

impl Transactions {
    pub fn begin(&mut self, producer_id: ProducerId, first_offset: Offset) {
        self.open.insert(first_offset, producer_id);
    }

    /// Closes the transaction; yields the index entry when it was aborted.
    pub fn complete(&mut self, completed: &CompletedTransaction) -> Option<AbortedTransaction> {
        let last_stable_offset = self
            .open
            .iter()
            .find(|(_, producer_id)| **producer_id != completed.producer_id)
            .map_or(completed.marker_offset.next(), |(first_offset, _)| {
                *first_offset
            });
        self.open.remove(&completed.first_offset);
        self.unreplicated
            .insert(completed.first_offset, completed.marker_offset);
        completed.is_aborted.then_some(AbortedTransaction {
            producer_id: completed.producer_id,
            first_offset: completed.first_offset,
            last_offset: completed.marker_offset,
            last_stable_offset,
        })
    }

    /// First offset of the oldest transaction that is undecided or whose marker is not below the high watermark.
    pub fn first_unstable_offset(&self) -> Option<Offset> {
        let open = self.first_undecided().map(|(first_offset, _)| first_offset);
        let unreplicated = self.unreplicated.keys().next().copied();
        open.into_iter().chain(unreplicated).min()
    }

    /// The oldest transaction without a marker.
    pub fn first_undecided(&self) -> Option<(Offset, ProducerId)> {
        self.open
            .iter()
            .next()
            .map(|(first_offset, producer_id)| (*first_offset, *producer_id))
    }

    /// Markers below `offset` are replicated (the high watermark) or gone (the log's start).
    pub fn settle_below(&mut self, offset: Offset) {
        self.unreplicated
            .retain(|_, marker_offset| *marker_offset >= offset);
    }

    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.unreplicated.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_aborted_transaction_survives_its_encoding(producer in any::<i64>(), first in any::<i64>(), last in any::<i64>(), stable in any::<i64>()) {
            let entry = AbortedTransaction {
                producer_id: ProducerId(producer), first_offset: Offset(first), last_offset: Offset(last), last_stable_offset: Offset(stable),
            };
            prop_assert_eq!(AbortedTransaction::parse(&entry.encode()), Ok(entry));
        }
    }

    #[test]
    fn an_unknown_version_is_refused() {
        let mut bytes = [0; ABORTED_TRANSACTION_SIZE_BYTES];
        bytes[1] = 1;
        assert!(AbortedTransaction::parse(&bytes).is_err());
    }

    #[test]
    fn a_decided_transaction_is_unstable_until_its_marker_is_replicated() {
        let mut transactions = Transactions::default();
        transactions.begin(ProducerId(1), Offset(10));
        transactions.begin(ProducerId(2), Offset(20));
        let aborted = transactions.complete(&CompletedTransaction {
            producer_id: ProducerId(1),
            first_offset: Offset(10),
            marker_offset: Offset(30),
            is_aborted: true,
        });
        assert_eq!(
            aborted.map(|entry| entry.last_stable_offset),
            Some(Offset(20)),
            "the other transaction is still open"
        );
        assert_eq!(transactions.first_unstable_offset(), Some(Offset(10)));
        transactions.settle_below(Offset(30));
        assert_eq!(
            transactions.first_unstable_offset(),
            Some(Offset(10)),
            "the marker itself is not yet below the high watermark"
        );
        transactions.settle_below(Offset(31));
        assert_eq!(transactions.first_unstable_offset(), Some(Offset(20)));
        assert_eq!(
            transactions.first_undecided(),
            Some((Offset(20), ProducerId(2)))
        );
    }
}
