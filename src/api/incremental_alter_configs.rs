//! IncrementalAlterConfigs (key 44), versions 0-1 (KIP-339): sets, deletes, appends to and subtracts from single keys. v1 flexible.
//!
//! A broker's own configs and loggers are checked by that broker before the controller sees them
//! (`ConfigAdminManager.preprocess`).

use super::config_resources::misaddressed;
use super::{Api, Context, Meta, Reply, Route};
use ottla_controller::decide;
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResourceResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

pub struct IncrementalAlterConfigs;

impl Api for IncrementalAlterConfigs {
    type Request = IncrementalAlterConfigsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: IncrementalAlterConfigsRequest,
    ) -> Reply<IncrementalAlterConfigsResponse> {
        let request = Arc::new(request);
        let asked = request.clone();
        let node_id = context.node_id;
        let decided = context
            .decide(move |image, turn| {
                let mut remaining = IncrementalAlterConfigsRequest::clone(&asked);
                remaining.resources.retain(|one| {
                    misaddressed(node_id, one.resource_type, &one.resource_name).is_none()
                });
                decide::incremental_alter_configs(image, turn.rules, &remaining)
            })
            .await;
        Reply::Now(match decided {
            Ok(response) => merged(&request, response, node_id),
            Err(error) => refused(&request, error),
        })
    }
}

/// The controller's answers with those that never reached it put in their places.
fn merged(
    request: &IncrementalAlterConfigsRequest,
    decided: IncrementalAlterConfigsResponse,
    node_id: ottla_controller::ids::BrokerId,
) -> IncrementalAlterConfigsResponse {
    let mut decided_responses = decided.responses.into_iter();
    let responses = request.resources.iter().filter_map(|one| {
        match misaddressed(node_id, one.resource_type, &one.resource_name) {
            None => decided_responses.next(),
            Some(message) => Some(AlterConfigsResourceResponse {
                error_code: ErrorCode::INVALID_REQUEST,
                error_message: Some(message),
                resource_type: one.resource_type,
                resource_name: one.resource_name.clone(),
                ..Default::default()
            }),
        }
    });
    IncrementalAlterConfigsResponse {
        responses: responses.collect(),
        ..Default::default()
    }
}

fn refused(
    request: &IncrementalAlterConfigsRequest,
    error_code: ErrorCode,
) -> IncrementalAlterConfigsResponse {
    let responses = request
        .resources
        .iter()
        .map(|one| AlterConfigsResourceResponse {
            error_code,
            error_message: Some(Str::from_static(error_code.message())),
            resource_type: one.resource_type,
            resource_name: one.resource_name.clone(),
            ..Default::default()
        });
    IncrementalAlterConfigsResponse {
        responses: responses.collect(),
        ..Default::default()
    }
}
