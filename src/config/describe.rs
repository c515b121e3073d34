//! What DescribeConfigs says about a resource: every value with its source, synonyms, type and documentation
//! (`ConfigHelper`, `ConfigHelperUtils`).
//!
//! Entries are sorted by name; Kafka's come in the order of a hash table. Whether synonyms and documentation are sent is
//! the request's choice: they are always given here and left out by the handler.

use super::effective::{Layers, Source, read_or_default};
use super::keys::{Key, Kind, Level, Scope, find, of_level};
use super::listener_prefix;
use super::settings::Settings;
use super::value;

/// One place that a value could have come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynonymValue {
    pub name: String,
    /// `None` where the value may not be shown.
    pub value: Option<String>,
    pub source: Source,
}

/// One entry of a resource's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    pub name: String,
    /// `None` where nothing is set and there is no default, or where the value may not be shown.
    pub value: Option<String>,
    pub source: Source,
    /// Whether it can only be changed by restarting the broker.
    pub is_read_only: bool,
    pub is_sensitive: bool,
    /// In order of precedence; the first one that is set is the value's.
    pub synonyms: Vec<SynonymValue>,
    /// `None` for a name that the table does not know.
    pub kind: Option<Kind>,
    pub documentation: Option<&'static str>,
}

/// A topic's configuration.
pub fn topic(layers: &Layers<'_>, own: &dyn Settings) -> Vec<Described> {
    listed(Level::Topic, own)
        .map(|key| {
            let (text, _) = layers.resource_text(key, own);
            let value = read_or_default(key, text).map(|value| value.to_text());
            let behind = key
                .synonyms
                .first()
                .map(|first| broker_synonyms(layers, first.name, key.is_sensitive()));
            of_resource(key, value, own, Source::Topic, behind.unwrap_or_default())
        })
        .collect()
}

/// A group's configuration.
pub fn group(layers: &Layers<'_>, own: &dyn Settings) -> Vec<Described> {
    listed(Level::Group, own)
        .map(|key| {
            let (text, _) = layers.resource_text(key, own);
            let value = read_or_default(key, text).map(|value| value.to_text());
            let behind = match key.synonyms.first() {
                Some(first) => broker_synonyms(layers, first.name, key.is_sensitive()),
                None => default_synonym(key),
            };
            of_resource(key, value, own, Source::Group, behind)
        })
        .collect()
}

/// A client metrics subscription's configuration.
pub fn client_metrics(layers: &Layers<'_>, own: &dyn Settings) -> Vec<Described> {
    listed(Level::ClientMetrics, own)
        .map(|key| {
            let (text, _) = layers.resource_text(key, own);
            let value = read_or_default(key, text).map(|value| value.to_text());
            of_resource(key, value, own, Source::ClientMetrics, Vec::new())
        })
        .collect()
}

/// This broker's configuration: every documented key, and whatever else is set.
pub fn broker(layers: &Layers<'_>) -> Vec<Described> {
    let mut names: Vec<&str> = of_level(Level::Broker)
        .filter(|key| key.is_listed())
        .map(|key| key.name)
        .collect();
    names.extend(layers.each().iter().flat_map(|(layer, _)| layer.names()));
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| broker_entry(layers, name))
        .collect()
}

/// What is set for all brokers, and nothing else.
pub fn cluster_default(layers: &Layers<'_>) -> Vec<Described> {
    let entry = |name: &str| {
        let mut entry = broker_entry(layers, name);
        entry
            .synonyms
            .retain(|synonym| synonym.source == Source::DynamicDefault);
        entry.source = entry
            .synonyms
            .first()
            .map_or(Source::Default, |first| first.source);
        if !entry.is_sensitive {
            entry.value = layers.cluster.setting(name).map(str::to_owned);
        }
        entry
    };
    layers.cluster.names().into_iter().map(entry).collect()
}

