//! Ottla's own metadata records: kinds from 1000 up, which no version of Kafka uses.

use crate::derive::Message;
use crate::{Str, TaggedFields};

/// The cluster's id: the first record of its log.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ClusterRecord {
    pub cluster_id: Str,
    pub unknown_tagged_fields: TaggedFields,
}
