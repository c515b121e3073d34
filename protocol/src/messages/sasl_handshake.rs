//! SaslHandshake (key 17, versions 0–1): chooses the SASL mechanism. Never flexible.
//!
//! * 1: tokens follow in SaslAuthenticate requests, not bare

use crate::derive::Message;
use crate::{ErrorCode, Str};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 17, response = SaslHandshakeResponse, versions = "0..=1")]
pub struct SaslHandshakeRequest {
    pub mechanism: Str,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=1")]
pub struct SaslHandshakeResponse {
    pub error_code: ErrorCode,
    pub mechanisms: Vec<Str>,
}
