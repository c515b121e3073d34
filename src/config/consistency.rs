//! Rules over several broker keys at once (`KafkaConfig.validateValues`), for a node at start and for every dynamic change.

use super::effective::Layers;
use super::settings::Unset;
use super::topic::TopicConfig;
use super::value::Value;

/// One thing that does not fit, as Kafka says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    pub message: String,
    /// Whether Kafka states the rule with Scala's `require`, which clients see as a prefix of the message.
    pub is_requirement: bool,
}

/// Everything that does not fit together.
pub fn check(layers: &Layers<'_>) -> Vec<Misfit> {
    let requirement = |message| Misfit {
        message,
        is_requirement: true,
    };
    let plain = |message| Misfit {
        message,
        is_requirement: false,
    };
    let mut misfits: Vec<Misfit> = broken_requirements(layers)
        .into_iter()
        .map(requirement)
        .collect();
    misfits.extend(times(layers).into_iter().map(requirement));
    misfits.extend(connections_per_address(layers));
    misfits.extend(node_ids(layers).into_iter().map(plain));
    misfits.extend(protocols_of_groups(layers).into_iter().map(plain));
    misfits.extend(compaction_lags(layers).into_iter().map(plain));
    misfits.extend(cordoned_directories(layers).into_iter().map(requirement));
    misfits
}

/// `*` stands alone. Which directories there are only the broker itself knows, and tells its log of those that it has not.
fn cordoned_directories(layers: &Layers<'_>) -> Option<String> {
    let Some(Value::List(cordoned)) = layers.broker_value("cordoned.log.dirs") else {
        return None;
    };
    let all = cordoned.iter().any(|path| path == "*");
    (all && cordoned.len() > 1)
        .then(|| "When cordoned.log.dirs is set to *, it must not contain other values".to_owned())
}

fn node_ids(layers: &Layers<'_>) -> Option<String> {
    let is_one = layers.broker_number("node.id") == layers.broker_number("broker.id");
    (!is_one).then(|| "You must set `node.id` to the same value as `broker.id`.".to_owned())
}

fn broken_requirements(layers: &Layers<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut require = |holds: bool, message: &dyn Fn() -> String| {
        if !holds {
            wrong.push(message());
        }
    };
    let number = |name: &str| layers.broker_number(name);
    let wait = number("replica.fetch.wait.max.ms");
    require(wait <= number("replica.socket.timeout.ms"), &|| {
        "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts".to_owned()
    });
    require(wait <= number("replica.lag.time.max.ms"), &|| {
        "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR".to_owned()
    });
    let per_cleaner =
        number("log.cleaner.dedupe.buffer.size") / number("log.cleaner.threads").max(1);
    require(per_cleaner > 1024 * 1024, &|| {
        "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.".to_owned()
    });
    let queued = number("queued.max.request.bytes");
    require(
        queued <= 0 || queued >= number("socket.request.max.bytes"),
        &|| {
            "queued.max.request.bytes must be larger or equal to socket.request.max.bytes"
                .to_owned()
        },
    );
    let (delay, idle) = (
        number("connection.failed.authentication.delay.ms"),
        number("connections.max.idle.ms"),
    );
    require(idle < 0 || delay < idle, &|| {
        format!(
            "connection.failed.authentication.delay.ms={delay} should always be less than connections.max.idle.ms={idle} to prevent failed authentication responses from timing out"
        )
    });
    wrong
}

/// Ages of segments and records, which have several keys each and therefore no check of their own.
fn times(layers: &Layers<'_>) -> Vec<String> {
    let first_set = |names: &[&str]| {
        layers.each().iter().find_map(|(layer, _)| {
            names
                .iter()
                .find_map(|name| layer.setting(name)?.trim().parse::<i64>().ok())
        })
    };
    let mut wrong = Vec::new();
    if first_set(&["log.roll.ms", "log.roll.hours"]).is_some_and(|age| age < 1) {
        wrong.push("log.roll.ms must be greater than or equal to 1".to_owned());
    }
    if first_set(&["log.roll.jitter.ms", "log.roll.jitter.hours"]).is_some_and(|jitter| jitter < 0)
    {
        wrong.push("log.roll.jitter.ms must be greater than or equal to 0".to_owned());
    }
    if first_set(&[
        "log.retention.ms",
        "log.retention.minutes",
        "log.retention.hours",
    ]) == Some(0)
    {
        wrong.push(
            "log.retention.ms must be unlimited (-1) or, greater than or equal to 1".to_owned(),
        );
    }
    wrong
}

