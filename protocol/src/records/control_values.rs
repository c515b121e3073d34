//! The values of control records; [`super::control`] has their framing.

use crate::derive::Message;
use crate::{Str, TaggedFields, Uuid};

/// Ends a transaction: the value of a commit or abort marker, after its version.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0")]
pub struct EndTxnMarker {
    pub coordinator_epoch: i32,
}

/// A Kafka controller was elected.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "0..")]
pub struct LeaderChangeMessage {
    pub version: i16,
    pub leader_id: i32,
    pub voters: Vec<LeaderChangeMessageVoter>,
    pub granting_voters: Vec<LeaderChangeMessageVoter>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`LeaderChangeMessage::voters`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderChangeMessageVoter {
    pub voter_id: i32,
    #[kafka(versions = "1..")]
    pub voter_directory_id: Uuid,
    pub unknown_tagged_fields: TaggedFields,
}

/// The first record of a Kafka snapshot.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct SnapshotHeaderRecord {
    pub version: i16,
    pub last_contained_log_timestamp: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// The last record of a Kafka snapshot.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct SnapshotFooterRecord {
    pub version: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// The level that `kraft.version` runs at.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct KRaftVersionRecord {
    pub version: i16,
    pub kraft_version: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// The voters of a Kafka quorum.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct VotersRecord {
    pub version: i16,
    pub voters: Vec<VotersVoter>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`VotersRecord::voters`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct VotersVoter {
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub endpoints: Vec<Endpoint>,
    pub kraft_version_feature: KRaftVersionFeature,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`VotersVoter::endpoints`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Endpoint {
    pub name: Str,
    pub host: Str,
    pub port: u16,
    pub unknown_tagged_fields: TaggedFields,
}

/// The value of [`VotersVoter::kraft_version_feature`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct KRaftVersionFeature {
    pub min_supported_version: i16,
    pub max_supported_version: i16,
    pub unknown_tagged_fields: TaggedFields,
}
