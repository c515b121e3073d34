//! DescribeClientQuotas (key 48, versions 0–1): lists client quotas (KIP-546).
//!
//! * 1: flexible

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 48, response = DescribeClientQuotasResponse, versions = "0..=1", flexible = "1..")]
pub struct DescribeClientQuotasRequest {
    pub components: Vec<ComponentData>,
    pub strict: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeClientQuotasRequest::components`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ComponentData {
    pub entity_type: Str,
    pub match_type: i8,
    pub r#match: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1", flexible = "1..")]
pub struct DescribeClientQuotasResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub entries: Option<Vec<EntryData>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeClientQuotasResponse::entries`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EntryData {
    pub entity: Vec<EntityData>,
    pub values: Vec<ValueData>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`EntryData::entity`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EntityData {
    pub entity_type: Str,
    pub entity_name: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`EntryData::values`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ValueData {
    pub key: Str,
    pub value: f64,
    pub unknown_tagged_fields: TaggedFields,
}
