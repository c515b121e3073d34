//! Which value of a key applies, and where it comes from.
//!
//! A broker key is looked for in what was set on this broker, then on all brokers, then in the node's file, flags and
//! environment, then in the table's default. A topic or group key looks at its own resource first, and then for its
//! broker synonyms in the same four places (`KafkaConfigSchema.resolveEffectiveTopicConfig`).

use super::keys::{Key, Level, find};
use super::settings::Settings;
use super::value::{self, Value};

/// Where a value comes from. The numbers are those of `DescribeConfigsResponse.ConfigSource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Set on the topic.
    Topic,
    /// Set on this broker while it ran.
    DynamicBroker,
    /// Set on all brokers while they ran.
    DynamicDefault,
    /// Set in the node's file, environment or command line.
    StaticBroker,
    /// Not set.
    Default,
    /// The level of one of this broker's loggers (KIP-412).
    BrokerLogger,
    /// Set on a client metrics subscription.
    ClientMetrics,
    /// Set on the group.
    Group,
}

impl Source {
    /// The number in DescribeConfigs and CreateTopics answers.
    pub const fn wire_id(self) -> i8 {
        match self {
            Self::Topic => 1,
            Self::DynamicBroker => 2,
            Self::DynamicDefault => 3,
            Self::StaticBroker => 4,
            Self::Default => 5,
            Self::BrokerLogger => 6,
            Self::ClientMetrics => 7,
            Self::Group => 8,
        }
    }
}

/// The places a broker's values come from, nearest first. The table's defaults are behind them.
#[derive(Clone, Copy)]
pub struct Layers<'a> {
    /// Set on this broker (resource type BROKER, its id as name).
    pub broker: &'a dyn Settings,
    /// Set on all brokers (resource type BROKER, empty name).
    pub cluster: &'a dyn Settings,
    /// The node's own file, environment and flags.
    pub node: &'a dyn Settings,
}

