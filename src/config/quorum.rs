//! A node's part in the metadata quorum: its roles, and the controllers that its configuration names (`QuorumConfig`,
//! `KafkaConfig.validateValues`).

use super::effective::Layers;
use super::listeners::Listeners;
use super::value::Value;

/// What a process does (`process.roles`); at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    pub broker: bool,
    pub controller: bool,
}

/// Where a controller is said to be. Resolved at every dial.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    pub host: String,
    pub port: u16,
}

impl std::fmt::Display for Address {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.host.contains(':') {
            true => write!(to, "[{}]:{}", self.host, self.port),
            false => write!(to, "{}:{}", self.host, self.port),
        }
    }
}

/// A node of `controller.quorum.voters`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    pub node_id: i32,
    pub address: Address,
}

/// How a node with an empty directory comes to a cluster (architecture 10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Founding {
    /// No other node is named: it is a cluster of its own.
    Alone,
    /// `controller.quorum.voters`: these found it together. This node need not be one of them.
    Together(Vec<Voter>),
    /// `controller.quorum.bootstrap.servers`: it exists, and these know it.
    Seek(Vec<Address>),
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumConfig {
    pub roles: Roles,
    pub founding: Founding,
    /// `controller.quorum.auto.join.enable`: a controller that was not there from the start becomes a voter by itself.
    pub joins_voters: bool,
}

impl QuorumConfig {
    /// Whether this node found its cluster alone and names no other.
    pub fn is_alone(&self) -> bool {
        self.founding == Founding::Alone
    }

    /// Parses and checks the keys of the quorum.
    ///
    /// # Errors
    /// The sentence that says which key is wrong and what is allowed.
    pub fn parse(layers: &Layers<'_>, roles: Roles, listeners: &Listeners) -> Result<Self, String> {
        let node_id = i32::try_from(layers.broker_number("node.id")).unwrap_or(i32::MAX);
        let voters = voters(&list(layers, "controller.quorum.voters"))?;
        let servers = servers(&list(layers, "controller.quorum.bootstrap.servers"))?;
        check_voters(&voters, node_id, roles)?;
        let is_self = |address: &Address| roles.controller && listeners.is_own_controller(address);
        let founding = if voters.iter().any(|voter| voter.node_id != node_id) {
            Founding::Together(voters)
        } else if servers.iter().any(|server| !is_self(server)) {
            Founding::Seek(servers)
        } else if roles.controller {
            Founding::Alone
        } else {
            return Err(
                "process.roles=broker, and no controller is named: set controller.quorum.voters or controller.quorum.bootstrap.servers, or add controller to process.roles"
                    .to_owned(),
            );
        };
        let auto_join = layers.broker_value("controller.quorum.auto.join.enable");
        Ok(Self {
            roles,
            founding,
            joins_voters: auto_join == Some(Value::Boolean(true)),
        })
    }
}

impl Roles {
    /// `process.roles`; the key's own check has refused other words and the empty list.
    pub fn parse(layers: &Layers<'_>) -> Self {
        let roles = list(layers, "process.roles");
        let has = |name: &str| roles.iter().any(|role| role == name);
        Self {
            broker: has("broker"),
            controller: has("controller"),
        }
    }
}

fn list(layers: &Layers<'_>, name: &str) -> Vec<String> {
    match layers.broker_value(name) {
        Some(Value::List(entries)) => entries,
        _ => Vec::new(),
    }
}

fn voters(entries: &[String]) -> Result<Vec<Voter>, String> {
    let parse = |entry: &String| {
        let (id, address) = entry.split_once('@')?;
        Some(Voter {
            node_id: id.trim().parse().ok().filter(|id| *id >= 0)?,
            address: address_of(address)?,
        })
    };
    let wrong = |entry: &String| {
        format!(
            "controller.quorum.voters={}: `{entry}` is not id@host:port",
            entries.join(",")
        )
    };
    let parsed = entries
        .iter()
        .map(|entry| parse(entry).ok_or_else(|| wrong(entry)));
    let voters: Vec<Voter> = parsed.collect::<Result<_, _>>()?;
    let mut ids: Vec<i32> = voters.iter().map(|voter| voter.node_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() < voters.len() {
        return Err(format!(
            "controller.quorum.voters={}: a node id stands twice",
            entries.join(",")
        ));
    }
    Ok(voters)
}

fn servers(entries: &[String]) -> Result<Vec<Address>, String> {
    let parsed = entries.iter().map(|entry| {
        address_of(entry).ok_or_else(|| {
            format!(
                "controller.quorum.bootstrap.servers={}: `{entry}` is not host:port",
                entries.join(",")
            )
        })
    });
    parsed.collect()
}

fn address_of(text: &str) -> Option<Address> {
    let (host, port) = text.trim().rsplit_once(':')?;
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty()).then(|| Address {
        host: host.to_owned(),
        port,
    })
}

