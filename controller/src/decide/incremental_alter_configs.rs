//! IncrementalAlterConfigs (44): set, delete, append to and subtract from single keys (KIP-339).
//!
//! Per resource all or nothing: the values that a resource would have are checked together.

use super::rules::ConfigRules;
use super::{Refusal, configs, minimum};
use crate::image::{ConfigResource, ConfigValues, Image, ResourceKind, config_record};
use crate::outcome::Outcome;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use ottla_protocol::records::metadata::MetadataRecord;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Set,
    Delete,
    Append,
    Subtract,
}

impl Operation {
    fn from_wire(value: i8) -> Result<Self, Refusal> {
        Ok(match value {
            0 => Operation::Set,
            1 => Operation::Delete,
            2 => Operation::Append,
            3 => Operation::Subtract,
            other => {
                return Err(Refusal::invalid_request(format!(
                    "Unknown operations type {other}"
                )));
            }
        })
    }
}

/// Decides a request, with one answer per resource in the request's order.
pub fn incremental_alter_configs(
    image: &Image,
    rules: &dyn ConfigRules,
    request: &IncrementalAlterConfigsRequest,
) -> Outcome<IncrementalAlterConfigsResponse> {
    let named = request
        .resources
        .iter()
        .map(|resource| (resource.resource_type, &resource.resource_name));
    let duplicates = configs::duplicates(named);
    let mut records = Vec::new();
    let mut answers = configs::Answers::new();
    for resource in &request.resources {
        let altered = if duplicates.contains_key(&(resource.resource_type, &resource.resource_name))
        {
            Err(Refusal::invalid_request(
                "Each resource must appear at most once.",
            ))
        } else {
            alter(image, rules, resource)
        };
        let answer = altered.map(|mut altered| records.append(&mut altered));
        answers.push((
            resource.resource_type,
            resource.resource_name.clone(),
            answer,
        ));
    }
    if request.validate_only {
        records.clear();
    }
    let records = minimum::with_consequences(image, rules, records);
    let responses = answers
        .into_iter()
        .map(|(resource_type, resource_name, answer)| {
            let refusal = answer.err();
            AlterConfigsResourceResponse {
                error_code: refusal
                    .as_ref()
                    .map_or(ErrorCode::NONE, |refusal| refusal.code),
                error_message: refusal.and_then(|refusal| refusal.message),
                resource_type,
                resource_name,
                ..Default::default()
            }
        });
    let response = IncrementalAlterConfigsResponse {
        responses: responses.collect(),
        ..Default::default()
    };
    Outcome { records, response }
}

fn alter(
    image: &Image,
    rules: &dyn ConfigRules,
    request: &AlterConfigsResource,
) -> Result<Vec<MetadataRecord>, Refusal> {
    let keys = request.configs.iter().map(|config| {
        (
            &config.name,
            config.value.is_some() || config.config_operation == 1,
        )
    });
    configs::check_keys(keys)?;
    let resource = configs::resource(request.resource_type, &request.resource_name)?;
    let before = image
        .configs
        .of(&resource)
        .map(|values| ConfigValues::clone(values))
        .unwrap_or_default();
    let mut after = before.clone();
    let mut records = Vec::new();
    for config in &request.configs {
        let current = before.get(&*config.name).map(|value| &**value);
        let next = value_after(rules, &resource, config, current)?;
        match &next {
            Some(value) => after.insert(Arc::from(&*config.name), Arc::from(&**value)),
            None => after.remove(&*config.name),
        };
        // A broker's config is written even if it stays the same: that makes brokers reload files (KAFKA-14136).
        if next.as_deref() != current || resource.kind == ResourceKind::Broker {
            let record = config_record(&resource, &config.name, next.as_deref());
            records.push(MetadataRecord::Config(record));
        }
    }
    configs::check_values(image, rules, &resource, &before, &after)?;
    configs::check_exists(image, &resource)?;
    Ok(records)
}

fn value_after(
    rules: &dyn ConfigRules,
    resource: &ConfigResource,
    config: &AlterableConfig,
    current: Option<&str>,
) -> Result<Option<String>, Refusal> {
    let operation = Operation::from_wire(config.config_operation)?;
    let value = config.value.as_deref().unwrap_or_default();
    let name = match operation {
        Operation::Set => return Ok(Some(value.to_owned())),
        Operation::Delete => return Ok(None),
        Operation::Append => "APPEND",
        Operation::Subtract => "SUBTRACT",
    };
    if !rules.is_list(resource.kind, &config.name) {
        let message = format!(
            "Can't {name} to key {} because its type is not LIST.",
            config.name
        );
        return Err(Refusal::new(ErrorCode::INVALID_CONFIG, message));
    }
    let base = match current {
        Some(current) => current.to_owned(),
        None => rules
            .default_value(resource.kind, &config.name)
            .unwrap_or_default(),
    };
    let mut items: Vec<&str> = base.split(',').filter(|item| !item.is_empty()).collect();
    for item in value.split(',') {
        let at = items.iter().position(|known| *known == item);
        match (operation, at) {
            (Operation::Append, None) => items.push(item),
            (Operation::Subtract, Some(at)) => {
                items.remove(at);
            }
            _ => {}
        }
    }
    Ok(Some(items.join(",")))
}
