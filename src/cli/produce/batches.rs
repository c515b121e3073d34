//! Records gathered into batches by partition. Pure but for the turn that records without a key take.

use super::input::Record;
use crate::cli::BAD_USAGE;
use crate::cli::report::Failure;
use ottla_protocol::Bytes;
use ottla_storage::batch::compress::Compression;
use ottla_storage::batch::{BatchBuilder, NewRecord};
use std::collections::BTreeMap;

/// Below the default of `max.message.bytes`, with room for what compression may add.
const BATCH_MAX_BYTES: usize = 900 * 1024;

/// A batch and where it goes.
#[derive(Clone, Debug)]
pub struct Batch {
    pub partition: i32,
    pub records: i64,
    pub bytes: Bytes,
}

/// Which partition a record goes to.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    fixed: Option<i32>,
    count: i32,
    turn: i32,
}

impl Choice {
    /// `count`: how many partitions there are.
    ///
    /// # Errors
    /// A partition that there is not.
    pub fn new(fixed: Option<i32>, count: i32) -> Result<Self, Failure> {
        match fixed {
            Some(index) if !(0..count).contains(&index) => Err(Failure::with(
                BAD_USAGE,
                format!("there is no partition {index}: the topic has {count}"),
            )),
            _ => Ok(Self {
                fixed,
                count: count.max(1),
                turn: 0,
            }),
        }
    }

    fn of(&self, key: Option<&[u8]>) -> i32 {
        let of_key = |key: &[u8]| (murmur2(key) & 0x7fff_ffff) as i32 % self.count;
        self.fixed
            .or_else(|| key.map(of_key))
            .unwrap_or(self.turn % self.count)
    }
}

/// See the module.
pub struct Batches {
    choice: Choice,
    compression: Compression,
    open: BTreeMap<i32, BatchBuilder>,
    full: Vec<Batch>,
}

impl Batches {
    pub fn new(choice: Choice, compression: Compression) -> Self {
        Self {
            choice,
            compression,
            open: BTreeMap::new(),
            full: Vec::new(),
        }
    }

    pub fn add(&mut self, record: &Record, headers: &[(&[u8], Option<&[u8]>)], now_ms: i64) {
        let key = record.key.as_deref();
        let partition = self.choice.of(key);
        let size = key.map_or(0, <[u8]>::len) + record.value.as_ref().map_or(0, Vec::len);
        let is_too_much = self.open.get(&partition).is_some_and(|open| {
            !open.is_empty() && open.plain_size_bytes() + size > BATCH_MAX_BYTES
        });
        if is_too_much {
            self.close(partition);
        }
        let compression = self.compression;
        let open = self
            .open
            .entry(partition)
            .or_insert_with(|| BatchBuilder::new().compression(compression));
        open.push(NewRecord {
            timestamp: now_ms,
            key,
            value: record.value.as_deref(),
            headers,
        });
    }

    /// All there is, in the order of each partition. The next record without a key goes to the next partition.
    pub fn taken(&mut self) -> Vec<Batch> {
        let partitions: Vec<i32> = self.open.keys().copied().collect();
        for partition in partitions {
            self.close(partition);
        }
        self.choice.turn = (self.choice.turn + 1) % self.choice.count;
        std::mem::take(&mut self.full)
    }

    fn close(&mut self, partition: i32) {
        if let Some(open) = self.open.remove(&partition) {
            self.full.push(Batch {
                partition,
                records: open.record_count().into(),
                bytes: open.build(),
            });
        }
    }
}

/// As Java's producer has it (`Utils.murmur2`), so that a key lies where its other records do.
fn murmur2(bytes: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    let mut hash = SEED ^ bytes.len() as u32;
    let mut words = bytes.chunks_exact(4);
    for word in &mut words {
        let word = word.try_into().expect("chunks of four");
        let mut mixed = u32::from_le_bytes(word).wrapping_mul(M);
        mixed ^= mixed >> 24;
        hash = hash.wrapping_mul(M) ^ mixed.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        for (place, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * place);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hash_as_in_java() {
        // From Kafka's own `UtilsTest.testMurmur2`.
        for (text, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()) as i32, hash, "{text}");
        }
    }

    #[test]
    fn a_batch_that_would_be_too_large_is_closed_before_and_order_is_kept() {
        let choice = Choice::new(Some(1), 2).unwrap();
        let mut batches = Batches::new(choice, Compression::NONE);
        let record = Record {
            key: None,
            value: Some(vec![7; 400 * 1024]),
        };
        for _ in 0..5 {
            batches.add(&record, &[], 1);
        }
        let taken = batches.taken();
        let counts: Vec<i64> = taken.iter().map(|batch| batch.records).collect();
        assert_eq!(counts, [2, 2, 1]);
        assert!(taken.iter().all(|batch| batch.partition == 1));
        assert!(Choice::new(Some(2), 2).is_err());
    }
}
