//! DescribeUserScramCredentials (key 50, version 0): lists SCRAM credentials without their secrets (KIP-554).

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 50, response = DescribeUserScramCredentialsResponse, versions = "0", flexible = "0..")]
pub struct DescribeUserScramCredentialsRequest {
    pub users: Option<Vec<UserName>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeUserScramCredentialsRequest::users`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct UserName {
    pub name: Str,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct DescribeUserScramCredentialsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub results: Vec<DescribeUserScramCredentialsResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeUserScramCredentialsResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeUserScramCredentialsResult {
    pub user: Str,
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub credential_infos: Vec<CredentialInfo>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`DescribeUserScramCredentialsResult::credential_infos`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CredentialInfo {
    pub mechanism: i8,
    pub iterations: i32,
    pub unknown_tagged_fields: TaggedFields,
}
