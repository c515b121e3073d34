//! The table of keys as the controller's decisions see it.

use std::sync::Arc;

use ottla_controller::decide::{ConfigRules, Refusal};
use ottla_controller::image::{ConfigResource, ConfigValues, ResourceKind};
use ottla_protocol::ErrorCode;

use super::broker::BrokerConfig;
use super::change::{self, RefusedChange};
use super::dynamic;
use super::effective::{Layers, Source};
use super::keys::{Key, Kind, Level, find};
use super::settings::{Settings, Unset};

impl Settings for ConfigValues {
    fn setting(&self, name: &str) -> Option<&str> {
        self.get(name).map(|text| &**text)
    }

    fn names(&self) -> Vec<&str> {
        self.keys().map(|name| &**name).collect()
    }
}

/// What a string of a record may hold (`ConfigurationControlManager.DISALLOWED_CONFIG_VALUE_SIZE_ERROR`).
const VALUE_MAX_LENGTH: usize = 32_767;

/// The rules of a node: the table, and the node's own settings behind what clients set.
#[derive(Clone)]
pub struct Rules {
    config: Arc<BrokerConfig>,
    /// Whether the metadata log's disk is full up to its reserve.
    is_full: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Rules {
    /// The rules of the node with this configuration.
    pub fn new(config: Arc<BrokerConfig>) -> Self {
        Self {
            config,
            is_full: Arc::new(|| false),
        }
    }

    /// Lets nothing grow while the metadata log's disk is full.
    #[must_use]
    pub fn while_there_is_room(self, is_full: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self {
            is_full: Arc::new(is_full),
            ..self
        }
    }

    fn layers(&self) -> Layers<'_> {
        self.config.layers(&Unset, &Unset)
    }
}

impl ConfigRules for Rules {
    fn check(
        &self,
        resource: &ConfigResource,
        before: &ConfigValues,
        after: &ConfigValues,
    ) -> Result<(), Refusal> {
        if after.values().any(|value| value.len() > VALUE_MAX_LENGTH) {
            let message = "The configuration value cannot be added because it exceeds the maximum value size of 32767 bytes.";
            return Err(Refusal::new(ErrorCode::INVALID_CONFIG, message));
        }
        let checked = match resource.kind {
            ResourceKind::Topic => change::check_topic(&self.layers(), after),
            ResourceKind::Group => change::check_group(&self.layers(), after),
            ResourceKind::ClientMetrics => change::check_client_metrics(after),
            ResourceKind::Broker if resource.name.is_empty() => dynamic::check_broker(
                &self.config.layers(&Unset, before),
                Source::DynamicDefault,
                after,
            ),
            ResourceKind::Broker => dynamic::check_broker(
                &self.config.layers(before, &Unset),
                Source::DynamicBroker,
                after,
            ),
            // Not kept in the metadata; the caller has refused it.
            ResourceKind::BrokerLogger => Ok(()),
        };
        checked.map_err(|refused| match refused {
            RefusedChange::Config(message) => Refusal::new(ErrorCode::INVALID_CONFIG, message),
            RefusedChange::Request(message) => Refusal::new(ErrorCode::INVALID_REQUEST, message),
        })
    }

    fn metadata_room(&self) -> Result<(), Refusal> {
        match (self.is_full)() {
            false => Ok(()),
            true => Err(Refusal::new(
                ErrorCode::KAFKA_STORAGE_ERROR,
                "The disk of the active controller's metadata log is full up to its reserve: nothing is created until there is room again.",
            )),
        }
    }

    fn is_list(&self, kind: ResourceKind, name: &str) -> bool {
        key(kind, name).is_some_and(|key| key.kind == Kind::List)
    }

    fn default_value(&self, kind: ResourceKind, name: &str) -> Option<String> {
        key(kind, name)?.default.map(str::to_owned)
    }

    fn node_value_for_topic(&self, name: &str) -> Option<String> {
        self.layers()
            .resource_text(find(Level::Topic, name)?, &Unset)
            .0
    }

    fn default_partitions(&self) -> i32 {
        i32::try_from(self.layers().broker_number("num.partitions")).unwrap_or(1)
    }

    fn default_replication_factor(&self) -> i16 {
        i16::try_from(self.layers().broker_number("default.replication.factor")).unwrap_or(i16::MAX)
    }
}

