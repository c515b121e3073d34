//! Offsets by time.

use super::support::*;
use ottla_storage::log::{LogReader, Trust};
use ottla_storage::offset::Offset;
use ottla_storage::segment::Patience;

fn offset_at(log: &LogReader, timestamp: i64) -> Option<(i64, i64)> {
    let found = log
        .offset_for_timestamp(timestamp, Patience::Wait)
        .expect("it can be looked for");
    found.map(|found| (found.timestamp, found.offset.0))
}

fn latest(log: &LogReader) -> Option<(i64, i64)> {
    let found = log
        .offset_of_max_timestamp(Patience::Wait)
        .expect("it can be looked for");
    found.map(|found| (found.timestamp, found.offset.0))
}

#[test]
fn the_first_record_at_or_after_a_time_is_found_in_every_segment_and_after_every_stop() {
    let mut bench = Bench::new();
    let mut log = bench.create();
    // 1000, 1020, 1010, 1030, 1020, … : times need not be in order.
    let times: Vec<i64> = (0..60)
        .map(|index| 1_000 + index * 10 + if index % 2 == 1 { 10 } else { 0 })
        .collect();
    for timestamp in &times {
        append(&mut log, batch_at(&["some value"], *timestamp)).expect("it is appended");
    }
    let check = |log: &LogReader| {
        for timestamp in (900..1_700).step_by(5) {
            let expected = times
                .iter()
                .position(|at| *at >= timestamp)
                .map(|index| (times[index], index as i64));
            assert_eq!(offset_at(log, timestamp), expected, "at {timestamp}");
        }
        let max = *times.iter().max().expect("there are some");
        assert_eq!(
            latest(log),
            times
                .iter()
                .position(|at| *at == max)
                .map(|index| (max, index as i64))
        );
    };
    check(log.reader());
    bench.checkpoint(log.reader());
    bench.disk.process_death();
    let log = bench.open(Trust::SameBoot);
    check(log.reader());
    bench.stop(log);
    check(bench.open(Trust::CleanStop).reader());
}

#[test]
fn within_a_batch_the_record_counts_not_the_batch() {
    let bench = Bench::new();
    let mut log = bench.create();
    let records: Vec<(i64, &str)> = vec![(100, "a"), (300, "b"), (200, "c"), (300, "d")];
    append(&mut log, batch_with_times(&records)).expect("it is appended");
    assert_eq!(offset_at(log.reader(), 150), Some((300, 1)));
    assert_eq!(offset_at(log.reader(), 301), None);
    assert_eq!(latest(log.reader()), Some((300, 1)));
}

#[test]
fn records_below_the_start_are_not_found() {
    let bench = Bench::new();
    let mut log = bench.create();
    append(
        &mut log,
        batch_with_times(&[(100, "a"), (300, "b"), (200, "c")]),
    )
    .expect("it is appended");
    append(&mut log, batch_at(&["d"], 400)).expect("it is appended");
    log.set_high_watermark(Offset(4));
    log.advance_start(Offset(2));
    assert_eq!(offset_at(log.reader(), 250), Some((400, 3)));
}

#[test]
fn an_empty_log_has_no_times() {
    let bench = Bench::new();
    let log = bench.create();
    assert_eq!(offset_at(log.reader(), 0), None);
    assert_eq!(latest(log.reader()), None);
}
