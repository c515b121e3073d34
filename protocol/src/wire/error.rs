//! Why bytes are not a message, and why a value cannot be written in a version.
//!
//! Both are small and free of allocation: a peer can provoke a [`DecodeError`] at will.

use std::fmt;

use crate::api_key::ApiKey;

/// Bytes that are not what the protocol says they must be. The connection that sent them is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The input ended in the middle of a value.
    Truncated { needed: usize, remaining: usize },
    /// A variable-length integer longer than its type.
    VarintTooLong,
    /// A negative length other than null.
    NegativeLength(i64),
    /// An array longer than the bytes that are left could hold.
    ArrayTooLong { length: usize, remaining: usize },
    /// An array that would take more memory than this message may.
    TooLarge { size_bytes: usize },
    /// A string longer than 32,767 bytes (Kafka's limit in every encoding).
    StringTooLong(usize),
    /// Null where the version does not allow it.
    UnexpectedNull,
    /// A tagged field whose content is longer or shorter than its declared size.
    TagSizeMismatch { tag: u32, unread: usize },
    /// A known tag in a version that does not have it.
    TagNotInVersion { tag: u32, version: i16 },
    /// Bytes left over after the message.
    TrailingBytes(usize),
    /// A version outside the message's range.
    UnsupportedVersion { message: &'static str, version: i16 },
    /// A request of a kind that this protocol does not know.
    UnknownApiKey(ApiKey),
    /// An internal record of a kind that this protocol does not know.
    UnknownRecordType(i64),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed, remaining } => {
                write!(f, "a value needs {needed} bytes and {remaining} are left")
            }
            Self::VarintTooLong => write!(f, "a variable-length integer does not end"),
            Self::NegativeLength(length) => write!(f, "a length of {length}"),
            Self::ArrayTooLong { length, remaining } => {
                write!(
                    f,
                    "an array of {length} elements cannot fit into the {remaining} bytes left"
                )
            }
            Self::TooLarge { size_bytes } => {
                write!(
                    f,
                    "an array would take {size_bytes} bytes more than allowed"
                )
            }
            Self::StringTooLong(length) => write!(f, "a string of {length} bytes exceeds 32767"),
            Self::UnexpectedNull => write!(f, "null in a field that cannot be null"),
            Self::TagSizeMismatch { tag, unread } => {
                write!(f, "tagged field {tag} leaves {unread} of its bytes unread")
            }
            Self::TagNotInVersion { tag, version } => {
                write!(f, "tagged field {tag} does not exist in version {version}")
            }
            Self::TrailingBytes(count) => write!(f, "{count} bytes follow the message"),
            Self::UnsupportedVersion { message, version } => {
                write!(f, "{message} has no version {version}")
            }
            Self::UnknownApiKey(key) => write!(f, "unknown api key {}", key.0),
            Self::UnknownRecordType(kind) => write!(f, "unknown record type {kind}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// A value that the asked version cannot express. Always a mistake of the program that made the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// A version outside the message's range.
    UnsupportedVersion { message: &'static str, version: i16 },
    /// A field is set that the version lacks and that may not be dropped silently.
    FieldNotInVersion { field: &'static str, version: i16 },
    /// Null in a field that the version does not let be null.
    NullNotInVersion { field: &'static str, version: i16 },
    /// A string over 32,767 bytes, or anything over 2 GiB.
    TooLong { length: usize },
    /// Unknown tagged fields are set but the version has no tagged fields.
    TagsNotInVersion { version: i16 },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsupportedVersion { message, version } => {
                write!(f, "{message} has no version {version}")
            }
            Self::FieldNotInVersion { field, version } => {
                write!(f, "{field} is set but version {version} does not have it")
            }
            Self::NullNotInVersion { field, version } => {
                write!(f, "{field} is null, which version {version} does not allow")
            }
            Self::TooLong { length } => write!(
                f,
                "a value of {length} bytes is too long for its length field"
            ),
            Self::TagsNotInVersion { version } => {
                write!(f, "tagged fields are set but version {version} has none")
            }
        }
    }
}

impl std::error::Error for EncodeError {}
