//! What the network is configured with, in plain values; `broker.rs` fills them from Kafka's keys.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// Limits and times of all listeners of a node.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `socket.request.max.bytes`: the longest frame, without its length field.
    pub request_max_bytes: usize,
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
}

/// How sockets are made.
#[derive(Clone, Debug)]
pub struct SocketOptions {
    /// `socket.send.buffer.bytes`; `None` (-1) leaves it to the kernel.
    pub send_buffer_bytes: Option<u32>,
    /// `socket.receive.buffer.bytes`; `None` (-1) leaves it to the kernel.
    pub receive_buffer_bytes: Option<u32>,
    /// `socket.listen.backlog.size`.
    pub backlog: u32,
}

/// How many connections are served at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// `max.connections`: above it, accepting waits.
    pub max: usize,
    /// `max.connections.per.ip`: above it, a connection is closed at once.
    pub max_per_address: usize,
    /// `max.connections.per.ip.overrides`, resolved.
    pub overrides: BTreeMap<IpAddr, usize>,
}

impl Default for Settings {
    /// Kafka's defaults, and ours where Kafka has no limit.
    fn default() -> Self {
        Self {
            request_max_bytes: 100 * 1024 * 1024,
            request_memory_bytes: 256 * 1024 * 1024,
            response_memory_bytes: 64 * 1024 * 1024,
            idle: Duration::from_secs(600),
            drain: Duration::from_secs(5),
            sockets: SocketOptions::default(),
            connections: ConnectionLimits::default(),
        }
    }
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            send_buffer_bytes: Some(100 * 1024),
            receive_buffer_bytes: Some(100 * 1024),
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
        }
    }
}
