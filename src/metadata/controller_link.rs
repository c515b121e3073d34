//! Asking the active controller, whichever node it is: this one without a detour, another over the network.
//!
//! Guarantees: an answer is the active controller's, given once its decision was committed; NOT_CONTROLLER, lost connections and
//! elections are waited out until the caller's time is up. A request may be decided twice, when an answer got lost: each kind of request
//! is one for which that does no harm. Source: `NodeToControllerChannelManager`.

use crate::peers::{Destination, Lane, Peers};
use ottla_controller::controller::QuorumStatus;
use ottla_controller::ids::BrokerId;
use ottla_controller::image::Image;
use ottla_controller::raft::PeerEndpoint;
use ottla_controller::{Controller, Outcome, ProposeError, Turn};
use ottla_protocol::{ErrorCode, Request};
use std::fmt;
use std::time::Duration;

/// Between attempts while there is no active controller.
const RETRY: Duration = Duration::from_millis(20);
/// How long one attempt over the network may take before the controller is looked for again.
const ATTEMPT_MAX: Duration = Duration::from_secs(2);

/// A request that brokers send to the active controller, and what it decides.
pub trait ControllerRequest: Request {
    /// The version that this node speaks.
    const VERSION: i16 = *Self::VERSIONS.end();
    /// Requests of one lane wait for each other's answers.
    const LANE: Lane;

    /// The decision; authorisation is the caller's.
    fn decide(&self, image: &Image, turn: &mut Turn<'_>) -> Outcome<Self::Response>;

    /// The answer when there is no decision: NOT_CONTROLLER, for one.
    fn refused(&self, error: ErrorCode) -> Self::Response;

    /// Whether an answer says that whoever gave it is not the active controller.
    fn is_not_controller(response: &Self::Response) -> bool;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskError {
    /// The time was up; says what the last attempt came to.
    TimedOut(String),
    /// The controller of this node has stopped.
    Stopped,
}

impl fmt::Display for AskError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(last) => write!(to, "the active controller did not answer: {last}"),
            Self::Stopped => to.write_str("the controller has stopped"),
        }
    }
}

impl std::error::Error for AskError {}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct ControllerLink {
    controller: Controller,
    peers: Peers,
    me: BrokerId,
}

/// Where the active controller is.
pub enum Whereabouts {
    Here,
    At(BrokerId, PeerEndpoint),
    Unknown,
}

impl ControllerLink {
    pub fn new(controller: Controller, peers: Peers, me: BrokerId) -> Self {
        Self {
            controller,
            peers,
            me,
        }
    }

    /// Asks the active controller, for as long as `timeout`.
    ///
    /// # Errors
    /// See [`AskError`]. Errors that the controller decided are in the response.
    pub async fn ask<R: ControllerRequest>(
        &self,
        request: &R,
        timeout: Duration,
    ) -> Result<R::Response, AskError> {
        let mut last = "no attempt was made".to_owned();
        let attempts = async {
            loop {
                match self.attempt(request).await {
                    Attempt::Answered(response) => return Ok(response),
                    Attempt::Stopped => return Err(AskError::Stopped),
                    Attempt::Again(why) => last = why,
                }
                tokio::time::sleep(RETRY).await;
            }
        };
        let answered = tokio::time::timeout(timeout, attempts).await;
        answered.unwrap_or_else(|_| Err(AskError::TimedOut(last)))
    }

    /// Where the active controller is, as far as this node knows.
    pub fn whereabouts(&self) -> Whereabouts {
        whereabouts(&self.controller.quorum(), self.me)
    }

    async fn attempt<R: ControllerRequest>(&self, request: &R) -> Attempt<R::Response> {
        let (node, endpoint) = match self.whereabouts() {
            Whereabouts::Here => return self.decide_here(request.clone()).await,
            Whereabouts::Unknown => {
                return Attempt::Again("there is no active controller".to_owned());
            }
            Whereabouts::At(node, endpoint) => (node, endpoint),
        };
        let link = self.peers.link(destination(&endpoint), R::LANE);
        match link.request(R::VERSION, request, ATTEMPT_MAX).await {
            Ok(response) if R::is_not_controller(&response) => {
                Attempt::Again(format!("node {node} is not the active controller"))
            }
            Ok(response) => Attempt::Answered(response),
            Err(error) => Attempt::Again(format!("node {node}: {error}")),
        }
    }

    async fn decide_here<R: ControllerRequest>(&self, request: R) -> Attempt<R::Response> {
        let decided = self
            .controller
            .propose(move |image, turn| request.decide(image, turn))
            .await;
        match decided {
            Ok((response, _)) => Attempt::Answered(response),
            Err(ProposeError::Stopped) => Attempt::Stopped,
            Err(error @ ProposeError::NotController { .. }) => Attempt::Again(error.to_string()),
        }
    }
}

/// Of a node of the quorum.
pub fn destination(endpoint: &PeerEndpoint) -> Destination {
    Destination::new(&endpoint.listener, &endpoint.host, endpoint.port)
}

enum Attempt<R> {
    Answered(R),
    Again(String),
    Stopped,
}

fn whereabouts(quorum: &QuorumStatus, me: BrokerId) -> Whereabouts {
    let Some(leader) = quorum.leader else {
        return Whereabouts::Unknown;
    };
    if leader.node == me {
        return Whereabouts::Here;
    }
    let member = quorum.voters.iter().find(|member| member.id == leader);
    match member.and_then(|member| member.peer.endpoints.first()) {
        Some(endpoint) => Whereabouts::At(leader.node, endpoint.clone()),
        None => Whereabouts::Unknown,
    }
}
