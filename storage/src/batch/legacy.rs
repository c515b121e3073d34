//! Message sets of magic 0 and 1, as old segments may hold them: enough to walk them (KIP-724; nothing writes them).
//!
//! ```text
//!   offset i64 | size i32 | CRC-32 u32 of everything after it | magic i8 | attributes i8 | timestamp i64 (magic 1)
//!   | key: size i32 (−1: null), bytes | value: likewise
//! ```
//! A compressed message wraps a set of others in its value; its own offset is then that of the **last** one inside. Here it is one
//! entry: positions, sizes and last offsets are right without unfolding it.

use super::{Attributes, Codec, LENGTH_PREFIX_SIZE_BYTES, NO_TIMESTAMP, TimestampType};
use crate::error::Malformed;
use crate::offset::Offset;

const LEAST_LENGTH_MAGIC_0: usize = 14;
const LEAST_LENGTH_MAGIC_1: usize = 22;

/// One message, or one wrapper of compressed ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegacyMessage<'a> {
    /// Offset of the message; of the last message inside when it is a wrapper.
    pub last_offset: Offset,
    /// Size with offset and size field.
    pub size_bytes: usize,
    pub magic: i8,
    /// Whether the CRC-32 is right.
    pub is_valid: bool,
    pub codec: Option<Codec>,
    pub timestamp_type: TimestampType,
    /// Milliseconds; [`NO_TIMESTAMP`] in magic 0. The largest one inside when it is a wrapper.
    pub timestamp: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
}

impl<'a> LegacyMessage<'a> {
    /// The message at the start of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<LegacyMessage<'a>, Malformed> {
        let head: &[u8; 18] = bytes
            .first_chunk()
            .ok_or_else(|| malformed("it is too short"))?;
        let last_offset =
            i64::from_be_bytes(*head.first_chunk().expect("18 bytes begin with eight"));
        let length = i32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        let magic = head[16] as i8;
        let least_length = match magic {
            0 => LEAST_LENGTH_MAGIC_0,
            1 => LEAST_LENGTH_MAGIC_1,
            _ => return Err(malformed(format!("magic {magic} is not 0 or 1"))),
        };
        let size_bytes = usize::try_from(length)
            .ok()
            .filter(|length| *length >= least_length);
        let size_bytes = size_bytes.map(|length| length + LENGTH_PREFIX_SIZE_BYTES);
        let message = size_bytes
            .and_then(|size_bytes| bytes.get(..size_bytes))
            .ok_or_else(|| malformed(format!("length {length} is wrong")))?;
        let stored_crc = u32::from_be_bytes([head[12], head[13], head[14], head[15]]);
        let is_valid = checksum(&message[16..]) == stored_crc;
        let attributes = Attributes(i16::from(head[17]));
        let mut rest = &message[18..];
        let timestamp = if magic == 1 {
            i64::from_be_bytes(*take(&mut rest)?)
        } else {
            NO_TIMESTAMP
        };
        let has_append_time =
            magic == 1 && attributes.timestamp_type() == TimestampType::LogAppendTime;
        Ok(LegacyMessage {
            last_offset: Offset(last_offset),
            size_bytes: message.len(),
            magic,
            is_valid,
            codec: attributes.codec(),
            timestamp_type: if has_append_time {
                TimestampType::LogAppendTime
            } else {
                TimestampType::CreateTime
            },
            timestamp,
            key: field(&mut rest)?,
            value: field(&mut rest)?,
        })
    }
}

/// The messages of a set, up to a partial one at its end. A malformed one is the last item.
pub fn messages(set: &[u8]) -> impl Iterator<Item = Result<LegacyMessage<'_>, Malformed>> {
    let mut rest = set;
    std::iter::from_fn(move || {
        let size = super::Prefix::parse(rest)?.size_bytes().unwrap_or(0);
        if size > rest.len() {
            return None;
        }
        let message = LegacyMessage::parse(rest);
        rest = message
            .as_ref()
            .map_or(&[], |message| &rest[message.size_bytes..]);
        Some(message)
    })
}

/// CRC-32 (IEEE), which only these formats use.
fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
    let Ok(length) = usize::try_from(i32::from_be_bytes(*take(rest)?)) else {
        return Ok(None);
    };
    let (field, left) = rest
        .split_at_checked(length)
        .ok_or_else(|| malformed("a field is longer than it"))?;
    *rest = left;
    Ok(Some(field))
}

fn take<'a, const SIZE: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; SIZE], Malformed> {
    let (taken, left) = rest
        .split_first_chunk()
        .ok_or_else(|| malformed("it ends too early"))?;
    *rest = left;
    Ok(taken)
}

fn malformed(reason: impl Into<std::borrow::Cow<'static, str>>) -> Malformed {
    Malformed::new("legacy message", reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(magic: i8, offset: i64, value: Option<&[u8]>) -> Vec<u8> {
        let mut body = vec![magic as u8, 0];
        if magic == 1 {
            body.extend_from_slice(&77i64.to_be_bytes());
        }
        body.extend_from_slice(&1i32.to_be_bytes());
        body.push(b'k');
        body.extend_from_slice(&value.map_or(-1, |value| value.len() as i32).to_be_bytes());
        body.extend_from_slice(value.unwrap_or_default());
        let mut bytes = offset.to_be_bytes().to_vec();
        bytes.extend_from_slice(&(body.len() as i32 + 4).to_be_bytes());
        bytes.extend_from_slice(&checksum(&body).to_be_bytes());
        bytes.extend_from_slice(&body);
        bytes
    }

    #[test]
    fn a_set_is_walked_up_to_its_partial_end() {
        let mut set = [message(0, 5, Some(b"v")), message(1, 6, None)].concat();
        let partial = message(1, 7, Some(b"cut"));
        set.extend_from_slice(&partial[..partial.len() - 1]);
        let found: Vec<_> = messages(&set)
            .map(|found| found.expect("well formed"))
            .collect();
        assert_eq!(
            found
                .iter()
                .map(|found| found.last_offset.0)
                .collect::<Vec<_>>(),
            [5, 6]
        );
        assert!(
            found
                .iter()
                .all(|found| found.is_valid && found.key == Some(b"k"))
        );
        assert_eq!((found[0].timestamp, found[1].timestamp), (NO_TIMESTAMP, 77));
        assert_eq!((found[0].value, found[1].value), (Some(&b"v"[..]), None));
    }

    #[test]
    fn a_damaged_message_is_walked_over_but_not_valid() {
        let mut damaged = message(1, 5, Some(b"v"));
        *damaged.last_mut().expect("not empty") ^= 1;
        assert!(
            !LegacyMessage::parse(&damaged)
                .expect("its sizes are right")
                .is_valid
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100), magic in 0..2u8, length in -1..90i32) {
            let mut bytes = bytes;
            let _ = messages(&bytes).count();
            if bytes.len() >= 18 {
                bytes[16] = magic;
                bytes[8..12].copy_from_slice(&length.to_be_bytes());
                let _ = messages(&bytes).count();
            }
        }
    }
}
