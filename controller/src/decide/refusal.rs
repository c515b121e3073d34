//! Why a request, or one item of it, is not done: an error code and what to tell the client.

use ottla_protocol::{ErrorCode, Str};

/// An error for one item of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: ErrorCode,
    /// `None` where Kafka sends none either, because the code says it all.
    pub message: Option<Str>,
}

impl Refusal {
    /// A refusal with a message.
    pub fn new(code: ErrorCode, message: impl Into<Str>) -> Self {
        Refusal {
            code,
            message: Some(message.into()),
        }
    }

    /// A refusal with the message that its code has.
    pub fn plain(code: ErrorCode) -> Self {
        Refusal::new(code, Str::from_static(code.message()))
    }

    /// A refusal whose code says it all.
    pub fn bare(code: ErrorCode) -> Self {
        Refusal {
            code,
            message: None,
        }
    }

    /// INVALID_REQUEST with a message.
    pub fn invalid_request(message: impl Into<Str>) -> Self {
        Self::new(ErrorCode::INVALID_REQUEST, message)
    }
}
