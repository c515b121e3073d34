//! A log on a simulated disk, and batches for it.
#![allow(
    dead_code,
    reason = "the tests below use more of it than any one of them"
)]

use bytes::Bytes;
use ottla_storage::batch::build::end_transaction_marker;
use ottla_storage::batch::{BatchBuilder, BatchHeader, NewRecord, ValidBatch, batches};
use ottla_storage::disk::{Disk, SimulatedDisk};
use ottla_storage::log::{
    AppendError, Appended, Checkpointed, FlushScope, LeaderBatch, LogConfig, LogReader, LogWriter,
    OpenError, OpenLog, Opened, Trust,
};
use ottla_storage::offset::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};
use ottla_storage::producers::{EndMarker, MarkerKind, Proof};
use ottla_storage::segment::{FileCache, Patience};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub const NOW_MS: i64 = 1_700_000_000_000;
pub const EPOCH: LeaderEpoch = LeaderEpoch(3);

/// A disk with one partition on it, and what its directory's checkpoints say.
pub struct Bench {
    pub disk: SimulatedDisk,
    pub config: LogConfig,
    pub checkpointed: Checkpointed,
}

impl Bench {
    /// Segments of 1,000 bytes, an index entry every 100.
    pub fn new() -> Bench {
        let config = LogConfig {
            segment_bytes: 1_000,
            index_interval_bytes: 100,
            ..LogConfig::default()
        };
        let disk = SimulatedDisk::new();
        disk.create_dir(Path::new("/logs")).expect("it is created");
        disk.sync_dir(Path::new("/")).expect("it is synced");
        Bench {
            disk,
            config,
            checkpointed: Checkpointed::default(),
        }
    }

    pub fn with_segment_bytes(segment_bytes: u32) -> Bench {
        let mut bench = Bench::new();
        bench.config.segment_bytes = segment_bytes;
        bench
    }

