//! A plain client of the Kafka protocol for the commands: of Ottla and of Apache Kafka alike.
//!
//! Guarantees: every request is sent in the highest version that both sides know, to the node that it is meant for or, where any will do,
//! to the next that answers; every one has a time. Does not interpret answers, and does not repeat what was refused.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ottla_protocol::messages::api_versions::{ApiVersion, ApiVersionsRequest};
use ottla_protocol::messages::describe_cluster::{DescribeClusterRequest, DescribeClusterResponse};
use ottla_protocol::{ApiKey, ErrorCode, Request, Str};
use parking_lot::Mutex;

use super::reach::{Reach, Security};
use crate::auth::outbound::LoggingIn;
use crate::metrics::Metrics;
use crate::net::dial::Dialer;
use crate::net::settings::SocketOptions;
use crate::net::tcp::Tcp;
use crate::net::tls::{Certificates, Purpose};
use crate::peers::{Destination, Dial, Lane, Link, LinkError, LinkSettings, Peers};
use crate::world::{Clock, Rng};
use ottla_storage::disk::RealDisk;

/// Known to all brokers since Kafka 2.4; older ones are asked in version 0.
const API_VERSIONS: i16 = 3;

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    pub host: String,
    pub port: u16,
}

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// For one answer (`request.timeout.ms`); a node that says nothing for so long is passed over.
    pub answer: Duration,
    /// For a connection, TLS and login included (`socket.connection.setup.timeout.ms`).
    pub connect: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(15),
            connect: Duration::from_secs(10),
        }
    }
}

/// See the module.
pub struct Client {
    pub clock: Clock,
    pub security: Security,
    pub times: Times,
    peers: Peers,
    pub bootstrap: Vec<Address>,
    brokers: Mutex<BTreeMap<i32, Address>>,
    versions: Mutex<BTreeMap<Address, Arc<[ApiVersion]>>>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// Of all that were tried, the last failure.
    Unreachable {
        address: String,
        error: LinkError,
    },
    /// The node and this program know no common version.
    Unsupported {
        address: String,
        api: &'static str,
    },
    /// No broker of this id is known.
    UnknownBroker(i32),
    UnknownTopic(String),
    Refused {
        what: &'static str,
        error: ErrorCode,
        message: Option<String>,
    },
}

impl fmt::Display for ClientError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It says itself what was tried: a name looked up, TLS, a login.
            Self::Unreachable {
                address,
                error: LinkError::Unreachable(why),
            } => write!(to, "{address}: {why}"),
            Self::Unreachable { address, error } => write!(to, "{address}: {error}"),
            Self::Unsupported { address, api } => {
                write!(
                    to,
                    "{address} does not support {api} in a version that this program knows"
                )
            }
            Self::UnknownBroker(id) => write!(to, "broker {id} is not known to the cluster"),
            Self::UnknownTopic(name) => write!(to, "there is no topic {name}"),
            Self::Refused {
                what,
                error,
                message,
            } => {
                write!(to, "{what} was refused: {error}")?;
                match message {
                    Some(message) => write!(to, ": {message}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl ClientError {
    /// `Ok` when there is no error in the answer.
    ///
    /// # Errors
    /// [`ClientError::Refused`].
    pub fn check(
        what: &'static str,
        error: ErrorCode,
        message: Option<&Str>,
    ) -> Result<(), ClientError> {
        match error.is_error() {
            false => Ok(()),
            true => Err(Self::Refused {
                what,
                error,
                message: message.map(|message| message.to_string()),
            }),
        }
    }

    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { error, .. } => Some(*error),
            _ => None,
        }
    }
}

/// Parses `host:port,host:port`.
///
/// # Errors
/// What is wrong, for the user.
pub fn addresses(text: &str) -> Result<Vec<Address>, String> {
    let address = |text: &str| {
        let (host, port) = text.rsplit_once(':').unwrap_or((text, "9092"));
        let port = port
            .parse()
            .map_err(|_| format!("{text} is no host:port"))?;
        match host.is_empty() {
            true => Err(format!("{text} is no host:port")),
            false => Ok(Address {
                host: host.to_owned(),
                port,
            }),
        }
    };
    let entries = text.split(',').map(str::trim);
    let entries = entries.filter(|entry| !entry.is_empty());
    let addresses: Vec<Address> = entries.map(address).collect::<Result<_, _>>()?;
    match addresses.is_empty() {
        true => Err("no server is named".to_owned()),
        false => Ok(addresses),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}", self.host, self.port)
    }
}

impl Client {
    /// Connects at the first request. Call within a runtime.
    ///
    /// # Errors
    /// What keys and certificates that were named cannot be used for, for the user.
    pub fn new(reach: &Reach) -> Result<Self, String> {
        let clock = Clock::system();
        let rng = Rng::system();
        let settings = LinkSettings {
            client_id: Str::from_static("ottla-cli"),
            connect_max: reach.times.connect,
            ..LinkSettings::default()
        };
        let dial = dial(reach, &clock, &rng)?;
        Ok(Self {
            peers: Peers::new(dial, clock.clone(), rng, settings),
            clock,
            security: reach.security.clone(),
            times: reach.times,
            bootstrap: reach.servers.clone(),
            brokers: Mutex::default(),
            versions: Mutex::default(),
        })
    }

    /// Where brokers are, from an answer that tells it. Requests to brokers by id go there from now on.
    pub fn learn(&self, brokers: impl Iterator<Item = (i32, Address)>) {
        *self.brokers.lock() = brokers.collect();
    }

    /// Where a broker was said to be.
    pub fn address_of(&self, id: i32) -> Option<Address> {
        self.brokers.lock().get(&id).cloned()
    }

