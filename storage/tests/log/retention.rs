//! The beginning of a log goes: by DeleteRecords, by size, by time.

use super::support::*;
use ottla_storage::log::{ReadError, Trust};
use ottla_storage::offset::Offset;
use ottla_storage::retention::Retention;
use ottla_storage::segment::Patience;

fn by_size(size_bytes: u64) -> Retention {
    Retention {
        is_delete: true,
        time_ms: None,
        size_bytes: Some(size_bytes),
    }
}

#[test]
fn deleted_records_stay_deleted_and_their_segments_go() {
    let mut bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 60);
    assert!(
        !log.advance_start(Offset(35)),
        "nothing above the high watermark goes"
    );
    log.set_high_watermark(Offset(60));
    assert!(log.advance_start(Offset(35)));
    assert!(!log.advance_start(Offset(30)), "the start never goes back");
    let segments = log.reader().segment_count();
    let removal = log
        .delete_old_segments(&Retention::default(), NOW_MS)
        .expect("it succeeds")
        .expect("segments lie below the start");
    assert_eq!(
        log.reader().segment_count() + removal.segment_count(),
        segments
    );
    assert_eq!(read_offsets(log.reader())[0], 35);
    assert!(bench.names().iter().any(|name| name.ends_with(".deleted")));
    removal.run().expect("it is removed");
    assert!(!bench.names().iter().any(|name| name.ends_with(".deleted")));
    bench.checkpoint(log.reader());
    bench.disk.process_death();
    let log = bench.open(Trust::SameBoot);
    assert_eq!(log.reader().offsets().start, Offset(35));
    assert_eq!(read_offsets(log.reader()), (35..60).collect::<Vec<_>>());
}

#[test]
fn the_oldest_segments_go_until_the_size_fits() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 60);
    log.set_high_watermark(Offset(60));
    let removal = log
        .delete_old_segments(&by_size(2_500), NOW_MS)
        .expect("it succeeds")
        .expect("it is too large");
    assert!(log.reader().size_bytes() >= 2_500 && log.reader().size_bytes() < 3_500);
    let start = log.reader().offsets().start.0;
    assert_eq!(read_offsets(log.reader()), (start..60).collect::<Vec<_>>());
    removal.run().expect("it is removed");
    assert!(
        log.delete_old_segments(&by_size(2_500), NOW_MS)
            .expect("it succeeds")
            .is_none()
    );
}

#[test]
fn a_log_of_old_records_is_emptied_and_keeps_its_offsets() {
    let mut bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 60);
    log.set_high_watermark(Offset(60));
    let retention = Retention {
        is_delete: true,
        time_ms: Some(1_000),
        size_bytes: None,
    };
    assert!(
        log.delete_old_segments(&retention, NOW_MS + 1_000)
            .expect("it succeeds")
            .is_none(),
        "just young enough"
    );
    let removal = log
        .delete_old_segments(&retention, NOW_MS + 1_001)
        .expect("it succeeds")
        .expect("all are too old");
    removal.run().expect("it is removed");
    assert_eq!(
        (log.reader().offsets().start, log.reader().offsets().end),
        (Offset(60), Offset(60))
    );
    assert_eq!(log.reader().segment_count(), 1);
    bench.stop(log);
    let mut log = bench.open(Trust::CleanStop);
    assert_eq!(
        append(&mut log, batch(&["a"]))
            .expect("it is appended")
            .base_offset,
        Offset(60)
    );
}

#[test]
fn a_reader_that_found_records_finishes_before_they_are_removed() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 60);
    log.set_high_watermark(Offset(60));
    let read = log
        .reader()
        .read(Offset(0), 300, Offset(60), true, Patience::Wait)
        .expect("it is in range");
    let removal = log
        .delete_old_segments(&by_size(1_000), NOW_MS)
        .expect("it succeeds")
        .expect("it is too large");
    read.regions[0]
        .to_vec(Patience::Wait)
        .expect("the file is still there");
    removal.run().expect("it is removed");
    let gone = read.regions[0]
        .to_vec(Patience::Wait)
        .expect_err("the file is gone");
    assert_eq!(gone.kind(), std::io::ErrorKind::NotFound);
    let late = log
        .reader()
        .read(Offset(0), 300, Offset(60), true, Patience::Wait);
    assert!(matches!(late, Err(ReadError::OutOfRange { .. })));
}
