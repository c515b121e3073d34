//! Control records: those a log keeps among its data for itself (`ControlRecordType`, `ControlRecordUtils`).
//!
//! ```text
//! key    version i16, 0 │ type i16
//! value  abort, commit: version i16, 0 │ coordinator epoch i32
//!        the others: a struct whose first field is its version
//! ```

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder};
use crate::{Bytes, Message};

pub use super::control_values::*;

/// A control record of any type.
#[derive(Clone, Debug, PartialEq)]
pub enum ControlRecord {
    /// Ends a transaction whose records are void.
    Abort(EndTxnMarker),
    /// Ends a transaction whose records count.
    Commit(EndTxnMarker),
    /// A Kafka controller was elected.
    LeaderChange(LeaderChangeMessage),
    /// The beginning of a Kafka snapshot.
    SnapshotHeader(SnapshotHeaderRecord),
    /// The end of a Kafka snapshot.
    SnapshotFooter(SnapshotFooterRecord),
    /// The level of `kraft.version`.
    KRaftVersion(KRaftVersionRecord),
    /// The voters of a Kafka quorum.
    KRaftVoters(VotersRecord),
}

impl ControlRecord {
    /// The number that names the type.
    pub fn kind(&self) -> i16 {
        match self {
            Self::Abort(_) => 0,
            Self::Commit(_) => 1,
            Self::LeaderChange(_) => 2,
            Self::SnapshotHeader(_) => 3,
            Self::SnapshotFooter(_) => 4,
            Self::KRaftVersion(_) => 5,
            Self::KRaftVoters(_) => 6,
        }
    }

    /// Reads a record from its key and value. Versions above the known ones are read as the last known one, as Kafka does.
    ///
    /// # Errors
    /// Bytes that are not a control record; [`DecodeError::UnknownRecordType`] for a type a newer Kafka may have written, which is to
    /// be skipped.
    pub fn decode(key: Bytes, value: Bytes) -> Result<Self, DecodeError> {
        let mut key = Decoder::new(key);
        let (_version, kind) = (key.i16()?, key.i16()?);
        match kind {
            0 => decode_marker(value).map(Self::Abort),
            1 => decode_marker(value).map(Self::Commit),
            2 => decode_value(value).map(Self::LeaderChange),
            3 => decode_value(value).map(Self::SnapshotHeader),
            4 => decode_value(value).map(Self::SnapshotFooter),
            5 => decode_value(value).map(Self::KRaftVersion),
            6 => decode_value(value).map(Self::KRaftVoters),
            kind => Err(DecodeError::UnknownRecordType(kind.into())),
        }
    }

    /// Writes the record's key and value.
    ///
    /// # Errors
    /// A value that its version cannot express.
    pub fn encode(&self) -> Result<(Bytes, Bytes), EncodeError> {
        let mut key = Encoder::new();
        key.put(&[0, 0]);
        key.put(&self.kind().to_be_bytes());
        let mut to = Encoder::new();
        match self {
            Self::Abort(marker) | Self::Commit(marker) => {
                to.put(&[0, 0]);
                marker.encode(&mut to, 0)?;
            }
            Self::LeaderChange(value) => value.encode(&mut to, value.version)?,
            Self::SnapshotHeader(value) => value.encode(&mut to, value.version)?,
            Self::SnapshotFooter(value) => value.encode(&mut to, value.version)?,
            Self::KRaftVersion(value) => value.encode(&mut to, value.version)?,
            Self::KRaftVoters(value) => value.encode(&mut to, value.version)?,
        }
        Ok((key.into_bytes(), to.into_bytes()))
    }
}

fn decode_marker(value: Bytes) -> Result<EndTxnMarker, DecodeError> {
    let mut from = Decoder::new(value);
    let version = from.i16()?;
    if version < 0 {
        return Err(DecodeError::UnsupportedVersion {
            message: EndTxnMarker::NAME,
            version,
        });
    }
    EndTxnMarker::decode(&mut from, 0)
}

fn decode_value<M: Message>(value: Bytes) -> Result<M, DecodeError> {
    let version = Decoder::new(value.clone()).i16()?;
    M::decode(&mut Decoder::new(value), version.min(*M::VERSIONS.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_marker_is_four_bytes_of_key_and_six_of_value() {
        let record = ControlRecord::Commit(EndTxnMarker {
            coordinator_epoch: 7,
        });
        let (key, value) = record.encode().expect("encodes");
        assert_eq!(
            (&key[..], &value[..]),
            (&[0, 0, 0, 1][..], &[0, 0, 0, 0, 0, 7][..])
        );
        assert_eq!(ControlRecord::decode(key, value), Ok(record));
    }

    #[test]
    fn a_type_from_the_future_is_told_from_damage() {
        let key = Bytes::from_static(&[0, 0, 0, 99]);
        assert_eq!(
            ControlRecord::decode(key, Bytes::new()),
            Err(DecodeError::UnknownRecordType(99))
        );
    }

    #[test]
    fn a_leader_change_is_read_in_the_version_it_names() {
        let message = LeaderChangeMessage {
            version: 1,
            leader_id: 3,
            voters: vec![LeaderChangeMessageVoter {
                voter_id: 3,
                ..Default::default()
            }],
            ..Default::default()
        };
        let record = ControlRecord::LeaderChange(message);
        let (key, value) = record.encode().expect("encodes");
        assert_eq!(ControlRecord::decode(key, value), Ok(record));
    }
}