fn key(kind: ResourceKind, name: &str) -> Option<&'static Key> {
    let level = match kind {
        ResourceKind::Topic => Level::Topic,
        ResourceKind::Broker => Level::Broker,
        ResourceKind::ClientMetrics => Level::ClientMetrics,
        ResourceKind::Group => Level::Group,
        ResourceKind::BrokerLogger => return None,
    };
    find(level, name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::StaticConfig;

    fn rules(node: &[(&str, &str)]) -> Rules {
        Rules::new(Arc::new(BrokerConfig::new(StaticConfig::of(node)).unwrap()))
    }

    fn values(pairs: &[(&str, &str)]) -> ConfigValues {
        pairs
            .iter()
            .map(|(name, text)| (Arc::from(*name), Arc::from(*text)))
            .collect()
    }

    #[test]
    fn each_kind_of_resource_is_refused_with_its_code() {
        for (resource, after, code) in [
            (
                ConfigResource::topic("t"),
                ("retention.ms", "x"),
                ErrorCode::INVALID_CONFIG,
            ),
            (
                ConfigResource::cluster_default(),
                ("max.connections", "x"),
                ErrorCode::INVALID_REQUEST,
            ),
            (
                ConfigResource::new(ResourceKind::Broker, "1"),
                ("node.id", "2"),
                ErrorCode::INVALID_REQUEST,
            ),
            (
                ConfigResource::new(ResourceKind::Group, "g"),
                ("x", "2"),
                ErrorCode::INVALID_CONFIG,
            ),
            (
                ConfigResource::new(ResourceKind::ClientMetrics, "m"),
                ("x", "2"),
                ErrorCode::INVALID_REQUEST,
            ),
        ] {
            let refusal = rules(&[])
                .check(&resource, &values(&[]), &values(&[after]))
                .unwrap_err();
            assert_eq!(refusal.code, code, "{resource}");
            assert!(
                rules(&[])
                    .check(&resource, &values(&[]), &values(&[]))
                    .is_ok(),
                "{resource}"
            );
        }
    }

    #[test]
    fn a_topic_with_factor_minus_one_gets_the_nodes_default() {
        let rules = rules(&[
            ("num.partitions", "6"),
            ("default.replication.factor", "3"),
            ("log.retention.hours", "1"),
        ]);
        assert_eq!(
            (
                rules.default_partitions(),
                rules.default_replication_factor()
            ),
            (6, 3)
        );
        assert_eq!(
            rules.node_value_for_topic("retention.ms").as_deref(),
            Some("3600000")
        );
        assert_eq!(
            rules
                .default_value(ResourceKind::Topic, "cleanup.policy")
                .as_deref(),
            Some("delete")
        );
        assert!(
            rules.is_list(ResourceKind::Topic, "cleanup.policy")
                && !rules.is_list(ResourceKind::Topic, "retention.ms")
        );
    }

    #[test]
    fn a_value_longer_than_a_record_can_hold_is_refused() {
        let long = values(&[("metrics", &"a".repeat(VALUE_MAX_LENGTH + 1))]);
        let resource = ConfigResource::new(ResourceKind::ClientMetrics, "m");
        let refusal = rules(&[])
            .check(&resource, &values(&[]), &long)
            .unwrap_err();
        assert_eq!(refusal.code, ErrorCode::INVALID_CONFIG);
    }

    #[test]
    fn nothing_is_created_while_the_metadata_log_has_no_room() {
        use ottla_controller::image::Image;
        use ottla_controller::{Dice, decide};
        use ottla_protocol::messages::create_topics::{CreatableTopic, CreateTopicsRequest};

        let full = rules(&[]).while_there_is_room(|| true);
        let request = CreateTopicsRequest {
            topics: vec![CreatableTopic {
                name: "orders".into(),
                num_partitions: 1,
                replication_factor: 1,
                ..Default::default()
            }],
            ..Default::default()
        };
        let mut dice = Dice::new(1);
        let outcome = decide::create_topics(&Image::default(), &full, &request, &mut dice);
        assert!(outcome.records.is_empty());
        let answer = &outcome.response.topics[0];
        assert_eq!(answer.error_code, ErrorCode::KAFKA_STORAGE_ERROR);
        let message = answer.error_message.as_deref().unwrap_or_default();
        assert!(message.contains("is full up to its reserve"), "{message}");
    }
}
