//! A plain client of the Kafka protocol for the commands: of Ottla and of Apache Kafka alike.
//!
//! Guarantees: every request is sent in the highest version that both sides know, to the node that it is meant for or, where any will do,
//! to the next that answers. Does not interpret answers, and does not repeat what was refused.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ottla_protocol::messages::api_versions::{ApiVersion, ApiVersionsRequest};
use ottla_protocol::messages::describe_cluster::{DescribeClusterRequest, DescribeClusterResponse};
use ottla_protocol::{ApiKey, ErrorCode, Request, Str};
use parking_lot::Mutex;

use crate::net::dial::Dialer;
use crate::net::settings::SocketOptions;
use crate::net::tcp::Tcp;
use crate::net::tls::Certificates;
use crate::peers::{Destination, Lane, Link, LinkError, LinkSettings, Peers};
use crate::world::{Clock, Rng};

/// For one answer; a node that says nothing for so long is passed over.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// The oldest that all brokers since Kafka 2.4 answer; ours and theirs.
const API_VERSIONS: i16 = 3;

/// A client does not know how nodes call their listeners.
const LISTENER: &str = "";

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    pub host: String,
    pub port: u16,
}

/// See the module.
pub struct Client {
    pub clock: Clock,
    peers: Peers,
    bootstrap: Vec<Address>,
    brokers: Mutex<BTreeMap<i32, Address>>,
    versions: Mutex<BTreeMap<Address, Arc<[ApiVersion]>>>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// Of all that were tried, the last failure.
    Unreachable { address: String, error: LinkError },
    /// The node and this program know no common version.
    Unsupported { address: String, api: &'static str },
    /// No broker of this id is known.
    UnknownBroker(i32),
    Refused {
        what: &'static str,
        error: ErrorCode,
        message: Option<String>,
    },
}

impl fmt::Display for ClientError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { address, error } => write!(to, "{address}: {error}"),
            Self::Unsupported { address, api } => {
                write!(
                    to,
                    "{address} does not support {api} in a version that this program knows"
                )
            }
            Self::UnknownBroker(id) => write!(to, "broker {id} is not known to the cluster"),
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
    pub fn new(bootstrap: Vec<Address>) -> Self {
        let plain = Arc::new(Certificates::none());
        let dialer = Dialer::new(Tcp, SocketOptions::default(), plain);
        let settings = LinkSettings {
            client_id: Str::from_static("ottla-cli"),
            ..LinkSettings::default()
        };
        let clock = Clock::system();
        Self {
            clock: clock.clone(),
            peers: Peers::new(Arc::new(dialer), clock, Rng::system(), settings),
            bootstrap,
            brokers: Mutex::default(),
            versions: Mutex::default(),
        }
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
        *self.brokers.lock() = known.collect();
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

    async fn ask_at<R: Request>(
        &self,
        address: &Address,
        request: &R,
    ) -> Result<R::Response, ClientError> {
        let to = Destination::new(LISTENER, &address.host, address.port);
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
        let answered = link.request(version, request, ANSWER_MAX).await;
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
        let answer = link.request(API_VERSIONS, &request, ANSWER_MAX).await?;
        let known: Arc<[ApiVersion]> = answer.api_keys.into();
        self.versions.lock().insert(address.clone(), known.clone());
        Ok(known)
    }
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
