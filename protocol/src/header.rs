//! What stands before the body of every request and response.
//!
//! ```text
//! request   api key i16 │ version i16 │ correlation id i32 │ client id: nullable string, never compact │ v2: tagged fields
//! response  correlation id i32 │ v1: tagged fields
//! ```
//! A flexible version of a body goes with request header 2 and response header 1, another with 1 and 0. The answer to ApiVersions
//! always has response header 0, as it is read before the peers know each other's versions (KIP-511).
//! Request header 0 went with ControlledShutdown 0, which Kafka 4.0 removed.

use crate::api_key::ApiKey;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Field, Str, TaggedFields, Version};

/// The versions of a header: only whether it ends in tagged fields differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderForm {
    /// Request header 1, response header 0.
    Plain,
    /// Request header 2, response header 1.
    Tagged,
}

impl HeaderForm {
    /// The header of requests of this kind. Also meaningful for versions that do not exist, as ApiVersions needs. `None` for kinds
    /// that do not exist.
    pub fn of_request(key: ApiKey, version: i16) -> Option<Self> {
        key.is_known().then(|| match key.flexible_from() {
            Some(first) if version >= first => Self::Tagged,
            _ => Self::Plain,
        })
    }

    /// The header of answers to requests of this kind.
    pub fn of_response(key: ApiKey, version: i16) -> Option<Self> {
        if key == ApiKey::API_VERSIONS {
            Some(Self::Plain)
        } else {
            Self::of_request(key, version)
        }
    }
}

/// What stands before the body of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestHeader {
    /// The kind of the request.
    pub api_key: ApiKey,
    /// The version of its body.
    pub api_version: i16,
    /// Chosen by the client and returned with the answer.
    pub correlation_id: i32,
    /// The client's name for itself, for quotas and logs.
    pub client_id: Option<Str>,
    /// Tagged fields; no version of the protocol defines one.
    pub unknown_tagged_fields: TaggedFields,
}

const PLAIN: Version = Version {
    number: 1,
    flexible: false,
};

impl RequestHeader {
    /// Reads the header of a request of a known kind.
    ///
    /// # Errors
    /// [`DecodeError::UnknownApiKey`] when the form of the header cannot be known.
    pub fn decode(from: &mut Decoder) -> Result<Self, DecodeError> {
        Self::decode_with(from, HeaderForm::of_request)
    }

    /// Reads a header whose form `form` knows: for APIs of our own beside Kafka's.
    ///
    /// # Errors
    /// [`DecodeError::UnknownApiKey`] when `form` does not know it.
    pub fn decode_with(
        from: &mut Decoder,
        form: impl FnOnce(ApiKey, i16) -> Option<HeaderForm>,
    ) -> Result<Self, DecodeError> {
        let api_key = ApiKey(from.i16()?);
        let api_version = from.i16()?;
        let form = form(api_key, api_version).ok_or(DecodeError::UnknownApiKey(api_key))?;
        Ok(Self {
            api_key,
            api_version,
            correlation_id: from.i32()?,
            client_id: Field::read(from, PLAIN)?,
            unknown_tagged_fields: read_tags(from, form)?,
        })
    }

    /// Writes the header.
    ///
    /// # Errors
    /// A client id longer than 32,767 bytes.
    pub fn encode(&self, to: &mut Encoder, form: HeaderForm) -> Result<(), EncodeError> {
        to.put(&self.api_key.0.to_be_bytes());
        to.put(&self.api_version.to_be_bytes());
        to.put(&self.correlation_id.to_be_bytes());
        self.client_id.write(to, PLAIN)?;
        write_tags(&self.unknown_tagged_fields, to, form)
    }
}

/// What stands before the body of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHeader {
    /// That of the request.
    pub correlation_id: i32,
    /// Tagged fields; no version of the protocol defines one.
    pub unknown_tagged_fields: TaggedFields,
}

impl ResponseHeader {
    /// Reads the header.
    ///
    /// # Errors
    /// Bytes that are not a header.
    pub fn decode(from: &mut Decoder, form: HeaderForm) -> Result<Self, DecodeError> {
        Ok(Self {
            correlation_id: from.i32()?,
            unknown_tagged_fields: read_tags(from, form)?,
        })
    }

    /// Writes the header.
    ///
    /// # Errors
    /// Tagged fields in a form without them.
    pub fn encode(&self, to: &mut Encoder, form: HeaderForm) -> Result<(), EncodeError> {
        to.put(&self.correlation_id.to_be_bytes());
        write_tags(&self.unknown_tagged_fields, to, form)
    }
}

fn read_tags(from: &mut Decoder, form: HeaderForm) -> Result<TaggedFields, DecodeError> {
    match form {
        HeaderForm::Plain => Ok(TaggedFields::default()),
        HeaderForm::Tagged => TaggedFields::read_all(from),
    }
}

fn write_tags(tags: &TaggedFields, to: &mut Encoder, form: HeaderForm) -> Result<(), EncodeError> {
    let version = Version {
        number: 0,
        flexible: form == HeaderForm::Tagged,
    };
    tags.begin_writing(0, to, version)?.finish(to);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;

    #[test]
    fn the_client_id_is_never_compact() {
        let bytes = Bytes::from_static(&[0, 3, 0, 9, 0, 0, 0, 7, 0, 2, b'm', b'e', 0, 99]);
        let mut from = Decoder::new(bytes.clone());
        let header = RequestHeader::decode(&mut from).expect("a header");
        assert_eq!(
            (header.api_key, header.api_version, header.correlation_id),
            (ApiKey::METADATA, 9, 7)
        );
        assert_eq!(header.client_id.as_deref(), Some("me"));
        assert_eq!(from.remaining(), 1, "the body");
        let mut to = Encoder::new();
        header.encode(&mut to, HeaderForm::Tagged).expect("encodes");
        assert_eq!(to.into_bytes(), bytes[..13]);
    }

    #[test]
    fn an_answer_to_api_versions_never_has_a_tagged_header() {
        assert_eq!(
            HeaderForm::of_request(ApiKey::API_VERSIONS, 99),
            Some(HeaderForm::Tagged)
        );
        assert_eq!(
            HeaderForm::of_response(ApiKey::API_VERSIONS, 4),
            Some(HeaderForm::Plain)
        );
        assert_eq!(
            HeaderForm::of_response(ApiKey::METADATA, 9),
            Some(HeaderForm::Tagged)
        );
        assert_eq!(
            HeaderForm::of_response(ApiKey::METADATA, 8),
            Some(HeaderForm::Plain)
        );
    }

    #[test]
    fn a_request_of_an_unknown_kind_has_no_readable_header() {
        let mut from = Decoder::new(Bytes::from_static(&[0, 4, 0, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(
            RequestHeader::decode(&mut from),
            Err(DecodeError::UnknownApiKey(ApiKey(4)))
        );
    }
}
