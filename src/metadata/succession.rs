//! Electing at the speed of evidence: every voter holds a connection to the controller listener of each other one, and dials again at once when
//! it closes. If the leader's refuses, its process is gone, and this node stands for election without waiting until its lease has run out.
//!
//! Guarantees: silence deposes nobody here, that is for openraft's election timeout; where standing does not help, it is done ever less often.

use super::evidence::until_refused;
use super::raft_wire::RaftWire;
use crate::peers::{Destination, Dial};
use ottla_controller::Controller;
use ottla_controller::controller::QuorumStatus;
use ottla_controller::raft::RaftId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// How often it is looked who votes.
const LOOK: Duration = Duration::from_millis(500);
/// Between looks at a member that refuses connections.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_LONGEST: Duration = Duration::from_secs(5);

/// What looking needs.
#[derive(Clone)]
pub struct Succession {
    pub controller: Controller,
    pub dial: Arc<dyn Dial>,
    pub wire: RaftWire,
}

impl Succession {
    /// Looks until the controller stops.
    pub async fn run(self) {
        let mut watched = BTreeMap::<RaftId, (Destination, JoinSet<()>)>::new();
        loop {
            let quorum = self.controller.quorum();
            if quorum.is_stopped {
                return;
            }
            let voters = self.others(&quorum);
            watched.retain(|id, (address, _)| voters.get(id) == Some(address));
            for (id, address) in voters {
                watched.entry(id).or_insert_with(|| {
                    let mut task = JoinSet::new();
                    task.spawn(self.clone().watch(id, address.clone()));
                    (address, task)
                });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The other voters, if this node is one.
    fn others(&self, quorum: &QuorumStatus) -> BTreeMap<RaftId, Destination> {
        let me = self.controller.id();
        if !quorum.voters.iter().any(|voter| voter.id == me) {
            return BTreeMap::new();
        }
        let others = quorum.voters.iter().filter(|voter| voter.id != me);
        others
            .filter_map(|voter| {
                Some((voter.id, self.wire.destination(voter.id.node, &voter.peer)?))
            })
            .collect()
    }

    async fn watch(self, voter: RaftId, at: Destination) {
        let mut pause = PAUSE_FIRST;
        loop {
            let mut found = false;
            until_refused(&*self.dial, &at, || {}, || found = true).await;
            if found {
                pause = PAUSE_FIRST;
            }
            if self.controller.quorum().leader == Some(voter) {
                tracing::warn!(leader = %voter.node, "standing for election, because the leader refuses connections");
                self.controller.succeed(voter).await;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_LONGEST);
        }
    }
}
