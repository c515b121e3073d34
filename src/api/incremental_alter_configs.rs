//! IncrementalAlterConfigs (key 44), versions 0-1 (KIP-339): sets, deletes, appends to and subtracts from single keys. v1 flexible.
//!
//! Also changes the levels of this broker's loggers (KIP-412).

use super::config_changes::{Answer, ConfigChanges, Key, Verdict, change};
use super::{Api, Context, Meta, Needs, Operation, Reply, ResourceType, Route, broker_loggers};
use ottla_controller::Outcome;
use ottla_controller::decide::{self, ConfigRules};
use ottla_controller::image::Image;
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

/// The operation that needs no value.
const DELETE: i8 = 1;

pub struct IncrementalAlterConfigs;

impl Api for IncrementalAlterConfigs {
    type Request = IncrementalAlterConfigsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const NEEDS: Needs = &[
        (Operation::AlterConfigs, ResourceType::Cluster),
        (Operation::AlterConfigs, ResourceType::Topic),
        (Operation::AlterConfigs, ResourceType::Group),
    ];
    const ROUTE: Route = Route::Both;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: IncrementalAlterConfigsRequest,
    ) -> Reply<IncrementalAlterConfigsResponse> {
        Reply::Now(change(&context, &meta, request).await)
    }
}

impl ConfigChanges for IncrementalAlterConfigsRequest {
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
        resource.configs.iter().map(|config| {
            let is_complete = config.value.is_some() || config.config_operation == DELETE;
            (&config.name, is_complete)
        })
    }

    fn change_loggers(
        context: &Context,
        resource: &AlterConfigsResource,
        is_validate_only: bool,
    ) -> Verdict {
        let (loggers, node_id) = (&context.loggers, context.node_id);
        broker_loggers::change(loggers, node_id, resource, is_validate_only)
    }

    fn decide(
        &self,
        image: &Image,
        rules: &dyn ConfigRules,
    ) -> Outcome<IncrementalAlterConfigsResponse> {
        decide::incremental_alter_configs(image, rules, self)
    }

    fn verdicts(response: IncrementalAlterConfigsResponse) -> Vec<(ErrorCode, Option<Str>)> {
        let said = response.responses.into_iter();
        said.map(|one| (one.error_code, one.error_message))
            .collect()
    }

    fn respond(answers: Vec<Answer>) -> IncrementalAlterConfigsResponse {
        let response = |answer: Answer| AlterConfigsResourceResponse {
            error_code: answer.error_code,
            error_message: answer.error_message,
            resource_type: answer.resource_type,
            resource_name: answer.resource_name,
            ..Default::default()
        };
        IncrementalAlterConfigsResponse {
            responses: answers.into_iter().map(response).collect(),
            ..Default::default()
        }
    }
}
