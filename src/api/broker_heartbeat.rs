//! BrokerHeartbeat (key 63), versions 0-2 (KIP-631): between brokers, on the controller's listener.
//!
//! v1 directories that went offline (KIP-858); v2 cordoned directories (KIP-1066). Decided by the controller.

use super::{Api, Context, Meta, Reply, Route};
use ottla_controller::decide;
use ottla_protocol::messages::broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
use std::sync::Arc;

pub struct BrokerHeartbeat;

impl Api for BrokerHeartbeat {
    type Request = BrokerHeartbeatRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: BrokerHeartbeatRequest,
    ) -> Reply<BrokerHeartbeatResponse> {
        let decided = context
            .decide(move |image, turn| {
                decide::broker_heartbeat(image, turn.rules, turn.liveness, &request, turn.now)
            })
            .await;
        Reply::Now(
            decided.unwrap_or_else(|error_code| BrokerHeartbeatResponse {
                error_code,
                ..Default::default()
            }),
        )
    }
}
