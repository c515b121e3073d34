//! One frame: a body with its length and checksum in front, so that a torn write is seen for what it is.
//!
//! ```text
//!   length u32 | CRC-32C of the body u32 | body
//! ```
//! A length of 0 is not a frame: it is what an unwritten part of a file looks like.

use super::format::FormatError;
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes in front of the body.
pub const OVERHEAD_BYTES: usize = 8;
/// Longer bodies are refused; a decision makes at most some megabytes.
pub const BODY_BYTES_MAX: usize = 256 << 20;

/// Appends a frame whose body `write` appends.
pub fn put_frame(
    to: &mut BytesMut,
    write: impl FnOnce(&mut BytesMut) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let start = to.len();
    to.put_u64(0);
    write(to)?;
    let body = &to[start + OVERHEAD_BYTES..];
    assert!(
        !body.is_empty() && body.len() <= BODY_BYTES_MAX,
        "a frame of {} bytes",
        body.len()
    );
    let length = u32::try_from(body.len()).expect("checked above");
    let checksum = crc32c::crc32c(body);
    to[start..start + 4].copy_from_slice(&length.to_be_bytes());
    to[start + 4..start + 8].copy_from_slice(&checksum.to_be_bytes());
    Ok(())
}

/// Takes the frame at the front of `from`; `None` when there is no whole and undamaged one, and `from` is unchanged.
pub fn take_frame(from: &mut Bytes) -> Option<Bytes> {
    let mut head = from.get(..OVERHEAD_BYTES)?;
    let length = usize::try_from(head.get_u32()).ok()?;
    let checksum = head.get_u32();
    if length == 0 || length > BODY_BYTES_MAX {
        return None;
    }
    let body = from.get(OVERHEAD_BYTES..OVERHEAD_BYTES + length)?;
    if crc32c::crc32c(body) != checksum {
        return None;
    }
    from.advance(OVERHEAD_BYTES);
    Some(from.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(body: &[u8]) -> BytesMut {
        let mut to = BytesMut::new();
        put_frame(&mut to, |to| {
            to.put_slice(body);
            Ok(())
        })
        .unwrap();
        to
    }

    #[test]
    fn frames_come_back_in_order() {
        let mut both = framed(b"one");
        both.unsplit(framed(b"two"));
        let mut from = both.freeze();
        assert_eq!(take_frame(&mut from).unwrap(), "one");
        assert_eq!(take_frame(&mut from).unwrap(), "two");
        assert_eq!(take_frame(&mut from), None);
    }

    #[test]
    fn no_flipped_bit_and_no_cut_passes() {
        let whole = framed(b"body").freeze();
        for cut in 0..whole.len() {
            assert_eq!(take_frame(&mut whole.slice(..cut)), None);
        }
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(take_frame(&mut Bytes::from(damaged)), None, "bit {bit}");
        }
    }

    #[test]
    fn zeros_are_not_a_frame() {
        assert_eq!(take_frame(&mut Bytes::from(vec![0; 64])), None);
    }
}
