//! Carries raft's requests to the other nodes of the quorum, over links of their own.
//!
//! A node is looked for where `controller.quorum.voters` says it is, for its name is resolved at every dial and stays right when addresses
//! change; any other where the quorum's membership says. Large requests have another lane, so that a snapshot holds up no heartbeat.

use super::controller_link::destination;
use super::quorum_messages::RaftCallRequest;
use crate::config::Address;
use crate::peers::{Destination, Lane, Link, LinkError, Peers};
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use ottla_controller::ids::BrokerId;
use ottla_controller::raft::{Peer, RaftId, Wire};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

const VERSION: i16 = 0;
const CALLS: Lane = Lane::of("raft");
const SNAPSHOTS: Lane = Lane::of("raft-snapshots");
/// From this size on a request takes the other lane.
const LARGE_BYTES: usize = 256 * 1024;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct RaftWire {
    peers: Peers,
    /// By node: `controller.quorum.voters`.
    named: Arc<BTreeMap<BrokerId, Address>>,
    /// The listener at those addresses.
    listener: Arc<str>,
}

impl RaftWire {
    pub fn new(peers: Peers, named: BTreeMap<BrokerId, Address>, listener: Arc<str>) -> Self {
        Self {
            peers,
            named: Arc::new(named),
            listener,
        }
    }

    /// Where a node is looked for.
    pub fn address(&self, node: BrokerId, peer: &Peer) -> Option<Address> {
        self.named.get(&node).cloned().or_else(|| {
            peer.endpoints.first().map(|endpoint| Address {
                host: endpoint.host.clone(),
                port: endpoint.port,
            })
        })
    }

    /// A controller at this address.
    pub fn controller_at(&self, address: &Address) -> Destination {
        Destination::new(&self.listener, &address.host, address.port)
    }

    /// Where a node is dialled.
    pub fn destination(&self, node: BrokerId, peer: &Peer) -> Option<Destination> {
        let named = self.named.get(&node);
        let named = named.map(|address| self.controller_at(address));
        named.or_else(|| peer.endpoints.first().map(destination))
    }

    fn link(&self, to: RaftId, peer: &Peer, lane: Lane) -> Result<Link, LinkError> {
        let found = self.destination(to.node, peer).ok_or_else(|| {
            LinkError::Unreachable(format!("the quorum does not know where {to} is"))
        })?;
        Ok(self.peers.link(found, lane))
    }
}

impl Wire for RaftWire {
    fn call(
        &self,
        to: RaftId,
        peer: &Peer,
        request: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'static, io::Result<Bytes>> {
        let (wire, peer) = (self.clone(), peer.clone());
        async move {
            let lane = match request.len() >= LARGE_BYTES {
                true => SNAPSHOTS,
                false => CALLS,
            };
            let link = wire.link(to, &peer, lane)?;
            let call = RaftCallRequest {
                payload: request,
                ..Default::default()
            };
            let answer = link.request(VERSION, &call, timeout).await?;
            let stopping = || io::Error::from(io::ErrorKind::ConnectionAborted);
            answer.payload.ok_or_else(stopping)
        }
        .boxed()
    }
}
