//! Access control entries, SCRAM credentials, delegation tokens.

use crate::derive::Message;
use crate::{Bytes, Str, TaggedFields, Uuid};

/// An access control entry.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct AccessControlEntryRecord {
    pub id: Uuid,
    pub resource_type: i8,
    pub resource_name: Str,
    pub pattern_type: i8,
    pub principal: Str,
    pub host: Str,
    pub operation: i8,
    pub permission_type: i8,
    pub unknown_tagged_fields: TaggedFields,
}

/// An access control entry was removed.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct RemoveAccessControlEntryRecord {
    pub id: Uuid,
    pub unknown_tagged_fields: TaggedFields,
}

/// A user's SCRAM credential for one mechanism.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct UserScramCredentialRecord {
    pub name: Str,
    pub mechanism: i8,
    pub salt: Bytes,
    pub stored_key: Bytes,
    pub server_key: Bytes,
    pub iterations: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// A user's SCRAM credential was removed.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct RemoveUserScramCredentialRecord {
    pub name: Str,
    pub mechanism: i8,
    pub unknown_tagged_fields: TaggedFields,
}

/// A delegation token. Times are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct DelegationTokenRecord {
    pub owner: Str,
    pub requester: Str,
    pub renewers: Vec<Str>,
    pub issue_timestamp: i64,
    pub max_timestamp: i64,
    pub expiration_timestamp: i64,
    pub token_id: Str,
    pub unknown_tagged_fields: TaggedFields,
}

/// A delegation token was removed.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct RemoveDelegationTokenRecord {
    pub token_id: Str,
    pub unknown_tagged_fields: TaggedFields,
}
