//! Whether a change of a resource's configuration may be made: names, types, bounds and scope, with the error codes and
//! messages of Kafka (`LogConfig.validate`, `GroupConfig.validate`, `ClientMetricsConfigs.validate`,
//! `DynamicBrokerConfig.validate`).
//!
//! What is checked is the configuration that the resource would have, not the single change. Whether the resource exists
//! and who may change it is checked elsewhere.

use std::fmt;

use super::effective::{Layers, read_or_default};
use super::keys::{Level, Origin, find};
use super::settings::Settings;
use super::topic::TopicConfig;
use super::value::{self, BadValue, Value};

/// Why a change is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusedChange {
    /// INVALID_CONFIG.
    Config(String),
    /// INVALID_REQUEST.
    Request(String),
}

impl RefusedChange {
    /// What the client is told.
    pub fn message(&self) -> &str {
        match self {
            Self::Config(message) | Self::Request(message) => message,
        }
    }
}

impl fmt::Display for RefusedChange {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.message())
    }
}

impl From<BadValue> for RefusedChange {
    fn from(bad: BadValue) -> Self {
        Self::Config(bad.to_string())
    }
}

/// Checks what a topic would have.
///
/// # Errors
/// With Kafka's code and message.
pub fn check_topic(layers: &Layers<'_>, after: &dyn Settings) -> Result<(), RefusedChange> {
    check_values(Level::Topic, "topic", after)?;
    let config = TopicConfig::resolve(layers, after);
    if let Some(most) = config
        .max_compaction_lag
        .filter(|most| config.min_compaction_lag > *most)
    {
        return Err(RefusedChange::Config(format!(
            "conflict topic config setting min.compaction.lag.ms ({}) > max.compaction.lag.ms ({})",
            config.min_compaction_lag.as_millis(),
            most.as_millis()
        )));
    }
    if config.remote_storage {
        let message = "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.";
        return Err(RefusedChange::Config(message.to_owned()));
    }
    Ok(())
}

/// Checks what a client metrics subscription would have.
///
/// # Errors
/// With Kafka's code and message.
pub fn check_client_metrics(after: &dyn Settings) -> Result<(), RefusedChange> {
    if let Some(unknown) = after
        .names()
        .into_iter()
        .find(|name| find(Level::ClientMetrics, name).is_none())
    {
        return Err(RefusedChange::Request(format!(
            "Unknown client metrics configuration: {unknown}"
        )));
    }
    check_values(Level::ClientMetrics, "client metrics", after)?;
    let value = |name| {
        let key = find(Level::ClientMetrics, name).expect("a key named in code is in the table");
        read_or_default(key, after.setting(name).map(str::to_owned))
    };
    if let Some(Value::Number(interval)) =
        value("interval.ms").filter(|_| after.setting("interval.ms").is_some())
        && !(100..=3_600_000).contains(&interval)
    {
        return Err(RefusedChange::Request(format!(
            "Invalid value {interval} for interval.ms, interval must be between 100 and 3600000 (1 hour)"
        )));
    }
    if let Some(Value::List(patterns)) = value("match") {
        for pattern in &patterns {
            if !is_client_pattern(pattern) {
                return Err(RefusedChange::Config(format!(
                    "Illegal client matching pattern: {pattern}"
                )));
            }
        }
    }
    Ok(())
}

/// `selector=pattern`; the pattern itself is compiled where clients are matched.
fn is_client_pattern(pattern: &str) -> bool {
    const SELECTORS: &[&str] = &[
        "client_instance_id",
        "client_id",
        "client_software_name",
        "client_software_version",
        "client_source_address",
        "client_source_port",
    ];
    let parts: Vec<&str> = pattern.split('=').collect();
    matches!(parts.as_slice(), [selector, value] if SELECTORS.contains(&selector.trim()) && !value.is_empty())
}

/// A group key with the broker keys that bound it, and the other group key that it must exceed.
struct GroupBound {
    name: &'static str,
    lowest: Option<&'static str>,
    highest: Option<&'static str>,
    above: Option<&'static str>,
    /// Whether a value that the group does not set itself is left alone.
    only_if_set: bool,
}

const fn bounds(name: &'static str, lowest: &'static str, highest: &'static str) -> GroupBound {
    GroupBound {
        name,
        lowest: Some(lowest),
        highest: Some(highest),
        above: None,
        only_if_set: false,
    }
}

