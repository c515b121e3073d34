//! What members of the quorum say to each other, as bytes.
//!
//! ```text
//!   request   version u8 = 0, to member, kind u8, body
//!     0 append    vote, previous log id (optional), [u32 length + entry], leader's commit (optional)
//!     1 vote      vote, last log id (optional), leadership transfer bool
//!     2 pre-vote  as vote
//!     3 snapshot  vote, total bytes u64, position u64, bytes of the snapshot
//!     4 transfer  vote of the leader, to member, last log id (optional)
//!   answer    version u8 = 0, kind u8, body
//!     0 append    0 success | 1 partial success, log id (optional) | 2 conflict | 3 higher vote, vote
//!     1 vote      vote, granted bool, last log id (optional)
//!     2 snapshot  0 go on at u64 | 1 done, vote
//!     3 transfer  accepted bool
//!     255 refused reason string
//! ```
//! A request names the member it is for, directory included: a node that came back with an empty directory at the same address
//! refuses it, and so it never acknowledges for the member that it was.

use super::bytes::{Put, Reader};
use super::format::{
    FormatError, check_version, put_entry, put_log_id, put_member, put_vote, read_entry,
    read_log_id, read_member, read_vote,
};
use super::types::{LogId, RaftId, Types, Vote};
use bytes::{BufMut, Bytes, BytesMut};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, TransferLeaderRequest, VoteRequest, VoteResponse,
};

const VERSION: u8 = 0;
const REFUSED: u8 = 255;

/// A request to a member.
#[derive(Clone, Debug)]
pub enum Request {
    Append(AppendEntriesRequest<Types>),
    Vote(VoteRequest<Types>),
    PreVote(VoteRequest<Types>),
    Snapshot(SnapshotPart),
    Transfer(TransferLeaderRequest<Types>),
}

/// A piece of a snapshot. The pieces come in order; the answer says where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPart {
    pub vote: Vote,
    pub total_bytes: u64,
    pub position: u64,
    pub bytes: Bytes,
}

/// A member's answer.
#[derive(Clone, Debug)]
pub enum Answer {
    Append(AppendEntriesResponse<Types>),
    Vote(VoteResponse<Types>),
    SnapshotGoOn {
        position: u64,
    },
    SnapshotDone {
        vote: Vote,
    },
    Transfer {
        accepted: bool,
    },
    /// It is not the member that the request is for, or it cannot answer.
    Refused {
        reason: String,
    },
}

/// The bytes of a request.
pub fn write_request(target: RaftId, request: &Request) -> Result<Bytes, FormatError> {
    let mut to = BytesMut::new();
    to.put_u8(VERSION);
    put_member(&mut to, target);
    match request {
        Request::Append(append) => {
            to.put_u8(0);
            put_append(&mut to, append)?;
        }
        Request::Vote(vote) => {
            to.put_u8(1);
            put_vote_request(&mut to, vote);
        }
        Request::PreVote(vote) => {
            to.put_u8(2);
            put_vote_request(&mut to, vote);
        }
        Request::Snapshot(part) => {
            to.put_u8(3);
            put_vote(&mut to, &part.vote);
            to.put_u64(part.total_bytes);
            to.put_u64(part.position);
            to.put_counted(&part.bytes);
        }
        Request::Transfer(transfer) => {
            to.put_u8(4);
            put_vote(&mut to, transfer.from_leader());
            put_member(&mut to, *transfer.to_node_id());
            to.put_option(transfer.last_log_id(), put_log_id);
        }
    }
    Ok(to.freeze())
}

/// Reads a request and the member that it is for.
pub fn read_request(bytes: Bytes) -> Result<(RaftId, Request), FormatError> {
    let mut from = Reader::new(bytes);
    check_version("a raft request", from.u8()?, VERSION)?;
    let target = read_member(&mut from)?;
    let request = match from.u8()? {
        0 => Request::Append(read_append(&mut from)?),
        1 => Request::Vote(read_vote_request(&mut from)?),
        2 => Request::PreVote(read_vote_request(&mut from)?),
        3 => Request::Snapshot(SnapshotPart {
            vote: read_vote(&mut from)?,
            total_bytes: from.u64()?,
            position: from.u64()?,
            bytes: from.bytes()?,
        }),
        4 => {
            let (leader, member) = (read_vote(&mut from)?, read_member(&mut from)?);
            Request::Transfer(TransferLeaderRequest::new(
                leader,
                member,
                from.option(read_log_id)?,
            ))
        }
        kind => {
            return Err(FormatError::UnknownKind {
                what: "a raft request's kind",
                kind,
            });
        }
    };
    from.finish()?;
    Ok((target, request))
}