    /// The cluster's brokers, fenced ones included where it tells of them. Requests to brokers by id go where this says.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn describe_cluster(&self) -> Result<DescribeClusterResponse, ClientError> {
        let request = DescribeClusterRequest {
            include_fenced_brokers: true,
            ..Default::default()
        };
        let response = self.ask(&request).await?;
        ClientError::check(
            "describing the cluster",
            response.error_code,
            response.error_message.as_ref(),
        )?;
        let known = response.brokers.iter().filter_map(|broker| {
            let address = Address {
                host: broker.host.to_string(),
                port: u16::try_from(broker.port).ok()?,
            };
            Some((broker.broker_id, address))
        });
        self.learn(known);
        Ok(response)
    }

    /// Asks whoever answers.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn ask<R: Request>(&self, request: &R) -> Result<R::Response, ClientError> {
        let mut all = self.bootstrap.clone();
        all.extend(self.brokers.lock().values().cloned());
        let mut last = None;
        for address in all {
            match self.ask_at(&address, request).await {
                Err(error @ ClientError::Unreachable { .. }) => last = Some(error),
                answer => return answer,
            }
        }
        Err(last.expect("at least one server is named"))
    }

    /// Asks one broker.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn ask_broker<R: Request>(
        &self,
        id: i32,
        request: &R,
    ) -> Result<R::Response, ClientError> {
        let address = self.brokers.lock().get(&id).cloned();
        let address = address.ok_or(ClientError::UnknownBroker(id))?;
        self.ask_at(&address, request).await
    }

    /// Asks whoever listens at an address.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn ask_at<R: Request>(
        &self,
        address: &Address,
        request: &R,
    ) -> Result<R::Response, ClientError> {
        let protocol = self.security.protocol.name();
        let to = Destination::new(protocol, &address.host, address.port);
        let link = self.peers.link(to, Lane::of("command"));
        let unreachable = |error| ClientError::Unreachable {
            address: address.to_string(),
            error,
        };
        let known = self.versions(address, &link).await.map_err(unreachable)?;
        let version = common_version::<R>(&known).ok_or(ClientError::Unsupported {
            address: address.to_string(),
            api: R::KEY.name().unwrap_or("this API"),
        })?;
        let answered = link.request(version, request, self.times.answer).await;
        if answered.is_err() {
            // Another program may listen there next time.
            self.versions.lock().remove(address);
        }
        answered.map_err(unreachable)
    }

    async fn versions(
        &self,
        address: &Address,
        link: &Link,
    ) -> Result<Arc<[ApiVersion]>, LinkError> {
        if let Some(known) = self.versions.lock().get(address) {
            return Ok(known.clone());
        }
        let request = ApiVersionsRequest {
            client_software_name: Str::from_static("ottla"),
            client_software_version: Str::from_static(env!("CARGO_PKG_VERSION")),
            ..Default::default()
        };
        let time = self.times.answer;
        let answer = match link.request(API_VERSIONS, &request, time).await {
            // A broker that is too old answers in version 0, whatever it was asked in.
            Err(LinkError::Malformed(_)) => {
                let request = ApiVersionsRequest::default();
                link.request(0, &request, time).await?
            }
            answer => answer?,
        };
        let known: Arc<[ApiVersion]> = answer.api_keys.into();
        self.versions.lock().insert(address.clone(), known.clone());
        Ok(known)
    }
}

/// TCP, TLS and a login, as far as they are asked for.
fn dial(reach: &Reach, clock: &Clock, rng: &Rng) -> Result<Arc<dyn Dial>, String> {
    let security = &reach.security;
    let protocol = security.protocol;
    let certificates = match &security.tls {
        Some(values) if protocol.is_encrypted() => {
            let purpose = Purpose {
                accepts: false,
                connects: true,
            };
            let listeners = vec![(protocol.name().to_owned(), values.clone(), purpose)];
            let metrics = Metrics::new([]);
            Certificates::open(Arc::new(RealDisk), listeners, &metrics.tls, clock.wall_ms())?
        }
        _ => Certificates::none(),
    };
    let plain = Dialer::new(Tcp, SocketOptions::default(), Arc::new(certificates));
    Ok(match &security.login {
        None => Arc::new(plain),
        Some(login) => {
            let logins = [(protocol.name().to_owned(), login.clone())];
            let time = reach.times.connect;
            Arc::new(LoggingIn::with(Arc::new(plain), logins, rng.clone(), time))
        }
    })
}

/// The highest version of a request that both know.
fn common_version<R: Request>(known: &[ApiVersion]) -> Option<i16> {
    let theirs = known
        .iter()
        .find(|version| ApiKey(version.api_key) == R::KEY)?;
    let highest = theirs.max_version.min(*R::VERSIONS.end());
    (highest >= theirs.min_version && highest >= *R::VERSIONS.start()).then_some(highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_hosts_with_ports() {
        let address = |host: &str, port| Address {
            host: host.to_owned(),
            port,
        };
        assert_eq!(
            addresses("a:1, b"),
            Ok(vec![address("a", 1), address("b", 9092)])
        );
        assert_eq!(addresses("[::1]:7"), Ok(vec![address("[::1]", 7)]));
        for wrong in ["", ":1", "a:x"] {
            assert!(addresses(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_request_is_sent_in_the_highest_version_that_both_know() {
        let known = |min_version, max_version| {
            [ApiVersion {
                api_key: 60,
                min_version,
                max_version,
                ..Default::default()
            }]
        };
        let common = |min, max| common_version::<DescribeClusterRequest>(&known(min, max));
        assert_eq!(common(0, 1), Some(1));
        assert_eq!(common(1, 9), Some(2));
        assert_eq!(common(5, 9), None);
        assert_eq!(common_version::<ApiVersionsRequest>(&known(0, 1)), None);
    }
}
