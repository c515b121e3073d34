//! Readers, a flusher and the writer at the same time, on a real disk.

use super::support::*;
use ottla_storage::batch::batches;
use ottla_storage::disk::RealDisk;
use ottla_storage::log::{
    Checkpointed, FlushScope, LogConfig, LogReader, LogWriter, OpenLog, ReadError, Trust,
};
use ottla_storage::offset::Offset;
use ottla_storage::retention::Retention;
use ottla_storage::segment::{FileCache, Patience};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const BATCHES: usize = 4_000;

fn open(path: &std::path::Path) -> LogWriter {
    let config = LogConfig {
        segment_bytes: 20_000,
        index_interval_bytes: 200,
        ..LogConfig::default()
    };
    let order = OpenLog {
        path: path.join("orders-0"),
        files: FileCache::new(Arc::new(RealDisk), 6),
        config: Arc::new(config),
        checkpointed: Checkpointed::default(),
        trust: Trust::RecoveryPoint,
        now_ms: NOW_MS,
    };
    order.open().expect("it opens").writer
}

/// Reads to the end and starts over until told to stop; answers how many batches it saw.
fn read_for_ever(log: &LogReader, max_bytes: u64, is_over: &AtomicBool) -> usize {
    let mut seen = 0;
    let mut next = log.offsets().start;
    while !is_over.load(Ordering::Relaxed) {
        let visible = log.offsets().high_watermark;
        let read = match log.read(next, max_bytes, visible, true, Patience::Wait) {
            Ok(read) => read,
            Err(ReadError::OutOfRange { start, .. }) => {
                assert!(start > next || next > visible, "{next} is in range");
                next = start;
                continue;
            }
            Err(ReadError::Gone) => {
                next = log.offsets().start;
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        if read.regions.is_empty() {
            assert!(
                next >= visible,
                "at {next} something was visible up to {visible}"
            );
            next = log.offsets().start;
            continue;
        }
        for region in &read.regions {
            let Ok(bytes) = region.to_vec(Patience::Wait) else {
                break;
            };
            for batch in batches(bytes.into()) {
                let header = batch
                    .expect("a region holds whole batches with a right CRC")
                    .header;
                assert_eq!(
                    header.base_offset, next,
                    "nothing is skipped or given twice"
                );
                next = header.next_offset();
                assert!(next <= visible, "nothing beyond the upper bound is read");
                seen += 1;
            }
        }
    }
    seen
}

fn write(log: &mut LogWriter) {
    for index in 0..BATCHES {
        append_many(log, 1);
        log.reader()
            .advance_high_watermark(log.reader().offsets().end);
        if index % 500 == 499 {
            let retention = Retention {
                is_delete: true,
                time_ms: None,
                size_bytes: Some(100_000),
            };
            let removal = log
                .delete_old_segments(&retention, NOW_MS)
                .expect("deleting succeeds");
            if let Some(removal) = removal {
                removal.run().expect("removing succeeds");
            }
        }
        if index % 300 == 0 {
            log.rest().expect("resting succeeds");
        }
    }
}

fn flush_for_ever(log: &LogReader, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        for scope in [FlushScope::Data, FlushScope::Rolled, FlushScope::Everything] {
            flush(log, scope);
            assert!(log.offsets().flushed <= log.offsets().end);
        }
    }
}

#[test]
fn readers_and_flushes_never_disturb_the_writer_nor_see_half_of_what_it_does() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut log = open(directory.path());
    let is_over = AtomicBool::new(false);
    let reader = log.reader().clone();
    thread::scope(|scope| {
        let readers: Vec<_> = [1, 500, 30_000]
            .map(|max_bytes| {
                let (reader, is_over) = (reader.clone(), &is_over);
                scope.spawn(move || read_for_ever(&reader, max_bytes, is_over))
            })
            .into_iter()
            .collect();
        scope.spawn(|| flush_for_ever(&reader, &is_over));
        write(&mut log);
        is_over.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().expect("a reader does not fail") > 0);
        }
    });
    assert_eq!(log.reader().offsets().end, Offset(BATCHES as i64));
    log.close().expect("it closes");
}
