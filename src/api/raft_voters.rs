//! What AddRaftVoter and RemoveRaftVoter share: whom they are about, who may decide, and the change itself.

use super::Context;
use crate::config::Founding;
use ottla_controller::controller::QuorumStatus;
use ottla_controller::ids::BrokerId;
use ottla_controller::image::Image;
use ottla_controller::raft::RaftId;
use ottla_protocol::{ErrorCode, Uuid};

/// Why a request is not done.
#[derive(Debug)]
pub struct Refused {
    pub code: ErrorCode,
    pub message: String,
}

impl Refused {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// One voter more, or less.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    Add(RaftId),
    Remove(RaftId),
}

/// A member by what a request says.
pub fn id(node: i32, directory: Uuid) -> RaftId {
    RaftId {
        node: BrokerId(node),
        directory,
    }
}

/// Refuses what can be no member.
pub fn check_id(id: RaftId, message: &str) -> Result<(), Refused> {
    match id.node.0 < 0 || id.directory == Uuid::ZERO {
        true => Err(Refused::new(ErrorCode::INVALID_REQUEST, message)),
        false => Ok(()),
    }
}

/// Refuses a request that is meant for another cluster; one that names none is meant for this.
pub fn check_cluster(image: &Image, asked: Option<&str>) -> Result<(), Refused> {
    let own = image.cluster_id.as_deref().unwrap_or_default();
    match asked {
        Some(asked) if asked != own => {
            let message =
                format!("The given id \"{asked}\" doesn't match the cluster id \"{own}\"");
            Err(Refused::new(ErrorCode::INCONSISTENT_CLUSTER_ID, message))
        }
        _ => Ok(()),
    }
}

/// The quorum, if this node leads it.
pub fn led_here(context: &Context) -> Result<QuorumStatus, Refused> {
    let status = context.controller.quorum();
    match status.leader.is_some_and(|it| it.node == context.node_id) {
        true => Ok(status),
        false => {
            let code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
            Err(Refused::new(code, code.message()))
        }
    }
}

/// Refuses where the configuration names the voters: each of them would ask to vote again. Kafka's static quorums cannot either.
pub fn check_dynamic(founding: &Founding) -> Result<(), Refused> {
    match founding {
        Founding::Together(_) => Err(Refused::new(
            ErrorCode::UNSUPPORTED_VERSION,
            "The voters are those of controller.quorum.voters: change them there, or form the cluster with controller.quorum.bootstrap.servers",
        )),
        Founding::Alone | Founding::Seek(_) => Ok(()),
    }
}

/// Changes the voters; answered when the change is committed. Who votes no more goes on as a learner: it is a broker still, perhaps.
pub async fn change(context: &Context, change: Change) -> Result<(), Refused> {
    let changed = match change {
        Change::Add(id) => context.controller.add_voter(id).await,
        Change::Remove(id) => context.controller.remove_voter(id).await,
    };
    changed.map_err(|error| Refused::new(ErrorCode::REQUEST_TIMED_OUT, error.to_string()))
}

/// A member as Kafka writes it (`ReplicaKey`).
pub fn name(id: RaftId) -> String {
    format!("ReplicaKey(id={}, directoryId={})", id.node, id.directory)
}

/// All voters.
pub fn names(status: &QuorumStatus) -> String {
    let names: Vec<String> = status.voters.iter().map(|it| name(it.id)).collect();
    format!("[{}]", names.join(", "))
}
