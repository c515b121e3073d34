//! Listeners: what is bound, what is advertised, and who may use it (`SocketServerConfigs`, `AbstractKafkaConfig`,
//! `KafkaConfig.validateValues`).
//!
//! Only PLAINTEXT is served in this version; other protocols are parsed and then refused with a sentence that says so.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::effective::Layers;
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
    /// The listener that brokers use among themselves.
    pub inter_broker: ListenerName,
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
    pub fn parse(layers: &Layers<'_>) -> Result<Self, String> {
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
        advertised.retain(|listener| !controller_names.contains(&listener.name));
        let inter_broker = inter_broker(layers, &protocols)?;
        let listeners = Self {
            bound,
            advertised,
            controller,
            inter_broker,
        };
        listeners.check()?;
        Ok(listeners)
    }

    fn check(&self) -> Result<(), String> {
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
        let unserved = self
            .bound
            .iter()
            .chain(&self.controller)
            .find(|one| one.protocol != SecurityProtocol::Plaintext);
        match unserved {
            Some(listener) => Err(format!(
                "listener {listener} speaks {}, and this version of Ottla serves only PLAINTEXT; map its name to PLAINTEXT in listener.security.protocol.map or remove it from listeners",
                listener.protocol.name()
            )),
            None => Ok(()),
        }
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
mod tests {
    use super::*;
    use crate::config::load::StaticConfig;
    use crate::config::settings::Unset;

    fn parse(pairs: &[(&str, &str)]) -> Result<Listeners, String> {
        let node = StaticConfig::of(pairs);
        Listeners::parse(&Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &node,
        })
    }

    fn shown(listeners: &[Listener]) -> Vec<String> {
        listeners.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_node_without_configuration_listens_on_localhost() {
        let listeners = parse(&[]).unwrap();
        assert_eq!(shown(&listeners.bound), ["PLAINTEXT://localhost:9092"]);
        assert_eq!(shown(&listeners.advertised), ["PLAINTEXT://localhost:9092"]);
        assert_eq!(listeners.inter_broker.as_str(), "PLAINTEXT");
    }

    #[test]
    fn the_file_that_kafka_ships_is_understood() {
        let listeners = parse(&[
            ("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093"),
            ("inter.broker.listener.name", "PLAINTEXT"),
            (
                "advertised.listeners",
                "PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093",
            ),
            ("controller.listener.names", "CONTROLLER"),
            (
                "listener.security.protocol.map",
                "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL",
            ),
        ])
        .unwrap();
        assert_eq!(shown(&listeners.bound), ["PLAINTEXT://:9092"]);
        assert_eq!(shown(&listeners.controller), ["CONTROLLER://:9093"]);
        assert_eq!(shown(&listeners.advertised), ["PLAINTEXT://localhost:9092"]);
    }

    #[test]
    fn a_listener_name_maps_to_its_security_protocol() {
        let listeners = parse(&[
            ("listeners", "internal://[::1]:1,EXTERNAL://h:2"),
            (
                "listener.security.protocol.map",
                "INTERNAL:PLAINTEXT, external:plaintext",
            ),
            ("inter.broker.listener.name", "Internal"),
        ])
        .unwrap();
        assert_eq!(
            shown(&listeners.bound),
            ["INTERNAL://[::1]:1", "EXTERNAL://h:2"]
        );
        assert_eq!(listeners.inter_broker.as_str(), "INTERNAL");
    }

    #[test]
    fn one_port_serves_one_address_of_each_family() {
        let map = (
            "listener.security.protocol.map",
            "PLAINTEXT:PLAINTEXT,B:PLAINTEXT",
        );
        assert!(parse(&[("listeners", "PLAINTEXT://127.0.0.1:1,B://[::1]:1"), map]).is_ok());
        assert!(
            parse(&[
                ("listeners", "PLAINTEXT://127.0.0.1:1,B://127.0.0.2:1"),
                map
            ])
            .is_err()
        );
        assert!(parse(&[("listeners", "PLAINTEXT://h:0,B://h:0"), map]).is_ok());
    }

    #[test]
    fn listeners_that_cannot_work_are_refused_with_what_is_allowed() {
        type Pairs = &'static [(&'static str, &'static str)];
        let cases: &[(Pairs, &str)] = &[
            (
                &[("listeners", "PLAINTEXT:9092")],
                "Unable to parse PLAINTEXT:9092 to a broker endpoint",
            ),
            (
                &[("listeners", "PLAINTEXT://h:99999")],
                "must be a number from 0 to 65535",
            ),
            (
                &[("listeners", "OTHER://h:1")],
                "No security protocol defined for listener OTHER",
            ),
            (
                &[("listeners", "PLAINTEXT://a:1,plaintext://b:2")],
                "PLAINTEXT stands twice",
            ),
            (
                &[("listeners", "PLAINTEXT://a:1,SSL://b:1")],
                "Each listener must have a different port",
            ),
            (
                &[("listeners", "PLAINTEXT://a:1,SSL://b:2")],
                "SSL://b:2 speaks SSL, and this version of Ottla serves only",
            ),
            (
                &[("listeners", "PLAINTEXT://0.0.0.0:1")],
                "cannot use the nonroutable meta-address 0.0.0.0",
            ),
            (
                &[("advertised.listeners", "SSL://h:1")],
                "The valid options based on currently configured listeners are SSL",
            ),
            (
                &[("advertised.listeners", "PLAINTEXT://h:1,SSL://h:2")],
                "must be equal to or a subset of the ones defined in listeners",
            ),
            (
                &[("listener.security.protocol.map", "PLAINTEXT:TLS")],
                "Invalid security protocol `TLS`",
            ),
            (
                &[("listener.security.protocol.map", "PLAINTEXT")],
                "is not NAME:PROTOCOL",
            ),
            (
                &[("controller.listener.names", "PLAINTEXT")],
                "There must be at least one broker advertised listener",
            ),
            (
                &[("inter.broker.listener.name", "SSL")],
                "inter.broker.listener.name must be a listener name defined in",
            ),
            (
                &[("inter.broker.listener.name", "X")],
                "Listener with name X defined in inter.broker.listener.name not found",
            ),
        ];
        for (pairs, part) in cases {
            let error = parse(pairs).unwrap_err();
            assert!(error.contains(part), "{pairs:?}: {error}");
        }
    }

    #[test]
    fn the_inter_broker_listener_must_be_advertised() {
        let map = ("listener.security.protocol.map", "A:PLAINTEXT,B:PLAINTEXT");
        let base = [
            ("listeners", "A://h:1,B://h:2"),
            ("inter.broker.listener.name", "B"),
            map,
        ];
        assert!(parse(&base).is_ok());
        let only_a = [
            base[0],
            base[1],
            base[2],
            ("advertised.listeners", "A://h:1"),
        ];
        assert!(
            parse(&only_a)
                .unwrap_err()
                .contains("The valid options based on currently configured listeners are A")
        );
    }
}
