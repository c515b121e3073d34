//! The bytes of entries, votes, memberships and log ids: ours, versioned, and no openraft type among them.
//!
//! ```text
//!   log id      term u64, index u64
//!   member      node i32, directory uuid
//!   vote        version u8 = 0, term u64, member, committed bool
//!   membership  configs [[member]], nodes [member, endpoints [listener, host, port u16]]
//!   entry       version u8 = 0, log id, kind u8 (0 blank, 1 records, 2 membership), payload
//!   records     base offset i64, [u32 length + Kafka's record framing]
//! ```
//! Lists have a u32 count, strings and bytes a u32 length, numbers are big-endian. A new version of any of them gets a new
//! number; `tests/fixtures/` keeps bytes of every version that was ever released, and a test reads them.

use super::bytes::{Put, Reader};
use super::types::{
    Batch, Entry, LogId, Membership, Peer, PeerEndpoint, RaftId, StoredMembership, Vote,
};
use crate::ids::{BrokerId, MetadataOffset};
use bytes::{BufMut, Bytes, BytesMut};
use openraft::entry::RaftEntry;
use openraft::impls::leader_id_std::LeaderId;
use openraft::vote::{RaftLeaderId, RaftVote};
use openraft::{EntryPayload, StoredMembership as OpenStoredMembership};
use ottla_protocol::records::metadata::MetadataRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Why bytes are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    Truncated,
    Trailing {
        bytes: usize,
    },
    NotText,
    /// Written by a newer version of Ottla.
    UnknownVersion {
        what: &'static str,
        version: u8,
    },
    UnknownKind {
        what: &'static str,
        kind: u8,
    },
    Record {
        reason: String,
    },
    Membership {
        reason: String,
    },
}

impl fmt::Display for FormatError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormatError::Truncated => to.write_str("the bytes end too early"),
            FormatError::Trailing { bytes } => write!(to, "{bytes} bytes too many"),
            FormatError::NotText => to.write_str("a name is not UTF-8"),
            FormatError::UnknownVersion { what, version } => {
                write!(
                    to,
                    "{what} has version {version}, which only a newer Ottla can read"
                )
            }
            FormatError::UnknownKind { what, kind } => write!(to, "{what} cannot be {kind}"),
            FormatError::Record { reason } => write!(to, "a record cannot be read: {reason}"),
            FormatError::Membership { reason } => {
                write!(to, "a membership contradicts itself: {reason}")
            }
        }
    }
}

impl std::error::Error for FormatError {}

impl From<FormatError> for std::io::Error {
    fn from(error: FormatError) -> Self {
        std::io::Error::new(std::io::ErrorKind::InvalidData, error)
    }
}

const VOTE_VERSION: u8 = 0;
const ENTRY_VERSION: u8 = 0;

const BLANK: u8 = 0;
const RECORDS: u8 = 1;
const MEMBERSHIP: u8 = 2;

/// Refuses a version that this code cannot read.
pub(super) fn check_version(
    what: &'static str,
    version: u8,
    newest: u8,
) -> Result<(), FormatError> {
    if version > newest {
        Err(FormatError::UnknownVersion { what, version })
    } else {
        Ok(())
    }
}

pub fn put_log_id(to: &mut BytesMut, id: &LogId) {
    to.put_u64(*id.leader_id);
    to.put_u64(id.index);
}

pub fn read_log_id(from: &mut Reader) -> Result<LogId, FormatError> {
    // An entry's id has the term of its leader and not the leader: there is one per term.
    let leader = LeaderId {
        term: from.u64()?,
        voted_for: RaftId::default(),
    };
    Ok(LogId::new(leader.to_committed(), from.u64()?))
}

pub fn put_member(to: &mut BytesMut, member: RaftId) {
    to.put_i32(member.node.0);
    to.put_uuid(member.directory);
}

pub fn read_member(from: &mut Reader) -> Result<RaftId, FormatError> {
    Ok(RaftId {
        node: BrokerId(from.i32()?),
        directory: from.uuid()?,
    })
}

pub fn put_vote(to: &mut BytesMut, vote: &Vote) {
    to.put_u8(VOTE_VERSION);
    to.put_u64(vote.leader_id().term);
    put_member(to, vote.leader_id().voted_for);
    to.put_bool(vote.is_committed());
}

pub fn read_vote(from: &mut Reader) -> Result<Vote, FormatError> {
    check_version("a vote", from.u8()?, VOTE_VERSION)?;
    let leader = LeaderId {
        term: from.u64()?,
        voted_for: read_member(from)?,
    };
    Ok(Vote::from_leader_id(leader, from.bool()?))
}

