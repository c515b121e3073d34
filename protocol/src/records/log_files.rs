//! Entries of the files that stand beside a log: producer snapshots and the index of aborted transactions. Each is prefixed with
//! its version, an i16: see [`super::prefixed`].

use crate::derive::Message;

/// The content of a `.snapshot` file after its version.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1")]
pub struct ProducerSnapshot {
    pub crc: u32,
    pub producer_entries: Vec<ProducerEntry>,
}

/// A producer the partition remembers; the offset delta is that of its last batch. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ProducerEntry {
    pub producer_id: i64,
    pub epoch: i16,
    pub last_sequence: i32,
    pub last_offset: i64,
    pub offset_delta: i32,
    pub timestamp: i64,
    pub coordinator_epoch: i32,
    pub current_txn_first_offset: i64,
}

/// An entry of a `.txnindex` file after its version.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct AbortedTxn {
    pub producer_id: i64,
    pub first_offset: i64,
    pub last_offset: i64,
    pub last_stable_offset: i64,
}
