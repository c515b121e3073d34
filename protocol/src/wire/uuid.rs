//! [`Uuid`]: Kafka's 128-bit identifiers of topics, directories, incarnations.
//!
//! Text form: base64 with the URL-safe alphabet and no padding, 22 characters (`org.apache.kafka.common.Uuid`). This module draws no
//! randomness: [`Uuid::from_random`] takes it as an argument.

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A 128-bit identifier in network byte order.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// No identifier: what a field of this type holds when it is not set.
    pub const ZERO: Uuid = Uuid([0; 16]);
    /// Kafka's `METADATA_TOPIC_ID`, and `DirectoryId.LOST` for directories: 0…01.
    pub const ONE: Uuid = Uuid(1u128.to_be_bytes());

    /// From the two halves that Kafka's Java code speaks of.
    pub const fn from_halves(most_significant: u64, least_significant: u64) -> Self {
        Self(((most_significant as u128) << 64 | least_significant as u128).to_be_bytes())
    }

    /// A version 4 identifier from 16 random bytes. `None` for the few that Kafka never uses: reserved values (its first hundred) and
    /// those whose text begins with a dash, which command-line tools would take for an option. Draw again then.
    pub fn from_random(mut random: [u8; 16]) -> Option<Self> {
        random[6] = random[6] & 0x0f | 0x40;
        random[8] = random[8] & 0x3f | 0x80;
        let usable = random[0] >> 2 != 62 && u128::from_be_bytes(random) >= 100;
        usable.then_some(Self(random))
    }

    /// Whether this is [`Uuid::ZERO`].
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u128::from_be_bytes(self.0);
        let mut text = [0u8; 22];
        for (index, character) in text.iter_mut().enumerate() {
            let shift = 122i32 - 6 * index as i32;
            let bits = if shift >= 0 {
                number >> shift
            } else {
                number << -shift
            };
            *character = ALPHABET[(bits & 63) as usize];
        }
        f.write_str(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not 22 characters of URL-safe base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUuid;

impl fmt::Display for InvalidUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a uuid is 22 characters of URL-safe base64")
    }
}

impl std::error::Error for InvalidUuid {}

impl FromStr for Uuid {
    type Err = InvalidUuid;

    fn from_str(text: &str) -> Result<Self, InvalidUuid> {
        let text = text.strip_suffix("==").unwrap_or(text);
        if text.len() != 22 {
            return Err(InvalidUuid);
        }
        let mut number = 0u128;
        for (index, character) in text.bytes().enumerate() {
            let bits = ALPHABET
                .iter()
                .position(|&known| known == character)
                .ok_or(InvalidUuid)? as u128;
            number = if index < 21 {
                number << 6 | bits
            } else {
                number << 2 | bits >> 4
            };
        }
        Ok(Self(number.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_is_the_one_of_the_java_client() {
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Uuid::ONE.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        let id = Uuid::from_halves(0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210);
        assert_eq!(id.to_string(), "ASNFZ4mrze_-3LqYdlQyEA");
        assert_eq!("ASNFZ4mrze_-3LqYdlQyEA".parse(), Ok(id));
    }

    #[test]
    fn text_of_another_length_or_alphabet_is_refused() {
        assert_eq!("ASNFZ4mrze_-3LqYdlQyE".parse::<Uuid>(), Err(InvalidUuid));
        assert_eq!("ASNFZ4mrze/+3LqYdlQyEA".parse::<Uuid>(), Err(InvalidUuid));
    }

    #[test]
    fn a_random_identifier_never_begins_with_a_dash() {
        assert_eq!(Uuid::from_random([0xf8; 16]), None);
        assert_eq!(Uuid::from_random([0x11; 16]).map(|id| id.0[6]), Some(0x41));
    }
}
