//! Changing a broker's own configuration while it runs (KIP-226): which keys may be changed, at which scope, and to what
//! (`DynamicBrokerConfig`, `DynamicThreadPool`).
//!
//! Kafka answers INVALID_REQUEST for everything here, also for values out of bounds (KAFKA-13609).

use super::change::RefusedChange;
use super::effective::{Layers, Source};
use super::keys::{Effect, Key, Kind, Level, Origin, Scope, find};
use super::settings::{Settings, Unset};
use super::value::BadValue;
use super::{consistency, listener_prefix, value};

/// Keys that can be changed only for one listener, by its prefix (`SslConfigs.RECONFIGURABLE_CONFIGS`).
const ONLY_PER_LISTENER: &[&str] = &[
    "ssl.key.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
];

/// Thread pools may at most double or halve at once.
const THREAD_POOLS: &[&str] = &[
    "background.threads",
    "num.io.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
];

/// Keys that Kafka can change while running and this version cannot.
const NOT_WHILE_RUNNING: &[&str] = &["listeners", "listener.security.protocol.map"];

/// As those, also behind a listener's prefix: who logs in, and how, is read at the start. Files of `ottla.sasl.users.dir` and users in the
/// metadata change at any time.
const READ_AT_THE_START: &[&str] = &[
    "sasl.enabled.mechanisms",
    "sasl.jaas.config",
    "sasl.mechanism.inter.broker.protocol",
];

/// Checks a change of what is set on one broker or, with `target` [`Source::DynamicDefault`], on all of them. `now` is what
/// applies before the change, `after` what the target would have.
///
/// # Errors
/// With Kafka's message.
pub fn check_broker(
    now: &Layers<'_>,
    target: Source,
    after: &dyn Settings,
) -> Result<(), RefusedChange> {
    let names = after.names();
    let refuse = |wrong: Vec<&str>, message: &str| match wrong.as_slice() {
        [] => Ok(()),
        wrong => Err(RefusedChange::Request(format!(
            "{message}: [{}]",
            wrong.join(", ")
        ))),
    };
    let among = |test: &dyn Fn(&str) -> bool| {
        names
            .iter()
            .copied()
            .filter(|name| test(name))
            .collect::<Vec<_>>()
    };
    refuse(among(&is_static), "Cannot update these configs dynamically")?;
    refuse(
        among(&|name| ONLY_PER_LISTENER.contains(&name)),
        "These security configs can be dynamically updated only per-listener using the listener prefix",
    )?;
    check_values(after, &names)?;
    if target == Source::DynamicDefault {
        let message =
            "Cannot update these configs at default cluster level, broker id must be specified";
        refuse(among(&is_per_broker), message)?;
    }
    let then = match target {
        Source::DynamicDefault => Layers {
            cluster: after,
            ..*now
        },
        _ => Layers {
            broker: after,
            ..*now
        },
    };
    if let Some(misfit) = consistency::check(&then).into_iter().next() {
        let prefix = if misfit.is_requirement {
            "requirement failed: "
        } else {
            ""
        };
        return Err(RefusedChange::Request(format!(
            "{prefix}{}",
            misfit.message
        )));
    }
    check_thread_pools(now, &then)?;
    check_local_retention(&then)?;
    check_what_is_built(now, &then, &names)
}

/// Checks that a key can be appended to or, with `what` "subtract", subtracted from: the broker itself says so before the
/// controller is asked (`ConfigAdminManager.prepareIncrementalConfigs`).
///
/// # Errors
/// For a name that is unknown or no list.
pub fn check_list_operation(name: &str, what: &str) -> Result<(), RefusedChange> {
    match find(Level::Broker, name) {
        Some(key) if key.kind == Kind::List => Ok(()),
        Some(_) => Err(RefusedChange::Config(format!(
            "Config value {what} is not allowed for config key: {name}"
        ))),
        None => Err(RefusedChange::Config(format!(
            "Unknown config name: {name}"
        ))),
    }
}

/// What a log should say about keys that a change sets without effect: the answer has no place for it.
pub fn without_effect(after: &dyn Settings) -> Vec<String> {
    let is_inert =
        |key: &&Key| matches!(key.effect, Effect::Inert) && after.setting(key.name) != key.default;
    let keys = after
        .names()
        .into_iter()
        .filter_map(|name| find(Level::Broker, name));
    keys.filter(is_inert)
        .map(|key| format!("{} has no effect in this version of Ottla", key.name))
        .collect()
}

fn is_static(name: &str) -> bool {
    find(Level::Broker, name)
        .is_some_and(|key| key.scope == Scope::Static && key.origin != Origin::DynamicOnly)
}

