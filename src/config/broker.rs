//! What a process needs to know to start: who it is, where it listens, where its data lives. None of it changes while the
//! process runs; what does is in `BrokerValues`.

use std::path::PathBuf;
use std::sync::Arc;

use super::authorization::AuthorizationPolicy;
use super::consistency;
use super::effective::Layers;
use super::listeners::Listeners;
use super::load::{ConfigErrors, StaticConfig};
use super::quorum::{QuorumConfig, Roles};
use super::settings::{Settings, Unset};
use super::value::Value;

/// An address of the HTTP listener for health and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminListener {
    /// A name or an address; `localhost` means both loopback families.
    pub host: String,
    /// 0 lets the system choose.
    pub port: u16,
}

/// A node's own configuration, parsed and checked.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    pub node_id: i32,
    pub rack: Option<String>,
    /// The id that the environment gives the cluster; otherwise one is drawn when the node bootstraps itself.
    pub cluster_id: Option<String>,
    pub listeners: Listeners,
    pub quorum: QuorumConfig,
    /// `None` where everybody may do everything.
    pub authorization: Option<AuthorizationPolicy>,
    /// Empty for `none`.
    pub admin_listeners: Vec<AdminListener>,
    /// At least one; without duplicates.
    pub log_dirs: Vec<PathBuf>,
    pub metadata_log_dir: PathBuf,
    /// The settings behind all this, for everything that can be overridden dynamically.
    pub node: Arc<StaticConfig>,
}

impl BrokerConfig {
    /// Parses and checks a node's own settings.
    ///
    /// # Errors
    /// Everything that does not fit together, one sentence each.
    pub fn new(node: StaticConfig) -> Result<Self, ConfigErrors> {
        let layers = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &node,
        };
        let mut wrong: Vec<String> = consistency::check(&layers)
            .into_iter()
            .map(|misfit| misfit.message)
            .collect();
        let roles = Roles::parse(&layers);
        let listeners = Listeners::parse(&layers, roles).map_err(|error| wrong.push(error));
        let quorum = match &listeners {
            Ok(listeners) => QuorumConfig::parse(&layers, roles, listeners),
            Err(()) => Err(String::new()),
        };
        let quorum =
            quorum.map_err(|error| wrong.extend(Some(error).filter(|error| !error.is_empty())));
        let admin_listeners = admin_listeners(&layers).map_err(|error| wrong.push(error));
        let authorization = AuthorizationPolicy::parse(&layers).map_err(|error| wrong.push(error));
        let (Ok(listeners), Ok(quorum), Ok(admin_listeners), Ok(authorization), true) = (
            listeners,
            quorum,
            admin_listeners,
            authorization,
            wrong.is_empty(),
        ) else {
            return Err(ConfigErrors(wrong));
        };
        let text = |name| {
            layers
                .broker_value(name)
                .map(|value| value.to_text())
                .filter(|text| !text.is_empty())
        };
        let log_dirs = log_dirs(&layers);
        let metadata_log_dir =
            text("metadata.log.dir").map_or_else(|| log_dirs[0].clone(), PathBuf::from);
        Ok(Self {
            node_id: i32::try_from(layers.broker_number("node.id")).expect("an INT fits 32 bits"),
            rack: text("broker.rack"),
            cluster_id: node.cluster_id.clone(),
            listeners,
            quorum,
            authorization,
            admin_listeners,
            log_dirs,
            metadata_log_dir,
            node: Arc::new(node),
        })
    }

    /// The layers of this node under what was set dynamically for it and for all brokers.
    pub fn layers<'a>(&'a self, broker: &'a dyn Settings, cluster: &'a dyn Settings) -> Layers<'a> {
        Layers {
            broker,
            cluster,
            node: &*self.node,
        }
    }
}

fn list(layers: &Layers<'_>, name: &str) -> Vec<String> {
    match layers.broker_value(name) {
        Some(Value::List(entries)) => entries,
        _ => Vec::new(),
    }
}

fn log_dirs(layers: &Layers<'_>) -> Vec<PathBuf> {
    let several = list(layers, "log.dirs");
    let dirs = if several.is_empty() {
        list(layers, "log.dir")
    } else {
        several
    };
    dirs.into_iter().map(PathBuf::from).collect()
}

fn admin_listeners(layers: &Layers<'_>) -> Result<Vec<AdminListener>, String> {
    let entries = list(layers, "admin.listeners");
    if entries == ["none"] {
        return Ok(Vec::new());
    }
    let parse = |entry: &String| {
        let (host, port) = entry
            .strip_prefix("http://")?
            .trim_end_matches('/')
            .rsplit_once(':')?;
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let host = if host.is_empty() { "0.0.0.0" } else { host };
        Some(AdminListener {
            host: host.to_owned(),
            port: port.parse().ok()?,
        })
    };
    entries
        .iter()
        .map(|entry| {
            parse(entry).ok_or_else(|| {
                format!("Invalid value {entry} for configuration admin.listeners: expected http://host:port, several separated by commas, or none")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Result<BrokerConfig, ConfigErrors> {
        BrokerConfig::new(StaticConfig::of(pairs))
    }

    #[test]
    fn process_roles_default_to_broker_and_controller() {
        let config = config(&[]).unwrap();
        assert_eq!(
            (config.node_id, config.rack, config.cluster_id),
            (1, None, None)
        );
        assert_eq!(config.log_dirs, [PathBuf::from("./ottla-data")]);
        assert_eq!(config.metadata_log_dir, PathBuf::from("./ottla-data"));
        assert_eq!(
            config.admin_listeners,
            [AdminListener {
                host: "localhost".to_owned(),
                port: 9644
            }]
        );
    }

    #[test]
    fn log_dirs_take_precedence_over_log_dir() {
        let config = config(&[
            ("log.dir", "/a"),
            ("log.dirs", "/b, /c"),
            ("metadata.log.dir", "/m"),
        ])
        .unwrap();
        assert_eq!(config.log_dirs, [PathBuf::from("/b"), PathBuf::from("/c")]);
        assert_eq!(config.metadata_log_dir, PathBuf::from("/m"));
    }

    #[test]
    fn admin_listeners_none_turns_the_http_listener_off() {
        assert_eq!(
            config(&[("admin.listeners", "none")])
                .unwrap()
                .admin_listeners,
            []
        );
        let two = config(&[("admin.listeners", "http://[::1]:0,http://:80/")])
            .unwrap()
            .admin_listeners;
        let shown: Vec<_> = two
            .iter()
            .map(|one| (one.host.as_str(), one.port))
            .collect();
        assert_eq!(shown, [("::1", 0), ("0.0.0.0", 80)]);
        assert!(config(&[("admin.listeners", "https://h:1")]).is_err());
    }

    #[test]
    fn everything_that_is_wrong_is_reported_at_once() {
        let errors = config(&[
            ("listeners", "x"),
            ("admin.listeners", "x"),
            ("log.retention.ms", "0"),
        ])
        .unwrap_err();
        assert_eq!(errors.0.len(), 3, "{errors}");
    }
}
