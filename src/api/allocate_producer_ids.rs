//! AllocateProducerIds (key 67), version 0 (KIP-730): between brokers, on the controller's listener. Decided by the controller.

use super::{Api, Context, Meta, Reply, Route};
use ottla_controller::decide;
use ottla_protocol::messages::allocate_producer_ids::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse,
};
use std::sync::Arc;

pub struct AllocateProducerIds;

impl Api for AllocateProducerIds {
    type Request = AllocateProducerIdsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: AllocateProducerIdsRequest,
    ) -> Reply<AllocateProducerIdsResponse> {
        let decided = context
            .decide(move |image, _| decide::allocate_producer_ids(image, &request))
            .await;
        Reply::Now(
            decided.unwrap_or_else(|error_code| AllocateProducerIdsResponse {
                error_code,
                ..Default::default()
            }),
        )
    }
}
