//! AlterClientQuotas (key 49), versions 0-1 (KIP-546, KIP-612). v1 flexible. Decided by the controller; every broker puts the limits in
//! force as it hears of them.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::decide;
use ottla_protocol::messages::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, ResponseEntryData,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

pub struct AlterClientQuotas;

impl Api for AlterClientQuotas {
    type Request = AlterClientQuotasRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const NEEDS: Needs = &[(Operation::AlterConfigs, ResourceType::Cluster)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: AlterClientQuotasRequest,
    ) -> Reply<AlterClientQuotasResponse> {
        if let Err(error) = context
            .caller(&meta)
            .may(Operation::AlterConfigs, Resource::Cluster)
        {
            return Reply::Now(refused(&request, error));
        }
        let request = Arc::new(request);
        let asked = request.clone();
        let decided = context
            .decide(move |image, _| decide::alter_client_quotas(image, &asked))
            .await;
        Reply::Now(decided.unwrap_or_else(|error| refused(&request, error)))
    }
}

fn refused(request: &AlterClientQuotasRequest, error_code: ErrorCode) -> AlterClientQuotasResponse {
    let entries = request.entries.iter().map(|entry| ResponseEntryData {
        error_code,
        error_message: Some(Str::from_static(error_code.message())),
        entity: entry.entity.clone(),
        ..Default::default()
    });
    AlterClientQuotasResponse {
        entries: entries.collect(),
        ..Default::default()
    }
}
