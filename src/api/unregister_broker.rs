//! UnregisterBroker (key 64), version 0 (KIP-631): forgets a broker that will not come back. Decided by the controller.

use super::{Api, Context, Meta, Reply, Route};
use ottla_controller::decide;
use ottla_protocol::Str;
use ottla_protocol::messages::unregister_broker::{
    UnregisterBrokerRequest, UnregisterBrokerResponse,
};
use std::sync::Arc;

pub struct UnregisterBroker;

impl Api for UnregisterBroker {
    type Request = UnregisterBrokerRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: UnregisterBrokerRequest,
    ) -> Reply<UnregisterBrokerResponse> {
        let decided = context
            .decide(move |image, turn| {
                decide::unregister_broker(image, turn.rules, turn.liveness, &request)
            })
            .await;
        Reply::Now(
            decided.unwrap_or_else(|error_code| UnregisterBrokerResponse {
                error_code,
                error_message: Some(Str::from_static(error_code.message())),
                ..Default::default()
            }),
        )
    }
}
