//! UnregisterBroker (key 64), version 0 (KIP-631): forgets a broker that will not come back. Decided by the controller.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::decide;
use ottla_controller::ids::BrokerId;
use ottla_protocol::messages::unregister_broker::{
    UnregisterBrokerRequest, UnregisterBrokerResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

pub struct UnregisterBroker;

impl Api for UnregisterBroker {
    type Request = UnregisterBrokerRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const NEEDS: Needs = &[(Operation::Alter, ResourceType::Cluster)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: UnregisterBrokerRequest,
    ) -> Reply<UnregisterBrokerResponse> {
        if let Err(error) = context
            .caller(&meta)
            .may(Operation::Alter, Resource::Cluster)
        {
            return Reply::Now(refused(error));
        }
        let node = BrokerId(request.broker_id);
        let decided = context
            .decide(move |image, turn| {
                decide::unregister_broker(image, turn.rules, turn.liveness, &request)
            })
            .await;
        let is_gone = matches!(&decided, Ok(answer) if answer.error_code == ErrorCode::NONE);
        // One that only follows the metadata need not be waited for any more; a voter stays one.
        if is_gone && let Err(error) = context.controller.forget(node).await {
            tracing::warn!(%node, %error, "an unregistered node is still a learner of the quorum");
        }
        Reply::Now(decided.unwrap_or_else(refused))
    }
}

fn refused(error_code: ErrorCode) -> UnregisterBrokerResponse {
    UnregisterBrokerResponse {
        error_code,
        error_message: Some(Str::from_static(error_code.message())),
        ..Default::default()
    }
}
