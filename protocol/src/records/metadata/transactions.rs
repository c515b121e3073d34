//! Records that are about the log itself: metadata transactions (KIP-868), the no-op, the old migration's state.

use crate::derive::Message;
use crate::{Str, TaggedFields};

/// What follows takes effect only at the matching end.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct BeginTransactionRecord {
    #[kafka(tag = 0, default = None)]
    pub name: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What followed the matching begin takes effect.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct EndTransactionRecord {
    pub unknown_tagged_fields: TaggedFields,
}

/// What followed the matching begin is to be forgotten.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct AbortTransactionRecord {
    #[kafka(tag = 0, default = None)]
    pub reason: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// Nothing: keeps the offset moving.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct NoOpRecord {
    pub unknown_tagged_fields: TaggedFields,
}

/// Where the migration from ZooKeeper stands: 0 none.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct ZkMigrationStateRecord {
    pub zk_migration_state: i8,
    pub unknown_tagged_fields: TaggedFields,
}
