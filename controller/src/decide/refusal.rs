//! Why a request, or one item of it, is not done: an error code and what to tell the client.

use ottla_protocol::{ErrorCode, Str};

/// A message repeats what the client sent, which may be longer than any string of the protocol.
const MESSAGE_MAX_BYTES: usize = 4_096;

/// An error for one item of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: ErrorCode,
    /// `None` where Kafka sends none either, because the code says it all.
    pub message: Option<Str>,
}

impl Refusal {
    /// A refusal with a message, of which the client hears the beginning if it is long.
    pub fn new(code: ErrorCode, message: impl Into<Str>) -> Self {
        let mut message = message.into();
        if message.len() > MESSAGE_MAX_BYTES {
            let is_whole = |end: &usize| message.is_char_boundary(*end);
            let end = (0..=MESSAGE_MAX_BYTES).rev().find(is_whole).unwrap_or(0);
            message = Str::from(format!("{}…", &message[..end]));
        }
        Refusal {
            code,
            message: Some(message),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_repeats_a_long_value_can_still_be_sent() {
        let refusal = Refusal::invalid_request(format!("Invalid value {}", "é".repeat(30_000)));
        let message = refusal.message.unwrap();
        assert!(message.len() < 5_000 && message.ends_with('…'));
    }
}
