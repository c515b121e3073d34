//! AlterPartition (key 56), versions 2-3 (KIP-497): between brokers, on the controller's listener.
//!
//! v2 topic ids (KIP-841); v3 the incarnation of each member (KIP-903). Decided by the controller.

use super::{Api, Context, Meta, Reply, Route};
use ottla_controller::decide;
use ottla_protocol::messages::alter_partition::{AlterPartitionRequest, AlterPartitionResponse};
use std::sync::Arc;

pub struct AlterPartition;

impl Api for AlterPartition {
    type Request = AlterPartitionRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 2..=3;
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: AlterPartitionRequest,
    ) -> Reply<AlterPartitionResponse> {
        let decided = context
            .decide(move |image, turn| decide::alter_partition(image, turn.rules, &request))
            .await;
        Reply::Now(decided.unwrap_or_else(|error_code| AlterPartitionResponse {
            error_code,
            ..Default::default()
        }))
    }
}
