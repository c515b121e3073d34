//! Talking to other members: openraft's network on top of a [`Wire`] that carries bytes.

use super::rpc::{Answer, Request, SnapshotPart, read_answer, write_request};
use super::snapshot::SnapshotBytes;
use super::state_machine::DecidedMembers;
use super::types::{Peer, RaftId, Types, Vote};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use openraft::OptionalSend;
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::v2::RaftNetworkV2;
use openraft::network::{Backoff, RPCOption, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderError,
    TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::type_config::alias::SnapshotOf;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How many bytes of a snapshot go in one request.
const SNAPSHOT_PART_BYTES: usize = 1 << 20;

/// How long a member may take to store entries.
const ENTRIES_MAX: Duration = Duration::from_secs(1);
/// Pauses before a member that could not be reached is tried again.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_LONGEST: Duration = Duration::from_millis(320);

/// Carries a request to a member and brings its answer. `src/net` implements it with private APIs on the controller
/// listener; names are resolved at every dial. An answer after the timeout is no answer.
pub trait Wire: Send + Sync + 'static {
    fn call(
        &self,
        to: RaftId,
        peer: &Peer,
        request: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'static, io::Result<Bytes>>;
}

/// The wire of a quorum of one: nobody is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWire;

impl Wire for NoWire {
    fn call(
        &self,
        _: RaftId,
        _: &Peer,
        _: Bytes,
        _: Duration,
    ) -> BoxFuture<'static, io::Result<Bytes>> {
        std::future::ready(Err(io::ErrorKind::NotConnected.into())).boxed()
    }
}

/// Makes connections to members.
#[derive(Clone)]
pub struct Network {
    pub wire: Arc<dyn Wire>,
    pub decided: DecidedMembers,
}

/// One member, as openraft sees it. openraft keeps it when the member moves to another place (`RebuildReplicationStreams`), so where that is
/// is looked up at every call.
pub struct Member {
    wire: Arc<dyn Wire>,
    decided: DecidedMembers,
    id: RaftId,
    /// As proposed when this was made, and as decided then.
    peer: Peer,
    decided_then: Option<Peer>,
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Member;

    async fn new_client(&mut self, target: RaftId, node: &Peer) -> Member {
        Member {
            wire: self.wire.clone(),
            decided: self.decided.clone(),
            id: target,
            peer: node.clone(),
            decided_then: self.decided.peer(target),
        }
    }
}

impl Member {
    /// Where it is: as decided since, or else as this was made with, which may be proposed and not decided yet.
    fn peer(&self) -> Peer {
        let decided = self.decided.peer(self.id);
        match decided == self.decided_then {
            true => self.peer.clone(),
            false => decided.unwrap_or_else(|| self.peer.clone()),
        }
    }

    async fn call(&self, request: Request, timeout: Duration) -> Result<Answer, RPCError<Types>> {
        let bytes = write_request(self.id, &request).map_err(unreachable)?;
        let answered = self
            .wire
            .call(self.id, &self.peer(), bytes, timeout)
            .await
            .map_err(unreachable)?;
        match read_answer(answered).map_err(unreachable)? {
            Answer::Refused { reason } => Err(unreachable(io::Error::other(reason))),
            answer => Ok(answer),
        }
    }

    async fn send_snapshot(
        &self,
        vote: Vote,
        bytes: Bytes,
        timeout: Duration,
    ) -> Result<SnapshotResponse<Types>, RPCError<Types>> {
        let total = bytes.len();
        let mut position = 0;
        // A receiver may start over when another leader's snapshot came in between, but not without end.
        let mut goes_back = 0;
        while goes_back < 3 {
            let end = total.min(position + SNAPSHOT_PART_BYTES);
            let part = SnapshotPart {
                vote,
                total_bytes: number(total),
                position: number(position),
                bytes: bytes.slice(position..end),
            };
            match self.call(Request::Snapshot(part), timeout).await? {
                Answer::SnapshotDone { vote } => return Ok(SnapshotResponse::new(vote)),
                Answer::SnapshotGoOn { position: next } if next <= number(total) => {
                    let next = usize::try_from(next).expect("not beyond the snapshot's length");
                    goes_back += u32::from(next <= position);
                    position = next;
                }
                other => return Err(unexpected(&other)),
            }
        }
        Err(unreachable(io::Error::other(
            "the member does not take the snapshot",
        )))
    }
}

