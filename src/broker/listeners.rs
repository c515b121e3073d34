//! Listeners from configuration to sockets, whom each is for, and what they are served with.

use super::StartError;
use super::controller::ControlRuntime;
use super::world::World;
use crate::api::{self, Serves, Stage, dispatch};
use crate::config::{BrokerConfig, BrokerValues, Listener as Configured};
use crate::net::connection::Serving;
use crate::net::listener::{Listener, ListenerSpec};
use crate::net::settings::{Settings, SocketOptions};
use crate::net::tls::Certificates;
use crate::net::world::Net;
use std::sync::Arc;

/// Threads that read records which are not in memory, for all connections.
const COLD_READ_THREADS: usize = 4;

/// Every listener of a node, bound.
pub struct Bound<N: Net> {
    /// On the controller's runtime.
    pub controllers: Vec<Listener<N>>,
    pub clients: Vec<Listener<N>>,
    pub seen: Seen,
}

/// Every listener of a node as handlers see it, in the order configured.
#[derive(Clone)]
pub struct Seen {
    pub controllers: Vec<Arc<api::Listener>>,
    pub clients: Vec<Arc<api::Listener>>,
}

/// Binds every listener; nothing is accepted yet.
///
/// # Errors
/// [`StartError::Listener`].
pub async fn bind<N: Net>(
    config: &BrokerConfig,
    values: &BrokerValues,
    world: &World<N>,
    runtime: &ControlRuntime,
    certificates: &Arc<Certificates>,
) -> Result<Bound<N>, StartError> {
    let sockets = SocketOptions::of(&values.connections);
    let bound = &config.listeners.bound;
    let clients = bind_all(config, bound, &world.net, &sockets, certificates).await?;
    let (config, net, certificates) = (config.clone(), world.net.clone(), certificates.clone());
    let controllers = runtime.run(async move {
        let bound = &config.listeners.controller;
        bind_all(&config, bound, &net, &sockets, &certificates).await
    });
    let controllers = controllers.await??;
    let seen = |listeners: &[Listener<N>]| {
        let seen = listeners.iter().map(|one| one.seen().clone());
        seen.collect::<Vec<_>>()
    };
    Ok(Bound {
        seen: Seen {
            controllers: seen(&controllers),
            clients: seen(&clients),
        },
        controllers,
        clients,
    })
}

async fn bind_all<N: Net>(
    config: &BrokerConfig,
    listeners: &[Configured],
    net: &N,
    sockets: &SocketOptions,
    certificates: &Certificates,
) -> Result<Vec<Listener<N>>, StartError> {
    let mut bound = Vec::new();
    for listener in listeners {
        let spec = spec(config, listener);
        let tls = certificates.of(&spec.name).cloned();
        let network = Listener::bind(net, &spec, sockets, tls)
            .await
            .map_err(|error| StartError::Listener {
                listener: listener.to_string(),
                reason: error.to_string(),
            })?;
        bound.push(network);
    }
    Ok(bound)
}

/// An advertised host that is not configured is the machine's own name, as in Kafka.
fn spec(config: &BrokerConfig, listener: &Configured) -> ListenerSpec {
    let machine = || {
        rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned()
    };
    let serves = serves(config, listener);
    let told = match serves.clients {
        true => config.listeners.advertised(&listener.name),
        false => config.listeners.advertised_to_controllers(&listener.name),
    };
    let mut advertised = told.map(|told| (told.host.clone().unwrap_or_else(machine), told.port));
    if advertised.is_none() && !serves.clients && listener.host.is_none() {
        advertised = Some((machine(), listener.port));
    }
    ListenerSpec {
        name: listener.name.as_str().to_owned(),
        protocol: listener.protocol,
        host: listener.host.clone().unwrap_or_default(),
        port: listener.port,
        advertised,
        serves,
    }
}

/// The quorum is heard on the controllers' listeners. A broker that is no controller hears it on the inter-broker listener, and so does a
/// controller that was given no listener for it, unless it names no other node.
fn serves(config: &BrokerConfig, listener: &Configured) -> Serves {
    let listeners = &config.listeners;
    if listeners.controller.contains(listener) {
        return Serves {
            clients: false,
            controllers: true,
            quorum: true,
        };
    }
    let has_no_other = listeners.controller.is_empty() && !config.quorum.is_alone();
    let is_quorums = has_no_other && listener.name == listeners.inter_broker;
    Serves {
        clients: true,
        controllers: is_quorums && config.quorum.roles.controller,
        quorum: is_quorums,
    }
}

/// What listeners are served with. Of several for clients, the brokers' own is protected from the others' connections.
///
/// # Errors
/// [`StartError::Threads`].
pub async fn serving<N: Net>(
    stage: &Arc<Stage>,
    config: &BrokerConfig,
    values: &BrokerValues,
    world: &World<N>,
) -> Result<Arc<Serving>, StartError> {
    let workers = world
        .workers("cold-read", COLD_READ_THREADS)
        .map_err(StartError::threads)?;
    let of_brokers = config.listeners.inter_broker.as_str().to_owned();
    let settings = Settings {
        protected_listener: (config.listeners.bound.len() > 1).then_some(of_brokers),
        ..Settings::resolve(&world.net, values).await
    };
    Ok(Arc::new(Serving::new(
        stage.clock.clone(),
        stage.metrics.clone(),
        dispatch::dispatcher(stage.clone()),
        settings,
        workers,
    )))
}
