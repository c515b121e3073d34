//! A principal as a broker hands it to the controller within an Envelope, prefixed with its version, an i16: see [`super::prefixed`].

use crate::derive::Message;
use crate::{Str, TaggedFields};

/// A principal and whether it came by a delegation token.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct DefaultPrincipalData {
    pub r#type: Str,
    pub name: Str,
    pub token_authenticated: bool,
    pub unknown_tagged_fields: TaggedFields,
}
