//! What is counted per connection, and the two memory budgets of the network.

use super::definitions;
use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};
use std::sync::Arc;

/// Why a connection was not served at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefuseReason {
    /// `max.connections.per.ip` or its overrides.
    PerAddress,
    /// `connection_creation_rate` of its address (KIP-612).
    AddressRate,
}

/// What ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The client closed it.
    Client,
    /// The socket failed.
    Network,
    /// Nothing was completed for `connections.max.idle.ms`.
    Idle,
    /// The client sent what cannot be served.
    Protocol,
    /// A handler asked for it, such as a failed produce with acks=0.
    Handler,
    /// The records of an answer could not be read.
    Storage,
    /// The client does not read its answers, and memory is short.
    Unread,
    /// The client takes long to send a large request, and memory is short.
    Slow,
    /// The broker is stopping.
    Shutdown,
    /// The client did not authenticate, or not in time.
    Authentication,
}

impl CloseReason {
    const ALL: [Self; 10] = [
        Self::Client,
        Self::Network,
        Self::Idle,
        Self::Protocol,
        Self::Handler,
        Self::Storage,
        Self::Unread,
        Self::Slow,
        Self::Shutdown,
        Self::Authentication,
    ];

    /// As the label says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Network => "network",
            Self::Idle => "idle",
            Self::Protocol => "protocol",
            Self::Handler => "handler",
            Self::Storage => "storage",
            Self::Unread => "unread",
            Self::Slow => "slow",
            Self::Shutdown => "shutdown",
            Self::Authentication => "authentication",
        }
    }
}

/// The vectors that [`ListenerMetrics`] come from.
pub struct ConnectionMetrics {
    open: IntGaugeVec,
    accepted: IntCounterVec,
    refused: IntCounterVec,
    closed: IntCounterVec,
    received_bytes: IntCounterVec,
    sent_bytes: IntCounterVec,
    authentications: IntCounterVec,
    /// Held by requests.
    pub request_memory_bytes: IntGauge,
    pub request_memory_limit_bytes: IntGauge,
    /// Held by records on their way out.
    pub response_memory_bytes: IntGauge,
    pub response_memory_limit_bytes: IntGauge,
}

/// The handles of one listener, shared by its connections.
pub struct ListenerMetrics {
    pub open: IntGauge,
    pub accepted: IntCounter,
    refused_per_address: IntCounter,
    refused_address_rate: IntCounter,
    closed: [IntCounter; CloseReason::ALL.len()],
    pub received_bytes: IntCounter,
    pub sent_bytes: IntCounter,
}

impl ConnectionMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            open: definitions::CONNECTIONS.gauges(registry),
            accepted: definitions::CONNECTIONS_ACCEPTED.counters(registry),
            refused: definitions::CONNECTIONS_REFUSED.counters(registry),
            closed: definitions::CONNECTIONS_CLOSED.counters(registry),
            received_bytes: definitions::RECEIVED_BYTES.counters(registry),
            sent_bytes: definitions::SENT_BYTES.counters(registry),
            authentications: definitions::AUTHENTICATIONS.counters(registry),
            request_memory_bytes: definitions::REQUEST_MEMORY.gauge(registry),
            request_memory_limit_bytes: definitions::REQUEST_MEMORY_LIMIT.gauge(registry),
            response_memory_bytes: definitions::RESPONSE_MEMORY.gauge(registry),
            response_memory_limit_bytes: definitions::RESPONSE_MEMORY_LIMIT.gauge(registry),
        }
    }

    /// A client of a listener has authenticated or failed to.
    pub fn authenticated(&self, listener: &str, mechanism: &str, result: &str) {
        let labels = [listener, mechanism, result];
        self.authentications.with_label_values(&labels).inc();
    }

    /// The handles of the listener called `name`.
    pub fn listener(&self, name: &str) -> Arc<ListenerMetrics> {
        let closed = |reason: CloseReason| self.closed.with_label_values(&[name, reason.name()]);
        Arc::new(ListenerMetrics {
            open: self.open.with_label_values(&[name]),
            accepted: self.accepted.with_label_values(&[name]),
            refused_per_address: self.refused.with_label_values(&[name, "per_address"]),
            refused_address_rate: self.refused.with_label_values(&[name, "address_rate"]),
            closed: CloseReason::ALL.map(closed),
            received_bytes: self.received_bytes.with_label_values(&[name]),
            sent_bytes: self.sent_bytes.with_label_values(&[name]),
        })
    }
}

impl ListenerMetrics {
    pub fn refused(&self, reason: RefuseReason) {
        match reason {
            RefuseReason::PerAddress => self.refused_per_address.inc(),
            RefuseReason::AddressRate => self.refused_address_rate.inc(),
        }
    }

    pub fn closed(&self, reason: CloseReason) {
        self.closed[reason as usize].inc();
    }
}
