//! What TLS is configured with at one listener (`SslConfigs`): the `ssl.…` keys, each overridden by `listener.name.<name>.ssl.…`.
//!
//! The same values serve both directions: what a node shows when it is connected to at a listener, it shows when it connects to that listener
//! of another node (`ChannelBuilders`). Nothing here reads a file.

use std::fmt;

use super::effective::Layers;
use super::keys::{Level, find};
use super::listeners::{ListenerName, SecurityProtocol};
use super::value::{self, Value};

/// A password, or a key in the text of the configuration: never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself; not for logs.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("[hidden]")
    }
}

/// Whether clients show a certificate (`ssl.client.auth`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    None,
    Requested,
    Required,
}

/// A file with keys or certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreValues {
    /// In upper case, as in `PEM`.
    pub kind: String,
    pub location: Option<String>,
    pub password: Option<Secret>,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsValues {
    pub keystore: StoreValues,
    /// `ssl.keystore.certificate.chain` and `ssl.keystore.key`: PEM in the configuration itself.
    pub inline_chain: Option<Secret>,
    pub inline_key: Option<Secret>,
    pub key_password: Option<Secret>,
    pub truststore: StoreValues,
    /// `ssl.truststore.certificates`.
    pub inline_trusted: Option<Secret>,
    pub client_auth: ClientAuth,
    /// `ssl.enabled.protocols`, as in `TLSv1.3`.
    pub enabled_protocols: Vec<String>,
    /// `ssl.protocol`: the highest when connecting.
    pub protocol: String,
    /// Java's names; empty for all that there are.
    pub cipher_suites: Vec<String>,
    /// Whether the name that was dialled must be in the certificate.
    pub checks_host_names: bool,
    /// `ssl.principal.mapping.rules`.
    pub principal_rules: String,
    /// Whether a new certificate may name another subject, or lack alternative names that the old one had.
    pub may_change_subject: bool,
    pub may_change_names: bool,
}

impl TlsValues {
    /// What holds at the listener of this name. On SASL_SSL only the listener's own `ssl.client.auth` counts (KIP-684).
    pub fn resolve(layers: &Layers<'_>, name: &ListenerName, protocol: SecurityProtocol) -> Self {
        let of = Reader {
            layers,
            prefix: format!("listener.name.{}.", name.as_str().to_lowercase()),
        };
        let store = |of_store: &str| StoreValues {
            kind: of
                .text(&format!("{of_store}.type"))
                .unwrap_or_default()
                .to_uppercase(),
            location: of.text(&format!("{of_store}.location")),
            password: of.secret(&format!("{of_store}.password")),
        };
        let own_only = protocol == SecurityProtocol::SaslSsl;
        let client_auth = match own_only {
            true => of.own("ssl.client.auth"),
            false => of.text("ssl.client.auth"),
        };
        Self {
            keystore: store("ssl.keystore"),
            inline_chain: of.secret("ssl.keystore.certificate.chain"),
            inline_key: of.secret("ssl.keystore.key"),
            key_password: of.secret("ssl.key.password"),
            truststore: store("ssl.truststore"),
            inline_trusted: of.secret("ssl.truststore.certificates"),
            client_auth: match client_auth.as_deref() {
                Some("required") => ClientAuth::Required,
                Some("requested") => ClientAuth::Requested,
                _ => ClientAuth::None,
            },
            enabled_protocols: of.list("ssl.enabled.protocols"),
            protocol: of.text("ssl.protocol").unwrap_or_default(),
            cipher_suites: of.list("ssl.cipher.suites"),
            checks_host_names: of.text("ssl.endpoint.identification.algorithm").is_some(),
            principal_rules: of.text("ssl.principal.mapping.rules").unwrap_or_default(),
            may_change_subject: of.text("ssl.allow.dn.changes").as_deref() == Some("true"),
            may_change_names: of.text("ssl.allow.san.changes").as_deref() == Some("true"),
        }
    }
}

/// Reads keys of one listener.
struct Reader<'a> {
    layers: &'a Layers<'a>,
    prefix: String,
}

impl Reader<'_> {
    /// What is set for this listener alone, in the nearest layer that sets it.
    fn own(&self, name: &str) -> Option<String> {
        let full = format!("{}{name}", self.prefix);
        let mut layers = self.layers.each().into_iter();
        layers.find_map(|(layer, _)| layer.setting(&full).map(str::to_owned))
    }

    /// An empty text is one that was set to nothing.
    fn text(&self, name: &str) -> Option<String> {
        let general = || find(Level::Broker, name).and_then(|key| self.layers.broker_text(key));
        let text = self.own(name).or_else(general)?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn secret(&self, name: &str) -> Option<Secret> {
        self.text(name).map(Secret)
    }

    fn list(&self, name: &str) -> Vec<String> {
        let key = find(Level::Broker, name).expect("a key named in code is in the table");
        match self.text(name).map(|text| value::read(key, &text)) {
            Some(Ok(Value::List(entries))) => entries,
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::StaticConfig;
    use crate::config::settings::Unset;

    fn values(
        node: &[(&str, &str)],
        broker: &[(&str, &str)],
        protocol: SecurityProtocol,
    ) -> TlsValues {
        let (node, broker) = (StaticConfig::of(node), StaticConfig::of(broker));
        let layers = Layers {
            broker: &broker,
            cluster: &Unset,
            node: &node,
        };
        TlsValues::resolve(&layers, &ListenerName::new("Internal"), protocol)
    }

    #[test]
    fn a_listeners_own_value_stands_before_the_general_one() {
        let node = [
            ("ssl.keystore.type", "pem"),
            ("ssl.keystore.location", "/general"),
            ("listener.name.internal.ssl.keystore.location", "/own"),
            ("ssl.key.password", "secret"),
        ];
        let of_node = values(&node, &[], SecurityProtocol::Ssl);
        assert_eq!(of_node.keystore.location.as_deref(), Some("/own"));
        assert_eq!(of_node.keystore.kind, "PEM");
        assert!(!format!("{of_node:?}").contains("secret"));
        let changed = [("listener.name.internal.ssl.keystore.location", "/new")];
        let changed = values(&node, &changed, SecurityProtocol::Ssl);
        assert_eq!(changed.keystore.location.as_deref(), Some("/new"));
    }

    #[test]
    fn an_empty_algorithm_turns_the_check_of_names_off() {
        let with =
            |pairs: &[(&str, &str)]| values(pairs, &[], SecurityProtocol::Ssl).checks_host_names;
        assert!(with(&[]));
        assert!(!with(&[("ssl.endpoint.identification.algorithm", "")]));
        let own = [(
            "listener.name.internal.ssl.endpoint.identification.algorithm",
            "",
        )];
        assert!(!with(&own));
    }

    #[test]
    fn on_sasl_ssl_only_the_listeners_own_client_auth_counts() {
        let general = [("ssl.client.auth", "required")];
        let own = [("listener.name.internal.ssl.client.auth", "requested")];
        let auth = |pairs: &[(&str, &str)], protocol| values(pairs, &[], protocol).client_auth;
        assert_eq!(auth(&general, SecurityProtocol::Ssl), ClientAuth::Required);
        assert_eq!(auth(&general, SecurityProtocol::SaslSsl), ClientAuth::None);
        assert_eq!(auth(&own, SecurityProtocol::SaslSsl), ClientAuth::Requested);
    }
}
