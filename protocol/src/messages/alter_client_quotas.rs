//! AlterClientQuotas (key 49, versions 0–1): changes client quotas (KIP-546).
//!
//! * 1: flexible

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 49, response = AlterClientQuotasResponse, versions = "0..=1", flexible = "1..")]
pub struct AlterClientQuotasRequest {
    pub entries: Vec<RequestEntryData>,
    pub validate_only: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterClientQuotasRequest::entries`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct RequestEntryData {
    pub entity: Vec<EntityData>,
    pub ops: Vec<OpData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RequestEntryData::entity`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EntityData {
    pub entity_type: Str,
    pub entity_name: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RequestEntryData::ops`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OpData {
    pub key: Str,
    pub value: f64,
    pub remove: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "1..")]
pub struct AlterClientQuotasResponse {
    pub throttle_time_ms: i32,
    pub entries: Vec<ResponseEntryData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterClientQuotasResponse::entries`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ResponseEntryData {
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub entity: Vec<EntityData>,
    pub unknown_tagged_fields: TaggedFields,
}
