//! Puts a node's own settings together: file, environment and flags, later ones winning, checked against the table.
//!
//! Everything wrong is reported at once, each with key, value and what is allowed. What is merely odd (a name nobody knows,
//! a key without effect) is a warning. Nothing is read here: the caller passes the texts in.

use std::collections::BTreeMap;
use std::fmt;

use super::keys::{Effect, Key, Level, Origin, find, of_level};
use super::nearest::nearest;
use super::settings::Settings;
use super::value::{self, Value};
use super::{container, environment, listener_prefix, pod};

/// Prefixes of keys that belong to Kafka's plugins.
const PLUGIN_PREFIXES: &[&str] = &["config.providers.", "rlmm.config.", "rsm.config."];

/// Where a setting was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    File,
    /// In the variable of this name.
    Environment(String),
    /// In `--override`.
    Flag,
    /// Nowhere: what holds in a container.
    Container,
    /// Nowhere as it stands: derived from the pod's name.
    Pod,
}

impl fmt::Display for Place {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => to.write_str("in the file"),
            Self::Environment(variable) => write!(to, "in the environment as {variable}"),
            Self::Flag => to.write_str("by --override"),
            Self::Container => to.write_str("as containers have it"),
            Self::Pod => to.write_str("from the pod's name"),
        }
    }
}

/// What a node is told before it starts.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The contents of `server.properties`, if there is one.
    pub file: Option<&'a [u8]>,
    pub environment: &'a BTreeMap<String, String>,
    /// `key=value`, in order.
    pub overrides: &'a [String],
    /// Whether what nobody says is as it is in a container.
    pub is_container: bool,
}

/// A node's own settings: what Kafka calls its static configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaticConfig {
    settings: BTreeMap<String, (String, Place)>,
    /// `CLUSTER_ID` of the environment.
    pub cluster_id: Option<String>,
}

impl StaticConfig {
    /// Settings without a file, for tests and tools.
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        let settings = pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), ((*text).to_owned(), Place::Flag)))
            .collect();
        Self {
            settings,
            cluster_id: None,
        }
    }

    /// Where a setting was found.
    pub fn place(&self, name: &str) -> Option<&Place> {
        self.settings.get(name).map(|(_, place)| place)
    }

    fn set(&mut self, name: &str, text: &str, place: Place) {
        self.settings
            .insert(name.to_owned(), (text.to_owned(), place));
    }
}

impl Settings for StaticConfig {
    fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(|(text, _)| text.as_str())
    }

    fn names(&self) -> Vec<&str> {
        self.settings.keys().map(String::as_str).collect()
    }
}

/// Everything that keeps a node from starting, one sentence each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<String>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

/// Settings that may be started with, and what is odd about them, one sentence each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    pub config: StaticConfig,
    pub warnings: Vec<String>,
}

/// Merges and checks what was given: flags win over the environment, which wins over the file.
///
/// # Errors
/// When the file is no properties file, an override is not `key=value`, a value is not allowed for its key, or a key is set
/// that this version refuses.
pub fn load(given: &Given<'_>) -> Result<Loaded, ConfigErrors> {
    let mut warnings = Vec::new();
    let (config, mut errors) = merge(given, &mut warnings);
    for (name, (text, place)) in &config.settings {
        match find(Level::Broker, name) {
            Some(key) => match judge(key, text, place) {
                Verdict::Good => {}
                Verdict::Odd(warning) => warnings.push(warning),
                Verdict::Bad(error) => errors.push(error),
            },
            None => warnings.extend(unknown(name, place)),
        }
    }
    if errors.is_empty() {
        Ok(Loaded { config, warnings })
    } else {
        Err(ConfigErrors(errors))
    }
}

