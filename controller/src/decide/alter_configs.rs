//! AlterConfigs (33): replaces all configs of a resource; what the request does not name goes back to its default.
//!
//! Deprecated since KIP-339 and still sent by old clients and tools.

use super::rules::ConfigRules;
use super::{Refusal, configs, minimum};
use crate::image::{ConfigValues, Image, ResourceKind, config_record};
use crate::outcome::Outcome;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse, AlterConfigsResponse,
};
use ottla_protocol::records::metadata::MetadataRecord;
use std::sync::Arc;

/// Decides a request, with one answer per resource in the request's order.
pub fn alter_configs(
    image: &Image,
    rules: &dyn ConfigRules,
    request: &AlterConfigsRequest,
) -> Outcome<AlterConfigsResponse> {
    let named = request
        .resources
        .iter()
        .map(|resource| (resource.resource_type, &resource.resource_name));
    let duplicates = configs::duplicates(named);
    let mut records = Vec::new();
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in &request.resources {
        let replaced =
            if duplicates.contains_key(&(resource.resource_type, &resource.resource_name)) {
                Err(Refusal::invalid_request(
                    "Each resource must appear at most once.",
                ))
            } else {
                replace(image, rules, resource)
            };
        let refusal = replaced
            .map(|mut replaced| records.append(&mut replaced))
            .err();
        responses.push(AlterConfigsResourceResponse {
            error_code: refusal
                .as_ref()
                .map_or(ErrorCode::NONE, |refusal| refusal.code),
            error_message: refusal.and_then(|refusal| refusal.message),
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
            ..Default::default()
        });
    }
    if request.validate_only {
        records.clear();
    }
    let records = minimum::with_consequences(image, rules, records);
    Outcome {
        records,
        response: AlterConfigsResponse {
            responses,
            ..Default::default()
        },
    }
}

fn replace(
    image: &Image,
    rules: &dyn ConfigRules,
    request: &AlterConfigsResource,
) -> Result<Vec<MetadataRecord>, Refusal> {
    configs::check_keys(
        request
            .configs
            .iter()
            .map(|config| (&config.name, config.value.is_some())),
    )?;
    let resource = configs::resource(request.resource_type, &request.resource_name)?;
    let before = image
        .configs
        .of(&resource)
        .map(|values| ConfigValues::clone(values))
        .unwrap_or_default();
    let after: ConfigValues = request
        .configs
        .iter()
        .filter_map(|config| {
            Some((
                Arc::from(&*config.name),
                Arc::from(config.value.as_deref()?),
            ))
        })
        .collect();
    let changed = after
        .iter()
        .filter(|(name, value)| {
            resource.kind == ResourceKind::Broker || before.get(*name) != Some(*value)
        })
        .map(|(name, value)| config_record(&resource, name, Some(value)));
    let dropped = before
        .keys()
        .filter(|name| !after.contains_key(*name))
        .map(|name| config_record(&resource, name, None));
    let records = changed.chain(dropped).map(MetadataRecord::Config).collect();
    configs::check_values(image, rules, &resource, &before, &after)?;
    configs::check_exists(image, &resource)?;
    Ok(records)
}
