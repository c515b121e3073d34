//! Listeners: what is bound, what is advertised, and who may use it (`SocketServerConfigs`, `AbstractKafkaConfig`,
//! `KafkaConfig.validateValues`).

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::effective::Layers;
use super::quorum::{Address, Roles};
use super::value::Value;

/// A listener's name, in upper case as Kafka normalises it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerName(Arc<str>);

impl ListenerName {
    /// The name in upper case.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name.trim().to_uppercase()))
    }

    /// The name as it stands in requests and answers.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ListenerName {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

/// What is spoken before Kafka's protocol begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityProtocol {
    Plaintext,
    Ssl,
    SaslPlaintext,
    SaslSsl,
}

impl SecurityProtocol {
    /// Kafka's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }

    /// The number in broker registrations (`SecurityProtocol.id`).
    pub const fn wire_id(self) -> i16 {
        match self {
            Self::Plaintext => 0,
            Self::Ssl => 1,
            Self::SaslPlaintext => 2,
            Self::SaslSsl => 3,
        }
    }

    /// Whether TLS is spoken first.
    pub const fn is_encrypted(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    /// Whether a client must authenticate by SASL before anything else is answered.
    pub const fn asks_for_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }

    fn of_name(name: &str) -> Option<Self> {
        [
            Self::Plaintext,
            Self::Ssl,
            Self::SaslPlaintext,
            Self::SaslSsl,
        ]
        .into_iter()
        .find(|protocol| protocol.name().eq_ignore_ascii_case(name))
    }
}

/// One address of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    pub name: ListenerName,
    pub protocol: SecurityProtocol,
    /// Bound: the host to bind, `None` is every interface. Advertised: the host to tell clients, `None` is the machine's
    /// own name.
    pub host: Option<String>,
    /// Bound: 0 lets the system choose. Advertised: 0 stands for the port that was bound.
    pub port: u16,
}

impl fmt::Display for Listener {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.as_deref().unwrap_or_default();
        let (open, close) = if host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        write!(to, "{}://{open}{host}{close}:{}", self.name, self.port)
    }
}

/// Every listener of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listeners {
    /// Where clients and brokers connect.
    pub bound: Vec<Listener>,
    /// What clients and brokers are told, one per name; a subset of the bound names.
    pub advertised: Vec<Listener>,
    /// Where controllers connect; never told to clients.
    pub controller: Vec<Listener>,
    /// Where they are told to, as far as that is configured.
    pub told_of_controllers: Vec<Listener>,
    /// The listener that brokers use among themselves.
    pub inter_broker: ListenerName,
    /// The listener at which controllers are reached, on whichever node: the first of `controller.listener.names`, or else the brokers' own.
    pub toward_controllers: ListenerName,
    /// What is spoken at each listener, also at those that only other nodes have.
    pub protocols: BTreeMap<ListenerName, SecurityProtocol>,
}

impl Listeners {
    /// What is advertised on the listener of this name.
    pub fn advertised(&self, name: &ListenerName) -> Option<&Listener> {
        self.advertised
            .iter()
            .find(|listener| listener.name == *name)
    }

