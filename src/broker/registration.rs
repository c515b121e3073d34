//! What a broker says of itself when it registers (KIP-631).

use super::listeners::Seen;
use crate::api::Listener;
use crate::config::BrokerConfig;
use crate::partition::Table;
use crate::world::Rng;
use ottla_controller::image::{Image, SUPPORTED};
use ottla_protocol::Str;
use ottla_protocol::messages::broker_registration::{
    BrokerRegistrationRequest, Feature, Listener as Told,
};
use std::sync::Arc;

/// The request. The previous broker epoch is only known after a clean stop.
pub fn request(
    config: &BrokerConfig,
    image: &Image,
    listeners: &Seen,
    partitions: &Table,
    rng: &Rng,
) -> BrokerRegistrationRequest {
    let advertised = |seen: &&Arc<Listener>| {
        let mut told = config.listeners.advertised.iter();
        told.any(|told| told.name.as_str() == seen.name)
    };
    let told = listeners
        .clients
        .iter()
        .filter(advertised)
        .map(|seen| Told {
            name: Str::from(&seen.name),
            host: seen.advertised.host.clone(),
            port: seen.advertised.port,
            security_protocol: seen.protocol.wire_id(),
            ..Default::default()
        });
    let features = SUPPORTED.iter().map(|(name, range)| Feature {
        name: Str::from_static(name),
        min_supported_version: range.min,
        max_supported_version: range.max,
        ..Default::default()
    });
    BrokerRegistrationRequest {
        broker_id: config.node_id,
        cluster_id: image
            .cluster_id
            .as_deref()
            .map(Str::from)
            .unwrap_or_default(),
        incarnation_id: rng.uuid(),
        listeners: told.collect(),
        features: features.collect(),
        rack: config.rack.as_ref().map(Str::from),
        log_dirs: partitions
            .directories()
            .filter(|directory| !directory.is_offline())
            .map(|directory| directory.id())
            .collect(),
        previous_broker_epoch: partitions.previous_broker_epoch().unwrap_or(-1),
        ..Default::default()
    }
}
