//! Opens the partition's log in a directory, says what it holds and stops cleanly: `open_log <directory> <clean|checked>`.

use ottla_storage::batch::batches;
use ottla_storage::disk::RealDisk;
use ottla_storage::log::{Checkpointed, LogConfig, LogReader, OpenLog, Trust};
use ottla_storage::segment::{FileCache, Patience};
use std::path::PathBuf;
use std::sync::Arc;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().expect("a directory"));
    let is_clean = arguments.next().is_some_and(|how| how == "clean");
    let order = OpenLog {
        path,
        files: FileCache::new(Arc::new(RealDisk), 100),
        config: Arc::new(LogConfig::default()),
        checkpointed: Checkpointed::default(),
        trust: if is_clean {
            Trust::CleanStop
        } else {
            Trust::RecoveryPoint
        },
        now_ms: 0,
    };
    let mut opened = order.open().expect("it opens");
    let log = opened.writer.reader().clone();
    println!("{:?} {:?}", log.offsets(), opened.recovery);
    println!(
        "{} batches, {} producers",
        count(&log),
        log.with_producers(0, |known| known.len()).expect("known")
    );
    println!(
        "{:?}",
        log.offset_of_max_timestamp(Patience::Wait).expect("found")
    );
    opened.writer.close().expect("it closes");
}

fn count(log: &LogReader) -> usize {
    let (mut next, end, mut count) = (log.offsets().start, log.offsets().end, 0);
    while next < end {
        let read = log
            .read(next, 100_000, end, true, Patience::Wait)
            .expect("it reads");
        for region in &read.regions {
            for batch in batches(region.to_vec(Patience::Wait).expect("there").into()) {
                next = batch.expect("a whole batch").header.next_offset();
                count += 1;
            }
        }
    }
    count
}
