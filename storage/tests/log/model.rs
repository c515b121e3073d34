//! What a log should hold, and a machine that works on it in an order that a seed decides.

use super::support::*;
use ottla_storage::log::{FlushScope, LeaderBatch, LogReader, LogWriter, Trust};
use ottla_storage::offset::{LeaderEpoch, Offset};
use ottla_storage::retention::Retention;

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// One batch that was answered.
#[derive(Clone)]
struct Known {
    base_offset: Offset,
    last_offset: Offset,
    epoch: LeaderEpoch,
    crc: u32,
    producer: usize,
    batch: LeaderBatch,
}

/// A log under test: the real one, and what it should be.
pub struct Machine {
    pub bench: Bench,
    pub log: LogWriter,
    pub random: Random,
    seed: u64,
    known: Vec<Known>,
    sequences: [i32; PRODUCERS],
    epoch: LeaderEpoch,
    /// Everything before was covered by a flush.
    flushed: Offset,
    /// Where the log began anew, after power loss took what had been deleted.
    floor: Offset,
}

const PRODUCERS: usize = 3;

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("this was seed {}", self.seed);
        }
    }
}

impl Machine {
    pub fn new(seed: u64) -> Machine {
        let bench = Bench::new();
        let log = bench.create();
        let random = Random(seed);
        Machine {
            bench,
            log,
            random,
            seed,
            known: Vec::new(),
            floor: Offset(0),
            sequences: [0; PRODUCERS],
            epoch: LeaderEpoch(0),
            flushed: Offset(0),
        }
    }

    pub fn work(&mut self, steps: u64) {
        for _ in 0..steps {
            match self.random.below(24) {
                0..=11 => self.append(),
                12 | 13 => self.flush(FlushScope::Data),
                14 => self.flush(FlushScope::Rolled),
                15 => self.flush(FlushScope::Everything),
                16 => self.epoch.0 += 1,
                17 => self.log.rest().expect("resting succeeds"),
                18 => self.log.roll(NOW_MS).expect("rolling succeeds"),
                19 => self.move_start(),
                20 => self.delete_old_segments(),
                21 => self.truncate(),
                22 => {
                    self.log.reader().advance_high_watermark(self.end());
                }
                _ => self.checkpoint(),
            }
        }
    }

    fn checkpoint(&mut self) {
        let reader = self.log.reader().clone();
        self.bench.checkpoint(&reader);
    }

    fn move_start(&mut self) {
        let high_watermark = self.log.reader().offsets().high_watermark.0;
        let start = self.random.below(high_watermark.unsigned_abs() + 1);
        self.log.advance_start(Offset(start as i64));
        self.checkpoint();
    }

    fn delete_old_segments(&mut self) {
        let retention = Retention {
            is_delete: true,
            time_ms: None,
            size_bytes: Some(self.random.below(6_000)),
        };
        let removal = self.log.delete_old_segments(&retention, NOW_MS);
        if let Some(removal) = removal.expect("deleting succeeds")
            && self.random.below(2) == 0
        {
            removal.run().expect("removing succeeds");
        }
    }

    fn truncate(&mut self) {
        let offsets = self.log.reader().offsets();
        let length = offsets.end.since(offsets.start).unsigned_abs();
        // Mostly a little, as followers do.
        let cut = self.random.below(length + 1) / (1 + self.random.below(8));
        let to = Offset((offsets.end.0 - cut as i64).max(offsets.start.0 + 1));
        self.log
            .lower_recovery_point(to)
            .expect("the offset is found");
        self.checkpoint();
        self.log
            .truncate_to(to, NOW_MS)
            .expect("truncating succeeds");
        self.known.retain(|batch| batch.last_offset < to);
        self.flushed = self.flushed.min(self.log.reader().offsets().end);
        self.epoch.0 += 1;
        self.recall_sequences();
    }

    /// What each producer sends next, now that the log may be shorter.
    fn recall_sequences(&mut self) {
        for (producer, sequence) in self.sequences.iter_mut().enumerate() {
            let last = self
                .known
                .iter()
                .rev()
                .find(|batch| batch.producer == producer);
            *sequence = last.map_or(0, |last| last.batch.header.last_sequence().0 + 1);
        }
    }