fn is_per_broker(name: &str) -> bool {
    match listener_prefix::after_listener(name) {
        Some(base) => !listener_prefix::CLUSTER_LEVEL.contains(&base),
        None => find(Level::Broker, name).is_some_and(|key| key.scope == Scope::PerBroker),
    }
}

fn check_values(after: &dyn Settings, names: &[&str]) -> Result<(), RefusedChange> {
    for name in names {
        let base = listener_prefix::after_listener(name).unwrap_or(name);
        if let Some(key) = find(Level::Broker, base) {
            let text = after.setting(name).unwrap_or_default();
            value::read(key, text).map_err(|bad| RefusedChange::Request(bad.to_string()))?;
        }
    }
    Ok(())
}

fn check_thread_pools(now: &Layers<'_>, then: &Layers<'_>) -> Result<(), RefusedChange> {
    for name in THREAD_POOLS {
        let (before, after) = (now.broker_number(name), then.broker_number(name));
        let bound = if after < before / 2 {
            format!("value should be at least half the current value {before}")
        } else if after > before.saturating_mul(2) {
            format!("value should not be greater than double the current value {before}")
        } else {
            continue;
        };
        return Err(wrapped(&format!(
            "Dynamic thread count update validation failed for {name}={after}, {bound}"
        )));
    }
    Ok(())
}

/// What stays on local disk cannot be more than what stays at all (`DynamicLogConfig.validateReconfiguration`).
fn check_local_retention(then: &Layers<'_>) -> Result<(), RefusedChange> {
    for (local, whole, topic) in [
        ("log.local.retention.ms", "log.retention.ms", "retention.ms"),
        (
            "log.local.retention.bytes",
            "log.retention.bytes",
            "retention.bytes",
        ),
    ] {
        let key = find(Level::Topic, topic).expect("a key named in code is in the table");
        let total = then
            .resource_text(key, &Unset)
            .0
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(-1);
        let kept = then.broker_number(local);
        let bound = match (total, kept) {
            (-1, _) | (_, -2) => continue,
            (total, -1) => format!("Value must not be -1 as {whole} value is set as {total}."),
            (total, kept) if kept > total => {
                format!("Value must not be more than {whole} property value: {total}")
            }
            _ => continue,
        };
        return Err(wrapped(&BadValue::new(local, kept, &bound).to_string()));
    }
    Ok(())
}

/// Kafka takes the cause for a value and its own words for a name.
fn wrapped(message: &str) -> RefusedChange {
    RefusedChange::Request(format!(
        "Invalid value org.apache.kafka.common.config.ConfigException: {message} for configuration Invalid dynamic configuration"
    ))
}

/// What Kafka could change and we cannot must not look as if it had been.
fn check_what_is_built(
    now: &Layers<'_>,
    then: &Layers<'_>,
    names: &[&str],
) -> Result<(), RefusedChange> {
    let is_read_at_the_start =
        |name: &str| READ_AT_THE_START.contains(&listener_prefix::base_name(name).unwrap_or(name));
    let is_changed = |name: &str| now.broker.setting(name) != then.broker.setting(name);
    if let Some(name) = names
        .iter()
        .find(|name| is_read_at_the_start(name) && is_changed(name))
    {
        // Without its value, which may be a password.
        return Err(RefusedChange::Request(format!(
            "{name} cannot be changed while this version of Ottla runs; set it in its file and restart the broker"
        )));
    }
    for key in names.iter().filter_map(|name| find(Level::Broker, name)) {
        let after = then.broker_text(key);
        if after == now.broker_text(key) {
            continue;
        }
        if let Some(why) = reason_not_built(key, after.as_deref()) {
            return Err(RefusedChange::Request(format!(
                "{} cannot be set to {}: {why}",
                key.name,
                after.unwrap_or_default()
            )));
        }
    }
    Ok(())
}