fn connections_per_address(layers: &Layers<'_>) -> Vec<Misfit> {
    let plain = |message| Misfit {
        message,
        is_requirement: false,
    };
    let overrides = match per_address(layers) {
        Ok(overrides) => overrides,
        Err(message) => return vec![plain(message)],
    };
    let is_address = |address: &str| {
        address
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-%._:".contains(letter))
    };
    let mut misfits = Vec::new();
    if layers.broker_number("max.connections.per.ip") == 0 && overrides.is_empty() {
        let message = "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.";
        misfits.push(Misfit {
            message: message.to_owned(),
            is_requirement: true,
        });
    }
    let invalid: Vec<&str> = overrides
        .iter()
        .map(|(address, _)| address.as_str())
        .filter(|address| !is_address(address))
        .collect();
    if !invalid.is_empty() {
        let invalid = invalid.join(",");
        misfits.push(plain(format!(
            "max.connections.per.ip.overrides contains invalid addresses : {invalid}"
        )));
    }
    misfits
}

/// `max.connections.per.ip.overrides` as addresses and counts.
///
/// # Errors
/// When an entry is not `address:count`.
pub fn per_address(layers: &Layers<'_>) -> Result<Vec<(String, u32)>, String> {
    let key = "max.connections.per.ip.overrides";
    let text = layers
        .broker_value(key)
        .map(|value| value.to_text())
        .unwrap_or_default();
    text.split(',')
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| {
            let parsed = pair.rsplit_once(':').and_then(|(address, count)| {
                Some((address.trim().to_owned(), count.trim().parse().ok()?))
            });
            parsed.ok_or_else(|| {
                format!(
                    "Error parsing configuration property '{key}': `{pair}` is not address:count"
                )
            })
        })
        .collect()
}

fn protocols_of_groups(layers: &Layers<'_>) -> Option<String> {
    match layers.broker_value("group.coordinator.rebalance.protocols") {
        Some(Value::List(protocols))
            if !protocols
                .iter()
                .any(|one| one.eq_ignore_ascii_case("classic")) =>
        {
            Some("Disabling the 'classic' protocol is not supported.".to_owned())
        }
        _ => None,
    }
}

/// `LogConfig.validateValues` on the broker's defaults of topic keys.
fn compaction_lags(layers: &Layers<'_>) -> Option<String> {
    let defaults = TopicConfig::resolve(layers, &Unset);
    let (least, most) = (defaults.min_compaction_lag, defaults.max_compaction_lag?);
    (least > most).then(|| {
        format!(
            "conflict topic config setting min.compaction.lag.ms ({}) > max.compaction.lag.ms ({})",
            least.as_millis(),
            most.as_millis()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::StaticConfig;

    fn wrong(pairs: &[(&str, &str)]) -> Vec<String> {
        let node = StaticConfig::of(pairs);
        let layers = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &node,
        };
        check(&layers)
            .into_iter()
            .map(|misfit| misfit.message)
            .collect()
    }

    #[test]
    fn the_defaults_fit_together() {
        assert_eq!(wrong(&[]), [""; 0]);
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        type Pairs = &'static [(&'static str, &'static str)];
        let cases: &[(Pairs, &str)] = &[
            (
                &[("node.id", "2"), ("broker.id", "3")],
                "same value as `broker.id`",
            ),
            (
                &[("queued.max.request.bytes", "5")],
                "queued.max.request.bytes must be larger or equal",
            ),
            (
                &[("connections.max.idle.ms", "50")],
                "connection.failed.authentication.delay.ms=100",
            ),
            (
                &[("log.retention.ms", "0")],
                "log.retention.ms must be unlimited (-1)",
            ),
            (&[("log.roll.ms", "0")], "log.roll.ms must be greater"),
            (
                &[("max.connections.per.ip", "0")],
                "can be set to zero only if",
            ),
            (
                &[("max.connections.per.ip.overrides", "a")],
                "is not address:count",
            ),
            (
                &[("max.connections.per.ip.overrides", "a b:1")],
                "contains invalid addresses : a b",
            ),
            (
                &[("group.coordinator.rebalance.protocols", "consumer")],
                "Disabling the 'classic' protocol",
            ),
            (
                &[
                    ("log.cleaner.min.compaction.lag.ms", "9"),
                    ("log.cleaner.max.compaction.lag.ms", "8"),
                ],
                "conflict topic config setting min.compaction.lag.ms (9) > max.compaction.lag.ms (8)",
            ),
        ];
        for (pairs, part) in cases {
            let wrong = wrong(pairs);
            assert!(
                wrong.len() == 1 && wrong[0].contains(part),
                "{pairs:?}: {wrong:?}"
            );
        }
    }
}
