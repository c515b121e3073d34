//! BrokerRegistration (key 62), versions 0-4 (KIP-631): between brokers, on the controller's listener.
//!
//! v2 log directories (KIP-858); v3 the previous broker epoch (KIP-966); v4 features with a minimum of 0. Decided by the controller.

use super::{Api, Context, Meta, Reply, Route};
use ottla_controller::decide;
use ottla_protocol::messages::broker_registration::{
    BrokerRegistrationRequest, BrokerRegistrationResponse,
};
use std::sync::Arc;

pub struct BrokerRegistration;

impl Api for BrokerRegistration {
    type Request = BrokerRegistrationRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: BrokerRegistrationRequest,
    ) -> Reply<BrokerRegistrationResponse> {
        let decided = context
            .decide(move |image, turn| {
                decide::register_broker(image, turn.rules, turn.liveness, &request, turn.now)
            })
            .await;
        Reply::Now(
            decided.unwrap_or_else(|error_code| BrokerRegistrationResponse {
                error_code,
                ..Default::default()
            }),
        )
    }
}
