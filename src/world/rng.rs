//! Random numbers for ids and jitter: the operating system's entropy, or a seeded generator.
//!
//! Guarantees: in production every value comes from the operating system (fit for ids and nonces); with a seed the
//! sequence is the same on every run, whatever the threads. Does not do distributions beyond what the broker needs.

use std::sync::Arc;

use ottla_protocol::Uuid;
use parking_lot::Mutex;

/// A source of random numbers. Clones share one sequence.
#[derive(Clone, Debug)]
pub struct Rng {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    OperatingSystem,
    Seeded(Arc<Mutex<u64>>),
}

impl Rng {
    /// The operating system's entropy.
    pub fn system() -> Self {
        Self {
            source: Source::OperatingSystem,
        }
    }

    /// The same sequence on every run. For simulation and tests only: it is predictable.
    pub fn seeded(seed: u64) -> Self {
        Self {
            source: Source::Seeded(Arc::new(Mutex::new(seed))),
        }
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.source {
            Source::OperatingSystem => {
                getrandom::fill(bytes).expect("the kernel always has entropy once booted");
            }
            Source::Seeded(state) => {
                let mut state = state.lock();
                for chunk in bytes.chunks_mut(8) {
                    chunk.copy_from_slice(&split_mix(&mut state).to_le_bytes()[..chunk.len()]);
                }
            }
        }
    }

    /// Any 64 bits.
    pub fn next_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number in `0..bound`; 0 when `bound` is 0. The bias is below 2⁻³² for every bound the broker uses.
    pub fn below(&self, bound: u64) -> u64 {
        self.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// A random (version 4) id. Never one whose text form begins with a dash, as Kafka's `Uuid.randomUuid`: such an
    /// id would read as a flag on a command line. That also keeps clear of the reserved ids.
    pub fn uuid(&self) -> Uuid {
        loop {
            let mut bytes = [0; 16];
            self.fill(&mut bytes);
            bytes[6] = (bytes[6] & 0x0f) | 0x40;
            bytes[8] = (bytes[8] & 0x3f) | 0x80;
            // '-' is 62 in URL-safe base64: the six highest bits.
            if bytes[0] >> 2 != 62 {
                return Uuid(bytes);
            }
        }
    }
}

/// `SplitMix64` (Steele, Lea and Flood, 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let draw = |seed| {
            let rng = Rng::seeded(seed);
            [rng.next_u64(), rng.below(1000), rng.clone().next_u64()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn ids_never_begin_with_a_dash() {
        let rng = Rng::seeded(1);
        for _ in 0..1_000 {
            assert_ne!(rng.uuid().0[0] >> 2, 62);
        }
        assert_ne!(Rng::system().uuid(), Rng::system().uuid());
    }
}
