//! Control records: what they are (`ControlRecordType`), and the transaction marker among them (`EndTransactionMarker`).
//!
//! ```text
//!   key:    version i16 = 0 | type i16            value of a marker:  version i16 = 0 | coordinator epoch i32
//! ```

use super::check::CheckedBatch;
use super::records::{Record, records};
use crate::error::Malformed;
use crate::producers::{EndMarker, MarkerKind, ProducerBatch};

/// The most that a batch of control records unfolds to; markers are never compressed by anyone.
const MAX_CONTROL_SIZE_BYTES: usize = 64 * 1024;

/// The `type` of a control record's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlType {
    Abort,
    Commit,
    LeaderChange,
    SnapshotHeader,
    SnapshotFooter,
    KraftVersion,
    KraftVoters,
    /// One that this version does not know; readers skip it.
    Unknown(i16),
}

impl ControlType {
    pub fn from_id(id: i16) -> ControlType {
        match id {
            0 => ControlType::Abort,
            1 => ControlType::Commit,
            2 => ControlType::LeaderChange,
            3 => ControlType::SnapshotHeader,
            4 => ControlType::SnapshotFooter,
            5 => ControlType::KraftVersion,
            6 => ControlType::KraftVoters,
            _ => ControlType::Unknown(id),
        }
    }

    pub fn id(self) -> i16 {
        match self {
            ControlType::Abort => 0,
            ControlType::Commit => 1,
            ControlType::LeaderChange => 2,
            ControlType::SnapshotHeader => 3,
            ControlType::SnapshotFooter => 4,
            ControlType::KraftVersion => 5,
            ControlType::KraftVoters => 6,
            ControlType::Unknown(id) => id,
        }
    }

    /// From a control record's key.
    pub fn parse(key: Option<&[u8]>) -> Result<ControlType, Malformed> {
        let key = key
            .and_then(|key| key.first_chunk::<4>())
            .ok_or_else(|| malformed("its key is too short"))?;
        if i16::from_be_bytes([key[0], key[1]]) < 0 {
            return Err(malformed("its version is negative"));
        }
        Ok(ControlType::from_id(i16::from_be_bytes([key[2], key[3]])))
    }

    /// The key of such a record.
    pub fn key(self) -> [u8; 4] {
        let [high, low] = self.id().to_be_bytes();
        [0, 0, high, low]
    }
}

/// The value of a marker written by the coordinator of this epoch.
pub fn marker_value(coordinator_epoch: i32) -> [u8; 6] {
    let [a, b, c, d] = coordinator_epoch.to_be_bytes();
    [0, 0, a, b, c, d]
}

/// Reads the marker in `record`, which is `timestamp` old. The transaction version is not in it: 0.
pub fn parse_marker(record: &Record, timestamp: i64) -> Result<EndMarker, Malformed> {
    let kind = match ControlType::parse(record.key)? {
        ControlType::Abort => MarkerKind::Abort,
        ControlType::Commit => MarkerKind::Commit,
        other => return Err(malformed_type(other)),
    };
    let value = record
        .value
        .and_then(|value| value.first_chunk::<6>())
        .ok_or_else(|| malformed("the marker's value is too short"))?;
    if i16::from_be_bytes([value[0], value[1]]) < 0 {
        return Err(malformed("the marker's version is negative"));
    }
    let coordinator_epoch = i32::from_be_bytes([value[2], value[3], value[4], value[5]]);
    Ok(EndMarker {
        kind,
        coordinator_epoch,
        timestamp,
        transaction_version: 0,
    })
}

impl CheckedBatch {
    /// What the producer rules look at, with a marker's content when this is one. `None`: nothing for them. Only a control batch is
    /// opened.
    pub fn producer_batch(&self) -> Result<Option<ProducerBatch>, Malformed> {
        let header = &self.header;
        if !header.producer_id.is_some() || !header.is_control() {
            return Ok(ProducerBatch::of(header, None));
        }
        let plain = self
            .plain(MAX_CONTROL_SIZE_BYTES)
            .map_err(|error| malformed(error.to_string()))?;
        let marker = match records(&plain, header.record_count).next() {
            Some(record) => {
                let record = record?;
                let timestamp = header.timestamp_of(record.timestamp_delta);
                Some(parse_marker(&record, timestamp)?)
            }
            None => None,
        };
        Ok(ProducerBatch::of(header, marker))
    }
}

fn malformed(reason: impl Into<std::borrow::Cow<'static, str>>) -> Malformed {
    Malformed::new("control record", reason)
}

fn malformed_type(found: ControlType) -> Malformed {
    malformed(format!(
        "{found:?} is no transaction marker, yet a producer id is set"
    ))
}
