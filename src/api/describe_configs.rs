//! DescribeConfigs (key 32), versions 1-4.
//!
//! v1 sources and synonyms (KIP-226); v3 types and documentation (KIP-569); v4 flexible.
//! Source: `ConfigHelper.describeConfigs`. Entries come sorted by name; Kafka's come in the order of a hash table.

use super::config_changes::authorized_as;
use super::{
    Api, Caller, Context, Meta, Needs, Operation, Reply, ResourceType, Scope, broker_loggers,
};
use crate::config::describe::{self, Described};
use crate::config::settings::{Settings, Unset};
use ottla_controller::decide::reason_invalid_topic_name;
use ottla_controller::image::{ConfigResource, Image, ResourceKind};
use ottla_protocol::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult,
    DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

pub struct DescribeConfigs;

impl Api for DescribeConfigs {
    type Request = DescribeConfigsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=4;
    const NEEDS: Needs = &[
        (Operation::DescribeConfigs, ResourceType::Cluster),
        (Operation::DescribeConfigs, ResourceType::Topic),
        (Operation::DescribeConfigs, ResourceType::Group),
    ];
    const SCOPE: Scope = Scope::Everywhere;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DescribeConfigsRequest,
    ) -> Reply<DescribeConfigsResponse> {
        let image = context.metadata.image();
        let caller = context.caller(&meta);
        let known = |resource: &DescribeConfigsResource| kind_of(resource).is_some();
        let mut seen = BTreeSet::new();
        let mut answer_once = |resource: &DescribeConfigsResource| {
            match seen.insert((resource.resource_type, resource.resource_name.clone())) {
                true => answer(&context, &image, &caller, resource, &request),
                // Kafka answers it again; but a few bytes ask for a hundred kilobytes here.
                false => refused(resource, &Refused::invalid("Duplicate resource")),
            }
        };
        let results = match request.resources.iter().all(known) {
            true => request.resources.iter().map(&mut answer_once).collect(),
            // `ConfigHelper` throws before it looks at any resource.
            false => request
                .resources
                .iter()
                .map(|resource| refused(resource, &Refused::unexpected_type()))
                .collect(),
        };
        Reply::Now(DescribeConfigsResponse {
            results,
            ..Default::default()
        })
    }
}

fn kind_of(resource: &DescribeConfigsResource) -> Option<ResourceKind> {
    ResourceKind::from_wire(resource.resource_type)
}

struct Refused(ErrorCode, Option<String>);

impl Refused {
    fn invalid(message: impl Into<String>) -> Self {
        Refused(ErrorCode::INVALID_REQUEST, Some(message.into()))
    }

    fn unexpected_type() -> Self {
        Refused(
            ErrorCode::INVALID_REQUEST,
            Some(ErrorCode::INVALID_REQUEST.message().to_owned()),
        )
    }
}

fn refused(
    resource: &DescribeConfigsResource,
    Refused(error_code, message): &Refused,
) -> DescribeConfigsResult {
    DescribeConfigsResult {
        error_code: *error_code,
        error_message: message.as_deref().map(Str::from),
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
        ..Default::default()
    }
}

fn answer(
    context: &Context,
    image: &Image,
    caller: &Caller,
    resource: &DescribeConfigsResource,
    request: &DescribeConfigsRequest,
) -> DescribeConfigsResult {
    let may_see = match kind_of(resource) {
        Some(kind) => {
            let asked = authorized_as(kind, &resource.resource_name);
            caller.may(Operation::DescribeConfigs, asked)
        }
        None => Ok(()),
    };
    let may_see = may_see.map_err(|error| Refused(error, Some(error.message().to_owned())));
    let entries = match may_see.and_then(|()| described(context, image, resource)) {
        Ok(entries) => entries,
        Err(refusal) => return refused(resource, &refusal),
    };
    // No keys and an empty list of keys both mean every key.
    let keys = resource.configuration_keys.as_deref().unwrap_or_default();
    let wanted =
        |entry: &Described| keys.is_empty() || keys.iter().any(|key| *key == entry.name.as_str());
    DescribeConfigsResult {
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
        configs: entries
            .into_iter()
            .filter(wanted)
            .map(|entry| to_wire(entry, request))
            .collect(),
        ..Default::default()
    }
}

