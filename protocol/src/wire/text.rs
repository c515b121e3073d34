//! [`Str`]: an immutable UTF-8 string that is a slice of the buffer it was received in.
//!
//! Cloning counts a reference. Bytes that are not UTF-8 become U+FFFD as in Kafka (`new String(bytes, UTF_8)`): only then is the
//! text copied.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use bytestring::ByteString;

/// Immutable UTF-8 text with cheap clones.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str(ByteString);

impl Str {
    /// The empty string.
    pub const EMPTY: Str = Str(ByteString::from_static(""));

    /// Text that lives as long as the program; costs nothing.
    pub const fn from_static(text: &'static str) -> Self {
        Self(ByteString::from_static(text))
    }

    /// Takes received bytes as text, without a copy when they are UTF-8.
    pub fn from_received(bytes: Bytes) -> Self {
        // Checked twice, which for names is cheaper than keeping a second reference for the case that it fails.
        match std::str::from_utf8(&bytes) {
            Ok(_) => Self(ByteString::try_from(bytes).expect("it was checked")),
            Err(_) => Self(String::from_utf8_lossy(&bytes).into_owned().into()),
        }
    }

    /// The text as a slice.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text's bytes, sharing the buffer.
    pub fn to_bytes(&self) -> Bytes {
        self.0.as_bytes().clone()
    }

    /// The same text in a buffer of its own: for values that outlive their request, so that they do not keep a whole frame alive.
    pub fn detached(&self) -> Self {
        Self(ByteString::from(self.as_str().to_owned()))
    }
}

impl Deref for Str {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self(ByteString::from(text.to_owned()))
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self(ByteString::from(text))
    }
}

impl From<&String> for Str {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Str> for Str {
    fn from(text: &Str) -> Self {
        text.clone()
    }
}

impl From<Str> for String {
    fn from(text: Str) -> Self {
        text.as_str().to_owned()
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Str {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn received_text_shares_the_buffer_it_came_in() {
        let buffer = Bytes::from(b"..topic".to_vec());
        let text = Str::from_received(buffer.slice(2..));
        assert_eq!(text, "topic");
        assert_eq!(text.as_ptr(), buffer[2..].as_ptr());
        assert_ne!(text.detached().as_ptr(), buffer[2..].as_ptr());
    }

    #[test]
    fn bytes_that_are_not_utf8_become_replacement_characters() {
        assert_eq!(
            Str::from_received(Bytes::from_static(b"a\xffb")),
            "a\u{fffd}b"
        );
    }
}