/// As `KafkaConfig.validateValues` has it.
fn check_voters(voters: &[Voter], node_id: i32, roles: Roles) -> Result<(), String> {
    if voters.is_empty() {
        return Ok(());
    }
    let is_listed = voters.iter().any(|voter| voter.node_id == node_id);
    match (roles.controller, is_listed) {
        (true, false) => Err(format!(
            "If process.roles contains the 'controller' role, the node id {node_id} must be included in the set of voters controller.quorum.voters"
        )),
        (false, true) => Err(format!(
            "If process.roles contains just the 'broker' role, the node id {node_id} must not be included in the set of voters controller.quorum.voters"
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::StaticConfig;
    use crate::config::settings::Unset;

    fn parse(pairs: &[(&str, &str)]) -> Result<QuorumConfig, String> {
        let node = StaticConfig::of(pairs);
        let layers = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &node,
        };
        let roles = Roles::parse(&layers);
        let listeners = Listeners::parse(&layers, roles)?;
        QuorumConfig::parse(&layers, roles, &listeners)
    }

    const CONTROLLER: (&str, &str) = ("controller.listener.names", "CONTROLLER");
    const BOTH: (&str, &str) = ("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093");

    #[test]
    fn a_node_that_names_only_itself_is_alone() {
        for pairs in [
            &[][..],
            &[("controller.quorum.voters", "1@localhost:9093")],
            &[
                CONTROLLER,
                BOTH,
                ("controller.quorum.bootstrap.servers", "localhost:9093"),
            ],
        ] {
            assert!(parse(pairs).unwrap().is_alone(), "{pairs:?}");
        }
    }

    #[test]
    fn the_named_voters_found_a_cluster_together() {
        let named = ("controller.quorum.voters", "1@a:9093, 2@[::1]:9094");
        let Founding::Together(voters) = parse(&[named]).unwrap().founding else {
            panic!("together");
        };
        let shown: Vec<String> = voters
            .iter()
            .map(|voter| format!("{}@{}", voter.node_id, voter.address))
            .collect();
        assert_eq!(shown, ["1@a:9093", "2@[::1]:9094"]);
    }

    #[test]
    fn a_node_that_names_other_controllers_to_ask_seeks_their_cluster() {
        let named = ("controller.quorum.bootstrap.servers", "a:9093,b:9093");
        for pairs in [&[named][..], &[named, ("process.roles", "broker")]] {
            let quorum = parse(pairs).unwrap();
            assert!(matches!(&quorum.founding, Founding::Seek(servers) if servers.len() == 2));
            assert!(!quorum.joins_voters);
        }
        let joins = ("controller.quorum.auto.join.enable", "true");
        assert!(parse(&[named, joins]).unwrap().joins_voters);
    }

    #[test]
    fn names_of_controllers_that_fit_no_node_are_refused() {
        for (pairs, part) in [
            (
                &[("controller.quorum.voters", "nonsense")][..],
                "`nonsense` is not id@host:port",
            ),
            (
                &[("controller.quorum.voters", "1@a:1,1@b:1")],
                "a node id stands twice",
            ),
            (
                &[("controller.quorum.voters", "2@b:1")],
                "the node id 1 must be included",
            ),
            (
                &[("controller.quorum.voters", "1@b:0")],
                "is not id@host:port",
            ),
            (
                &[
                    ("process.roles", "broker"),
                    ("controller.quorum.voters", "1@b:1"),
                ],
                "must not be included",
            ),
            (&[("process.roles", "broker")], "no controller is named"),
            (
                &[("controller.quorum.bootstrap.servers", "a")],
                "`a` is not host:port",
            ),
        ] {
            let error = parse(pairs).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
