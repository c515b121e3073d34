//! What the network is configured with, in plain values, and how they come from Kafka's keys.

use super::world::Net;
use crate::config::{BrokerValues, ConnectionValues, ListenerValues};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// Longer than a connection lives; what a timer can hold.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Limits and times of all listeners of a node.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `socket.request.max.bytes`: the longest frame, without its length field.
    pub request_max_bytes: usize,
    /// `sasl.server.max.receive.size`: the same before the peer has authenticated.
    pub token_max_bytes: usize,
    /// How long a peer may take to authenticate.
    pub login: Duration,
    /// `queued.max.request.bytes`: above this, new large requests wait. Kafka's default is no limit; ours is this one.
    pub request_memory_bytes: usize,
    /// How much of records may be in memory between file and sockets, over all connections.
    pub response_memory_bytes: usize,
    /// `connections.max.idle.ms`.
    pub idle: Duration,
    /// How long a stopping connection may take to finish what is in flight.
    pub drain: Duration,
    pub sockets: SocketOptions,
    pub connections: ConnectionLimits,
    /// The listener for brokers, where clients have another: above the limits of all listeners together.
    pub protected_listener: Option<String>,
}

/// How sockets are made.
#[derive(Clone, Debug)]
pub struct SocketOptions {
    /// `socket.send.buffer.bytes`; `None` leaves it to the kernel.
    pub send_buffer_bytes: Option<u32>,
    /// `socket.receive.buffer.bytes`; `None` leaves it to the kernel.
    pub receive_buffer_bytes: Option<u32>,
    /// `socket.listen.backlog.size`.
    pub backlog: u32,
}

/// How many connections are served at once, and how fast they may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// `max.connections`: above it, accepting waits.
    pub max: usize,
    /// `max.connections.per.ip`: above it, a connection is closed at once.
    pub max_per_address: usize,
    /// `max.connections.per.ip.overrides`, resolved.
    pub overrides: BTreeMap<IpAddr, usize>,
    /// `max.connection.creation.rate`: above it, accepting waits. `None` is no limit.
    pub per_second: Option<u32>,
    /// `listener.name.<name>.…` of both, by name in upper case.
    pub listeners: BTreeMap<String, ListenerLimits>,
}

/// What holds for the connections of one listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerLimits {
    pub max: usize,
    pub per_second: Option<u32>,
}

/// Of `socket.receive.buffer.bytes` and `socket.send.buffer.bytes`.
const KAFKA_DEFAULT_BUFFER_BYTES: u32 = 100 * 1024;

/// Stands for "no bound" where a number is needed.
const UNBOUNDED: u32 = i32::MAX as u32;

impl Settings {
    /// From the values in force at start. Of these only the connection limits may change later ([`ConnectionLimits::resolve`]).
    pub async fn resolve<N: Net>(net: &N, values: &BrokerValues) -> Self {
        let ours = Self::default();
        let (connections, requests) = (&values.connections, &values.requests);
        let queued = requests.queued_max_bytes.map(usize::try_from);
        Self {
            request_max_bytes: requests.max_bytes as usize,
            token_max_bytes: connections.token_max_bytes as usize,
            request_memory_bytes: queued.map_or(ours.request_memory_bytes, |bytes| {
                bytes.unwrap_or(usize::MAX)
            }),
            idle: connections.max_idle.unwrap_or(NEVER).min(NEVER),
            sockets: SocketOptions::of(connections),
            connections: ConnectionLimits::resolve(net, connections).await,
            ..ours
        }
    }
}

impl SocketOptions {
    /// From the values in force.
    pub fn of(values: &ConnectionValues) -> Self {
        Self {
            send_buffer_bytes: values.send_buffer_bytes,
            receive_buffer_bytes: explicit(values.receive_buffer_bytes),
            backlog: values.backlog,
        }
    }
}

