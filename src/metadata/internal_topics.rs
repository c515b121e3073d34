//! Kafka's own topics: which they are and how they, or any other topic, are created when first needed.
//!
//! Pure. Source: `org.apache.kafka.common.internals.Topic`, `DefaultAutoTopicCreationManager.creatableTopic`.

use crate::config::Layers;
use ottla_protocol::Str;
use ottla_protocol::messages::create_topics::{CreatableTopic, CreatableTopicConfig};

/// Where group coordinators keep members and offsets.
pub const CONSUMER_OFFSETS: &str = "__consumer_offsets";
/// Where transaction coordinators keep transactions.
pub const TRANSACTION_STATE: &str = "__transaction_state";
/// Where share coordinators keep what was delivered.
pub const SHARE_GROUP_STATE: &str = "__share_group_state";

/// Whether clients see the topic marked as internal, and may not write to it.
pub fn is_internal(name: &str) -> bool {
    [CONSUMER_OFFSETS, TRANSACTION_STATE, SHARE_GROUP_STATE].contains(&name)
}

/// What is asked of the controller for a topic that is created on first use.
///
/// `is_lone`: the node bootstrapped itself and names no peers; then an unset replication factor of an internal topic means 1,
/// not Kafka's 3 that it could never reach.
pub fn creatable(name: &Str, layers: &Layers<'_>, is_lone: bool) -> CreatableTopic {
    let prefix = match name.as_str() {
        CONSUMER_OFFSETS => "offsets.topic",
        TRANSACTION_STATE => "transaction.state.log",
        SHARE_GROUP_STATE => "share.coordinator.state.topic",
        _ => return ordinary(name, layers),
    };
    let number = |key: &str| layers.broker_number(&format!("{prefix}.{key}"));
    let replication = match is_lone && !is_set(layers, &format!("{prefix}.replication.factor")) {
        true => 1,
        false => number("replication.factor"),
    };
    let mut configs = vec![config("segment.bytes", number("segment.bytes").to_string())];
    match name.as_str() {
        CONSUMER_OFFSETS => {
            configs.push(config("cleanup.policy", "compact"));
            configs.push(config("compression.type", "producer"));
        }
        TRANSACTION_STATE => {
            configs.push(config("cleanup.policy", "compact"));
            configs.push(config("compression.type", "uncompressed"));
            configs.push(config("unclean.leader.election.enable", "false"));
            configs.push(config("min.insync.replicas", number("min.isr").to_string()));
        }
        _ => {
            configs.push(config("cleanup.policy", "delete"));
            configs.push(config("compression.type", "producer"));
            configs.push(config("retention.ms", "-1"));
            configs.push(config("min.insync.replicas", number("min.isr").to_string()));
        }
    }
    CreatableTopic {
        name: name.clone(),
        num_partitions: i32::try_from(number("num.partitions")).unwrap_or(i32::MAX),
        replication_factor: i16::try_from(replication).unwrap_or(i16::MAX),
        configs,
        ..Default::default()
    }
}

fn ordinary(name: &Str, layers: &Layers<'_>) -> CreatableTopic {
    let set = |key: &str| is_set(layers, key).then(|| layers.broker_number(key));
    CreatableTopic {
        name: name.clone(),
        num_partitions: set("num.partitions")
            .and_then(|count| i32::try_from(count).ok())
            .unwrap_or(-1),
        replication_factor: set("default.replication.factor")
            .and_then(|count| i16::try_from(count).ok())
            .unwrap_or(-1),
        ..Default::default()
    }
}

fn is_set(layers: &Layers<'_>, key: &str) -> bool {
    layers
        .each()
        .iter()
        .any(|(layer, _)| layer.setting(key).is_some())
}

fn config(name: &'static str, value: impl Into<Str>) -> CreatableTopicConfig {
    CreatableTopicConfig {
        name: Str::from_static(name),
        value: Some(value.into()),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{StaticConfig, Unset};

    #[test]
    fn an_internal_topic_is_created_as_configured() {
        let node = StaticConfig::of(&[
            ("offsets.topic.num.partitions", "7"),
            ("offsets.topic.replication.factor", "2"),
            ("offsets.topic.segment.bytes", "1048576"),
        ]);
        let layers = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &node,
        };
        let topic = creatable(&CONSUMER_OFFSETS.into(), &layers, true);
        assert_eq!((topic.num_partitions, topic.replication_factor), (7, 2));
        let segment_bytes = topic
            .configs
            .iter()
            .find(|config| config.name == "segment.bytes");
        assert_eq!(
            segment_bytes.and_then(|config| config.value.as_deref()),
            Some("1048576")
        );
    }

    #[test]
    fn an_unset_replication_factor_is_one_on_a_lone_node_only() {
        let layers = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        };
        for (is_lone, expected) in [(true, 1), (false, 3)] {
            let topic = creatable(&CONSUMER_OFFSETS.into(), &layers, is_lone);
            assert_eq!(
                (topic.num_partitions, topic.replication_factor),
                (50, expected)
            );
        }
    }
}