fn reason_not_built(key: &Key, after: Option<&str>) -> Option<String> {
    if NOT_WHILE_RUNNING.contains(&key.name) {
        return Some(
            "listeners cannot be changed while this version of Ottla runs; restart the broker"
                .to_owned(),
        );
    }
    match key.effect {
        Effect::Refused { why } if after != key.default => Some(why.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::StaticConfig;
    use crate::config::settings::Unset;

    fn refused(target: Source, after: &[(&str, &str)]) -> Option<String> {
        let now = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        };
        check_broker(&now, target, &StaticConfig::of(after))
            .err()
            .map(|refused| {
                assert!(matches!(refused, RefusedChange::Request(_)));
                refused.to_string()
            })
    }

    use Source::{DynamicBroker as One, DynamicDefault as All};
    type Pairs = &'static [(&'static str, &'static str)];

    const CASES: &[(Source, Pairs, Option<&str>)] = &[
        (
            All,
            &[
                ("log.retention.ms", "5"),
                ("max.connections", "7"),
                ("my.plugin.key", "x"),
            ],
            None,
        ),
        (
            One,
            &[("listener.name.a.ssl.keystore.location", "/k")],
            None,
        ),
        (All, &[("leader.replication.throttled.rate", "5")], None),
        (
            One,
            &[("node.id", "2"), ("process.roles", "broker")],
            Some("Cannot update these configs dynamically: [node.id, process.roles]"),
        ),
        (
            One,
            &[("log.retention.hours", "2")],
            Some("Cannot update these configs dynamically: [log.retention.hours]"),
        ),
        (
            One,
            &[("ssl.keystore.location", "/k")],
            Some(
                "These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.location]",
            ),
        ),
        (
            All,
            &[
                ("listener.name.a.ssl.keystore.location", "/k"),
                ("sasl.enabled.mechanisms", "PLAIN"),
            ],
            Some(
                "Cannot update these configs at default cluster level, broker id must be specified: [listener.name.a.ssl.keystore.location, sasl.enabled.mechanisms]",
            ),
        ),
        (All, &[("listener.name.a.max.connections", "5")], None),
        (
            All,
            &[("max.connections", "-1")],
            Some("Invalid value -1 for configuration max.connections: Value must be at least 0"),
        ),
        (
            All,
            &[("max.connections.per.ip", "0")],
            Some(
                "requirement failed: max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.",
            ),
        ),
        (
            All,
            &[
                ("log.retention.ms", "7200000"),
                ("log.local.retention.ms", "99999999999"),
            ],
            Some(
                "Invalid value org.apache.kafka.common.config.ConfigException: Invalid value 99999999999 for configuration log.local.retention.ms: Value must not be more than log.retention.ms property value: 7200000 for configuration Invalid dynamic configuration",
            ),
        ),
        (
            All,
            &[("max.connections.per.ip.overrides", "a b:5")],
            Some("max.connections.per.ip.overrides contains invalid addresses : a b"),
        ),
        (
            One,
            &[("num.io.threads", "17")],
            Some(
                "Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count update validation failed for num.io.threads=17, value should not be greater than double the current value 8 for configuration Invalid dynamic configuration",
            ),
        ),
    ];

    #[test]
    fn changes_are_allowed_or_refused_as_kafka_does() {
        for (target, after, expected) in CASES {
            assert_eq!(refused(*target, after).as_deref(), *expected, "{after:?}");
        }
    }

    #[test]
    fn what_is_not_built_is_not_accepted_silently() {
        for after in [
            ("listeners", "PLAINTEXT://:1"),
            ("principal.builder.class", "a.B"),
        ] {
            let message = refused(Source::DynamicBroker, &[after]).unwrap();
            assert!(
                message.starts_with(&format!("{} cannot be set to {}: ", after.0, after.1)),
                "{message}"
            );
        }
    }

    #[test]
    fn how_users_log_in_is_not_changed_silently_and_no_password_is_repeated() {
        for name in [
            "sasl.enabled.mechanisms",
            "listener.name.a.sasl.enabled.mechanisms",
            "listener.name.a.plain.sasl.jaas.config",
        ] {
            let message = refused(Source::DynamicBroker, &[(name, "PLAIN")]).unwrap();
            assert!(message.starts_with(name), "{message}");
            assert!(!message.contains("PLAIN"), "{message}");
        }
    }

    #[test]
    fn only_lists_are_appended_to() {
        let message = |name| {
            check_list_operation(name, "append")
                .err()
                .map(|refused| refused.to_string())
        };
        assert_eq!(message("log.cleanup.policy"), None);
        assert_eq!(
            message("max.connections").as_deref(),
            Some("Config value append is not allowed for config key: max.connections")
        );
        assert_eq!(
            message("nope").as_deref(),
            Some("Unknown config name: nope")
        );
    }

    #[test]
    fn a_change_without_effect_is_told_to_the_log() {
        let after = StaticConfig::of(&[
            ("num.io.threads", "9"),
            ("max.connections", "5"),
            ("log.cleaner.threads", "1"),
        ]);
        assert_eq!(
            without_effect(&after),
            ["num.io.threads has no effect in this version of Ottla"]
        );
    }
}
