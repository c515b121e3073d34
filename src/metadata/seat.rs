//! This node's seat in the metadata quorum: what it says to nodes that ask, and how it takes them in when it leads.
//!
//! There before the node has any metadata, and so before everything that needs them.

use super::quorum_messages::{JoinQuorumRequest, JoinQuorumResponse, QuorumEndpoint, Wish};
use crate::config::{Founding, QuorumConfig};
use ottla_controller::Controller;
use ottla_controller::controller::{MemberStatus, Newcomer, QuorumStatus};
use ottla_controller::ids::BrokerId;
use ottla_controller::raft::{Peer, PeerEndpoint, RaftId};
use ottla_protocol::{ErrorCode, Str};
use std::sync::atomic::{AtomicBool, Ordering};

/// See the module.
pub struct Seat {
    pub controller: Controller,
    /// Where the others reach this node.
    pub peer: Peer,
    /// Of the node's directories, or of its environment, if any.
    pub cluster_id: Option<String>,
    /// Its `controller.quorum.voters`.
    pub voters: Vec<i32>,
    /// What it wants to be.
    wish: Wish,
    /// It asked to vote, and did: who took it out since meant it, until the next start.
    has_voted: AtomicBool,
}

impl Seat {
    pub fn new(
        controller: Controller,
        peer: Peer,
        cluster_id: Option<String>,
        quorum: &QuorumConfig,
    ) -> Self {
        let mut voters = match &quorum.founding {
            Founding::Together(voters) => voters.iter().map(|voter| voter.node_id).collect(),
            Founding::Alone | Founding::Seek(_) => Vec::new(),
        };
        voters.sort_unstable();
        let node_id = controller.id().node.0;
        let wish =
            match quorum.roles.controller && (quorum.joins_voters || voters.contains(&node_id)) {
                true => Wish::Vote,
                false => Wish::Follow,
            };
        Self {
            controller,
            peer,
            cluster_id,
            voters,
            wish,
            has_voted: AtomicBool::new(false),
        }
    }

    /// What it wants to be now. Listed voters always vote.
    pub fn wish(&self) -> Wish {
        let was_taken_out = self.voters.is_empty() && self.has_voted.load(Ordering::Relaxed);
        match self.wish {
            Wish::Vote if was_taken_out => Wish::Follow,
            wish => wish,
        }
    }

    pub fn me(&self) -> RaftId {
        self.controller.id()
    }

    /// The cluster that this node belongs to, or is told to belong to.
    pub fn cluster_id(&self) -> Option<Str> {
        let image = self.controller.metadata().image();
        let known = image.cluster_id.as_deref().or(self.cluster_id.as_deref());
        known.map(Str::from)
    }

    /// What this node says of itself.
    pub fn introduction(&self, wish: Wish) -> JoinQuorumRequest {
        JoinQuorumRequest {
            cluster_id: self.cluster_id(),
            node_id: self.me().node.0,
            directory_id: self.me().directory,
            endpoints: endpoints(&self.peer),
            wants: wish.wire_id(),
            ..Default::default()
        }
    }

    /// Whether the quorum has this node as what and where it wants to be.
    pub fn is_as_wished(&self, quorum: &QuorumStatus) -> bool {
        let is_here = |member: &MemberStatus| member.id == self.me() && member.peer == self.peer;
        let votes = quorum.voters.iter().any(is_here);
        if votes {
            self.has_voted.store(true, Ordering::Relaxed);
        }
        match self.wish() {
            Wish::Vote => votes,
            Wish::Follow | Wish::Look => quorum.voters.iter().chain(&quorum.observers).any(is_here),
        }
    }

    /// Answers another node.
    pub async fn answer(&self, request: JoinQuorumRequest) -> JoinQuorumResponse {
        let quorum = self.controller.quorum();
        let cluster_id = self.cluster_id();
        let mut response = JoinQuorumResponse {
            cluster_id: cluster_id.clone(),
            node_id: self.me().node.0,
            directory_id: self.me().directory,
            is_empty: quorum.is_empty,
            voters: self.voters.clone(),
            leader_id: quorum.leader.map_or(-1, |leader| leader.node.0),
            leader_endpoints: self.leader_endpoints(&quorum),
            ..Default::default()
        };
        let (error, message) = match (&request.cluster_id, &cluster_id) {
            (Some(asked), Some(own)) if asked != own => (
                ErrorCode::INCONSISTENT_CLUSTER_ID,
                Some(format!("this is cluster {own}, not {asked}")),
            ),
            _ => self.grant(&quorum, request).await,
        };
        response.error_code = error;
        response.error_message = message.map(Str::from);
        response
    }

    fn leader_endpoints(&self, quorum: &QuorumStatus) -> Vec<QuorumEndpoint> {
        match quorum.leader {
            None => Vec::new(),
            Some(leader) if leader == self.me() => endpoints(&self.peer),
            Some(leader) => {
                let member = quorum.voters.iter().find(|member| member.id == leader);
                member.map_or(Vec::new(), |member| endpoints(&member.peer))
            }
        }
    }

    async fn grant(
        &self,
        quorum: &QuorumStatus,
        request: JoinQuorumRequest,
    ) -> (ErrorCode, Option<String>) {
        let votes = match Wish::of_wire(request.wants) {
            Some(Wish::Look) => return (ErrorCode::NONE, None),
            Some(Wish::Follow) => false,
            Some(Wish::Vote) => true,
            None => return (ErrorCode::INVALID_REQUEST, None),
        };
        if quorum.leader != Some(self.me()) {
            return (ErrorCode::NOT_CONTROLLER, None);
        }
        // A cluster that was of one node did not need to know where that is.
        let own = Newcomer {
            id: self.me(),
            peer: self.peer.clone(),
            votes: true,
        };
        let newcomer = Newcomer {
            id: RaftId {
                node: BrokerId(request.node_id),
                directory: request.directory_id,
            },
            peer: peer(&request.endpoints),
            votes,
        };
        let admitted = match self.controller.admit(own).await {
            Ok(_) => self.controller.admit(newcomer).await,
            Err(error) => Err(error),
        };
        match admitted {
            Ok(true) => (ErrorCode::NONE, None),
            Ok(false) => (ErrorCode::REQUEST_TIMED_OUT, None),
            Err(error) => (ErrorCode::DUPLICATE_VOTER, Some(error.to_string())),
        }
    }
}

fn endpoints(peer: &Peer) -> Vec<QuorumEndpoint> {
    let endpoint = |endpoint: &PeerEndpoint| QuorumEndpoint {
        listener: Str::from(&*endpoint.listener),
        host: Str::from(&*endpoint.host),
        port: endpoint.port,
        ..Default::default()
    };
    peer.endpoints.iter().map(endpoint).collect()
}

fn peer(endpoints: &[QuorumEndpoint]) -> Peer {
    let endpoint = |endpoint: &QuorumEndpoint| PeerEndpoint {
        listener: endpoint.listener.to_string(),
        host: endpoint.host.to_string(),
        port: endpoint.port,
    };
    Peer {
        endpoints: endpoints.iter().map(endpoint).collect(),
    }
}