/// The bytes of an answer.
pub fn write_answer(answer: &Answer) -> Bytes {
    let mut to = BytesMut::new();
    to.put_u8(VERSION);
    match answer {
        Answer::Append(append) => {
            to.put_u8(0);
            put_append_answer(&mut to, append);
        }
        Answer::Vote(vote) => {
            to.put_u8(1);
            put_vote(&mut to, &vote.vote);
            to.put_bool(vote.vote_granted);
            to.put_option(vote.last_log_id.as_ref(), put_log_id);
        }
        Answer::SnapshotGoOn { position } => {
            to.put_u8(2);
            to.put_u8(0);
            to.put_u64(*position);
        }
        Answer::SnapshotDone { vote } => {
            to.put_u8(2);
            to.put_u8(1);
            put_vote(&mut to, vote);
        }
        Answer::Transfer { accepted } => {
            to.put_u8(3);
            to.put_bool(*accepted);
        }
        Answer::Refused { reason } => {
            to.put_u8(REFUSED);
            to.put_counted(reason.as_bytes());
        }
    }
    to.freeze()
}

/// Reads an answer.
pub fn read_answer(bytes: Bytes) -> Result<Answer, FormatError> {
    let mut from = Reader::new(bytes);
    check_version("a raft answer", from.u8()?, VERSION)?;
    let answer = match from.u8()? {
        0 => Answer::Append(read_append_answer(&mut from)?),
        1 => Answer::Vote(VoteResponse {
            vote: read_vote(&mut from)?,
            vote_granted: from.bool()?,
            last_log_id: from.option(read_log_id)?,
        }),
        2 => match from.u8()? {
            0 => Answer::SnapshotGoOn {
                position: from.u64()?,
            },
            1 => Answer::SnapshotDone {
                vote: read_vote(&mut from)?,
            },
            kind => {
                return Err(FormatError::UnknownKind {
                    what: "a snapshot's answer",
                    kind,
                });
            }
        },
        3 => Answer::Transfer {
            accepted: from.bool()?,
        },
        REFUSED => Answer::Refused {
            reason: from.string()?,
        },
        kind => {
            return Err(FormatError::UnknownKind {
                what: "a raft answer's kind",
                kind,
            });
        }
    };
    from.finish()?;
    Ok(answer)
}

fn put_append(to: &mut BytesMut, append: &AppendEntriesRequest<Types>) -> Result<(), FormatError> {
    put_vote(to, &append.vote);
    to.put_option(append.prev_log_id.as_ref(), put_log_id);
    to.put_u32(u32::try_from(append.entries.len()).expect("openraft sends some hundred at a time"));
    for entry in &append.entries {
        let mut bytes = BytesMut::new();
        put_entry(&mut bytes, entry)?;
        to.put_counted(&bytes);
    }
    to.put_option(append.leader_commit.as_ref(), put_log_id);
    Ok(())
}

fn read_append(from: &mut Reader) -> Result<AppendEntriesRequest<Types>, FormatError> {
    Ok(AppendEntriesRequest {
        vote: read_vote(from)?,
        prev_log_id: from.option(read_log_id)?,
        entries: from.list(|from| read_entry(from.bytes()?))?,
        leader_commit: from.option(read_log_id)?,
    })
}

fn put_append_answer(to: &mut BytesMut, append: &AppendEntriesResponse<Types>) {
    match append {
        AppendEntriesResponse::Success => to.put_u8(0),
        AppendEntriesResponse::PartialSuccess(upto) => {
            to.put_u8(1);
            to.put_option(upto.as_ref(), put_log_id);
        }
        AppendEntriesResponse::Conflict => to.put_u8(2),
        AppendEntriesResponse::HigherVote(vote) => {
            to.put_u8(3);
            put_vote(to, vote);
        }
    }
}

fn read_append_answer(from: &mut Reader) -> Result<AppendEntriesResponse<Types>, FormatError> {
    Ok(match from.u8()? {
        0 => AppendEntriesResponse::Success,
        1 => AppendEntriesResponse::PartialSuccess(from.option(read_log_id)?),
        2 => AppendEntriesResponse::Conflict,
        3 => AppendEntriesResponse::HigherVote(read_vote(from)?),
        kind => {
            return Err(FormatError::UnknownKind {
                what: "an append's answer",
                kind,
            });
        }
    })
}

fn put_vote_request(to: &mut BytesMut, request: &VoteRequest<Types>) {
    put_vote(to, &request.vote);
    to.put_option(request.last_log_id.as_ref(), put_log_id);
    to.put_bool(request.leadership_transfer);
}

fn read_vote_request(from: &mut Reader) -> Result<VoteRequest<Types>, FormatError> {
    let vote = read_vote(from)?;
    let last_log_id: Option<LogId> = from.option(read_log_id)?;
    Ok(VoteRequest {
        leadership_transfer: from.bool()?,
        ..VoteRequest::new(vote, last_log_id)
    })
}
