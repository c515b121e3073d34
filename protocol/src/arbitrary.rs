//! Random messages for tests and fuzzing, from a seed. Not part of the broker: behind the feature `arbitrary`.
//!
//! A value is what its version can express: fields the version lacks hold their defaults, null stands only where it may.

use crate::wire::{RawTaggedField, Records, Str, TaggedFields, Uuid, Version};
use crate::{Bytes, ErrorCode, Message};

/// A small deterministic generator (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.bits() % limit as u64) as usize
    }

    /// True once in `count` times.
    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn bytes(&mut self) -> Bytes {
        let length = if self.one_in(50) {
            2000
        } else {
            self.below(12)
        };
        (0..length).map(|_| self.bits() as u8).collect()
    }
}

/// A random message of a version.
pub fn message<M: Message + Arbitrary>(random: &mut Random, version: i16) -> M {
    M::arbitrary(
        random,
        Version {
            number: version,
            flexible: M::is_flexible(version),
        },
    )
}

/// A type with random values.
pub trait Arbitrary: Sized {
    /// A value, or null where the type has it.
    fn arbitrary(random: &mut Random, version: Version) -> Self;

    /// A value that is not null.
    fn arbitrary_value(random: &mut Random, version: Version) -> Self {
        Self::arbitrary(random, version)
    }
}

impl<T: Arbitrary> Arbitrary for Option<T> {
    fn arbitrary(random: &mut Random, version: Version) -> Self {
        (!random.one_in(4)).then(|| T::arbitrary(random, version))
    }

    fn arbitrary_value(random: &mut Random, version: Version) -> Self {
        Some(T::arbitrary(random, version))
    }
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Arbitrary for $type {
            fn arbitrary(random: &mut Random, _: Version) -> Self {
                if random.one_in(3) { random.below(4) as $type } else { random.bits() as $type }
            }
        }
    )*};
}

integers!(i8 i16 u16 i32 u32 i64 f64);

impl Arbitrary for bool {
    fn arbitrary(random: &mut Random, _: Version) -> Self {
        random.one_in(2)
    }
}

impl Arbitrary for ErrorCode {
    fn arbitrary(random: &mut Random, version: Version) -> Self {
        ErrorCode(i16::arbitrary(random, version))
    }
}

impl Arbitrary for Uuid {
    fn arbitrary(random: &mut Random, _: Version) -> Self {
        Uuid::from_halves(random.bits(), random.bits())
    }
}

impl Arbitrary for Str {
    fn arbitrary(random: &mut Random, _: Version) -> Self {
        let length = if random.one_in(40) {
            300
        } else {
            random.below(10)
        };
        let letters = ['a', 'B', '-', '.', '7', 'é', '€', '𝄞'];
        (0..length)
            .map(|_| letters[random.below(letters.len())])
            .collect::<String>()
            .into()
    }
}

impl Arbitrary for Bytes {
    fn arbitrary(random: &mut Random, _: Version) -> Self {
        random.bytes()
    }
}

impl Arbitrary for Records {
    fn arbitrary(random: &mut Random, version: Version) -> Self {
        if random.one_in(4) {
            Records::Null
        } else {
            Self::arbitrary_value(random, version)
        }
    }

    fn arbitrary_value(random: &mut Random, _: Version) -> Self {
        Records::Bytes(random.bytes())
    }
}

impl<T: Arbitrary> Arbitrary for Vec<T> {
    fn arbitrary(random: &mut Random, version: Version) -> Self {
        (0..random.below(4))
            .map(|_| T::arbitrary(random, version))
            .collect()
    }
}

impl Arbitrary for TaggedFields {
    fn arbitrary(random: &mut Random, version: Version) -> Self {
        if !version.flexible || !random.one_in(5) {
            return Self::default();
        }
        let tags = 1 + random.below(2) as u32;
        Self::new(
            (0..tags)
                .map(|tag| RawTaggedField {
                    tag: 100 + 900 * tag,
                    content: random.bytes(),
                })
                .collect(),
        )
    }
}