impl RaftNetworkV2<Types> for Member {
    type SnapshotData = SnapshotBytes;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        // A member whose disk is slow for a moment is not gone; when it is, the connection says so.
        let timeout = match request.entries.is_empty() {
            true => option.soft_ttl(),
            false => option.soft_ttl().max(ENTRIES_MAX),
        };
        match self.call(Request::Append(request), timeout).await? {
            Answer::Append(answer) => Ok(answer),
            other => Err(unexpected(&other)),
        }
    }

    async fn vote(
        &mut self,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        match self.call(Request::Vote(request), option.soft_ttl()).await? {
            Answer::Vote(answer) => Ok(answer),
            other => Err(unexpected(&other)),
        }
    }

    async fn pre_vote(
        &mut self,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        match self
            .call(Request::PreVote(request), option.soft_ttl())
            .await?
        {
            Answer::Vote(answer) => Ok(answer),
            other => Err(unexpected(&other)),
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: SnapshotOf<Types, SnapshotBytes>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        let sent = self.send_snapshot(vote, snapshot.snapshot.0, option.soft_ttl());
        tokio::select! {
            biased;
            closed = cancel => Err(StreamingError::Closed(closed)),
            sent = sent => sent.map_err(streaming),
        }
    }

    fn backoff(&self) -> Option<Backoff> {
        let doubled = |pause: &Duration| Some((*pause * 2).min(PAUSE_LONGEST));
        Some(Backoff::new(std::iter::successors(
            Some(PAUSE_FIRST),
            doubled,
        )))
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Types>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<Types>, RPCError<Types>> {
        let expected = *request.from_leader();
        match self
            .call(Request::Transfer(request), option.soft_ttl())
            .await?
        {
            Answer::Transfer { accepted: true } => Ok(Ok(())),
            Answer::Transfer { accepted: false } => Ok(Err(TransferLeaderError::VoteChanged {
                expected,
                actual: expected,
            })),
            other => Err(unexpected(&other)),
        }
    }
}

fn unreachable(error: impl std::error::Error + 'static) -> RPCError<Types> {
    RPCError::Unreachable(Unreachable::new(&error))
}

fn unexpected(answer: &Answer) -> RPCError<Types> {
    let error = io::Error::new(
        io::ErrorKind::InvalidData,
        format!("not an answer to the request: {answer:?}"),
    );
    RPCError::Network(NetworkError::new(&error))
}

fn streaming(error: RPCError<Types>) -> StreamingError<Types> {
    match error {
        RPCError::Timeout(error) => StreamingError::Timeout(error),
        RPCError::Network(error) => StreamingError::Network(error),
        RPCError::Unreachable(error) => StreamingError::Unreachable(error),
        RPCError::RemoteError(error) => StreamingError::Unreachable(Unreachable::new(&error)),
    }
}

fn number(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits into 64 bits")
}

#[cfg(test)]
mod tests {
    use super::super::types::{PeerEndpoint, StoredMembership};
    use super::*;
    use crate::ids::BrokerId;
    use openraft::Membership;
    use ottla_protocol::Uuid;
    use std::collections::{BTreeMap, BTreeSet};

    const ID: RaftId = RaftId {
        node: BrokerId(4),
        directory: Uuid([4; 16]),
    };

    fn at(port: u16) -> Peer {
        Peer {
            endpoints: vec![PeerEndpoint {
                listener: "CONTROLLER".to_owned(),
                host: "h".to_owned(),
                port,
            }],
        }
    }

    fn decided(port: u16) -> StoredMembership {
        let nodes = BTreeMap::from([(ID, at(port))]);
        let voters = vec![BTreeSet::from([ID])];
        StoredMembership::new(None, Membership::new(voters, nodes).unwrap())
    }

    #[tokio::test]
    async fn a_member_that_moved_is_called_at_its_new_place_by_a_connection_from_before() {
        let mut network = Network {
            wire: Arc::new(NoWire),
            decided: DecidedMembers::default(),
        };
        network.decided.set(&decided(1));
        let before = network.new_client(ID, &at(1)).await;
        // Proposed, and not decided: who is to store the entry that decides it may be this very member.
        let proposed = network.new_client(ID, &at(2)).await;
        assert_eq!((before.peer(), proposed.peer()), (at(1), at(2)));
        network.decided.set(&decided(2));
        assert_eq!((before.peer(), proposed.peer()), (at(2), at(2)));
        network.decided.set(&decided(3));
        assert_eq!((before.peer(), proposed.peer()), (at(3), at(3)));
    }
}
