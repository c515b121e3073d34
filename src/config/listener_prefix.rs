//! Keys that are set for one listener: `listener.name.<name>.<key>` and `listener.name.<name>.<mechanism>.<key>`
//! (`DynamicBrokerConfig.LISTENER_CONFIG_REGEX`).

/// Keys that may carry a SASL mechanism between the listener's name and their own.
const PER_MECHANISM: &[&str] = &[
    "sasl.jaas.config",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.server.callback.handler.class",
    "connections.max.reauth.ms",
];

/// Keys that keep their cluster-wide scope when they are set for one listener.
pub const CLUSTER_LEVEL: &[&str] = &[
    "max.connections",
    "max.connection.creation.rate",
    "num.network.threads",
];

/// Keys of which a listener's own value counts.
const IN_FORCE: &[&str] = &[
    "connections.max.reauth.ms",
    "max.connection.creation.rate",
    "max.connections",
    "sasl.enabled.mechanisms",
    "sasl.jaas.config",
    "sasl.server.callback.handler.class",
];

/// Whether a key (without its prefix) counts when it is set for one listener.
pub fn is_in_force(base: &str) -> bool {
    IN_FORCE.contains(&base)
}

/// What follows `listener.name.<name>.`, if the name has that form.
pub fn after_listener(name: &str) -> Option<&str> {
    name.strip_prefix("listener.name.")?
        .split_once('.')
        .map(|(_, rest)| rest)
}

/// The key that a listener's key is a variant of; `None` for a name without a listener's prefix.
pub fn base_name(name: &str) -> Option<&str> {
    let rest = after_listener(name)?;
    Some(
        PER_MECHANISM
            .iter()
            .find(|key| rest.ends_with(**key))
            .copied()
            .unwrap_or(rest),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listeners_key_is_found_behind_its_prefix() {
        for (name, base) in [
            (
                "listener.name.internal.ssl.keystore.location",
                Some("ssl.keystore.location"),
            ),
            (
                "listener.name.internal.scram-sha-256.sasl.jaas.config",
                Some("sasl.jaas.config"),
            ),
            (
                "listener.name.internal.max.connections",
                Some("max.connections"),
            ),
            ("listener.names", None),
            ("max.connections", None),
        ] {
            assert_eq!(base_name(name), base, "{name}");
        }
    }
}
