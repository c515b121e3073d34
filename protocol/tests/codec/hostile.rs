//! No decoder panics on any bytes, and what it accepts it can write.

use ottla_protocol::Bytes;
use ottla_protocol::arbitrary::Random;
use ottla_protocol::probe::{self, Probe};
use proptest::prelude::*;

#[test]
fn damaged_messages_are_refused_or_read_but_never_panic() {
    let mut random = Random::new(3);
    for Probe {
        versions,
        reread,
        sample,
        ..
    } in probe::all()
    {
        for version in versions {
            for _ in 0..25 {
                let mut bytes = sample(&mut random, version).to_vec();
                damage(&mut bytes, &mut random);
                let _ = reread(bytes.into(), version);
            }
        }
    }
}

#[test]
fn every_prefix_of_a_message_is_refused_unless_nothing_is_missing() {
    let mut random = Random::new(5);
    for Probe {
        name,
        versions,
        decode,
        sample,
        ..
    } in probe::all()
    {
        for version in versions {
            let bytes = sample(&mut random, version);
            for length in (0..bytes.len()).step_by(1 + bytes.len() / 50) {
                let prefix = bytes.slice(..length);
                assert!(
                    decode(prefix, version).is_err(),
                    "{name} {version}: {length} of {bytes:?}"
                );
            }
        }
    }
}

fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    for _ in 0..1 + random.below(3) {
        let position = random.below(bytes.len());
        match random.below(4) {
            0 => bytes[position] = random.bits() as u8,
            1 => bytes[position] = [0x00, 0x01, 0x7f, 0x80, 0xff][random.below(5)],
            2 => bytes.truncate(position + 1),
            _ => bytes.insert(position, random.bits() as u8),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_bytes_never_panic_any_decoder(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let bytes = Bytes::from(bytes);
        probe::framings(&bytes);
        for Probe { versions, reread, .. } in probe::all() {
            for version in [*versions.start(), *versions.end()] {
                let _ = reread(bytes.clone(), version);
            }
        }
    }

    /// Bytes that are mostly small numbers get further: lengths fit, nulls and tags occur.
    #[test]
    fn small_numbers_never_panic_any_decoder(bytes in proptest::collection::vec(0u8..4, 0..400)) {
        let bytes = Bytes::from(bytes);
        probe::framings(&bytes);
        for Probe { versions, reread, .. } in probe::all() {
            for version in versions {
                let _ = reread(bytes.clone(), version);
            }
        }
    }
}