fn described(
    context: &Context,
    image: &Image,
    resource: &DescribeConfigsResource,
) -> Result<Vec<Described>, Refused> {
    let name = resource.resource_name.as_str();
    let own = |kind: ResourceKind| image.configs.of(&ConfigResource::new(kind, name));
    let set = |kind| {
        own(kind).map_or(&Unset as &dyn Settings, |values| {
            values.as_ref() as &dyn Settings
        })
    };
    let layers = context.layers(image);
    let layers = layers.as_layers();
    match kind_of(resource).ok_or_else(Refused::unexpected_type)? {
        ResourceKind::Topic => {
            if let Some(reason) = reason_invalid_topic_name(name) {
                return Err(Refused(ErrorCode::INVALID_TOPIC_EXCEPTION, Some(reason)));
            }
            if image.topics.by_name(name).is_none() {
                return Err(Refused(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, None));
            }
            Ok(describe::topic(&layers, set(ResourceKind::Topic)))
        }
        ResourceKind::Broker if name.is_empty() => Ok(describe::cluster_default(&layers)),
        ResourceKind::Broker => {
            this_broker(context, name, " or empty string,")?;
            Ok(describe::broker(&layers))
        }
        ResourceKind::BrokerLogger if name.is_empty() => {
            Err(Refused::invalid("Broker id must not be empty"))
        }
        ResourceKind::BrokerLogger => {
            this_broker(context, name, "")?;
            Ok(broker_loggers::describe(&context.loggers))
        }
        ResourceKind::ClientMetrics if name.is_empty() => Err(Refused::invalid(
            "Client metrics subscription name must not be empty",
        )),
        ResourceKind::ClientMetrics => Ok(describe::client_metrics(
            &layers,
            set(ResourceKind::ClientMetrics),
        )),
        ResourceKind::Group if name.is_empty() => {
            Err(Refused::invalid("Group name must not be empty"))
        }
        ResourceKind::Group => Ok(describe::group(&layers, set(ResourceKind::Group))),
    }
}

fn this_broker(context: &Context, name: &str, or: &str) -> Result<(), Refused> {
    let node_id = context.node_id;
    match name.parse::<i32>() {
        Err(_) => Err(Refused::invalid(format!(
            "Broker id must be an integer, but it is: {name}"
        ))),
        Ok(id) if id == node_id.0 => Ok(()),
        Ok(_) => Err(Refused::invalid(format!(
            "Unexpected broker id, expected {node_id}{or} but received {name}"
        ))),
    }
}

fn to_wire(entry: Described, request: &DescribeConfigsRequest) -> DescribeConfigsResourceResult {
    let synonyms = entry
        .synonyms
        .into_iter()
        .filter(|_| request.include_synonyms)
        .map(|synonym| DescribeConfigsSynonym {
            name: Str::from(synonym.name),
            value: synonym.value.map(Str::from),
            source: synonym.source.wire_id(),
            ..Default::default()
        });
    DescribeConfigsResourceResult {
        name: Str::from(entry.name),
        value: entry.value.map(Str::from),
        read_only: entry.is_read_only,
        config_source: entry.source.wire_id(),
        is_sensitive: entry.is_sensitive,
        synonyms: synonyms.collect(),
        config_type: entry.kind.map_or(0, |kind| kind.wire_id()),
        documentation: entry
            .documentation
            // Loggers have none, and Kafka says so with an empty one, asked or not.
            .filter(|text| request.include_documentation || text.is_empty())
            .map(Str::from_static),
        ..Default::default()
    }
}
