//! DescribeDelegationToken (key 41, versions 1–3): lists delegation tokens.
//!
//! * 2: flexible
//! * 3: the requester (KIP-373)

use crate::derive::Message;
use crate::{Bytes, ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 41, response = DescribeDelegationTokenResponse, versions = "1..=3", flexible = "2..")]
pub struct DescribeDelegationTokenRequest {
    pub owners: Option<Vec<DescribeDelegationTokenOwner>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeDelegationTokenRequest::owners`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeDelegationTokenOwner {
    pub principal_type: Str,
    pub principal_name: Str,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "1..=3", flexible = "2..")]
pub struct DescribeDelegationTokenResponse {
    pub error_code: ErrorCode,
    pub tokens: Vec<DescribedDelegationToken>,
    pub throttle_time_ms: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeDelegationTokenResponse::tokens`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedDelegationToken {
    pub principal_type: Str,
    pub principal_name: Str,
    #[kafka(versions = "3..")]
    pub token_requester_principal_type: Str,
    #[kafka(versions = "3..")]
    pub token_requester_principal_name: Str,
    pub issue_timestamp: i64,
    pub expiry_timestamp: i64,
    pub max_timestamp: i64,
    pub token_id: Str,
    pub hmac: Bytes,
    pub renewers: Vec<DescribedDelegationTokenRenewer>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribedDelegationToken::renewers`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedDelegationTokenRenewer {
    pub principal_type: Str,
    pub principal_name: Str,
    pub unknown_tagged_fields: TaggedFields,
}