    /// Parses and checks the listener keys of a node.
    ///
    /// # Errors
    /// The sentence that says which key is wrong and what is allowed.
    pub fn parse(layers: &Layers<'_>, roles: Roles) -> Result<Self, String> {
        let controller_names: Vec<ListenerName> = list(layers, "controller.listener.names")
            .iter()
            .map(|name| ListenerName::new(name))
            .collect();
        let entries = list(layers, "listeners");
        let protocols = protocols(layers, &entries, &controller_names)?;
        let all = parse_all("listeners", &entries, &protocols)?;
        check_ports(&all, &entries)?;
        let (controller, bound): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|listener| controller_names.contains(&listener.name));
        let told = list(layers, "advertised.listeners");
        let mut advertised = if told.is_empty() {
            bound.clone()
        } else {
            parse_all("advertised.listeners", &told, &protocols)?
        };
        let (told_of_controllers, told) = advertised
            .into_iter()
            .partition(|listener| controller_names.contains(&listener.name));
        advertised = told;
        let inter_broker = inter_broker(layers, &protocols)?;
        let toward_controllers = controller_names.first().unwrap_or(&inter_broker).clone();
        let listeners = Self {
            bound,
            advertised,
            controller,
            told_of_controllers,
            inter_broker,
            toward_controllers,
            protocols,
        };
        listeners.check_roles(roles)?;
        if roles.broker {
            listeners.check_advertised()?;
        }
        Ok(listeners)
    }

    /// Where other controllers reach this one: its controller listener, or where it has none, that of the brokers.
    pub fn of_quorum(&self) -> Option<&ListenerName> {
        let own = self.controller.first().map(|listener| &listener.name);
        own.or_else(|| self.advertised(&self.inter_broker).map(|one| &one.name))
    }

    /// Whether an address names this node's own controller listener.
    pub fn is_own_controller(&self, address: &Address) -> bool {
        let is_loopback = |host: &str| {
            host.eq_ignore_ascii_case("localhost")
                || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        };
        let told = |listener: &Listener| {
            let advertised = self.told_of_controllers.iter();
            let mut named = advertised.filter(|told| told.name == listener.name);
            named.any(|told| {
                told.host.as_deref() == Some(&*address.host) && told.port == address.port
            })
        };
        self.controller.iter().any(|listener| {
            let is_here = listener.port == address.port
                && (is_loopback(&address.host) || listener.host.as_deref() == Some(&*address.host));
            is_here || told(listener)
        })
    }

    /// What is advertised to controllers on the listener of this name.
    pub fn advertised_to_controllers(&self, name: &ListenerName) -> Option<&Listener> {
        self.told_of_controllers
            .iter()
            .find(|listener| listener.name == *name)
    }

    /// As `KafkaConfig.validateValues` has it.
    fn check_roles(&self, roles: Roles) -> Result<(), String> {
        if !roles.broker && (!self.bound.is_empty() || self.controller.is_empty()) {
            return Err("The listeners config must only contain KRaft controller listeners from controller.listener.names when process.roles=controller".to_owned());
        }
        if !roles.controller && !self.controller.is_empty() {
            return Err("The controller.listener.names config must not contain a value appearing in the 'listeners' configuration when running KRaft with just the broker role".to_owned());
        }
        Ok(())
    }

    fn check_advertised(&self) -> Result<(), String> {
        let names = |listeners: &[Listener]| {
            listeners
                .iter()
                .map(|listener| listener.name.as_str())
                .collect::<Vec<_>>()
                .join(",")
        };
        if self.advertised.is_empty() {
            return Err("There must be at least one broker advertised listener. Perhaps all listeners appear in controller.listener.names?".to_owned());
        }
        if self.advertised(&self.inter_broker).is_none() {
            return Err(format!(
                "inter.broker.listener.name must be a listener name defined in advertised.listeners. The valid options based on currently configured listeners are {}",
                names(&self.advertised)
            ));
        }
        let is_bound = |one: &Listener| self.bound.iter().any(|bound| bound.name == one.name);
        if !self.advertised.iter().all(is_bound) {
            return Err(format!(
                "advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. Found {}. The valid options based on the current configuration are {}",
                names(&self.advertised),
                names(&self.bound)
            ));
        }
        if self
            .advertised
            .iter()
            .any(|listener| listener.host.as_deref() == Some("0.0.0.0"))
        {
            return Err("advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.".to_owned());
        }
        Ok(())
    }
}

fn list(layers: &Layers<'_>, name: &str) -> Vec<String> {
    match layers.broker_value(name) {
        Some(Value::List(entries)) => entries,
        _ => Vec::new(),
    }
}

fn text(layers: &Layers<'_>, name: &str) -> Option<String> {
    layers
        .broker_value(name)
        .map(|value| value.to_text())
        .filter(|text| !text.is_empty())
}

fn is_set(layers: &Layers<'_>, name: &str) -> bool {
    layers
        .each()
        .iter()
        .any(|(layer, _)| layer.setting(name).is_some())
}

/// `effectiveListenerSecurityProtocolMap`: what is mapped, and PLAINTEXT for controller listeners when nothing is mapped
/// and no listener's name speaks of TLS or SASL.
fn protocols(
    layers: &Layers<'_>,
    listeners: &[String],
    controllers: &[ListenerName],
) -> Result<BTreeMap<ListenerName, SecurityProtocol>, String> {
    let key = "listener.security.protocol.map";
    let mut map = BTreeMap::new();
    for pair in text(layers, key)
        .unwrap_or_default()
        .split(',')
        .filter(|pair| !pair.trim().is_empty())
    {
        let (name, protocol) = pair.rsplit_once(':').ok_or_else(|| {
            format!("Error parsing configuration property '{key}': `{pair}` is not NAME:PROTOCOL")
        })?;
        let protocol = SecurityProtocol::of_name(protocol.trim()).ok_or_else(|| {
            format!(
                "Invalid security protocol `{}` defined in {key}; allowed are PLAINTEXT, SSL, SASL_PLAINTEXT and SASL_SSL",
                protocol.trim()
            )
        })?;
        map.insert(ListenerName::new(name), protocol);
    }
    let speaks_of_security = |name: &str| {
        matches!(
            name.to_uppercase().as_str(),
            "SSL" | "SASL_SSL" | "SASL_PLAINTEXT"
        )
    };
    let is_secured = controllers
        .iter()
        .any(|name| speaks_of_security(name.as_str()))
        || listeners
            .iter()
            .any(|listener| speaks_of_security(listener.split(':').next().unwrap_or_default()));
    if !is_set(layers, key) && !is_secured {
        for name in controllers {
            map.insert(name.clone(), SecurityProtocol::Plaintext);
        }
    }
    Ok(map)
}