/// The keys of a level that a description lists: the documented ones, and others where they are set.
fn listed(level: Level, own: &dyn Settings) -> impl Iterator<Item = &'static Key> {
    of_level(level).filter(move |key| key.is_listed() || own.setting(key.name).is_some())
}

fn of_resource(
    key: &'static Key,
    value: Option<String>,
    own: &dyn Settings,
    own_source: Source,
    behind: Vec<SynonymValue>,
) -> Described {
    let shown = value.filter(|_| !key.is_sensitive());
    let mut synonyms = behind;
    if own.setting(key.name).is_some() {
        synonyms.insert(
            0,
            SynonymValue {
                name: key.name.to_owned(),
                value: shown.clone(),
                source: own_source,
            },
        );
    }
    Described {
        name: key.name.to_owned(),
        value: shown,
        source: synonyms
            .first()
            .map_or(Source::Default, |first| first.source),
        is_read_only: false,
        is_sensitive: key.is_sensitive(),
        synonyms,
        kind: Some(key.kind),
        documentation: Some(key.documentation),
    }
}

fn broker_entry(layers: &Layers<'_>, name: &str) -> Described {
    let exact = find(Level::Broker, name);
    // A name that nobody knows might be a plugin's password: its value is kept to ourselves, as in Kafka.
    let known = exact.or_else(|| find(Level::Broker, listener_prefix::base_name(name)?));
    let is_sensitive = known.is_none_or(Key::is_sensitive);
    let text = match exact {
        Some(key) => layers.broker_text(key),
        None => layers
            .each()
            .iter()
            .find_map(|(layer, _)| layer.setting(name))
            .map(str::to_owned),
    };
    let canonical = |text: String| match exact {
        Some(key) => value::read(key, &text).map_or(text, |value| value.to_text()),
        None => text,
    };
    let synonyms = broker_synonyms(layers, name, is_sensitive);
    Described {
        name: name.to_owned(),
        value: text.filter(|_| !is_sensitive).map(canonical),
        source: synonyms
            .first()
            .map_or(Source::Default, |first| first.source),
        is_read_only: exact.is_none_or(|key| key.scope == Scope::Static),
        is_sensitive,
        synonyms,
        kind: known.map(|key| key.kind),
        documentation: exact.map(|key| key.documentation),
    }
}

/// Every place that a broker key's value is set in, nearest first. Places before the key's own name are dropped, so that
/// a default of `log.retention.hours` is not shown as a synonym of `log.retention.ms` (`ConfigHelper.configSynonyms`).
fn broker_synonyms(layers: &Layers<'_>, name: &str, is_sensitive: bool) -> Vec<SynonymValue> {
    let mut names = vec![name];
    match find(Level::Broker, name) {
        Some(key) if !key.synonyms.is_empty() => {
            names = key.synonyms.iter().map(|synonym| synonym.name).collect()
        }
        _ => names.extend(listener_prefix::base_name(name)),
    }
    let mut found = Vec::new();
    let mut add = |name: &str, text: Option<&str>, source| {
        if let Some(text) = text {
            let value = Some(text.to_owned()).filter(|_| !is_sensitive);
            found.push(SynonymValue {
                name: name.to_owned(),
                value,
                source,
            });
        }
    };
    for (layer, source) in layers.each() {
        for name in &names {
            add(name, layer.setting(name), source);
        }
    }
    for name in &names {
        add(
            name,
            find(Level::Broker, name).and_then(|key| key.default),
            Source::Default,
        );
    }
    found
        .into_iter()
        .skip_while(|synonym| synonym.name != name)
        .collect()
}

