//! Wires replication: how this node reaches the leaders of its partitions, and what it tells the controller of its own.

use crate::api::Context;
use crate::background::Stop;
use crate::metadata::controller_link::{ControllerLink, ControllerRequest};
use crate::metadata::lifecycle::Membership;
use crate::partition::Table;
use crate::replication::{
    AskController, Followers, FollowersOptions, RemoteLeaders, move_replicas, propose_isrs,
    tell_placements,
};
use futures::future::{BoxFuture, FutureExt};
use ottla_controller::ids::BrokerEpoch;
use ottla_protocol::messages::alter_partition::{AlterPartitionRequest, AlterPartitionResponse};
use ottla_protocol::messages::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, AssignReplicasToDirsResponse,
};
use std::sync::Arc;
use std::time::Duration;

/// How long the active controller is looked for before the question is asked anew, with what has come to be known meanwhile.
const ASK_MAX: Duration = Duration::from_secs(5);

/// Starts what tells the controller of ISRs, directories and their failures until `stop`, and returns what follows leaders; nobody yet.
pub fn start(
    context: &Arc<Context>,
    membership: Option<&Membership>,
    epoch: BrokerEpoch,
    stop: &Stop,
) -> Arc<Followers> {
    let me = context.node_id;
    let replicating = context.partitions.replicating();
    let link = context.controller_link.clone();
    let controller: Arc<dyn AskController> = Arc::new(ToController(link));
    let proposing = propose_isrs(replicating.clone(), controller.clone(), me, move || epoch);
    let telling = tell_placements(replicating.clone(), controller, me, move || epoch);
    until(stop, proposing);
    until(stop, telling);
    if let Some(membership) = membership.cloned() {
        until(
            stop,
            report_failures(context.partitions.clone(), membership),
        );
    }
    let values = context.values.clone();
    let moving = move_replicas(
        context.partitions.clone(),
        context.clock.clone(),
        move || values.load().replication.clone(),
    );
    until(stop, moving);
    let values = context.values.clone();
    Followers::new(FollowersOptions {
        me,
        clock: context.clock.clone(),
        table: context.partitions.clone(),
        throttles: context.throttles.clone(),
        leaders: Arc::new(RemoteLeaders {
            metadata: context.metadata.clone(),
            peers: context.peers.clone(),
            listener: context.config.listeners.inter_broker.as_str().to_owned(),
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
