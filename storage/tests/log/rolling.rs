//! When a new segment begins, and what its files are called and hold.

use super::support::*;
use ottla_storage::disk::{Disk, read_file};
use ottla_storage::log::LogConfig;
use ottla_storage::offset::Offset;

fn int(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn long(bytes: &[u8], at: usize) -> i64 {
    i64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[test]
fn a_segment_is_never_larger_than_the_limit_and_named_by_its_first_offset() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 50);
    let logs: Vec<String> = bench
        .names()
        .into_iter()
        .filter(|name| name.ends_with(".log"))
        .collect();
    assert!(logs.len() > 3);
    for name in &logs {
        let bytes = read_file(&bench.disk, &bench.file(name))
            .expect("it is read")
            .expect("it is there");
        assert!(
            bytes.len() <= 1_000 && !bytes.is_empty(),
            "{name} has {} bytes",
            bytes.len()
        );
        assert_eq!(format!("{:020}.log", long(&bytes, 0)), *name);
        let stem = name.trim_end_matches(".log");
        for ending in ["index", "timeindex"] {
            assert!(
                bench.names().contains(&format!("{stem}.{ending}")),
                "{stem}.{ending}"
            );
        }
    }
    assert!(
        bench
            .names()
            .contains(&logs[1].replace(".log", ".snapshot")),
        "producers are saved at every roll"
    );
}

#[test]
fn a_batch_larger_than_a_segment_is_refused() {
    let bench = Bench::new();
    let mut log = bench.create();
    let refused = append(&mut log, batch(&[&"x".repeat(1_000)]));
    assert!(
        matches!(
            refused,
            Err(ottla_storage::log::AppendError::TooLarge {
                limit_bytes: 1_000,
                ..
            })
        ),
        "{refused:?}"
    );
    assert_eq!(log.reader().segment_count(), 1);
}

#[test]
fn time_is_counted_between_the_first_batch_and_the_new_one() {
    let mut bench = Bench::new();
    bench.config = LogConfig {
        segment_ms: 1_000,
        ..LogConfig::default()
    };
    let mut log = bench.create();
    for (timestamp, segments) in [(5_000, 1), (6_000, 1), (6_001, 2), (6_500, 2), (7_002, 3)] {
        append(&mut log, batch_at(&["a"], timestamp)).expect("it is appended");
        assert_eq!(log.reader().segment_count(), segments, "after {timestamp}");
    }
}

#[test]
fn jitter_only_ever_rolls_earlier() {
    let mut bench = Bench::new();
    bench.config = LogConfig {
        segment_ms: 1_000,
        segment_jitter_ms: 400,
        ..LogConfig::default()
    };
    let mut log = bench.create();
    let mut rolled_at = Vec::new();
    let mut start = 0;
    for timestamp in (0..20_000).step_by(10) {
        let before = log.reader().segment_count();
        append(&mut log, batch_at(&["a"], timestamp)).expect("it is appended");
        if log.reader().segment_count() > before {
            rolled_at.push(timestamp - start);
            start = timestamp;
        }
    }
    assert!(
        rolled_at.iter().all(|after| (590..=1_010).contains(after)),
        "{rolled_at:?}"
    );
    rolled_at.dedup();
    assert!(rolled_at.len() > 3, "segments differ: {rolled_at:?}");
}

#[test]
fn a_full_index_starts_a_new_segment() {
    let mut bench = Bench::new();
    bench.config = LogConfig {
        index_interval_bytes: 0,
        segment_index_bytes: 80,
        ..LogConfig::default()
    };
    let mut log = bench.create();
    append_many(&mut log, 40);
    assert_eq!(
        log.reader().segment_count(),
        4,
        "ten entries of eight bytes, and the first batch of a segment has none"
    );
}

#[test]
fn index_files_hold_the_entries_that_kafka_would_write() {
    let bench = Bench::new();
    let mut log = bench.create();
    for index in 0..11 {
        append(
            &mut log,
            batch_at(&["0123456789"], 5_000 + [0, 3, 1][index % 3] + index as i64),
        )
        .expect("it is appended");
    }
    log.roll(NOW_MS).expect("it rolls");
    let read = |name: &str| {
        read_file(&bench.disk, &bench.file(name))
            .expect("it is read")
            .expect("it is there")
    };
    let size = read("00000000000000000000.log").len() / 11;
    let index = read("00000000000000000000.index");
    let entries: Vec<(i32, i32)> = index
        .chunks(8)
        .map(|entry| (int(entry, 0), int(entry, 4)))
        .collect();
    let every = 100 / size + 1;
    let expected: Vec<(i32, i32)> = (1..11)
        .filter(|batch| batch % every == 0)
        .map(|batch| (batch as i32, (batch * size) as i32))
        .collect();
    assert_eq!(entries, expected);
    let times = read("00000000000000000000.timeindex");
    let times: Vec<(i64, i32)> = times
        .chunks(12)
        .map(|entry| (long(entry, 0), int(entry, 8)))
        .collect();
    assert!(
        times.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1),
        "{times:?}"
    );
    assert_eq!(
        times.last(),
        Some(&(5_000 + 3 + 10, 10)),
        "the latest of all closes the index"
    );
}

#[test]
fn preallocation_leaves_no_byte_behind_the_last_batch() {
    let mut bench = Bench::new();
    bench.config.preallocate = true;
    let mut log = bench.create();
    append_many(&mut log, 30);
    let size: u64 = bench
        .names()
        .iter()
        .filter(|name| name.ends_with(".log"))
        .map(|name| {
            bench
                .disk
                .metadata(&bench.file(name))
                .expect("it is there")
                .size_bytes
        })
        .sum();
    assert_eq!(size, log.reader().size_bytes());
    assert_eq!(read_all(log.reader(), Offset(0), 1_000).len(), 30);
}