fn default_synonym(key: &Key) -> Vec<SynonymValue> {
    let value = |text: &str| SynonymValue {
        name: key.name.to_owned(),
        value: Some(text.to_owned()),
        source: Source::Default,
    };
    key.default.map(value).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Unset;
    use std::collections::BTreeMap;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    fn entry(entries: &[Described], name: &str) -> Described {
        entries
            .iter()
            .find(|entry| entry.name == name)
            .unwrap_or_else(|| panic!("{name} is missing"))
            .clone()
    }

    fn synonyms(entry: &Described) -> Vec<(&str, Option<&str>, i8)> {
        entry
            .synonyms
            .iter()
            .map(|synonym| {
                (
                    synonym.name.as_str(),
                    synonym.value.as_deref(),
                    synonym.source.wire_id(),
                )
            })
            .collect()
    }

    #[test]
    fn a_topics_entry_names_every_place_its_value_could_come_from() {
        let own = map(&[("max.message.bytes", "5")]);
        let (cluster, node) = (
            map(&[("message.max.bytes", "6")]),
            map(&[("message.max.bytes", "7")]),
        );
        let layers = Layers {
            broker: &Unset,
            cluster: &cluster,
            node: &node,
        };
        let got = entry(&topic(&layers, &own), "max.message.bytes");
        assert_eq!(
            (got.value.as_deref(), got.source, got.is_read_only),
            (Some("5"), Source::Topic, false)
        );
        assert_eq!(
            synonyms(&got),
            [
                ("max.message.bytes", Some("5"), 1),
                ("message.max.bytes", Some("6"), 3),
                ("message.max.bytes", Some("7"), 4),
                ("message.max.bytes", Some("1048588"), 5)
            ]
        );
    }

    #[test]
    fn an_unset_retention_has_no_synonyms() {
        let layers = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        };
        let got = entry(&topic(&layers, &Unset), "retention.ms");
        assert_eq!(
            (got.value.as_deref(), got.source),
            (Some("604800000"), Source::Default)
        );
        assert!(got.synonyms.is_empty());
    }

    #[test]
    fn an_internal_key_is_listed_only_where_it_is_set() {
        let layers = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        };
        let has = |own: &dyn Settings| {
            topic(&layers, own)
                .iter()
                .any(|entry| entry.name == "internal.segment.bytes")
        };
        assert!(!has(&Unset));
        assert!(has(&map(&[("internal.segment.bytes", "100")])));
    }

    #[test]
    fn a_passwords_value_is_never_shown() {
        let node = map(&[
            ("ssl.keystore.password", "secret"),
            ("my.plugin.key", "secret"),
        ]);
        let broker_only = map(&[("listener.name.a.ssl.keystore.password", "secret")]);
        let layers = Layers {
            broker: &broker_only,
            cluster: &Unset,
            node: &node,
        };
        let entries = broker(&layers);
        for name in [
            "ssl.keystore.password",
            "my.plugin.key",
            "listener.name.a.ssl.keystore.password",
        ] {
            let got = entry(&entries, name);
            assert!(got.is_sensitive && got.value.is_none(), "{name}");
            assert!(
                got.synonyms.iter().all(|synonym| synonym.value.is_none()),
                "{name}"
            );
        }
    }

    #[test]
    fn a_brokers_entry_says_whether_it_can_be_changed() {
        let layers = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        };
        let entries = broker(&layers);
        assert!(entry(&entries, "node.id").is_read_only);
        assert!(!entry(&entries, "log.retention.ms").is_read_only);
        assert!(!entries.iter().any(|entry| entry.name == "admin.listeners"));
    }

    #[test]
    fn the_cluster_default_lists_only_what_is_set_there() {
        let (cluster, node) = (
            map(&[("max.connections", "9")]),
            map(&[("max.connections", "8")]),
        );
        let own = map(&[("max.connections", "7")]);
        let layers = Layers {
            broker: &own,
            cluster: &cluster,
            node: &node,
        };
        let entries = cluster_default(&layers);
        assert_eq!(entries.len(), 1);
        assert_eq!(
            (entries[0].value.as_deref(), entries[0].source),
            (Some("9"), Source::DynamicDefault)
        );
        assert_eq!(synonyms(&entries[0]), [("max.connections", Some("9"), 3)]);
    }
}
