//! AlterUserScramCredentials (key 51, version 0): writes and deletes SCRAM credentials (KIP-554).

use crate::derive::Message;
use crate::{Bytes, ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 51, response = AlterUserScramCredentialsResponse, versions = "0", flexible = "0..")]
pub struct AlterUserScramCredentialsRequest {
    pub deletions: Vec<ScramCredentialDeletion>,
    pub upsertions: Vec<ScramCredentialUpsertion>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterUserScramCredentialsRequest::deletions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ScramCredentialDeletion {
    pub name: Str,
    pub mechanism: i8,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterUserScramCredentialsRequest::upsertions`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ScramCredentialUpsertion {
    pub name: Str,
    pub mechanism: i8,
    pub iterations: i32,
    pub salt: Bytes,
    pub salted_password: Bytes,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct AlterUserScramCredentialsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<AlterUserScramCredentialsResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`AlterUserScramCredentialsResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterUserScramCredentialsResult {
    pub user: Str,
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
