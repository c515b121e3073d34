//! Zigzag varints of record fields (`ByteUtils.readVarint`, `readVarlong`): 7 bits a byte, low ones first, at most 5 or 10 bytes.
//!
//! Overlong spellings are accepted, as in Kafka; what does not fit is not.

use std::io::{self, BufRead};

/// Most bytes of a 64-bit varint.
pub const MAX_SIZE_BYTES: usize = 10;

/// Appends `value`.
pub fn write(value: i64, to: &mut Vec<u8>) {
    let mut rest = zigzag(value);
    while rest >= 0x80 {
        to.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}

/// Bytes that [`write()`] takes for `value`.
pub fn size_bytes(value: i64) -> usize {
    (64 - (zigzag(value) | 1).leading_zeros()).div_ceil(7) as usize
}

/// The 32-bit varint at the start of `bytes`, and how many bytes it takes.
#[inline]
pub fn read_i32(bytes: &[u8]) -> Option<(i32, usize)> {
    let (raw, size) = read_raw(bytes, 5)?;
    // The fifth byte holds the upper four bits; Java shifts the rest away.
    let raw = raw as u32;
    Some(((raw >> 1) as i32 ^ -((raw & 1) as i32), size))
}

/// The 64-bit varint at the start of `bytes`, and how many bytes it takes.
#[inline]
pub fn read_i64(bytes: &[u8]) -> Option<(i64, usize)> {
    let (raw, size) = read_raw(bytes, MAX_SIZE_BYTES)?;
    Some(((raw >> 1) as i64 ^ -((raw & 1) as i64), size))
}

/// Takes a 32-bit varint off a stream; yields its size too. `InvalidData` when it has no end.
pub fn take_i32(from: &mut impl BufRead) -> io::Result<(i32, usize)> {
    take(from, 5, read_i32)
}

/// Takes a 64-bit varint off a stream; yields its size too. `InvalidData` when it has no end.
pub fn take_i64(from: &mut impl BufRead) -> io::Result<(i64, usize)> {
    take(from, MAX_SIZE_BYTES, read_i64)
}

fn take<T>(
    from: &mut impl BufRead,
    most_bytes: usize,
    read: impl Fn(&[u8]) -> Option<(T, usize)>,
) -> io::Result<(T, usize)> {
    let buffer = from.fill_buf()?;
    if let Some((value, size)) = read(buffer) {
        from.consume(size);
        return Ok((value, size));
    }
    // It crosses the end of the buffer, or is not one.
    let mut gathered = [0; MAX_SIZE_BYTES];
    for at in 0..most_bytes {
        let Some(byte) = from.fill_buf()?.first().copied() else {
            break;
        };
        from.consume(1);
        gathered[at] = byte;
        if let Some(found) = read(&gathered[..=at]) {
            return Ok(found);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        "a varint has no end",
    ))
}

#[inline]
fn read_raw(bytes: &[u8], most_bytes: usize) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((u64::from(first), 1));
    }
    let mut raw = u64::from(first & 0x7f);
    for (at, byte) in bytes.iter().enumerate().take(most_bytes).skip(1) {
        raw |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Some((raw, at + 1));
        }
    }
    None
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_spelling_is_kafkas() {
        for (value, bytes) in [
            (0, &[0][..]),
            (-1, &[1]),
            (1, &[2]),
            (63, &[0x7e]),
            (64, &[0x80, 1]),
            (-8_193, &[0x81, 0x80, 1]),
            (i64::from(i32::MAX), &[0xfe, 0xff, 0xff, 0xff, 0xf]),
        ] {
            let mut written = Vec::new();
            write(value, &mut written);
            assert_eq!(written, bytes);
            assert_eq!(read_i32(bytes), Some((value as i32, bytes.len())));
        }
    }

    #[test]
    fn one_without_an_end_is_refused() {
        assert_eq!(read_i32(&[0xff; 5]), None);
        assert_eq!(read_i64(&[0xff; 10]), None);
        assert_eq!(read_i64(&[0x80]), None);
        assert!(take_i32(&mut &[0xff; 6][..]).is_err());
    }

    proptest! {
        #[test]
        fn a_number_survives_in_one_piece_and_in_drops(value in any::<i64>()) {
            let mut bytes = Vec::new();
            write(value, &mut bytes);
            prop_assert_eq!(bytes.len(), size_bytes(value));
            prop_assert_eq!(read_i64(&bytes), Some((value, bytes.len())));
            let mut drops = io::BufReader::with_capacity(1, &bytes[..]);
            prop_assert_eq!(take_i64(&mut drops).expect("just written"), (value, bytes.len()));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let _ = (read_i32(&bytes), read_i64(&bytes), take_i32(&mut &bytes[..]), take_i64(&mut &bytes[..]));
        }
    }
}
