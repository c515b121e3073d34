//! Sixteen bytes as Kafka spells them in files: URL-safe base64 without padding, 22 characters.

use std::fmt;
use std::str::FromStr;

/// A topic's or directory's id. The protocol crate has its own type of the same bytes; this crate knows no protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    pub const ZERO: Uuid = Uuid([0; 16]);
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const TEXT_LENGTH: usize = 22;

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 22 characters hold 132 bits; the last four are zero.
        let bits = u128::from_be_bytes(self.0);
        for index in 0..TEXT_LENGTH {
            let shift = 122 - 6 * index as i32;
            let six = if shift >= 0 {
                bits >> shift
            } else {
                bits << -shift
            };
            write!(f, "{}", ALPHABET[(six & 63) as usize] as char)?;
        }
        Ok(())
    }
}

/// The text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAUuid;

impl FromStr for Uuid {
    type Err = NotAUuid;

    /// Padding (`==`) is accepted, as Java does.
    fn from_str(text: &str) -> Result<Uuid, NotAUuid> {
        let text = text.strip_suffix("==").unwrap_or(text).as_bytes();
        if text.len() != TEXT_LENGTH {
            return Err(NotAUuid);
        }
        let mut bits: u128 = 0;
        for (index, character) in text.iter().enumerate() {
            let six = ALPHABET
                .iter()
                .position(|known| known == character)
                .ok_or(NotAUuid)? as u128;
            bits = if index + 1 < TEXT_LENGTH {
                bits << 6 | six
            } else {
                bits << 2 | six >> 4
            };
        }
        Ok(Uuid(bits.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_spelling_is_javas() {
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Uuid([0xff; 16]).to_string(), "_____________________w");
        assert_eq!(
            "AAAAAAAAAAAAAAAAAAAAAQ==".parse(),
            Ok(Uuid(1u128.to_be_bytes()))
        );
        assert_eq!(
            "AAAAAAAAAAAAAAAAAAAAAB".parse(),
            Ok(Uuid::ZERO),
            "bits beyond the last byte"
        );
    }

    proptest! {
        #[test]
        fn an_id_survives_its_spelling(bytes in any::<[u8; 16]>()) {
            prop_assert_eq!(Uuid(bytes).to_string().parse(), Ok(Uuid(bytes)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,30}") {
            let _ = text.parse::<Uuid>();
        }
    }
}