impl<'a> Layers<'a> {
    /// The layers with the source that each stands for, nearest first.
    pub fn each(&self) -> [(&'a dyn Settings, Source); 3] {
        [
            (self.broker, Source::DynamicBroker),
            (self.cluster, Source::DynamicDefault),
            (self.node, Source::StaticBroker),
        ]
    }

    /// The text of a broker key; `None` is Kafka's null.
    ///
    /// A dynamic value of one key of a chain (`log.retention.ms`, `….minutes`, `….hours`) hides the whole chain behind it
    /// (`DynamicBrokerConfig.overrideProps`).
    pub fn broker_text(&self, key: &Key) -> Option<String> {
        for (layer, _) in self.each() {
            if let Some(text) = layer.setting(key.name) {
                return Some(text.to_owned());
            }
            if key
                .synonyms
                .iter()
                .any(|synonym| layer.setting(synonym.name).is_some())
            {
                break;
            }
        }
        key.default.map(str::to_owned)
    }

    /// The text that applies to `own`, a topic's or group's settings, and where it comes from.
    pub fn resource_text(&self, key: &Key, own: &dyn Settings) -> (Option<String>, Source) {
        if let Some(text) = own.setting(key.name) {
            let source = match key.level {
                Level::Topic | Level::Broker => Source::Topic,
                Level::Group => Source::Group,
                Level::ClientMetrics => Source::ClientMetrics,
            };
            return (Some(text.to_owned()), source);
        }
        for (layer, source) in self.each() {
            for synonym in key.synonyms {
                if let Some(text) = layer.setting(synonym.name) {
                    return (Some(value::convert(text, synonym.factor)), source);
                }
            }
        }
        (key.default.map(str::to_owned), Source::Default)
    }

    /// The value of a broker key, read; a text that does not pass falls back to the default, because what the metadata
    /// holds may have been written by a broker with other rules. `None` is Kafka's null.
    ///
    /// # Panics
    /// When the table has no such broker key: names are written in code.
    pub fn broker_value(&self, name: &str) -> Option<Value> {
        let key = find(Level::Broker, name).expect("a key named in code is in the table");
        read_or_default(key, self.broker_text(key))
    }

    /// A numeric broker key that has a default.
    ///
    /// # Panics
    /// When the key is no number or has no default.
    pub fn broker_number(&self, name: &str) -> i64 {
        match self.broker_value(name) {
            Some(Value::Number(number)) => number,
            other => panic!("{name} is not a number with a default but {other:?}"),
        }
    }

    /// A boolean broker key that has a default.
    ///
    /// # Panics
    /// When the key is no boolean or has no default.
    pub fn broker_flag(&self, name: &str) -> bool {
        match self.broker_value(name) {
            Some(Value::Boolean(flag)) => flag,
            other => panic!("{name} is not a boolean with a default but {other:?}"),
        }
    }
}

/// Reads a text, or the key's default where the text does not pass.
pub(super) fn read_or_default(key: &Key, text: Option<String>) -> Option<Value> {
    text.and_then(|text| value::read(key, &text).ok())
        .or_else(|| {
            key.default
                .map(|text| value::read(key, text).expect("a default passes its own check"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::{Check, Kind, of_level};
    use crate::config::settings::Unset;
    use std::collections::BTreeMap;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn retention_ms_is_read_from_ms_then_minutes_then_hours() {
        type Pairs = &'static [(&'static str, &'static str)];
        let cases: &[(Pairs, Pairs, Pairs, Pairs, &str, Source)] = &[
            (&[], &[], &[], &[], "604800000", Source::Default),
            (
                &[],
                &[],
                &[],
                &[("log.retention.hours", "1")],
                "3600000",
                Source::StaticBroker,
            ),
            (
                &[],
                &[],
                &[],
                &[("log.retention.hours", "1"), ("log.retention.minutes", "2")],
                "120000",
                Source::StaticBroker,
            ),
            (
                &[],
                &[],
                &[],
                &[("log.retention.minutes", "2"), ("log.retention.ms", "3")],
                "3",
                Source::StaticBroker,
            ),
            (
                &[],
                &[],
                &[("log.retention.ms", "4")],
                &[("log.retention.ms", "3")],
                "4",
                Source::DynamicDefault,
            ),
            (
                &[],
                &[("log.retention.ms", "5")],
                &[("log.retention.ms", "4")],
                &[],
                "5",
                Source::DynamicBroker,
            ),
            (
                &[("retention.ms", "6")],
                &[("log.retention.ms", "5")],
                &[],
                &[],
                "6",
                Source::Topic,
            ),
        ];
        let key = find(Level::Topic, "retention.ms").unwrap();
        for (own, broker, cluster, node, text, source) in cases {
            let (own, broker, cluster, node) = (map(own), map(broker), map(cluster), map(node));
            let layers = Layers {
                broker: &broker,
                cluster: &cluster,
                node: &node,
            };
            assert_eq!(
                layers.resource_text(key, &own),
                (Some((*text).to_owned()), *source)
            );
        }
    }

    #[test]
    fn segment_ms_is_read_from_ms_then_hours() {
        let node = map(&[("log.roll.hours", "2"), ("log.roll.jitter.hours", "1")]);
        let layers = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &node,
        };
        let text = |name| {
            layers
                .resource_text(find(Level::Topic, name).unwrap(), &Unset)
                .0
                .unwrap()
        };
        assert_eq!(
            (
                text("segment.ms").as_str(),
                text("segment.jitter.ms").as_str()
            ),
            ("7200000", "3600000")
        );
    }

    #[test]
    fn a_dynamic_value_hides_its_synonyms_below() {
        let (cluster, node) = (
            map(&[("log.retention.ms", "7")]),
            map(&[("log.retention.minutes", "9")]),
        );
        let layers = Layers {
            broker: &Unset,
            cluster: &cluster,
            node: &node,
        };
        let text = |name| layers.broker_text(find(Level::Broker, name).unwrap());
        assert_eq!(text("log.retention.minutes"), None);
        assert_eq!(text("log.retention.ms").as_deref(), Some("7"));
        assert_eq!(text("log.retention.hours").as_deref(), Some("168"));
    }

    #[test]
    fn a_topic_key_that_is_not_set_takes_the_brokers_value() {
        for key in of_level(Level::Topic) {
            let Some(first) = key.synonyms.first() else {
                continue;
            };
            let other = match key.check {
                Check::OneOf(values) => values
                    .iter()
                    .find(|value| Some(**value) != key.default)
                    .unwrap()
                    .to_string(),
                Check::Entries { allowed, .. } => allowed[0].to_owned(),
                _ if key.kind == Kind::Boolean => "true".to_owned(),
                _ if key.kind == Kind::Double => "0.25".to_owned(),
                _ => "4000000".to_owned(),
            };
            let layer = map(&[(first.name, &other)]);
            for (layers, source) in [
                (
                    Layers {
                        broker: &layer,
                        cluster: &Unset,
                        node: &Unset,
                    },
                    Source::DynamicBroker,
                ),
                (
                    Layers {
                        broker: &Unset,
                        cluster: &layer,
                        node: &Unset,
                    },
                    Source::DynamicDefault,
                ),
                (
                    Layers {
                        broker: &Unset,
                        cluster: &Unset,
                        node: &layer,
                    },
                    Source::StaticBroker,
                ),
            ] {
                assert_eq!(
                    layers.resource_text(key, &Unset),
                    (Some(other.clone()), source),
                    "{}",
                    key.name
                );
            }
        }
    }
}