    pub fn path(&self) -> PathBuf {
        PathBuf::from("/logs/orders-0")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn files(&self) -> Arc<FileCache> {
        FileCache::new(Arc::new(self.disk.clone()), 100)
    }

    pub fn try_open(&self, trust: Trust) -> Result<Opened, OpenError> {
        let config = Arc::new(self.config.clone());
        let (files, checkpointed) = (self.files(), self.checkpointed);
        OpenLog {
            path: self.path(),
            files,
            config,
            checkpointed,
            trust,
            now_ms: NOW_MS,
        }
        .open()
    }

    pub fn open(&self, trust: Trust) -> LogWriter {
        self.try_open(trust).expect("the log opens").writer
    }

    /// A new log.
    pub fn create(&self) -> LogWriter {
        self.open(Trust::RecoveryPoint)
    }

    /// Remembers what a checkpoint would hold now.
    pub fn checkpoint(&mut self, log: &LogReader) {
        self.checkpointed = log.checkpoint();
    }

    pub fn stop(&mut self, mut log: LogWriter) {
        log.close().expect("the log closes");
        self.checkpoint(log.reader());
        self.disk.process_death();
    }

    /// Another new log on the same disk.
    pub fn files_of(&self, topic: &str) -> LogWriter {
        let path = PathBuf::from(format!("/logs/{topic}-0"));
        let (files, config) = (self.files(), Arc::new(self.config.clone()));
        let (checkpointed, trust, now_ms) = (Checkpointed::default(), Trust::RecoveryPoint, NOW_MS);
        OpenLog {
            path,
            files,
            config,
            checkpointed,
            trust,
            now_ms,
        }
        .open()
        .expect("it opens")
        .writer
    }

    /// The names in the partition's directory.
    pub fn names(&self) -> Vec<String> {
        list(&self.disk, &self.path())
    }
}

pub fn list(disk: &dyn Disk, path: &Path) -> Vec<String> {
    disk.read_dir(path)
        .expect("it can be listed")
        .into_iter()
        .map(|entry| entry.name)
        .collect()
}

/// A batch of these values, all at `NOW_MS`.
pub fn batch(values: &[&str]) -> LeaderBatch {
    batch_at(values, NOW_MS)
}

pub fn batch_at(values: &[&str], timestamp: i64) -> LeaderBatch {
    client(fill(BatchBuilder::new(), values, timestamp))
}

pub fn batch_of(producer: i64, sequence: i32, values: &[&str]) -> LeaderBatch {
    client(fill(
        BatchBuilder::new().producer(ProducerId(producer), ProducerEpoch(0), Sequence(sequence)),
        values,
        NOW_MS,
    ))
}

pub fn batch_with_times(records: &[(i64, &str)]) -> LeaderBatch {
    let mut builder = BatchBuilder::new();
    for (timestamp, value) in records {
        builder.push(NewRecord {
            timestamp: *timestamp,
            key: None,
            value: Some(value.as_bytes()),
            headers: &[],
        });
    }
    client(builder.build())
}

pub fn transactional(producer: i64, sequence: i32, values: &[&str]) -> LeaderBatch {
    let builder = BatchBuilder::new()
        .producer(ProducerId(producer), ProducerEpoch(0), Sequence(sequence))
        .transactional(true);
    client(fill(builder, values, NOW_MS))
}

pub fn marker(producer: i64, kind: MarkerKind) -> LeaderBatch {
    let marker = EndMarker {
        kind,
        coordinator_epoch: 0,
        timestamp: NOW_MS,
        transaction_version: 0,
    };
    let bytes = end_transaction_marker(kind, ProducerId(producer), ProducerEpoch(0), 0, NOW_MS);
    LeaderBatch::own(ValidBatch::own(bytes), Some(marker))
}

fn fill(mut builder: BatchBuilder, values: &[&str], timestamp: i64) -> Bytes {
    for value in values {
        builder.push(NewRecord {
            timestamp,
            key: None,
            value: Some(value.as_bytes()),
            headers: &[],
        });
    }
    builder.build()
}

fn client(bytes: Bytes) -> LeaderBatch {
    LeaderBatch::from_client(ValidBatch::own(bytes), Proof::NotRequired)
}

pub fn append(log: &mut LogWriter, batch: LeaderBatch) -> Result<Appended, AppendError> {
    log.append_as_leader(&[batch], EPOCH, NOW_MS)
        .pop()
        .expect("one answer per batch")
}

/// Appends this many batches of one record, the value being the offset.
pub fn append_many(log: &mut LogWriter, count: usize) {
    for _ in 0..count {
        let end = log.reader().offsets().end;
        append(log, batch(&[&format!("value-{end:>20}")])).expect("an append succeeds");
    }
}

pub fn flush(log: &LogReader, scope: FlushScope) {
    if let Some(task) = log.flush_task(scope) {
        log.flushed(task.run()).expect("a flush succeeds");
    }
}

/// Everything from `from` to the end, in reads of `max_bytes`.
pub fn read_all(log: &LogReader, from: Offset, max_bytes: u64) -> Vec<BatchHeader> {
    let end = log.offsets().end;
    let (mut next, mut found) = (from, Vec::new());
    while next < end {
        let read = log
            .read(next, max_bytes, end, true, Patience::Wait)
            .expect("a read succeeds");
        let bytes: Vec<u8> = read
            .regions
            .iter()
            .flat_map(|region| region.to_vec(Patience::Wait).expect("a region is there"))
            .collect();
        assert_eq!(bytes.len() as u64, read.size_bytes);
        let before = found.len();
        for batch in batches(bytes.into()) {
            found.push(
                batch
                    .expect("only whole batches with a right CRC are read")
                    .header,
            );
        }
        assert!(
            found.len() > before,
            "a read before the end has at least one batch"
        );
        next = found.last().expect("there is one").next_offset();
    }
    found
}

pub fn read_offsets(log: &LogReader) -> Vec<i64> {
    read_all(log, log.offsets().start, 500)
        .iter()
        .map(|header| header.base_offset.0)
        .collect()
}
