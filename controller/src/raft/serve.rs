//! Answering other members.

use super::rpc::{Answer, Request, SnapshotPart, read_request, write_answer};
use super::snapshot::{SnapshotBytes, read_meta};
use super::state_machine::StateMachine;
use super::types::{RaftId, Types, Vote};
use bytes::{Bytes, BytesMut};
use openraft::Raft;
use openraft::storage::Snapshot;
use parking_lot::Mutex;
use std::fmt::Display;

/// A longer snapshot is refused: at about 100 bytes a partition this is ten million of them.
const SNAPSHOT_BYTES_MAX: u64 = 1 << 30;

/// The answering side of a member.
pub struct Server {
    id: RaftId,
    raft: Raft<Types, StateMachine>,
    /// One at a time: a new leader's replaces the old one's.
    incoming: Mutex<Option<Incoming>>,
}

struct Incoming {
    vote: Vote,
    total_bytes: u64,
    bytes: BytesMut,
}

impl Server {
    pub fn new(id: RaftId, raft: Raft<Types, StateMachine>) -> Self {
        Server {
            id,
            raft,
            incoming: Mutex::default(),
        }
    }

    /// Answers one request; never fails, because a refusal is an answer too.
    pub async fn answer(&self, request: Bytes) -> Bytes {
        let answer = match read_request(request) {
            Ok((target, request)) if target == self.id => self.serve(request).await,
            Ok((target, _)) => refused(format!("this is {}, not {target}", self.id)),
            Err(error) => refused(error),
        };
        write_answer(&answer)
    }

    async fn serve(&self, request: Request) -> Answer {
        match request {
            Request::Append(append) => self
                .raft
                .append_entries(append)
                .await
                .map_or_else(refused, Answer::Append),
            Request::Vote(vote) => self
                .raft
                .vote(vote)
                .await
                .map_or_else(refused, Answer::Vote),
            Request::PreVote(vote) => self
                .raft
                .pre_vote(vote)
                .await
                .map_or_else(refused, Answer::Vote),
            Request::Snapshot(part) => self.receive(part).await,
            Request::Transfer(transfer) => match self.raft.handle_transfer_leader(transfer).await {
                Ok(accepted) => Answer::Transfer {
                    accepted: accepted.is_ok(),
                },
                Err(error) => refused(error),
            },
        }
    }

    async fn receive(&self, part: SnapshotPart) -> Answer {
        if part.total_bytes > SNAPSHOT_BYTES_MAX {
            return refused(format!(
                "a snapshot of {} bytes is too long",
                part.total_bytes
            ));
        }
        let vote = part.vote;
        match self.collect(part) {
            Collected::GoOn { position } => Answer::SnapshotGoOn { position },
            Collected::Whole(bytes) => {
                let snapshot = SnapshotBytes(bytes);
                match read_meta(&snapshot) {
                    Err(error) => refused(error),
                    Ok(meta) => {
                        let installed = self
                            .raft
                            .install_full_snapshot(vote, Snapshot { meta, snapshot })
                            .await;
                        installed
                            .map_or_else(refused, |done| Answer::SnapshotDone { vote: done.vote })
                    }
                }
            }
        }
    }

    fn collect(&self, part: SnapshotPart) -> Collected {
        let mut slot = self.incoming.lock();
        let continues =
            |known: &Incoming| known.vote == part.vote && known.total_bytes == part.total_bytes;
        if part.position == 0 || !slot.as_ref().is_some_and(continues) {
            *slot = Some(Incoming {
                vote: part.vote,
                total_bytes: part.total_bytes,
                bytes: BytesMut::new(),
            });
        }
        let incoming = slot.as_mut().expect("just put there");
        let position = length(&incoming.bytes);
        if part.position == position && position + length(&part.bytes) <= incoming.total_bytes {
            incoming.bytes.extend_from_slice(&part.bytes);
        }
        let position = length(&incoming.bytes);
        if position < incoming.total_bytes {
            return Collected::GoOn { position };
        }
        let whole = slot.take().expect("it was there");
        Collected::Whole(whole.bytes.freeze())
    }
}

enum Collected {
    GoOn { position: u64 },
    Whole(Bytes),
}

fn refused(reason: impl Display) -> Answer {
    Answer::Refused {
        reason: reason.to_string(),
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).expect("a length fits into 64 bits")
}
