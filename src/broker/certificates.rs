//! The certificates of a node: read before anything listens, and kept up to date from then on.

use super::StartError;
use super::world::World;
use crate::api::Context;
use crate::api::context::NodeLayers;
use crate::background::Stop;
use crate::config::tls::TlsValues;
use crate::config::{BrokerConfig, Layers, ListenerName, SecurityProtocol, Unset};
use crate::metrics::Metrics;
use crate::net::tls::{Certificates, Purpose};
use crate::net::world::Net;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often files are looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// Reads those of every listener that speaks TLS, of this node or of others that it connects to.
///
/// # Errors
/// [`StartError::Certificates`].
pub fn open<N: Net>(
    config: &BrokerConfig,
    world: &World<N>,
    metrics: &Metrics,
) -> Result<Arc<Certificates>, StartError> {
    let layers = config.layers(&Unset, &Unset);
    let listeners = spoken(config).into_iter().map(|(name, protocol)| {
        let values = TlsValues::resolve(&layers, &name, protocol);
        (name.as_str().to_owned(), values, purpose(config, &name))
    });
    let opened = Certificates::open(
        world.disk.clone(),
        listeners.collect(),
        &metrics.tls,
        world.clock.wall_ms(),
    );
    opened.map(Arc::new).map_err(StartError::Certificates)
}

/// The listeners at which TLS is spoken.
fn spoken(config: &BrokerConfig) -> BTreeMap<ListenerName, SecurityProtocol> {
    let listeners = &config.listeners;
    let own = listeners
        .bound
        .iter()
        .chain(&listeners.controller)
        .map(|listener| &listener.name);
    let names = own.chain([&listeners.inter_broker, &listeners.toward_controllers]);
    let protocols = names.filter_map(|name| Some((name.clone(), *listeners.protocols.get(name)?)));
    protocols
        .filter(|(_, protocol)| protocol.is_encrypted())
        .collect()
}

/// A node that is alone connects to nobody, and need not know whom to trust.
fn purpose(config: &BrokerConfig, name: &ListenerName) -> Purpose {
    let listeners = &config.listeners;
    let mut own = listeners.bound.iter().chain(&listeners.controller);
    let is_others = *name == listeners.inter_broker || *name == listeners.toward_controllers;
    Purpose {
        accepts: own.any(|listener| listener.name == *name),
        connects: is_others && !config.quorum.is_alone(),
    }
}

/// Looks after files and after `listener.name.….ssl.…` of this broker until `stop`.
///
/// # Errors
/// [`StartError::Threads`].
pub fn follow<N: Net>(
    certificates: &Arc<Certificates>,
    context: &Arc<Context>,
    world: &World<N>,
    mut stop: Stop,
) -> Result<(), StartError> {
    if certificates.is_empty() {
        return Ok(());
    }
    let workers = world
        .workers("certificates", 1)
        .map_err(StartError::threads)?;
    let (certificates, context) = (certificates.clone(), context.clone());
    tokio::spawn(async move {
        let mut updates = context.metadata.subscribe();
        let mut known = BTreeMap::new();
        let mut look_at = context.clock.deadline(PERIOD);
        loop {
            let update = tokio::select! {
                biased;
                () = stop.stopped() => return,
                () = tokio::time::sleep_until(look_at) => None,
                Some(update) = updates.next() => Some(update),
            };
            let changed = update.map(|update| {
                let layers = NodeLayers::of(context.config.clone(), context.node_id, &update.image);
                changed(&context.config, &layers.as_layers(), &mut known)
            });
            match &changed {
                None => look_at = context.clock.deadline(PERIOD),
                Some(changed) if changed.is_empty() => continue,
                Some(_) => {}
            }
            let (certificates, now_ms) = (certificates.clone(), context.clock.wall_ms());
            let looked = workers.run(move || match changed {
                None => certificates.refresh(now_ms),
                Some(changed) => {
                    for (listener, values) in changed {
                        certificates.configure(&listener, values);
                    }
                }
            });
            if looked.await.is_none() {
                tracing::warn!("looking after certificates failed; it is tried again");
            }
        }
    });
    Ok(())
}

/// What differs from what is `known`, which then knows it.
fn changed(
    config: &BrokerConfig,
    layers: &Layers<'_>,
    known: &mut BTreeMap<ListenerName, TlsValues>,
) -> Vec<(String, TlsValues)> {
    let mut changed = Vec::new();
    for (name, protocol) in spoken(config) {
        let values = TlsValues::resolve(layers, &name, protocol);
        if known.get(&name) != Some(&values) {
            changed.push((name.as_str().to_owned(), values.clone()));
            known.insert(name, values);
        }
    }
    changed
}
