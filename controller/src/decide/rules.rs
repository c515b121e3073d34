//! What deciding needs to know about configuration, which `src/config` knows: a trait, so that the table of keys stays there.

use super::Refusal;
use crate::image::{ConfigResource, ConfigValues, Image, ResourceKind};

/// Topic configs that decide about leadership.
pub const MIN_IN_SYNC_REPLICAS: &str = "min.insync.replicas";
/// Whether a replica outside the ISR may lead when nothing else is left.
pub const UNCLEAN_LEADER_ELECTION: &str = "unclean.leader.election.enable";

/// The table of configuration keys, seen from the controller. Answers must not depend on anything but the arguments and
/// the node's own file, so that the same request is answered the same.
pub trait ConfigRules: Send + Sync {
    /// Checks all configs of a resource as they would be after a change: names, types, bounds, and whether a broker's config
    /// may be changed at run time. `before` is what was set until now, so that a check can look at what changes. The name and
    /// existence of the resource are checked elsewhere. Kafka answers INVALID_CONFIG for values and INVALID_REQUEST for
    /// what cannot be changed.
    fn check(
        &self,
        resource: &ConfigResource,
        before: &ConfigValues,
        after: &ConfigValues,
    ) -> Result<(), Refusal>;

    /// Whether the key is a list, to which APPEND and SUBTRACT apply.
    fn is_list(&self, kind: ResourceKind, name: &str) -> bool;

    /// Kafka's default of a key: what APPEND and SUBTRACT start from where nothing is set.
    fn default_value(&self, kind: ResourceKind, name: &str) -> Option<String>;

    /// The value of a topic config where neither topic nor cluster sets it: from the node's file, or the default.
    fn node_value_for_topic(&self, name: &str) -> Option<String>;

    /// `num.partitions`: what -1 means in CreateTopics.
    fn default_partitions(&self) -> i32;

    /// `default.replication.factor`: what -1 means in CreateTopics.
    fn default_replication_factor(&self) -> i16;

    /// Whether there is room for more topics and partitions in the metadata log of this node; elections, deletions and the like are
    /// decided in any case.
    ///
    /// # Errors
    /// What a client is told.
    fn metadata_room(&self) -> Result<(), Refusal> {
        Ok(())
    }
}

/// The value that applies to a topic: its own, the cluster's default, the node's.
pub(crate) fn topic_value(
    image: &Image,
    rules: &dyn ConfigRules,
    topic: &str,
    name: &str,
) -> Option<String> {
    let own = image.configs.value(&ConfigResource::topic(topic), name);
    let set = own.or_else(|| {
        image
            .configs
            .value(&ConfigResource::cluster_default(), name)
    });
    set.map(|value| value.to_string())
        .or_else(|| rules.node_value_for_topic(name))
}

/// A topic's `min.insync.replicas`, at least 1.
pub(crate) fn min_in_sync_replicas(image: &Image, rules: &dyn ConfigRules, topic: &str) -> usize {
    let value = topic_value(image, rules, topic, MIN_IN_SYNC_REPLICAS);
    value
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or(1)
        .max(1)
}

/// Whether a topic prefers availability over its data.
pub(crate) fn allows_unclean_election(image: &Image, rules: &dyn ConfigRules, topic: &str) -> bool {
    let value = topic_value(image, rules, topic, UNCLEAN_LEADER_ELECTION);
    value.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}
