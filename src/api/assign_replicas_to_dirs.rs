//! AssignReplicasToDirs (key 73), version 0 (KIP-858): between brokers, on the controller's listener. Decided by the controller.

use super::{Api, Context, Meta, Reply, Route};
use ottla_controller::decide;
use ottla_protocol::messages::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, AssignReplicasToDirsResponse,
};
use std::sync::Arc;

pub struct AssignReplicasToDirs;

impl Api for AssignReplicasToDirs {
    type Request = AssignReplicasToDirsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: AssignReplicasToDirsRequest,
    ) -> Reply<AssignReplicasToDirsResponse> {
        let decided = context
            .decide(move |image, turn| decide::assign_replicas_to_dirs(image, turn.rules, &request))
            .await;
        Reply::Now(
            decided.unwrap_or_else(|error_code| AssignReplicasToDirsResponse {
                error_code,
                ..Default::default()
            }),
        )
    }
}
