//! The environment as the `apache/kafka` image reads it: `KAFKA_LOG_RETENTION_MS` sets `log.retention.ms`, two underscores
//! stand for `_`, three for `-` (`KafkaDockerWrapper.getServerConfigsFromEnv`).

use std::collections::BTreeMap;

/// Variables and families of variables that control the JVM, its logs and the image's scripts, not the broker.
const CONTROLS: &[&str] = &[
    "KAFKA_DEBUG",
    "KAFKA_GC_LOG_OPTS",
    "KAFKA_HEAP_OPTS",
    "KAFKA_HOME",
    "KAFKA_JMX_",
    "KAFKA_JVM_",
    "KAFKA_LOG4J_",
    "KAFKA_MODE",
    "KAFKA_OPTS",
    "KAFKA_TOOLS_LOG4J_",
    "KAFKA_VERSION",
];

/// The key that a variable sets, if it sets one.
pub fn key_of(variable: &str) -> Option<String> {
    let name = variable.strip_prefix("KAFKA_")?;
    let is_control = |control: &str| {
        variable == control || (control.ends_with('_') && variable.starts_with(control))
    };
    if name.is_empty() || CONTROLS.iter().any(|control| is_control(control)) {
        return None;
    }
    // The image's own order of replacement, so that odd numbers of underscores come out the same.
    Some(
        name.to_lowercase()
            .replace('_', ".")
            .replace("...", "-")
            .replace("..", "_"),
    )
}

/// The settings of an environment: key, value and the variable that says so.
///
/// Where only the advertised listeners are given, the listeners are the same names and ports on every interface, as
/// the image's start script derives them.
pub fn settings(environment: &BTreeMap<String, String>) -> Vec<(String, String, String)> {
    let mut settings: Vec<_> = environment
        .iter()
        .filter_map(|(variable, value)| Some((key_of(variable)?, value.clone(), variable.clone())))
        .filter(|(key, value, _)| !(key == "advertised.listeners" && value.trim().is_empty()))
        .collect();
    let has_listeners = settings
        .iter()
        .any(|(key, value, _)| key == "listeners" && !value.trim().is_empty());
    let advertised = settings
        .iter()
        .find(|(key, ..)| key == "advertised.listeners")
        .cloned();
    if let (false, Some((_, value, variable))) = (has_listeners, advertised) {
        settings.retain(|(key, ..)| key != "listeners");
        settings.push(("listeners".to_owned(), on_every_interface(&value), variable));
    }
    settings
}

/// Replaces the host of every `NAME://host:port`.
fn on_every_interface(listeners: &str) -> String {
    let one = |listener: &str| {
        let (name, address) = listener.split_once("://")?;
        let (_, port) = address.rsplit_once(':')?;
        Some(format!("{name}://0.0.0.0:{port}"))
    };
    listeners
        .split(',')
        .map(|listener| one(listener).unwrap_or_else(|| listener.to_owned()))
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_names_the_key_that_the_image_makes_of_it() {
        for (variable, key) in [
            ("KAFKA_LOG_RETENTION_MS", Some("log.retention.ms")),
            ("KAFKA_ADVERTISED_LISTENERS", Some("advertised.listeners")),
            ("KAFKA_SOME__NAME", Some("some_name")),
            ("KAFKA_SOME___NAME", Some("some-name")),
            (
                "KAFKA_LISTENER_NAME_A_SCRAM___SHA___256_X",
                Some("listener.name.a.scram-sha-256.x"),
            ),
            ("KAFKA_HEAP_OPTS", None),
            ("KAFKA_OPTS", None),
            ("KAFKA_JMX_PORT", None),
            ("KAFKA_LOG4J_LOGGERS", None),
            ("KAFKA_LOG4J_OPTS", None),
            ("KAFKA_GC_LOG_OPTS", None),
            ("KAFKA_TOOLS_LOG4J_LOGLEVEL", None),
            ("KAFKA_JVM_PERFORMANCE_OPTS", None),
            ("KAFKA_", None),
            ("CLUSTER_ID", None),
            ("PATH", None),
        ] {
            assert_eq!(key_of(variable).as_deref(), key, "{variable}");
        }
    }

    #[test]
    fn listeners_are_derived_from_advertised_ones_when_only_those_are_given() {
        let environment = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let map = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            settings(&map)
                .into_iter()
                .map(|(key, value, _)| (key, value))
                .collect()
        };
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            environment(&[("KAFKA_ADVERTISED_LISTENERS", "A://h:1,B://h:2")]),
            [
                pair("advertised.listeners", "A://h:1,B://h:2"),
                pair("listeners", "A://0.0.0.0:1,B://0.0.0.0:2")
            ]
        );
        assert_eq!(
            environment(&[
                ("KAFKA_ADVERTISED_LISTENERS", "A://h:1"),
                ("KAFKA_LISTENERS", "A://:3")
            ]),
            [
                pair("advertised.listeners", "A://h:1"),
                pair("listeners", "A://:3")
            ]
        );
        assert_eq!(environment(&[("KAFKA_ADVERTISED_LISTENERS", "")]), []);
    }
}
