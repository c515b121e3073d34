//! AlterConfigs (key 33), versions 0-2 (KIP-133): replaces all configs of each resource. v2 flexible.
//!
//! Superseded by IncrementalAlterConfigs but still sent by librdkafka. Knows no loggers (KIP-412).

use super::config_changes::{Answer, ConfigChanges, Key, Verdict, change};
use super::{Api, Context, Meta, Needs, Operation, Reply, ResourceType, Route};
use ottla_controller::Outcome;
use ottla_controller::decide::{self, ConfigRules, Refusal};
use ottla_controller::image::Image;
use ottla_protocol::messages::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse, AlterConfigsResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

pub struct AlterConfigs;

impl Api for AlterConfigs {
    type Request = AlterConfigsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const NEEDS: Needs = &[
        (Operation::AlterConfigs, ResourceType::Cluster),
        (Operation::AlterConfigs, ResourceType::Topic),
        (Operation::AlterConfigs, ResourceType::Group),
    ];
    const ROUTE: Route = Route::Both;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: AlterConfigsRequest,
    ) -> Reply<AlterConfigsResponse> {
        Reply::Now(change(&context, &meta, request).await)
    }
}

impl ConfigChanges for AlterConfigsRequest {
    type Resource = AlterConfigsResource;

    fn resources(&self) -> &[AlterConfigsResource] {
        &self.resources
    }

    fn resources_mut(&mut self) -> &mut Vec<AlterConfigsResource> {
        &mut self.resources
    }

    fn is_validate_only(&self) -> bool {
        self.validate_only
    }

    fn named(resource: &AlterConfigsResource) -> (i8, &Str) {
        (resource.resource_type, &resource.resource_name)
    }

    fn keys(resource: &AlterConfigsResource) -> impl Iterator<Item = Key<'_>> + Clone {
        let configs = resource.configs.iter();
        configs.map(|config| (&config.name, config.value.is_some()))
    }

    fn change_loggers(_: &Context, resource: &AlterConfigsResource, _: bool) -> Verdict {
        Err(Refusal::invalid_request(format!(
            "Unknown resource type {}",
            resource.resource_type
        )))
    }

    fn decide(&self, image: &Image, rules: &dyn ConfigRules) -> Outcome<AlterConfigsResponse> {
        decide::alter_configs(image, rules, self)
    }

    fn verdicts(response: AlterConfigsResponse) -> Vec<(ErrorCode, Option<Str>)> {
        let said = response.responses.into_iter();
        said.map(|one| (one.error_code, one.error_message))
            .collect()
    }

    fn respond(answers: Vec<Answer>) -> AlterConfigsResponse {
        let response = |answer: Answer| AlterConfigsResourceResponse {
            error_code: answer.error_code,
            error_message: answer.error_message,
            resource_type: answer.resource_type,
            resource_name: answer.resource_name,
            ..Default::default()
        };
        AlterConfigsResponse {
            responses: answers.into_iter().map(response).collect(),
            ..Default::default()
        }
    }
}