fn merge(given: &Given<'_>, warnings: &mut Vec<String>) -> (StaticConfig, Vec<String>) {
    let mut config = StaticConfig::default();
    let mut errors = Vec::new();
    if let Some(bytes) = given.file {
        let read = java_properties::PropertiesIter::new(bytes).read_into(|name, text| {
            if config.setting(&name).is_some_and(|earlier| earlier != text) {
                warnings.push(format!(
                    "{name} stands twice in the file; the last one counts"
                ));
            }
            config.set(&name, &text, Place::File);
        });
        if let Err(error) = read {
            errors.push(format!("the file is not a properties file: {error}"));
        }
    }
    for (name, text, variable) in environment::settings(given.environment) {
        config.set(&name, &text, Place::Environment(variable));
    }
    for pair in given.overrides {
        match pair.split_once('=') {
            Some((name, text)) if !name.trim().is_empty() => {
                config.set(name.trim(), text, Place::Flag)
            }
            _ => errors.push(format!("--override {pair}: expected key=value")),
        }
    }
    if given.is_container {
        for (name, text) in container::defaults(|name| config.setting(name).is_some()) {
            config.set(name, text, Place::Container);
        }
    }
    derive_from_pod(&mut config, &mut errors);
    // The two names of the node's id stand for each other (`AbstractKafkaConfig.populateSynonyms`).
    for (one, other) in [("node.id", "broker.id"), ("broker.id", "node.id")] {
        if let (Some(set), None) = (config.settings.get(one).cloned(), config.setting(other)) {
            config.settings.insert(other.to_owned(), set);
        }
    }
    config.cluster_id = given
        .environment
        .get("CLUSTER_ID")
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty());
    (config, errors)
}

fn derive_from_pod(config: &mut StaticConfig, errors: &mut Vec<String>) {
    if let Some(id) = config.settings.get("broker.id").cloned() {
        config.settings.entry("node.id".to_owned()).or_insert(id);
    }
    match pod::derive(config) {
        Ok(derived) => {
            for (name, text) in derived {
                config.set(name, &text, Place::Pod);
            }
        }
        Err(error) => errors.push(error),
    }
}

enum Verdict {
    Good,
    Odd(String),
    Bad(String),
}

fn judge(key: &Key, text: &str, place: &Place) -> Verdict {
    let value = match value::read(key, text) {
        Ok(value) => value,
        Err(bad) => return Verdict::Bad(format!("{bad} (set {place})")),
    };
    if key.origin == Origin::DynamicOnly {
        return Verdict::Odd(format!(
            "{} (set {place}) can only be set dynamically and is ignored here",
            key.name
        ));
    }
    if is_default(key, &value) {
        return Verdict::Good;
    }
    let shown = if key.is_sensitive() {
        "[hidden]".to_owned()
    } else {
        value.to_text()
    };
    match key.effect {
        Effect::Effective { .. } => Verdict::Good,
        Effect::Inert => Verdict::Odd(format!(
            "{}={shown} (set {place}) has no effect in this version of Ottla",
            key.name
        )),
        Effect::Refused { why } => Verdict::Bad(format!(
            "{}={shown} (set {place}) is refused: {why}",
            key.name
        )),
    }
}

fn is_default(key: &Key, value: &Value) -> bool {
    match key.default {
        Some(default) => value::read(key, default).as_ref() == Ok(value),
        None => value.to_text().is_empty(),
    }
}