const fn optional(name: &'static str, lowest: &'static str, highest: &'static str) -> GroupBound {
    GroupBound {
        only_if_set: true,
        ..bounds(name, lowest, highest)
    }
}

const fn above(name: &'static str, other: &'static str) -> GroupBound {
    GroupBound {
        name,
        lowest: None,
        highest: None,
        above: Some(other),
        only_if_set: false,
    }
}

/// In the order in which Kafka checks them.
const GROUP_BOUNDS: &[GroupBound] = &[
    bounds(
        "consumer.heartbeat.interval.ms",
        "group.consumer.min.heartbeat.interval.ms",
        "group.consumer.max.heartbeat.interval.ms",
    ),
    bounds(
        "consumer.session.timeout.ms",
        "group.consumer.min.session.timeout.ms",
        "group.consumer.max.session.timeout.ms",
    ),
    optional(
        "consumer.assignment.interval.ms",
        "group.consumer.min.assignment.interval.ms",
        "group.consumer.max.assignment.interval.ms",
    ),
    bounds(
        "share.heartbeat.interval.ms",
        "group.share.min.heartbeat.interval.ms",
        "group.share.max.heartbeat.interval.ms",
    ),
    bounds(
        "share.session.timeout.ms",
        "group.share.min.session.timeout.ms",
        "group.share.max.session.timeout.ms",
    ),
    bounds(
        "share.record.lock.duration.ms",
        "group.share.min.record.lock.duration.ms",
        "group.share.max.record.lock.duration.ms",
    ),
    bounds(
        "share.delivery.count.limit",
        "group.share.min.delivery.count.limit",
        "group.share.max.delivery.count.limit",
    ),
    bounds(
        "share.partition.max.record.locks",
        "group.share.min.partition.max.record.locks",
        "group.share.max.partition.max.record.locks",
    ),
    optional(
        "share.assignment.interval.ms",
        "group.share.min.assignment.interval.ms",
        "group.share.max.assignment.interval.ms",
    ),
    bounds(
        "streams.heartbeat.interval.ms",
        "group.streams.min.heartbeat.interval.ms",
        "group.streams.max.heartbeat.interval.ms",
    ),
    bounds(
        "streams.session.timeout.ms",
        "group.streams.min.session.timeout.ms",
        "group.streams.max.session.timeout.ms",
    ),
    GroupBound {
        name: "streams.num.standby.replicas",
        lowest: None,
        highest: Some("group.streams.max.standby.replicas"),
        above: None,
        only_if_set: false,
    },
    optional(
        "streams.assignment.interval.ms",
        "group.streams.min.assignment.interval.ms",
        "group.streams.max.assignment.interval.ms",
    ),
    above(
        "consumer.session.timeout.ms",
        "consumer.heartbeat.interval.ms",
    ),
    above("share.session.timeout.ms", "share.heartbeat.interval.ms"),
    above(
        "streams.session.timeout.ms",
        "streams.heartbeat.interval.ms",
    ),
];

/// Checks what a group would have.
///
/// # Errors
/// With Kafka's code and message.
pub fn check_group(layers: &Layers<'_>, after: &dyn Settings) -> Result<(), RefusedChange> {
    check_values(Level::Group, "group", after)?;
    let value = |name: &str| {
        let key = find(Level::Group, name).expect("a key named in code is in the table");
        match read_or_default(key, layers.resource_text(key, after).0) {
            Some(Value::Number(number)) => number,
            other => panic!("{name} is not a number with a default but {other:?}"),
        }
    };
    for bound in GROUP_BOUNDS
        .iter()
        .filter(|bound| !bound.only_if_set || after.setting(bound.name).is_some())
    {
        let (name, number) = (bound.name, value(bound.name));
        let broken = if let Some(low) = bound
            .lowest
            .filter(|low| number < layers.broker_number(low))
        {
            format!("{name} must be greater than or equal to {low}")
        } else if let Some(high) = bound
            .highest
            .filter(|high| number > layers.broker_number(high))
        {
            format!("{name} must be less than or equal to {high}")
        } else if let Some(other) = bound.above.filter(|other| number <= value(other)) {
            format!("{name} must be greater than {other}")
        } else {
            continue;
        };
        return Err(RefusedChange::Config(broken));
    }
    Ok(())
}

