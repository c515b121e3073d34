//! The types that openraft is configured with: who a member is, what an entry carries, what applying one answers.

use super::runtime::Ordered;
use crate::ids::{BrokerId, MetadataOffset};
use openraft::impls::leader_id_std::LeaderId;
use openraft_rt::deterministic_rng::DeterministicRng;
use ottla_protocol::Uuid;
use ottla_protocol::records::metadata::MetadataRecord;
use std::fmt;
use std::sync::Arc;

/// A member of the quorum: a node with the directory that holds its log. A node that lost its directory comes back as
/// another member, so that nobody counts on votes and entries that are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RaftId {
    pub node: BrokerId,
    pub directory: Uuid,
}

impl fmt::Display for RaftId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}@{}", self.node, self.directory)
    }
}

/// Where a member can be reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerEndpoint {
    pub listener: String,
    pub host: String,
    pub port: u16,
}

/// What the quorum knows of a member beside its id. Names are resolved at every dial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    pub endpoints: Vec<PeerEndpoint>,
}

/// What one entry of the log carries: the records of one decision, applied together.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The offset of the first record, given by the leader. Whoever applies the entry has arrived at exactly this offset,
    /// or the entry was decided on another history and changes nothing.
    pub base_offset: MetadataOffset,
    pub records: Arc<[MetadataRecord]>,
}

impl fmt::Display for Batch {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            to,
            "{} records from {}",
            self.records.len(),
            self.base_offset
        )
    }
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Applied, or without effect on the metadata; the image stands at this offset.
    At(MetadataOffset),
    /// Decided on another history: nothing was changed.
    Refused,
}

/// openraft's own tasks and timers: tokio, in order, with random numbers that follow a seed.
pub type Runtime = DeterministicRng<Ordered>;

openraft::declare_raft_types!(
    /// How openraft is used here.
    pub Types:
        D = Batch,
        R = Applied,
        NodeId = RaftId,
        Node = Peer,
        Term = u64,
        LeaderId = LeaderId<u64, RaftId>,
        AsyncRuntime = Runtime,
);

pub type Entry = openraft::type_config::alias::EntryOf<Types>;
pub type LogId = openraft::type_config::alias::LogIdOf<Types>;
pub type Vote = openraft::type_config::alias::VoteOf<Types>;
pub type Membership = openraft::Membership<RaftId, Peer>;
pub type StoredMembership = openraft::type_config::alias::StoredMembershipOf<Types>;
pub type SnapshotMeta = openraft::type_config::alias::SnapshotMetaOf<Types>;