/// The warning about a name that is not in the table, unless it is a listener's or a plugin's key.
fn unknown(name: &str, place: &Place) -> Option<String> {
    if PLUGIN_PREFIXES
        .iter()
        .any(|prefix| name.starts_with(prefix))
    {
        return Some(format!(
            "{name} (set {place}) is a plugin's key and has no effect: plugins are not loaded"
        ));
    }
    if let Some(base) = listener_prefix::base_name(name).and_then(|base| find(Level::Broker, base))
    {
        if listener_prefix::is_in_force(base.name) {
            return None;
        }
        return Some(format!(
            "{name} (set {place}) has no effect yet: {} cannot be set per listener",
            base.name
        ));
    }
    if let Some(synonym) = find(Level::Topic, name).and_then(|key| key.synonyms.first()) {
        return Some(format!(
            "{name} (set {place}) is a topic's key; the broker's default for it is {}",
            synonym.name
        ));
    }
    let names = of_level(Level::Broker).map(|key| key.name);
    let guess = nearest(name, names)
        .map(|near| format!("; did you mean {near}?"))
        .unwrap_or_default();
    Some(format!(
        "{name} (set {place}) is unknown and ignored{guess}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_from(
        file: &str,
        environment: &[(&str, &str)],
        overrides: &[&str],
    ) -> Result<Loaded, ConfigErrors> {
        let environment = environment
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        let overrides: Vec<String> = overrides.iter().map(|pair| (*pair).to_owned()).collect();
        load(&Given {
            file: Some(file.as_bytes()),
            environment: &environment,
            overrides: &overrides,
            is_container: false,
        })
    }

    #[test]
    fn a_flag_wins_over_the_environment_which_wins_over_the_file() {
        let file = "log.retention.ms=1\nnum.partitions=2\nlog.dirs=/a";
        let loaded = load_from(
            file,
            &[
                ("KAFKA_LOG_RETENTION_MS", "3"),
                ("KAFKA_NUM_PARTITIONS", "4"),
            ],
            &["log.retention.ms=5"],
        )
        .unwrap();
        let value = |name| loaded.config.setting(name);
        assert_eq!(
            (
                value("log.retention.ms"),
                value("num.partitions"),
                value("log.dirs")
            ),
            (Some("5"), Some("4"), Some("/a"))
        );
        assert_eq!(loaded.warnings, [""; 0]);
    }

    #[test]
    fn odd_settings_are_warned_about() {
        for (line, warning) in [
            (
                "log.retenton.ms=5",
                "log.retenton.ms (set in the file) is unknown and ignored; did you mean log.retention.ms?",
            ),
            (
                "zookeeper.connect=localhost:2181",
                "zookeeper.connect (set in the file) is unknown and ignored",
            ),
            (
                "retention.ms=5",
                "retention.ms (set in the file) is a topic's key; the broker's default for it is log.retention.ms",
            ),
            (
                "num.io.threads=16",
                "num.io.threads=16 (set in the file) has no effect in this version of Ottla",
            ),
            (
                "num.partitions=1\nnum.partitions=2",
                "num.partitions stands twice in the file; the last one counts",
            ),
            (
                "leader.replication.throttled.rate=1",
                "leader.replication.throttled.rate (set in the file) can only be set dynamically and is ignored here",
            ),
            (
                "sasl.oauthbearer.assertion.private.key.passphrase=x",
                "sasl.oauthbearer.assertion.private.key.passphrase=[hidden] (set in the file) has no effect in this version of Ottla",
            ),
        ] {
            assert_eq!(
                load_from(line, &[], &[]).unwrap().warnings,
                [warning],
                "{line}"
            );
        }
        assert!(
            load_from("num.io.threads=8\nauthorizer.class.name=", &[], &[])
                .unwrap()
                .warnings
                .is_empty()
        );
    }

    #[test]
    fn what_must_not_pass_is_refused_with_key_value_and_what_is_allowed() {
        for (overrides, part) in [
            (
                "num.partitions=0",
                "Invalid value 0 for configuration num.partitions: Value must be at least 1 (set by --override)",
            ),
            (
                "auto.create.topics.enable=yes",
                "Expected value to be either true or false",
            ),
            (
                "num.partitions",
                "--override num.partitions: expected key=value",
            ),
            (
                "config.providers=a.B",
                "config.providers=a.B (set by --override) is refused: ",
            ),
            (
                "log.cleanup.policy=keep",
                "String must be one of: compact, delete",
            ),
        ] {
            let errors = load_from("", &[], &[overrides]).unwrap_err().0;
            assert!(
                errors.len() == 1 && errors[0].contains(part),
                "{overrides}: {errors:?}"
            );
        }
    }

    #[test]
    fn every_error_is_reported_at_once() {
        assert_eq!(
            load_from("num.partitions=0\nlog.segment.bytes=1", &[], &["x"])
                .unwrap_err()
                .0
                .len(),
            3
        );
    }

    #[test]
    fn node_id_and_broker_id_name_the_same_node() {
        let loaded = load_from("broker.id=7", &[("CLUSTER_ID", "abc")], &[]).unwrap();
        assert_eq!(loaded.config.setting("node.id"), Some("7"));
        assert_eq!(loaded.config.cluster_id.as_deref(), Some("abc"));
    }

    #[test]
    fn a_properties_file_is_read_as_java_reads_it() {
        let loaded = load_from(
            "# comment\n! comment\nlog.dirs = /a,\\\n  /b\nnum.partitions:3\n",
            &[],
            &[],
        )
        .unwrap();
        assert_eq!(loaded.config.setting("log.dirs"), Some("/a,/b"));
        assert_eq!(loaded.config.setting("num.partitions"), Some("3"));
    }
}
