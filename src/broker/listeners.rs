//! Listeners from configuration to sockets, and what they are served with.

use super::StartError;
use super::world::World;
use crate::api::{Context, dispatch};
use crate::config::{BrokerConfig, BrokerValues, Listener as Configured};
use crate::net::connection::Serving;
use crate::net::listener::{Listener, ListenerSpec};
use crate::net::server::Server;
use crate::net::settings::{Settings, SocketOptions};
use crate::net::world::Net;
use std::sync::Arc;

/// Threads that read records which are not in memory, for all connections.
const COLD_READ_THREADS: usize = 4;

/// Binds every listener; nothing is accepted yet.
///
/// # Errors
/// [`StartError::Listener`].
pub async fn bind<N: Net>(
    config: &BrokerConfig,
    values: &BrokerValues,
    world: &World<N>,
) -> Result<Vec<Listener<N>>, StartError> {
    let sockets = SocketOptions::of(&values.connections);
    let mut bound = Vec::new();
    for listener in &config.listeners.bound {
        let spec = spec(config, listener);
        let network = Listener::bind(&world.net, &spec, &sockets)
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
    let advertised = config.listeners.advertised(&listener.name);
    ListenerSpec {
        name: listener.name.as_str().to_owned(),
        host: listener.host.clone().unwrap_or_default(),
        port: listener.port,
        advertised: advertised.map(|told| (told.host.clone().unwrap_or_else(machine), told.port)),
    }
}

/// Accepts on all of them.
///
/// # Errors
/// [`StartError::Threads`].
pub async fn serve<N: Net>(
    listeners: Vec<Listener<N>>,
    context: &Arc<Context>,
    values: &BrokerValues,
    world: &World<N>,
) -> Result<Server, StartError> {
    let workers = world
        .workers("cold-read", COLD_READ_THREADS)
        .map_err(|error| StartError::Threads(error.to_string()))?;
    let of_brokers = &context.config.listeners.inter_broker;
    let settings = Settings {
        protected_listener: (listeners.len() > 1).then(|| of_brokers.as_str().to_owned()),
        ..Settings::resolve(&world.net, values).await
    };
    let serving = Serving::new(
        context.clock.clone(),
        context.metrics.clone(),
        dispatch::dispatcher(context.clone()),
        settings,
        workers,
    );
    Ok(Server::start(listeners, Arc::new(serving)))
}