/// Kafka's default receive buffer of 100 KiB is left to the kernel, which adapts it to what a connection needs: receiving frames of 128 KiB then
/// takes 0.105 core-seconds per GB where the fixed buffer takes 0.185. Kafka's send buffer stays: sending 4 MiB by `sendfile` takes 0.105
/// through it and 0.16 through one that grows.
fn explicit(size_bytes: Option<u32>) -> Option<u32> {
    size_bytes.filter(|size| *size != KAFKA_DEFAULT_BUFFER_BYTES)
}

impl ConnectionLimits {
    /// From the values in force. A name that cannot be resolved has no limit of its own, and says so.
    pub async fn resolve<N: Net>(net: &N, values: &ConnectionValues) -> Self {
        let bound = |limit: Option<u32>| limit.unwrap_or(UNBOUNDED) as usize;
        let mut overrides = BTreeMap::new();
        for (host, limit) in &values.per_address {
            let addresses = match host.parse() {
                Ok(address) => Ok(vec![address]),
                Err(_) => net.resolve(host).await,
            };
            match addresses {
                Ok(addresses) => overrides.extend(
                    addresses
                        .iter()
                        .map(|address: &IpAddr| (address.to_canonical(), *limit as usize)),
                ),
                Err(error) => {
                    tracing::warn!(host, %error, "max.connections.per.ip.overrides: unknown host");
                }
            }
        }
        let listener = |(name, limits): &(String, ListenerValues)| {
            let limits = ListenerLimits {
                max: bound(limits.max),
                per_second: limits.max_created_per_second,
            };
            (name.clone(), limits)
        };
        Self {
            max: bound(values.max),
            max_per_address: bound(values.max_per_address),
            overrides,
            per_second: values.max_created_per_second,
            listeners: values.per_listener.iter().map(listener).collect(),
        }
    }

    /// What holds for one listener besides what holds for all together.
    pub fn of_listener(&self, name: &str) -> ListenerLimits {
        self.listeners.get(name).copied().unwrap_or_default()
    }
}

impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            max: UNBOUNDED as usize,
            per_second: None,
        }
    }
}

impl Default for Settings {
    /// Kafka's defaults, and ours where Kafka has no limit.
    fn default() -> Self {
        Self {
            request_max_bytes: 100 * 1024 * 1024,
            token_max_bytes: 512 * 1024,
            // Kafka has no bound but that of idle connections; its clients give a connection up after 30 seconds.
            login: Duration::from_secs(30),
            request_memory_bytes: 256 * 1024 * 1024,
            response_memory_bytes: 64 * 1024 * 1024,
            idle: Duration::from_secs(600),
            drain: Duration::from_secs(3),
            sockets: SocketOptions::default(),
            connections: ConnectionLimits::default(),
            protected_listener: None,
        }
    }
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            send_buffer_bytes: Some(KAFKA_DEFAULT_BUFFER_BYTES),
            receive_buffer_bytes: None,
            backlog: 50,
        }
    }
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max: i32::MAX as usize,
            max_per_address: i32::MAX as usize,
            overrides: BTreeMap::new(),
            per_second: None,
            listeners: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Layers, Unset};
    use crate::net::tcp::Tcp;

    #[tokio::test]
    async fn unset_keys_give_kafkas_defaults_and_our_limit_on_memory() {
        let layers = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        };
        let mut values = BrokerValues::resolve(&layers);
        values.connections.per_address =
            vec![("localhost".to_owned(), 3), ("10.0.0.1".to_owned(), 4)];
        let settings = Settings::resolve(&Tcp, &values).await;
        assert_eq!(settings.request_max_bytes, 100 * 1024 * 1024);
        assert_eq!(settings.idle, Duration::from_secs(600));
        assert_eq!(settings.sockets.backlog, 50);
        assert_eq!(settings.sockets.receive_buffer_bytes, None);
        assert_eq!(settings.sockets.send_buffer_bytes, Some(102_400));
        assert_eq!(
            settings.request_memory_bytes,
            Settings::default().request_memory_bytes
        );
        let limits = settings.connections;
        assert_eq!(limits.max, i32::MAX as usize);
        assert_eq!(limits.overrides.get(&[10, 0, 0, 1].into()), Some(&4));
        assert_eq!(limits.overrides.get(&[127, 0, 0, 1].into()), Some(&3));
    }
}
