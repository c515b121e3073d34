//! AlterConfigs (key 33), versions 0-2 (KIP-133): replaces all configs of each resource. v2 flexible.
//!
//! Superseded by IncrementalAlterConfigs but still sent by librdkafka. A broker's own configs are checked by that broker
//! before the controller sees them (`ConfigAdminManager.preprocess`).

use super::config_resources::misaddressed;
use super::{Api, Context, Meta, Reply, Route};
use ottla_controller::decide;
use ottla_protocol::messages::alter_configs::{
    AlterConfigsRequest, AlterConfigsResourceResponse, AlterConfigsResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

pub struct AlterConfigs;

impl Api for AlterConfigs {
    type Request = AlterConfigsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: AlterConfigsRequest,
    ) -> Reply<AlterConfigsResponse> {
        let request = Arc::new(request);
        let asked = request.clone();
        let node_id = context.node_id;
        let decided = context
            .decide(move |image, turn| {
                let mut remaining = AlterConfigsRequest::clone(&asked);
                remaining.resources.retain(|one| {
                    misaddressed(node_id, one.resource_type, &one.resource_name).is_none()
                });
                decide::alter_configs(image, turn.rules, &remaining)
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
    request: &AlterConfigsRequest,
    decided: AlterConfigsResponse,
    node_id: ottla_controller::ids::BrokerId,
) -> AlterConfigsResponse {
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
    AlterConfigsResponse {
        responses: responses.collect(),
        ..Default::default()
    }
}

fn refused(request: &AlterConfigsRequest, error_code: ErrorCode) -> AlterConfigsResponse {
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
    AlterConfigsResponse {
        responses: responses.collect(),
        ..Default::default()
    }
}
