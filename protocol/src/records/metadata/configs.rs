//! Configuration values, client quotas, feature levels and producer ids.

use crate::derive::Message;
use crate::{Str, TaggedFields};

/// A configuration value was set, or removed when null.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ConfigRecord {
    pub resource_type: i8,
    pub resource_name: Str,
    pub name: Str,
    pub value: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A client quota was set or removed.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ClientQuotaRecord {
    pub entity: Vec<EntityData>,
    pub key: Str,
    pub value: f64,
    pub remove: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`ClientQuotaRecord::entity`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EntityData {
    pub entity_type: Str,
    pub entity_name: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A feature now runs at this level; 0 removes it.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct FeatureLevelRecord {
    pub name: Str,
    pub feature_level: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// A block of producer ids was given out: it ends before the next id.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ProducerIdsRecord {
    pub broker_id: i32,
    #[kafka(default = -1)]
    pub broker_epoch: i64,
    pub next_producer_id: i64,
    pub unknown_tagged_fields: TaggedFields,
}
