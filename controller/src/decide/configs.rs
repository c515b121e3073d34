//! What both ways of altering configs share: which resources may carry configs, and the check of all values together.
//!
//! Rules and messages: Kafka's `ConfigurationControlManager`, `ControllerConfigurationValidator` and the broker's
//! `ConfigAdminManager`. A broker's own configs are first checked by that broker; the caller routes them.

use super::rules::{ConfigRules, MIN_IN_SYNC_REPLICAS};
use super::{Refusal, topic_names};
use crate::ids::BrokerId;
use crate::image::{ConfigResource, ConfigValues, Image, ResourceKind};
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeMap;

/// One answer for each resource of a request: its type, its name, and what became of it.
pub(super) type Answers = Vec<(i8, Str, Result<(), Refusal>)>;

/// Resources, by type and name, that a request names more than once.
pub fn duplicates<'a>(
    named: impl Iterator<Item = (i8, &'a Str)>,
) -> BTreeMap<(i8, &'a Str), usize> {
    let mut count = BTreeMap::new();
    for resource in named {
        *count.entry(resource).or_insert(0) += 1;
    }
    count.retain(|_, count| *count > 1);
    count
}

/// The resource that a request names, if it is of a kind that carries configs in the metadata.
pub(super) fn resource(kind: i8, name: &str) -> Result<ConfigResource, Refusal> {
    match ResourceKind::from_wire(kind) {
        None | Some(ResourceKind::BrokerLogger) => Err(Refusal::invalid_request(format!(
            "Unknown resource type {kind}"
        ))),
        Some(known) => Ok(ConfigResource::new(known, name)),
    }
}

/// Refuses keys that occur twice, and keys without a value where one is needed: each key comes with whether it is complete.
///
/// # Errors
/// INVALID_REQUEST.
pub fn check_keys<'a>(keys: impl Iterator<Item = (&'a Str, bool)> + Clone) -> Result<(), Refusal> {
    let mut names: Vec<_> = keys.clone().map(|(name, _)| name).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Refusal::invalid_request(
            "Error due to duplicate config keys",
        ));
    }
    let without: Vec<&str> = keys
        .filter(|(_, complete)| !complete)
        .map(|(name, _)| &**name)
        .collect();
    if without.is_empty() {
        return Ok(());
    }
    Err(Refusal::invalid_request(format!(
        "Null value not supported for : {}",
        without.join(", ")
    )))
}

/// Checks the values that a resource would have.
pub(super) fn check_values(
    image: &Image,
    rules: &dyn ConfigRules,
    resource: &ConfigResource,
    before: &ConfigValues,
    after: &ConfigValues,
) -> Result<(), Refusal> {
    check_name(resource)?;
    check_min_in_sync_replicas(image, resource, before, after)?;
    rules.check(resource, before, after)
}

fn check_name(resource: &ConfigResource) -> Result<(), Refusal> {
    let name = &*resource.name;
    match resource.kind {
        ResourceKind::Topic if name.is_empty() => Err(Refusal::invalid_request(
            "Default topic resources are not allowed.",
        )),
        ResourceKind::Topic => match topic_names::reason_invalid(name) {
            Some(reason) => Err(Refusal::new(ErrorCode::INVALID_TOPIC_EXCEPTION, reason)),
            None => Ok(()),
        },
        ResourceKind::Broker if name.is_empty() => Ok(()),
        ResourceKind::Broker => match name.parse::<i32>() {
            Err(_) => Err(Refusal::invalid_request(
                "Unable to parse broker name as a base 10 number.",
            )),
            Ok(negative) if negative < 0 => {
                Err(Refusal::invalid_request("Invalid negative broker ID."))
            }
            Ok(_) => Ok(()),
        },
        ResourceKind::Group if name.is_empty() => Err(Refusal::invalid_request(
            "Default group resources are not allowed.",
        )),
        ResourceKind::ClientMetrics if name.is_empty() => {
            Err(Refusal::invalid_request("Subscription name can't be empty"))
        }
        ResourceKind::Group | ResourceKind::ClientMetrics | ResourceKind::BrokerLogger => Ok(()),
    }
}

/// With eligible leader replicas the cluster's `min.insync.replicas` always stands, and no broker has its own (KIP-966).
fn check_min_in_sync_replicas(
    image: &Image,
    resource: &ConfigResource,
    before: &ConfigValues,
    after: &ConfigValues,
) -> Result<(), Refusal> {
    if !image.features.has_eligible_leader_replicas() || resource.kind != ResourceKind::Broker {
        return Ok(());
    }
    let (had, has) = (
        before.contains_key(MIN_IN_SYNC_REPLICAS),
        after.contains_key(MIN_IN_SYNC_REPLICAS),
    );
    let message = if resource.name.is_empty() && had && !has {
        "Cluster level min.insync.replicas cannot be removed while ELR is enabled."
    } else if !resource.name.is_empty() && has {
        "Broker-level min.insync.replicas cannot be altered while ELR is enabled."
    } else {
        return Ok(());
    };
    Err(Refusal::new(ErrorCode::INVALID_CONFIG, message))
}

/// Refuses topics and brokers that do not exist.
pub(super) fn check_exists(image: &Image, resource: &ConfigResource) -> Result<(), Refusal> {
    let name = &*resource.name;
    match resource.kind {
        ResourceKind::Topic if image.topics.id_of(name).is_none() => {
            let message = format!("The topic '{name}' does not exist.");
            Err(Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message))
        }
        ResourceKind::Broker if !name.is_empty() => {
            let id = name
                .parse()
                .map(BrokerId)
                .map_err(|_| Refusal::invalid_request(format!("Invalid broker name {name}")))?;
            match image.brokers.get(id) {
                Some(_) => Ok(()),
                None => {
                    let message = format!("No node with id {id} found.");
                    Err(Refusal::new(ErrorCode::BROKER_ID_NOT_REGISTERED, message))
                }
            }
        }
        _ => Ok(()),
    }
}