fn parse_all(
    key: &str,
    entries: &[String],
    protocols: &BTreeMap<ListenerName, SecurityProtocol>,
) -> Result<Vec<Listener>, String> {
    let wrong = |message: String| {
        format!(
            "Error creating broker listeners from '{}' ({key}): {message}",
            entries.join(",")
        )
    };
    let mut listeners: Vec<Listener> = Vec::new();
    for entry in entries {
        let listener = parse_one(entry, protocols).map_err(wrong)?;
        if listeners
            .iter()
            .any(|earlier| earlier.name == listener.name)
        {
            return Err(wrong(format!(
                "Each listener must have a different name, and {} stands twice",
                listener.name
            )));
        }
        listeners.push(listener);
    }
    Ok(listeners)
}

fn parse_one(
    entry: &str,
    protocols: &BTreeMap<ListenerName, SecurityProtocol>,
) -> Result<Listener, String> {
    let unreadable =
        || format!("Unable to parse {entry} to a broker endpoint; expected NAME://host:port");
    let (name, address) = entry.split_once("://").ok_or_else(unreadable)?;
    let (host, port) = address.rsplit_once(':').ok_or_else(unreadable)?;
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let is_host_letter = |letter: char| letter.is_ascii_alphanumeric() || "-%._:".contains(letter);
    if name.trim().is_empty() || !host.chars().all(is_host_letter) {
        return Err(unreadable());
    }
    let port = port
        .parse()
        .map_err(|_| format!("the port of {entry} must be a number from 0 to 65535"))?;
    let name = ListenerName::new(name);
    let protocol = *protocols.get(&name).ok_or_else(|| {
        format!("No security protocol defined for listener {name}; add {name}:PLAINTEXT to listener.security.protocol.map")
    })?;
    Ok(Listener {
        name,
        protocol,
        host: Some(host.to_owned()).filter(|host| !host.is_empty()),
        port,
    })
}

/// One port may be used twice only by one IPv4 and one IPv6 address.
fn check_ports(listeners: &[Listener], entries: &[String]) -> Result<(), String> {
    for (at, listener) in listeners.iter().enumerate() {
        let same: Vec<&Listener> = listeners[at..]
            .iter()
            .filter(|other| other.port == listener.port && other.port != 0)
            .collect();
        let ip = |listener: &Listener| {
            listener
                .host
                .as_deref()
                .and_then(|host| host.parse::<IpAddr>().ok())
        };
        let is_pair = |one: &Listener, other: &Listener| match (ip(one), ip(other)) {
            (Some(one), Some(other)) => one.is_ipv4() != other.is_ipv4(),
            _ => false,
        };
        let is_allowed = match same.as_slice() {
            [] | [_] => true,
            [one, other] => is_pair(one, other),
            _ => false,
        };
        if !is_allowed {
            return Err(format!(
                "Each listener must have a different port unless exactly one listener has an IPv4 address and the other IPv6 address, listeners: {}, port: {}",
                entries.join(","),
                listener.port
            ));
        }
    }
    Ok(())
}

fn inter_broker(
    layers: &Layers<'_>,
    protocols: &BTreeMap<ListenerName, SecurityProtocol>,
) -> Result<ListenerName, String> {
    let (by_name, by_protocol) = (
        "inter.broker.listener.name",
        "security.inter.broker.protocol",
    );
    let Some(name) = text(layers, by_name) else {
        let protocol = text(layers, by_protocol).unwrap_or_default();
        return Ok(ListenerName::new(&protocol));
    };
    if is_set(layers, by_protocol) {
        return Err(format!(
            "Only one of {by_name} and {by_protocol} should be set."
        ));
    }
    let name = ListenerName::new(&name);
    if !protocols.contains_key(&name) {
        return Err(format!(
            "Listener with name {name} defined in {by_name} not found in listener.security.protocol.map."
        ));
    }
    Ok(name)
}

#[cfg(test)]
mod tests;
