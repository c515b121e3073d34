//! Frames: an i32 length, then a header and a body.
//!
//! The limit on a frame is checked on its four length bytes alone, before anything is reserved for the rest.

use std::fmt;

use crate::header::{HeaderForm, RequestHeader, ResponseHeader};
use crate::message::{Message, Request};
use crate::wire::{Chunk, EncodeError, Encoder, Str};

/// A length that no frame may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameError {
    /// What the four bytes said.
    pub length: i32,
    /// What is allowed (`socket.request.max.bytes`).
    pub limit_bytes: usize,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every TLS connection begins so: the record of a handshake, of version 3.
        if self.length.to_be_bytes().starts_with(&[0x16, 0x03]) {
            return f.write_str("what came is TLS, and this listener speaks plaintext");
        }
        write!(
            f,
            "a frame of {} bytes, of at most {}",
            self.length, self.limit_bytes
        )
    }
}

impl std::error::Error for FrameError {}

/// The size in bytes of the frame that the prefix announces.
///
/// # Errors
/// A negative length or one over the limit.
pub fn size(prefix: [u8; 4], limit_bytes: usize) -> Result<usize, FrameError> {
    let length = i32::from_be_bytes(prefix);
    match usize::try_from(length) {
        Ok(size) if size <= limit_bytes => Ok(size),
        _ => Err(FrameError {
            length,
            limit_bytes,
        }),
    }
}

/// A whole request, ready to be sent.
///
/// # Errors
/// A body that the version cannot express.
pub fn request<R: Request>(
    version: i16,
    correlation_id: i32,
    client_id: Option<Str>,
    body: &R,
) -> Result<Vec<Chunk>, EncodeError> {
    let form = if R::is_flexible(version) {
        HeaderForm::Tagged
    } else {
        HeaderForm::Plain
    };
    let header = RequestHeader {
        api_key: R::KEY,
        api_version: version,
        correlation_id,
        client_id,
        ..RequestHeader::default()
    };
    let mut to = Encoder::framed();
    header.encode(&mut to, form)?;
    body.encode(&mut to, version)?;
    finish(to)
}

/// A whole response, ready to be sent.
///
/// # Errors
/// A body that the version cannot express.
pub fn response<M: Message>(
    form: HeaderForm,
    version: i16,
    correlation_id: i32,
    body: &M,
) -> Result<Vec<Chunk>, EncodeError> {
    finish(encode_response(form, version, correlation_id, body)?)
}

/// As [`response`], before it is closed: to see its size and the errors it tells.
///
/// # Errors
/// As [`response`].
pub fn encode_response<M: Message>(
    form: HeaderForm,
    version: i16,
    correlation_id: i32,
    body: &M,
) -> Result<Encoder, EncodeError> {
    let mut to = Encoder::framed();
    ResponseHeader {
        correlation_id,
        ..ResponseHeader::default()
    }
    .encode(&mut to, form)?;
    body.encode(&mut to, version)?;
    Ok(to)
}

/// What was encoded, as a frame.
///
/// # Errors
/// More than a frame can hold.
pub fn finish(to: Encoder) -> Result<Vec<Chunk>, EncodeError> {
    let length = to.size_bytes();
    if length > i32::MAX as usize {
        return Err(EncodeError::TooLong { length });
    }
    Ok(to.into_frame())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;
    use crate::messages::heartbeat::HeartbeatResponse;

    #[test]
    fn a_frame_over_the_limit_or_of_negative_length_is_refused() {
        assert_eq!(size([0, 0, 1, 0], 256), Ok(256));
        assert_eq!(
            size([0, 0, 1, 1], 256),
            Err(FrameError {
                length: 257,
                limit_bytes: 256
            })
        );
        assert_eq!(
            size([0xff; 4], 256),
            Err(FrameError {
                length: -1,
                limit_bytes: 256
            })
        );
    }

    #[test]
    fn a_response_is_prefixed_with_its_length() {
        let chunks =
            response(HeaderForm::Plain, 0, 5, &HeartbeatResponse::default()).expect("encodes");
        assert_eq!(
            chunks,
            [Chunk::Bytes(Bytes::from_static(&[
                0, 0, 0, 6, 0, 0, 0, 5, 0, 0
            ]))]
        );
    }

    #[test]
    fn the_errors_of_an_answer_are_counted_wherever_they_stand() {
        use crate::ErrorCode;
        use crate::messages::delete_topics::{DeletableTopicResult, DeleteTopicsResponse};
        let topic = |error_code| DeletableTopicResult {
            error_code,
            ..Default::default()
        };
        let response = DeleteTopicsResponse {
            responses: vec![
                topic(ErrorCode::NONE),
                topic(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                topic(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            ],
            ..Default::default()
        };
        let encoded = encode_response(HeaderForm::Tagged, 6, 1, &response).expect("encodes");
        let counted = [(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, 2)];
        assert_eq!(encoded.errors(), counted);
    }
}
