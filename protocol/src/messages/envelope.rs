//! Envelope (key 58, version 0): wraps a request that a broker forwards to the controller (KIP-590).

use crate::derive::Message;
use crate::{Bytes, ErrorCode, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 58, response = EnvelopeResponse, versions = "0", flexible = "0..")]
pub struct EnvelopeRequest {
    pub request_data: Bytes,
    pub request_principal: Option<Bytes>,
    pub client_host_address: Bytes,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct EnvelopeResponse {
    #[kafka(default = None)]
    pub response_data: Option<Bytes>,
    pub error_code: ErrorCode,
    pub unknown_tagged_fields: TaggedFields,
}
