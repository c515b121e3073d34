//! What changed between two images, by name: where a subscriber has to look.
//!
//! A delta holds no values. They are in the image before and the image after, which every update carries, so that deltas
//! can be merged by union and a subscriber that lags behind sees one larger update instead of a queue without end. What is
//! in neither image came and went in between, and is nobody's business any more.

use crate::acl::AclId;
use crate::ids::{BrokerId, TopicId};
use crate::image::{ConfigResource, Image, ScramKey, Topic};
use imbl::ordmap::DiffItem;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The things that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Topics that were created, removed or changed, with the partitions that changed (all of a removed topic's).
    pub topics: BTreeMap<TopicId, BTreeSet<i32>>,
    pub brokers: BTreeSet<BrokerId>,
    pub configs: BTreeSet<ConfigResource>,
    pub features: BTreeSet<Arc<str>>,
    pub scram: BTreeSet<ScramKey>,
    pub tokens: BTreeSet<Arc<str>>,
    pub producer_ids: bool,
    pub client_quotas: bool,
    pub cluster_id: bool,
    pub acls: BTreeSet<AclId>,
}

impl Delta {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Delta::default()
    }

    /// Adds what another delta names.
    pub fn merge(&mut self, later: &Delta) {
        for (topic, partitions) in &later.topics {
            self.topics.entry(*topic).or_default().extend(partitions);
        }
        self.brokers.extend(&later.brokers);
        self.configs.extend(later.configs.iter().cloned());
        self.features.extend(later.features.iter().cloned());
        self.scram.extend(later.scram.iter().cloned());
        self.tokens.extend(later.tokens.iter().cloned());
        self.producer_ids |= later.producer_ids;
        self.client_quotas |= later.client_quotas;
        self.cluster_id |= later.cluster_id;
        self.acls.extend(&later.acls);
    }

    /// Everything in which two images differ. Costs what differs where the images share their history, and both sizes
    /// otherwise (after a snapshot was loaded).
    pub fn between(before: &Image, after: &Image) -> Self {
        let mut delta = Delta::default();
        for item in before.topics.diff(&after.topics) {
            match item {
                DiffItem::Add(_, topic) | DiffItem::Remove(_, topic) => delta.removed_topic(topic),
                DiffItem::Update {
                    old: (_, old),
                    new: (_, new),
                } => delta.changed_topic(old, new),
            }
        }
        for item in before.brokers.diff(&after.brokers) {
            delta.broker(*key_of(item));
        }
        for item in before.configs.diff(&after.configs) {
            delta.config(key_of(item).clone());
        }
        for item in before.features.diff(&after.features) {
            delta.feature(key_of(item).clone());
        }
        for item in before.acls.diff(&after.acls) {
            delta.acl(*key_of(item));
        }
        for item in before.scram.diff(&after.scram) {
            delta.scram(key_of(item).clone());
        }
        for item in before.tokens.diff(&after.tokens) {
            delta.token(key_of(item).clone());
        }
        delta.producer_ids = before.producer_ids != after.producer_ids;
        delta.client_quotas = before.client_quotas != after.client_quotas;
        delta.cluster_id = before.cluster_id != after.cluster_id;
        delta
    }

    fn changed_topic(&mut self, old: &Topic, new: &Topic) {
        let changed = self.topics.entry(new.id).or_default();
        changed.extend(
            old.partitions
                .diff(&new.partitions)
                .map(|item| *key_of(item)),
        );
    }

    pub(crate) fn topic(&mut self, topic: TopicId) {
        self.topics.entry(topic).or_default();
    }

    pub(crate) fn partition(&mut self, topic: TopicId, partition: i32) {
        self.topics.entry(topic).or_default().insert(partition);
    }

    pub(crate) fn removed_topic(&mut self, topic: &Topic) {
        self.topics
            .entry(topic.id)
            .or_default()
            .extend(topic.partitions.keys());
    }

    pub(crate) fn broker(&mut self, broker: BrokerId) {
        self.brokers.insert(broker);
    }

    pub(crate) fn config(&mut self, resource: ConfigResource) {
        self.configs.insert(resource);
    }

    pub(crate) fn acl(&mut self, acl: AclId) {
        self.acls.insert(acl);
    }

    pub(crate) fn scram(&mut self, key: ScramKey) {
        self.scram.insert(key);
    }

    pub(crate) fn token(&mut self, id: Arc<str>) {
        self.tokens.insert(id);
    }

    pub(crate) fn feature(&mut self, name: Arc<str>) {
        self.features.insert(name);
    }
}

fn key_of<'a, K, V>(item: DiffItem<'a, 'a, K, V>) -> &'a K {
    match item {
        DiffItem::Add(key, _) | DiffItem::Remove(key, _) => key,
        DiffItem::Update { old: (key, _), .. } => key,
    }
}
