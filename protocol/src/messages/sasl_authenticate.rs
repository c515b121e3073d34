//! SaslAuthenticate (key 36, versions 0–2): carries one SASL token each way.
//!
//! * 1: the session's lifetime (KIP-368)
//! * 2: flexible

use crate::derive::Message;
use crate::{Bytes, ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 36, response = SaslAuthenticateResponse, versions = "0..=2", flexible = "2..")]
pub struct SaslAuthenticateRequest {
    pub auth_bytes: Bytes,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=2", flexible = "2..")]
pub struct SaslAuthenticateResponse {
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub auth_bytes: Bytes,
    #[kafka(versions = "1..", ignorable)]
    pub session_lifetime_ms: i64,
    pub unknown_tagged_fields: TaggedFields,
}
