//! Listeners from configuration to sockets, and what they are served with.

use super::StartError;
use super::world::World;
use crate::api::{Context, dispatch};
use crate::config::{BrokerConfig, BrokerValues, ConnectionValues, Listener as Configured};
use crate::net::connection::Serving;
use crate::net::listener::{Listener, ListenerSpec};
use crate::net::records::Region;
use crate::net::server::Server;
use crate::net::settings::{ConnectionLimits, Settings, SocketOptions};
use crate::net::world::Net;
use crate::partition::Regions;
use ottla_protocol::DeferredRecords;
use std::any::Any;
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
    let sockets = socket_options(&values.connections);
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
pub fn serve<N: Net>(
    listeners: Vec<Listener<N>>,
    context: &Arc<Context>,
    values: &BrokerValues,
    world: &World<N>,
) -> Result<Server, StartError> {
    let workers = world
        .workers("cold-read", COLD_READ_THREADS)
        .map_err(|error| StartError::Threads(error.to_string()))?;
    let serving = Serving::new(
        context.clock.clone(),
        context.metrics.clone(),
        dispatch::dispatcher(context.clone()),
        settings(values),
        workers,
        regions_of,
    );
    Ok(Server::start(listeners, Arc::new(serving)))
}

/// The files behind the records of a fetch answer.
fn regions_of(records: &DeferredRecords) -> Option<Vec<Region>> {
    let source: &dyn Any = &*records.source;
    let regions = source.downcast_ref::<Regions>()?;
    Some(regions.0.iter().cloned().map(Region::from).collect())
}

fn settings(values: &BrokerValues) -> Settings {
    let defaults = Settings::default();
    Settings {
        request_max_bytes: usize::try_from(values.requests.max_bytes).unwrap_or(usize::MAX),
        request_memory_bytes: values
            .requests
            .queued_max_bytes
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(defaults.request_memory_bytes),
        idle: values
            .connections
            .max_idle
            .unwrap_or(std::time::Duration::MAX),
        sockets: socket_options(&values.connections),
        connections: connection_limits(&values.connections),
        ..defaults
    }
}

fn socket_options(values: &ConnectionValues) -> SocketOptions {
    SocketOptions {
        send_buffer_bytes: values.send_buffer_bytes,
        receive_buffer_bytes: values.receive_buffer_bytes,
        backlog: values.backlog,
    }
}

/// Overrides for names are resolved by the caller of [`crate::net::limits::Gate::set_limits`]; addresses are taken here.
pub fn connection_limits(values: &ConnectionValues) -> ConnectionLimits {
    let count = |count: Option<u32>| {
        count
            .and_then(|count| usize::try_from(count).ok())
            .unwrap_or(usize::MAX)
    };
    ConnectionLimits {
        max: count(values.max),
        max_per_address: count(values.max_per_address),
        overrides: values
            .per_address
            .iter()
            .filter_map(|(host, limit)| Some((host.parse().ok()?, count(Some(*limit)))))
            .collect(),
    }
}
