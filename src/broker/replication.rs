//! Wires replication: how this node reaches the leaders of its partitions, and what it tells the controller of its own.

use super::world::World;
use crate::background::Stop;
use crate::config::{BrokerConfig, BrokerValues};
use crate::metadata::controller_link::{ControllerLink, ControllerRequest};
use crate::metadata::lifecycle::Membership;
use crate::net::world::Net;
use crate::partition::Table;
use crate::peers::Peers;
use crate::replication::{
    AskController, Followers, FollowersOptions, RemoteLeaders, propose_isrs, tell_placements,
};
use arc_swap::ArcSwap;
use futures::future::{BoxFuture, FutureExt};
use ottla_controller::Metadata;
use ottla_controller::ids::BrokerId;
use ottla_protocol::messages::alter_partition::{AlterPartitionRequest, AlterPartitionResponse};
use ottla_protocol::messages::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, AssignReplicasToDirsResponse,
};
use std::sync::Arc;
use std::time::Duration;

/// How long the active controller is looked for before the question is asked anew, with what has come to be known meanwhile.
const ASK_MAX: Duration = Duration::from_secs(5);

/// The parts of a node that replicating needs.
pub struct Parts<'a> {
    pub config: &'a BrokerConfig,
    pub values: &'a Arc<ArcSwap<BrokerValues>>,
    pub metadata: &'a Metadata,
    pub peers: &'a Peers,
    pub link: &'a ControllerLink,
    pub table: &'a Arc<Table>,
    pub membership: &'a Membership,
}

/// Starts what tells the controller of ISRs, directories and their failures until `stop`, and returns what follows leaders; nobody yet.
pub fn start<N: Net>(parts: &Parts<'_>, world: &World<N>, stop: &Stop) -> Arc<Followers> {
    let (me, epoch) = (BrokerId(parts.config.node_id), parts.membership.epoch());
    let replicating = parts.table.replicating();
    let controller: Arc<dyn AskController> = Arc::new(ToController(parts.link.clone()));
    let proposing = propose_isrs(replicating.clone(), controller.clone(), me, move || epoch);
    let telling = tell_placements(replicating.clone(), controller, me, move || epoch);
    until(stop, proposing);
    until(stop, telling);
    until(
        stop,
        report_failures(parts.table.clone(), parts.membership.clone()),
    );
    let values = parts.values.clone();
    Followers::new(FollowersOptions {
        me,
        clock: world.clock.clone(),
        table: parts.table.clone(),
        leaders: Arc::new(RemoteLeaders {
            metadata: parts.metadata.clone(),
            peers: parts.peers.clone(),
            listener: parts.config.listeners.inter_broker.as_str().to_owned(),
        }),
        values: Box::new(move || values.load().replication.clone()),
        broker_epoch: Box::new(move || epoch),
    })
}

fn until(stop: &Stop, running: impl Future<Output = ()> + Send + 'static) {
    let mut stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            biased;
            () = stop.stopped() => {}
            () = running => {}
        }
    });
}

/// The next heartbeat says which directories have failed, so that others lead what was in them.
async fn report_failures(table: Arc<Table>, membership: Membership) {
    let mut failures = table.failures();
    loop {
        let failed = failures.borrow_and_update().directories.clone();
        membership.report_offline(failed);
        if failures.changed().await.is_err() {
            return;
        }
    }
}

struct ToController(ControllerLink);

impl ToController {
    async fn ask<R: ControllerRequest>(&self, request: R) -> Result<R::Response, String> {
        let answer = self.0.ask(&request, ASK_MAX).await;
        answer.map_err(|error| error.to_string())
    }
}

impl AskController for ToController {
    fn alter_partition(
        &self,
        request: AlterPartitionRequest,
    ) -> BoxFuture<'_, Result<AlterPartitionResponse, String>> {
        self.ask(request).boxed()
    }

    fn assign_replicas_to_dirs(
        &self,
        request: AssignReplicasToDirsRequest,
    ) -> BoxFuture<'_, Result<AssignReplicasToDirsResponse, String>> {
        self.ask(request).boxed()
    }
}
