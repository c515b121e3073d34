//! UpdateFeatures (key 57), versions 0-2 (KIP-584).
//!
//! v1 kinds of downgrade and validation only (KIP-778); v2 no results per feature (KIP-1022). Decided by the controller: only levels that
//! every node supports are finalised, and only what is built is supported.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::decide;
use ottla_protocol::messages::update_features::{UpdateFeaturesRequest, UpdateFeaturesResponse};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

pub struct UpdateFeatures;

impl Api for UpdateFeatures {
    type Request = UpdateFeaturesRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const NEEDS: Needs = &[(Operation::Alter, ResourceType::Cluster)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: UpdateFeaturesRequest,
    ) -> Reply<UpdateFeaturesResponse> {
        if let Err(error) = context
            .caller(&meta)
            .may(Operation::Alter, Resource::Cluster)
        {
            return Reply::Now(refused(error));
        }
        let version = meta.api_version;
        let decided = context
            .decide(move |image, turn| {
                decide::update_features(image, turn.rules, &request, version)
            })
            .await;
        Reply::Now(decided.unwrap_or_else(refused))
    }
}

fn refused(error_code: ErrorCode) -> UpdateFeaturesResponse {
    UpdateFeaturesResponse {
        error_code,
        error_message: Some(Str::from_static(error_code.message())),
        ..Default::default()
    }
}
