//! ElectLeaders (key 43), versions 0-2 (KIP-183).
//!
//! v1 unclean elections (KIP-460); v2 flexible. Decided by the controller.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::decide;
use ottla_protocol::messages::elect_leaders::{ElectLeadersRequest, ElectLeadersResponse};
use std::sync::Arc;

pub struct ElectLeaders;

impl Api for ElectLeaders {
    type Request = ElectLeadersRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const NEEDS: Needs = &[(Operation::Alter, ResourceType::Cluster)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: ElectLeadersRequest,
    ) -> Reply<ElectLeadersResponse> {
        if let Err(error) = context
            .caller(&meta)
            .may(Operation::Alter, Resource::Cluster)
        {
            return Reply::Now(decide::elections_refused(
                &request,
                &decide::Refusal::plain(error),
            ));
        }
        let request = Arc::new(request);
        let asked = request.clone();
        let decided = context
            .decide(move |image, turn| decide::elect_leaders(image, turn.rules, &asked))
            .await;
        Reply::Now(decided.unwrap_or_else(|error| {
            decide::elections_refused(&request, &decide::Refusal::plain(error))
        }))
    }
}
