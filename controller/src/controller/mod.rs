//! The controller of a node: leader, follower or learner of the metadata quorum, behind one handle.
//!
//! Start it on a runtime that nothing else slows down: a current-thread runtime on its own thread in production, the
//! simulation's runtime under test. The handle may be used from any other.

mod admission;
mod chores;
mod completion;
mod leader;
mod membership;
mod options;
mod proposal;
mod quorum;
mod start;
mod succession;

pub use admission::Newcomer;
pub use chores::Balancing;
pub use membership::MembershipError;
pub use options::{Bootstrap, ControllerOptions, Limits, Timing};
pub use quorum::{MemberStatus, QuorumStatus};
pub use start::StartError;

use crate::decide::ConfigRules;
use crate::dice::Dice;
use crate::ids::{BrokerId, MetadataOffset};
use crate::image::Image;
use crate::liveness::Liveness;
use crate::outcome::Outcome;
use crate::publish::Metadata;
use crate::raft::{DecidedMembers, RaftId, Server, StateMachine, Types};
use crate::watch;
use bytes::Bytes;
use futures::future::BoxFuture;
use openraft::Raft;
use openraft_rt::WatchReceiver;
use proposal::{Proposal, Typed};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

type Task = BoxFuture<'static, ()>;

/// A running controller. Clones are handles to the same one; it stops when [`Controller::shutdown`] is called.
#[derive(Clone)]
pub struct Controller {
    metadata: Metadata,
    proposals: mpsc::Sender<Box<dyn Proposal>>,
    /// Work for the controller's own runtime.
    tasks: mpsc::Sender<Task>,
    server: Arc<Server>,
    stop: watch::Sender<bool>,
    stopped: watch::Receiver<Option<String>>,
    is_active: watch::Receiver<bool>,
    raft: Raft<Types, StateMachine>,
    decided: DecidedMembers,
    id: RaftId,
}

/// What a decision may use beside the image and its request.
pub struct Turn<'a> {
    /// The time since an arbitrary start, never going back.
    pub now: Duration,
    pub dice: &'a mut Dice,
    pub liveness: &'a mut Liveness,
    pub rules: &'a dyn ConfigRules,
}

/// Why a proposal has no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProposeError {
    /// This node is not the active controller, or ceased to be before the proposal was committed: it may still be. A client is
    /// told NOT_CONTROLLER and asks again.
    NotController { leader: Option<BrokerId> },
    /// The controller has stopped.
    Stopped,
}

impl fmt::Display for ProposeError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProposeError::NotController {
                leader: Some(leader),
            } => write!(to, "node {leader} is the active controller"),
            ProposeError::NotController { leader: None } => {
                to.write_str("there is no active controller")
            }
            ProposeError::Stopped => to.write_str("the controller has stopped"),
        }
    }
}

impl std::error::Error for ProposeError {}

impl Controller {
    /// The images that this node has applied.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Has the active controller decide, if it is this node. The answer comes when the decision is applied here, with the
    /// offset at which the image shows it. Decisions are made one after another, each on all that were made before.
    ///
    /// # Errors
    /// See [`ProposeError`].
    pub async fn propose<R, F>(&self, decide: F) -> Result<(R, MetadataOffset), ProposeError>
    where
        R: Send + 'static,
        F: FnOnce(&Image, &mut Turn<'_>) -> Outcome<R> + Send + 'static,
    {
        let (proposal, answered) = Typed::boxed(decide);
        self.proposals
            .send(proposal)
            .await
            .map_err(|_| ProposeError::Stopped)?;
        answered.await.unwrap_or(Err(ProposeError::Stopped))
    }

    /// Answers a request that a member's [`Wire`](crate::raft::Wire) carried here. `None` once the controller has stopped.
    pub async fn answer(&self, request: Bytes) -> Option<Bytes> {
        let server = self.server.clone();
        self.on_runtime(async move { server.answer(request).await })
            .await
    }

    /// Runs a future on the controller's runtime, with its timers and random numbers. `None` once the controller has stopped.
    async fn on_runtime<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (reply, answered) = oneshot::channel();
        // Whoever asked may have gone.
        let task: Task = Box::pin(async move { drop(reply.send(work.await)) });
        self.tasks.send(task).await.ok()?;
        answered.await.ok()
    }

    /// The node that is the active controller, as far as this one knows.
    pub fn active(&self) -> Option<BrokerId> {
        self.quorum().leader.map(|leader| leader.node)
    }

    /// Waits until this node is the active controller of a cluster that has its id.
    ///
    /// # Errors
    /// When the controller stops before; with the reason.
    pub async fn until_active(&self) -> Result<(), String> {
        let mut is_active = self.is_active.clone();
        let active = async {
            let active = is_active.wait_for(|active| *active).await.is_ok();
            active && self.metadata.at_least(MetadataOffset(0)).await.is_ok()
        };
        if active.await {
            return Ok(());
        }
        Err(self
            .stopped()
            .await
            .unwrap_or_else(|| "it was told to stop".to_owned()))
    }

    /// Who this node is in the quorum.
    pub fn id(&self) -> RaftId {
        self.id
    }

    /// Waits until the quorum's leader, term or membership may have changed; `false` once the controller has stopped.
    pub async fn quorum_changed(&self) -> bool {
        let mut metrics = self.raft.server_metrics();
        let _seen = metrics.borrow_watched().clone();
        metrics.changed().await.is_ok()
    }

    /// Whether this node is the active controller, as it changes. Closed when the controller stops.
    pub fn activity(&self) -> watch::Receiver<bool> {
        self.is_active.clone()
    }

    /// The state of the quorum, for DescribeQuorum and metrics.
    pub fn quorum(&self) -> QuorumStatus {
        quorum::status(&self.raft, &self.decided)
    }

    /// Stops deciding and answering, and ends openraft. What was acknowledged is durable already.
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        self.stopped().await;
    }

    /// Waits until the controller has stopped; with the reason if it stopped by itself: its disk failed or its state is broken,
    /// and the node must not go on.
    pub async fn stopped(&self) -> Option<String> {
        let mut stopped = self.stopped.clone();
        match stopped.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().filter(|reason| !reason.is_empty()),
            Err(_) => Some("a task of the controller panicked".to_owned()),
        }
    }
}
