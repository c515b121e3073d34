//! What a handler knows of a request beside its body: who sent it, over what, and when.

use super::sasl::Sasl;
use crate::config::SecurityProtocol;
use crate::coordinator::group::Asked;
use crate::quota;
use ottla_protocol::Str;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Of one request.
#[derive(Clone, Debug)]
pub struct Meta {
    /// Kafka's name of the API.
    pub api: &'static str,
    pub api_version: i16,
    pub correlation_id: i32,
    /// What the client calls itself (`client.id`).
    pub client_id: Option<Str>,
    /// When the last byte arrived, by the node's clock ([`crate::world::Clock::elapsed`]).
    pub received: Duration,
    /// Of the whole frame, header included.
    pub size_bytes: usize,
    pub principal: Principal,
    /// Whether the principal was proven by a delegation token (KIP-48).
    pub is_by_token: bool,
    /// Whether another node forwarded it, which has judged the connection it came on.
    pub is_forwarded: bool,
    pub peer: Arc<Peer>,
    /// Where the listener asks for SASL.
    pub sasl: Option<Arc<Sasl>>,
}

impl Meta {
    /// The address that answers name for this node: that of the listener the request came in on.
    pub fn advertised(&self) -> &Endpoint {
        &self.peer.listener.advertised
    }

    /// Who asks, as quotas know it.
    pub fn client(&self) -> quota::Client<'_> {
        quota::Client {
            user: &self.principal.name,
            id: self.client_id.as_deref().unwrap_or_default(),
        }
    }

    /// Who asks, as a group coordinator shows it.
    pub fn asked(&self) -> Asked {
        Asked {
            version: self.api_version,
            client_id: self.client_id.clone().unwrap_or_default(),
            client_host: Str::from(format!("/{}", self.peer.address.ip())),
        }
    }
}

/// Of one connection.
#[derive(Debug)]
pub struct Peer {
    pub connection_id: ConnectionId,
    pub address: SocketAddr,
    pub listener: Arc<Listener>,
    /// Set by the connection's first valid ApiVersions request of version 3 or later (KIP-511).
    pub software: OnceLock<ClientSoftware>,
}

/// Unique among the connections of a process; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// What a client says it is, as in `librdkafka` and `2.3.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSoftware {
    pub name: Str,
    pub version: Str,
}

/// A listener as handlers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// In upper case, as in `PLAINTEXT`.
    pub name: String,
    /// What is spoken before Kafka's protocol, and who may speak that at once.
    pub protocol: SecurityProtocol,
    /// Where clients of this listener find this node.
    pub advertised: Endpoint,
    pub serves: Serves,
}

/// Whom a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serves {
    /// Clients, and brokers as clients of each other.
    pub clients: bool,
    /// What is asked of controllers.
    pub controllers: bool,
    /// What the nodes of the quorum say to each other.
    pub quorum: bool,
}

impl Serves {
    /// A listener for clients and nothing else.
    pub const CLIENTS: Self = Self {
        clients: true,
        controllers: false,
        quorum: false,
    };
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub host: Str,
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &*self.host;
        match host.contains(':') {
            true => write!(to, "[{host}]:{}", self.port),
            false => write!(to, "{host}:{}", self.port),
        }
    }
}

/// Who sends requests, as ACLs and quotas name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// `User` in all that Kafka ships.
    pub kind: Str,
    pub name: Str,
}

impl Principal {
    /// Who did not say.
    pub fn anonymous() -> Self {
        Self {
            kind: Str::from_static("User"),
            name: Str::from_static("ANONYMOUS"),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}", &*self.kind, &*self.name)
    }
}

/// What a connection has become: changes when it authenticates.
#[derive(Clone, Debug)]
pub struct Session {
    pub peer: Arc<Peer>,
    pub principal: Principal,
    /// True from the start where the listener asks for no SASL.
    pub is_authenticated: bool,
    /// By a delegation token (KIP-48).
    pub is_by_token: bool,
    /// Stands for a client of another node, which has forwarded its request.
    pub is_forwarded: bool,
    /// How far the authentication is, where the listener asks for SASL.
    pub sasl: Option<Arc<Sasl>>,
}

impl Session {
    /// Becomes what the connection has authenticated into; whether that was news.
    pub fn settle(&mut self) -> bool {
        let Some(standing) = self.sasl.as_ref().and_then(|sasl| sasl.news()) else {
            return false;
        };
        self.principal = standing.principal;
        self.is_by_token = standing.is_by_token;
        self.is_authenticated = true;
        true
    }

    /// Of a connection that has just been made, whose transport knows the peer as `principal`.
    pub fn begin(peer: Arc<Peer>, principal: Principal) -> Self {
        let is_authenticated = !peer.listener.protocol.asks_for_sasl();
        Self {
            peer,
            principal,
            is_authenticated,
            is_by_token: false,
            is_forwarded: false,
            sasl: (!is_authenticated).then(Arc::default),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listener_that_asks_for_sasl_begins_without_authentication() {
        for (protocol, is_authenticated) in [
            (SecurityProtocol::Plaintext, true),
            (SecurityProtocol::Ssl, true),
            (SecurityProtocol::SaslPlaintext, false),
            (SecurityProtocol::SaslSsl, false),
        ] {
            let listener = Listener {
                name: protocol.name().to_owned(),
                protocol,
                advertised: Endpoint {
                    host: "h".into(),
                    port: 1,
                },
                serves: Serves::CLIENTS,
            };
            let peer = Arc::new(Peer {
                connection_id: ConnectionId(1),
                address: "127.0.0.1:1".parse().unwrap(),
                listener: Arc::new(listener),
                software: OnceLock::new(),
            });
            let session = Session::begin(peer, Principal::anonymous());
            assert_eq!(session.is_authenticated, is_authenticated, "{protocol:?}");
        }
    }
}
