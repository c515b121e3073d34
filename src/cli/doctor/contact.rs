//! One address, dialled: is it reached, what certificate is shown there, and which broker answers.

use crate::cli::client::{Address, Client, ClientError};
use crate::cli::reach::{Reach, Security};
use crate::config::SecurityProtocol;
use crate::net::settings::SocketOptions;
use crate::net::tcp::Tcp;
use crate::net::tls::look::{Look, look};
use crate::net::world::Net;
use ottla_protocol::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResult,
};
use ottla_protocol::messages::metadata::MetadataRequest;
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

const RESOURCE_BROKER: i8 = 4;
const PROTOCOLS: [SecurityProtocol; 4] = [
    SecurityProtocol::Plaintext,
    SecurityProtocol::Ssl,
    SecurityProtocol::SaslPlaintext,
    SecurityProtocol::SaslSsl,
];

/// An address and who is said to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `None`: a server that the user named.
    pub broker: Option<i32>,
    /// Where the listener's name is known.
    pub listener: Option<String>,
    /// Where it is known what is spoken there.
    pub protocol: Option<SecurityProtocol>,
    pub address: Address,
    /// Whether it is the listener that the user's own clients use.
    pub is_ours: bool,
}

/// Whether a connection was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    Yes,
    /// The name is not known here.
    UnknownHost(String),
    Refused,
    TimedOut,
    Failed(String),
}

/// Who answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was not reached, or how to speak there is not known.
    NotAsked,
    /// A broker of this cluster; the one that was looked for as far as it says.
    Right {
        cluster_id: Option<String>,
    },
    /// A broker that is another one.
    Wrong(String),
    Failed(ClientError),
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub target: Target,
    pub reached: Reached,
    /// Where TLS is spoken, or may be.
    pub look: Option<Result<Look, String>>,
    pub answer: Answer,
}

/// A client for each protocol that the user's properties are enough for.
pub struct Speakers {
    clients: BTreeMap<&'static str, Client>,
    time: Duration,
}

impl Speakers {
    /// Call within a runtime.
    pub fn new(reach: &Reach) -> Self {
        let mut clients = BTreeMap::new();
        let own = &reach.security;
        for protocol in PROTOCOLS {
            let lacks_login = protocol.asks_for_sasl() && own.login.is_none();
            let lacks_trust = protocol.is_encrypted() && own.tls.is_none();
            if lacks_login || lacks_trust {
                continue;
            }
            let security = Security {
                protocol,
                login: own.login.clone().filter(|_| protocol.asks_for_sasl()),
                ..own.clone()
            };
            let reach = Reach {
                security,
                ..reach.clone()
            };
            // What cannot be used was said when the user's own protocol was set up.
            if let Ok(client) = Client::new(&reach) {
                clients.insert(protocol.name(), client);
            }
        }
        Self {
            clients,
            time: reach.times.connect,
        }
    }

    /// Dials and asks.
    pub async fn contact(&self, target: Target) -> Contact {
        let mut contact = Contact {
            reached: Reached::Yes,
            look: None,
            answer: Answer::NotAsked,
            target,
        };
        let target = &contact.target;
        match dial(&target.address, self.time).await {
            Ok(stream) => drop(stream),
            Err(reached) => {
                contact.reached = reached;
                return contact;
            }
        }
        if target.protocol.is_some_and(SecurityProtocol::is_encrypted) {
            contact.look = Some(self.look(&target.address).await);
        }
        let client = target.protocol.and_then(|one| self.clients.get(one.name()));
        if let Some(client) = client {
            contact.answer = identify(client, target).await;
        }
        // Somebody who hangs up without a word may speak TLS.
        let is_plain = !target.protocol.is_some_and(SecurityProtocol::is_encrypted);
        if is_plain && matches!(contact.answer, Answer::Failed(_)) {
            contact.look = Some(self.look(&contact.target.address).await);
        }
        contact
    }

    async fn look(&self, address: &Address) -> Result<Look, String> {
        let looking = async {
            let stream = dial(address, self.time).await;
            let stream =
                stream.map_err(|_| "it was reached before, and now it is not".to_owned())?;
            look(stream, &address.host).await
        };
        match tokio::time::timeout(self.time, looking).await {
            Ok(found) => found,
            Err(_) => Err("the handshake took too long".to_owned()),
        }
    }
}

async fn dial(address: &Address, time: Duration) -> Result<<Tcp as Net>::Stream, Reached> {
    let host = address.host.trim_start_matches('[').trim_end_matches(']');
    let resolving = tokio::time::timeout(time, Tcp.resolve(host)).await;
    let addresses = match resolving {
        Err(_) => {
            return Err(Reached::UnknownHost(
                "its name server does not answer".to_owned(),
            ));
        }
        Ok(Err(error)) => return Err(Reached::UnknownHost(error.to_string())),
        Ok(Ok(addresses)) => addresses,
    };
    let mut last = Reached::UnknownHost("it has no address".to_owned());
    for one in addresses {
        let address = SocketAddr::new(one, address.port);
        let options = SocketOptions::default();
        let connecting = Tcp.connect(address, &options);
        last = match tokio::time::timeout(time, connecting).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Reached::Refused,
            Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => Reached::TimedOut,
            Ok(Err(error)) => Reached::Failed(error.to_string()),
            Err(_) => Reached::TimedOut,
        };
    }
    Err(last)
}

/// Which broker it is: only itself describes its configuration. Who may not see that learns the cluster at least.
async fn identify(client: &Client, target: &Target) -> Answer {
    let request = MetadataRequest {
        topics: Some(Vec::new()),
        allow_auto_topic_creation: false,
        ..Default::default()
    };
    let cluster_id = match client.ask_at(&target.address, &request).await {
        Ok(response) => response.cluster_id.map(|id| id.to_string()),
        Err(error) => return Answer::Failed(error),
    };
    if let Some(broker) = target.broker {
        let described = configuration(client, &target.address, broker).await;
        let is_other =
            |result: &DescribeConfigsResult| result.error_code == ErrorCode::INVALID_REQUEST;
        if let Ok(result) = described
            && is_other(&result)
        {
            let message = result.error_message.map(|message| message.to_string());
            return Answer::Wrong(message.unwrap_or_default());
        }
    }
    Answer::Right { cluster_id }
}

/// What a broker says that it is configured with, of what tells where it is reached.
///
/// # Errors
/// See [`ClientError`]; a refusal is in the result.
pub async fn configuration(
    client: &Client,
    address: &Address,
    broker: i32,
) -> Result<DescribeConfigsResult, ClientError> {
    let keys = [
        "advertised.listeners",
        "listeners",
        "listener.security.protocol.map",
        "controller.listener.names",
    ];
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: RESOURCE_BROKER,
            resource_name: Str::from(broker.to_string()),
            configuration_keys: Some(keys.into_iter().map(Str::from_static).collect()),
            ..Default::default()
        }],
        ..Default::default()
    };
    let response = client.ask_at(address, &request).await?;
    Ok(response.results.into_iter().next().unwrap_or_default())
}