pub fn put_membership(to: &mut BytesMut, membership: &Membership) {
    to.put_list(membership.get_joint_config().iter(), |to, config| {
        to.put_list(config.iter(), |to, member| put_member(to, *member));
    });
    let nodes: Vec<_> = membership.nodes().collect();
    to.put_list(nodes.into_iter(), |to, (member, peer)| {
        put_member(to, *member);
        to.put_list(peer.endpoints.iter(), |to, endpoint| {
            to.put_counted(endpoint.listener.as_bytes());
            to.put_counted(endpoint.host.as_bytes());
            to.put_u16(endpoint.port);
        });
    });
}

pub fn read_membership(from: &mut Reader) -> Result<Membership, FormatError> {
    let config =
        |from: &mut Reader| Ok(from.list(read_member)?.into_iter().collect::<BTreeSet<_>>());
    let configs = from.list(config)?;
    let endpoint = |from: &mut Reader| {
        Ok(PeerEndpoint {
            listener: from.string()?,
            host: from.string()?,
            port: from.u16()?,
        })
    };
    let node = |from: &mut Reader| {
        Ok((
            read_member(from)?,
            Peer {
                endpoints: from.list(endpoint)?,
            },
        ))
    };
    let nodes: BTreeMap<RaftId, Peer> = from.list(node)?.into_iter().collect();
    if configs.is_empty() && nodes.is_empty() {
        return Ok(Membership::default());
    }
    Membership::new(configs, nodes).map_err(|error| FormatError::Membership {
        reason: error.to_string(),
    })
}

pub fn put_stored_membership(to: &mut BytesMut, stored: &StoredMembership) {
    to.put_option(stored.log_id().as_ref(), put_log_id);
    put_membership(to, stored.membership());
}

pub fn read_stored_membership(from: &mut Reader) -> Result<StoredMembership, FormatError> {
    let log_id = from.option(read_log_id)?;
    Ok(OpenStoredMembership::new(log_id, read_membership(from)?))
}

/// The bytes of one entry.
pub fn put_entry(to: &mut BytesMut, entry: &Entry) -> Result<(), FormatError> {
    to.put_u8(ENTRY_VERSION);
    put_log_id(to, &entry.log_id());
    match &entry.payload {
        EntryPayload::Blank => to.put_u8(BLANK),
        EntryPayload::Normal(batch) => {
            to.put_u8(RECORDS);
            put_batch(to, batch)?;
        }
        EntryPayload::Membership(membership) => {
            to.put_u8(MEMBERSHIP);
            put_membership(to, membership);
        }
    }
    Ok(())
}

/// Reads the id of an entry and nothing else.
pub fn read_entry_id(bytes: &Bytes) -> Result<LogId, FormatError> {
    let mut from = Reader::new(bytes.clone());
    check_version("an entry", from.u8()?, ENTRY_VERSION)?;
    read_log_id(&mut from)
}

/// Reads one entry, which is all of `bytes`.
pub fn read_entry(bytes: Bytes) -> Result<Entry, FormatError> {
    let mut from = Reader::new(bytes);
    check_version("an entry", from.u8()?, ENTRY_VERSION)?;
    let log_id = read_log_id(&mut from)?;
    let payload = match from.u8()? {
        BLANK => EntryPayload::Blank,
        RECORDS => EntryPayload::Normal(read_batch(&mut from)?),
        MEMBERSHIP => EntryPayload::Membership(read_membership(&mut from)?),
        kind => {
            return Err(FormatError::UnknownKind {
                what: "an entry's kind",
                kind,
            });
        }
    };
    from.finish()?;
    Ok(Entry::new(log_id, payload))
}

fn put_batch(to: &mut BytesMut, batch: &Batch) -> Result<(), FormatError> {
    to.put_i64(batch.base_offset.0);
    to.put_u32(u32::try_from(batch.records.len()).expect("limited far below four billion"));
    batch
        .records
        .iter()
        .try_for_each(|record| put_record(to, record))
}

fn read_batch(from: &mut Reader) -> Result<Batch, FormatError> {
    let base_offset = MetadataOffset(from.i64()?);
    let records = from.list(read_record)?;
    Ok(Batch {
        base_offset,
        records: records.into(),
    })
}

/// A record with Kafka's framing behind its length, in the newest version that this code knows.
pub(super) fn put_record(to: &mut BytesMut, record: &MetadataRecord) -> Result<(), FormatError> {
    let bytes = record
        .encode(*record.versions().end())
        .map_err(|error| FormatError::Record {
            reason: error.to_string(),
        })?;
    to.put_counted(&bytes);
    Ok(())
}

pub(super) fn read_record(from: &mut Reader) -> Result<MetadataRecord, FormatError> {
    let (record, _version) =
        MetadataRecord::decode(from.bytes()?).map_err(|error| FormatError::Record {
            reason: error.to_string(),
        })?;
    Ok(record)
}
