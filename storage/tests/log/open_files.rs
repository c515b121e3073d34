//! Files open on use and close again.

use super::support::*;
use ottla_storage::disk::{Operation, SimulatedDisk};
use ottla_storage::log::ReadError;
use ottla_storage::log::{LogConfig, OpenLog, Trust};
use ottla_storage::offset::Offset;
use ottla_storage::segment::{FileCache, Patience};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

#[test]
fn more_segments_than_descriptors_are_read_all_the_same() {
    let disk = SimulatedDisk::new();
    let files = FileCache::new(Arc::new(disk), 5);
    let config = Arc::new(LogConfig {
        segment_bytes: 300,
        ..LogConfig::default()
    });
    let mut logs: Vec<_> = (0..10)
        .map(|partition| {
            let path = PathBuf::from(format!("/logs/orders-{partition}"));
            let (files, config) = (files.clone(), config.clone());
            let order = OpenLog {
                path,
                files,
                config,
                checkpointed: Default::default(),
                trust: Trust::RecoveryPoint,
                now_ms: NOW_MS,
            };
            order.open().expect("it opens").writer
        })
        .collect();
    for _ in 0..5 {
        for log in &mut logs {
            append_many(log, 3);
        }
    }
    for log in &logs {
        assert_eq!(read_offsets(log.reader()), (0..15).collect::<Vec<_>>());
        assert!(
            files.open_count() <= 5,
            "{} files are open",
            files.open_count()
        );
    }
}

#[test]
fn a_cold_read_is_refused_where_it_must_not_wait() {
    let bench = Bench::with_segment_bytes(100_000);
    let mut log = bench.create();
    append_many(&mut log, 300);
    bench
        .disk
        .set_hook(Some(Arc::new(|operation, _| match operation {
            Operation::ReadIfCached => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(()),
        })));
    let read = |patience| {
        log.reader()
            .read(Offset(3), 500, Offset(300), true, patience)
    };
    assert!(matches!(
        read(Patience::OnlyIfCached),
        Err(ReadError::WouldBlock)
    ));
    assert!(read(Patience::Wait).expect("waiting helps").size_bytes > 0);
}

#[test]
fn a_reader_at_the_end_needs_no_file_to_find_its_records() {
    let bench = Bench::with_segment_bytes(100_000);
    let mut log = bench.create();
    append_many(&mut log, 300);
    bench.disk.set_hook(Some(Arc::new(|_, path| {
        panic!("{} was touched", path.display())
    })));
    for from in 260..300 {
        for upper_bound in from..=300 {
            let read = log.reader().read(
                Offset(from),
                150,
                Offset(upper_bound),
                true,
                Patience::OnlyIfCached,
            );
            assert_eq!(
                read.expect("it is in memory").first_offset.is_some(),
                upper_bound > from
            );
        }
    }
}