    pub fn append(&mut self) {
        let count = 1 + self.random.below(4);
        let mut sequences = self.sequences;
        let batches: Vec<(usize, LeaderBatch)> = (0..count)
            .map(|_| {
                let producer = self.random.below(PRODUCERS as u64) as usize;
                let value = "x".repeat(self.random.below(120) as usize);
                let values: Vec<&str> = (0..1 + self.random.below(3))
                    .map(|_| value.as_str())
                    .collect();
                let batch = batch_of(producer as i64, sequences[producer], &values);
                sequences[producer] += values.len() as i32;
                (producer, batch)
            })
            .collect();
        let only: Vec<LeaderBatch> = batches.iter().map(|(_, batch)| batch.clone()).collect();
        for (answer, (producer, batch)) in self
            .log
            .append_as_leader(&only, self.epoch, NOW_MS)
            .into_iter()
            .zip(batches)
        {
            let appended = answer.expect("an append succeeds");
            assert!(!appended.is_duplicate);
            let (base_offset, last_offset) = (appended.base_offset, appended.last_offset);
            self.known.push(Known {
                base_offset,
                last_offset,
                epoch: self.epoch,
                crc: batch.header.crc,
                producer,
                batch,
            });
        }
        self.sequences = sequences;
    }

    pub fn flush(&mut self, scope: FlushScope) {
        if let Some(task) = self.log.reader().flush_task(scope) {
            let end = task.end();
            self.log
                .reader()
                .flushed(task.run())
                .expect("a flush succeeds");
            self.flushed = self.flushed.max(end);
        }
    }

    pub fn end(&self) -> Offset {
        self.known
            .last()
            .map_or(self.floor, |last| last.last_offset.next())
    }

    /// The process dies, the kernel lives.
    pub fn die(&mut self) {
        self.bench.disk.process_death();
        self.log = self.bench.open(Trust::SameBoot);
        assert_eq!(
            self.log.reader().offsets().end,
            self.end(),
            "process death loses nothing that was answered"
        );
        self.check();
    }

    /// The machine loses power.
    pub fn lose_power(&mut self) {
        let seed = self.random.below(u64::MAX);
        self.bench.disk.power_loss(seed);
        // The hint names the boot that wrote it, and that is over.
        self.bench.checkpointed.end = Offset(0);
        self.log = self.bench.open(Trust::RecoveryPoint);
        let end = self.log.reader().offsets().end;
        assert!(
            end >= self.flushed,
            "flushed up to {}, recovered up to {end}",
            self.flushed
        );
        assert!(
            end <= self.end(),
            "written up to {}, recovered up to {end}",
            self.end()
        );
        self.known.retain(|batch| batch.last_offset < end);
        if end == self.bench.checkpointed.start && end > self.end() {
            self.known.clear();
            self.floor = end;
        }
        assert_eq!(self.end(), end, "only whole batches are left");
        self.epoch = self
            .known
            .last()
            .map_or(self.epoch, |last| last.epoch.max(self.epoch));
        self.recall_sequences();
        self.check();
    }

    pub fn stop(&mut self) {
        self.log.close().expect("closing succeeds");
        let reader = self.log.reader().clone();
        self.bench.checkpoint(&reader);
        self.flushed = self.end();
        self.bench.disk.process_death();
        self.log = self.bench.open(Trust::CleanStop);
        assert_eq!(self.log.reader().offsets().end, self.end());
        self.check();
    }

    /// The log holds what it should, knows its producers and its epochs.
    pub fn check(&mut self) {
        let reader = self.log.reader().clone();
        let found: Vec<_> = read_all(&reader, reader.offsets().start, 700)
            .iter()
            .map(|header| {
                (
                    header.base_offset,
                    header.partition_leader_epoch,
                    header.crc,
                )
            })
            .collect();
        let start = reader.offsets().start;
        let expected: Vec<_> = self
            .known
            .iter()
            .filter(|batch| batch.last_offset >= start)
            .map(|batch| (batch.base_offset, batch.epoch, batch.crc))
            .collect();
        assert_eq!(found, expected);
        self.check_epochs(&reader);
        for producer in 0..PRODUCERS {
            let retry = self
                .known
                .iter()
                .rev()
                .find(|batch| batch.producer == producer)
                .cloned();
            let Some(retry) = retry else { continue };
            let answer = append(&mut self.log, retry.batch).expect("a retry is answered");
            assert!(answer.is_duplicate, "a retried batch is still a duplicate");
            assert_eq!(answer.base_offset, retry.base_offset);
        }
    }

    fn check_epochs(&self, reader: &LogReader) {
        let start = reader.offsets().start;
        for (index, batch) in self.known.iter().enumerate() {
            if batch.base_offset < start {
                continue;
            }
            assert_eq!(reader.epoch_at(batch.base_offset), Some(batch.epoch));
            let next = self.known[index..]
                .iter()
                .find(|later| later.epoch > batch.epoch);
            let expected = next.map_or(self.end(), |next| next.base_offset);
            assert_eq!(
                reader.end_offset_for_epoch(batch.epoch),
                Some((batch.epoch, expected))
            );
        }
    }
}
