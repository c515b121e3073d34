//! CreateDelegationToken (key 38, versions 1–3): creates a delegation token (KIP-48).
//!
//! * 2: flexible
//! * 3: an owner other than the requester (KIP-373)

use crate::derive::Message;
use crate::{Bytes, ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 38, response = CreateDelegationTokenResponse, versions = "1..=3", flexible = "2..")]
pub struct CreateDelegationTokenRequest {
    #[kafka(versions = "3..")]
    pub owner_principal_type: Option<Str>,
    #[kafka(versions = "3..")]
    pub owner_principal_name: Option<Str>,
    pub renewers: Vec<CreatableRenewers>,
    pub max_lifetime_ms: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`CreateDelegationTokenRequest::renewers`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableRenewers {
    pub principal_type: Str,
    pub principal_name: Str,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=3", flexible = "2..")]
pub struct CreateDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub principal_type: Str,
    pub principal_name: Str,
    #[kafka(versions = "3..")]
    pub token_requester_principal_type: Str,
    #[kafka(versions = "3..")]
    pub token_requester_principal_name: Str,
    pub issue_timestamp_ms: i64,
    pub expiry_timestamp_ms: i64,
    pub max_timestamp_ms: i64,
    pub token_id: Str,
    pub hmac: Bytes,
    pub throttle_time_ms: i32,
    pub unknown_tagged_fields: TaggedFields,
}
