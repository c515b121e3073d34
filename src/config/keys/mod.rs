//! The one table of every configuration key: Kafka 4.3's broker, topic, group and client metrics keys, those that
//! Kafka 4.4 adds, and Ottla's own.
//!
//! Loading, validation, DescribeConfigs, the dynamic configuration and `docs/configuration.md` all read this table;
//! there is no second list. It is split by subject only to keep files short.

pub mod key;

mod group_level;
mod groups;
mod log;
mod metrics;
mod network;
mod ottla;
mod quorum;
mod quotas;
mod remote;
mod replication;
mod sasl;
mod server;
mod share;
mod tls;
mod topic;
mod transactions;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use key::{Check, Effect, Key, Kind, Level, Origin, Scope, Synonym};

/// The table, by subject, in the order of the documentation.
pub const SUBJECTS: &[(&str, &[Key])] = &[
    ("Ottla's own", ottla::KEYS),
    ("The node", server::KEYS),
    ("Listeners and connections", network::KEYS),
    ("The log and broker defaults of topics", log::KEYS),
    ("Topics", topic::KEYS),
    ("Replication", replication::KEYS),
    ("The controller quorum", quorum::KEYS),
    ("Groups", groups::KEYS),
    ("Share groups", share::KEYS),
    ("Group configurations", group_level::KEYS),
    ("Transactions and producer ids", transactions::KEYS),
    ("Quotas and tokens", quotas::KEYS),
    ("TLS", tls::KEYS),
    ("SASL", sasl::KEYS),
    ("Metrics", metrics::KEYS),
    ("Tiered storage", remote::KEYS),
];

static BY_NAME: LazyLock<BTreeMap<(Level, &'static str), &'static Key>> =
    LazyLock::new(|| all().map(|key| ((key.level, key.name), key)).collect());

/// Every key, by subject.
pub fn all() -> impl Iterator<Item = &'static Key> {
    SUBJECTS.iter().flat_map(|(_, keys)| keys.iter())
}

/// Every key of a level, sorted by name.
pub fn of_level(level: Level) -> impl Iterator<Item = &'static Key> {
    BY_NAME
        .range((level, "")..)
        .take_while(move |((at, _), _)| *at == level)
        .map(|(_, key)| *key)
}

/// The key of this exact name.
pub fn find(level: Level, name: &str) -> Option<&'static Key> {
    BY_NAME.get(&(level, name)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value;

    #[test]
    fn every_name_is_stated_once_per_level() {
        let mut seen = std::collections::BTreeSet::new();
        for key in all() {
            assert!(
                seen.insert((key.level, key.name)),
                "{} is stated twice",
                key.name
            );
        }
    }

    #[test]
    fn every_default_satisfies_its_own_check() {
        for key in all() {
            if let Some(default) = key.default {
                let read =
                    value::read(key, default).unwrap_or_else(|bad| panic!("{}: {bad}", key.name));
                assert_eq!(
                    read.to_text(),
                    default,
                    "{} is not stated in its canonical form",
                    key.name
                );
            }
        }
    }

    #[test]
    fn every_key_is_documented_in_one_sentence() {
        for key in all() {
            let says = key.documentation;
            assert!(
                says.len() > 10 && says.ends_with('.') && !says.contains('\n'),
                "{}: {says:?}",
                key.name
            );
        }
    }

    #[test]
    fn every_synonym_is_a_broker_key() {
        for key in all() {
            for synonym in key.synonyms {
                assert!(
                    find(Level::Broker, synonym.name).is_some(),
                    "{} names {}",
                    key.name,
                    synonym.name
                );
            }
        }
    }

    #[test]
    fn a_topic_key_with_a_broker_default_has_the_same_default() {
        for key in of_level(Level::Topic) {
            let Some(last) = key.synonyms.last() else {
                continue;
            };
            let broker = find(Level::Broker, last.name).unwrap();
            let converted = broker.default.map(|text| value::convert(text, last.factor));
            assert_eq!(converted.as_deref(), key.default, "{}", key.name);
        }
    }

    #[test]
    fn the_table_has_the_keys_of_kafka_4_3() {
        let listed = |level| of_level(level).filter(|key| key.is_listed()).count();
        assert_eq!((listed(Level::Broker), listed(Level::Topic)), (340, 33));
        assert_eq!(
            (listed(Level::Group), listed(Level::ClientMetrics)),
            (17, 3)
        );
    }

    #[test]
    fn every_effective_key_names_a_test_that_exists() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut sources = String::new();
        for folder in [
            "src",
            "tests",
            "storage/src",
            "storage/tests",
            "controller/src",
            "controller/tests",
            "compat-tests",
        ] {
            read_sources(&root.join(folder), &mut sources);
        }
        let exists = |test: &str| {
            [
                format!("fn {test}("),
                format!("def {test}("),
                format!("void {test}("),
            ]
            .iter()
            .any(|form| sources.contains(form))
        };
        for key in all() {
            if let Effect::Effective { test } = key.effect {
                assert!(exists(test), "{} names {test}, which is no test", key.name);
            }
        }
    }

    fn read_sources(folder: &std::path::Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_source = path
                .extension()
                .is_some_and(|end| ["rs", "py", "java"].iter().any(|one| end == *one));
            if path.is_dir()
                && !path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with('.'))
            {
                read_sources(&path, into);
            } else if is_source {
                into.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }
}