/// Names and values of a topic, group or client metrics subscription.
fn check_values(level: Level, what: &str, after: &dyn Settings) -> Result<(), RefusedChange> {
    for name in after.names() {
        let key = find(level, name)
            .filter(|key| key.origin != Origin::Upcoming)
            .ok_or_else(|| RefusedChange::Config(format!("Unknown {what} config name: {name}")))?;
        value::read(key, after.setting(name).unwrap_or_default())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::StaticConfig;
    use crate::config::settings::Unset;

    type Pairs = &'static [(&'static str, &'static str)];
    type Check = fn(&Layers<'_>, &dyn Settings) -> Result<(), RefusedChange>;

    fn outcome(check: Check, after: Pairs) -> Option<(&'static str, String)> {
        let layers = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        };
        check(&layers, &StaticConfig::of(after))
            .err()
            .map(|refused| {
                let code = if matches!(refused, RefusedChange::Config(_)) {
                    "INVALID_CONFIG"
                } else {
                    "INVALID_REQUEST"
                };
                (code, refused.to_string())
            })
    }

    #[test]
    fn a_topics_configuration_is_checked_as_kafka_does() {
        let cases: &[(Pairs, Option<&str>)] = &[
            (
                &[("cleanup.policy", "compact"), ("retention.ms", "-1")],
                None,
            ),
            (
                &[("retention.sm", "1")],
                Some("Unknown topic config name: retention.sm"),
            ),
            (
                &[("remote.copy.lag.ms", "1")],
                Some("Unknown topic config name: remote.copy.lag.ms"),
            ),
            (
                &[("retention.ms", "-2")],
                Some("Invalid value -2 for configuration retention.ms: Value must be at least -1"),
            ),
            (
                &[
                    ("min.compaction.lag.ms", "9"),
                    ("max.compaction.lag.ms", "8"),
                ],
                Some(
                    "conflict topic config setting min.compaction.lag.ms (9) > max.compaction.lag.ms (8)",
                ),
            ),
            (
                &[("remote.storage.enable", "true")],
                Some(
                    "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.",
                ),
            ),
        ];
        for (after, message) in cases {
            let expected = message.map(|message| ("INVALID_CONFIG", message.to_owned()));
            assert_eq!(outcome(check_topic, after), expected);
        }
    }

    #[test]
    fn a_groups_configuration_stays_in_the_brokers_bounds() {
        let cases: &[(Pairs, Option<&str>)] = &[
            (&[], None),
            (&[("consumer.session.timeout.ms", "50000")], None),
            (
                &[("consumer.session.timeout.ms", "1")],
                Some(
                    "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms",
                ),
            ),
            (
                &[("share.delivery.count.limit", "11")],
                Some(
                    "share.delivery.count.limit must be less than or equal to group.share.max.delivery.count.limit",
                ),
            ),
            (
                &[("retention.ms", "1")],
                Some("Unknown group config name: retention.ms"),
            ),
        ];
        for (after, message) in cases {
            let expected = message.map(|message| ("INVALID_CONFIG", message.to_owned()));
            assert_eq!(outcome(check_group, after), expected);
        }
    }

    #[test]
    fn a_session_must_outlast_a_heartbeat() {
        let node = StaticConfig::of(&[("group.consumer.min.session.timeout.ms", "1")]);
        let layers = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &node,
        };
        let refused = check_group(
            &layers,
            &StaticConfig::of(&[("consumer.session.timeout.ms", "5000")]),
        )
        .unwrap_err();
        assert_eq!(
            refused.message(),
            "consumer.session.timeout.ms must be greater than consumer.heartbeat.interval.ms"
        );
    }

    #[test]
    fn a_metrics_subscription_is_checked_as_kafka_does() {
        let cases: &[(Pairs, Option<(&str, &str)>)] = &[
            (
                &[
                    ("interval.ms", "100"),
                    ("match", "client_id=a.*"),
                    ("metrics", "*"),
                ],
                None,
            ),
            (
                &[("x", "1")],
                Some(("INVALID_REQUEST", "Unknown client metrics configuration: x")),
            ),
            (
                &[("interval.ms", "99")],
                Some((
                    "INVALID_REQUEST",
                    "Invalid value 99 for interval.ms, interval must be between 100 and 3600000 (1 hour)",
                )),
            ),
            (
                &[("match", "name=a")],
                Some(("INVALID_CONFIG", "Illegal client matching pattern: name=a")),
            ),
        ];
        for (after, expected) in cases {
            let got = outcome(|_, after| check_client_metrics(after), after);
            assert_eq!(
                got,
                expected.map(|(code, message)| (code, message.to_owned()))
            );
        }
    }
}
