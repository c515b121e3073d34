//! What was appended is read, whatever the size of the reads.

use super::support::*;
use ottla_storage::log::ReadError;
use ottla_storage::offset::{LeaderEpoch, Offset};
use ottla_storage::segment::Patience;

#[test]
fn offsets_count_records_and_batches_keep_their_epoch() {
    let bench = Bench::new();
    let mut log = bench.create();
    let first = append(&mut log, batch(&["a", "b", "c"])).expect("it is appended");
    let second = append(&mut log, batch(&["d"])).expect("it is appended");
    assert_eq!(
        (first.base_offset, first.last_offset),
        (Offset(0), Offset(2))
    );
    assert_eq!(
        (second.base_offset, second.last_offset),
        (Offset(3), Offset(3))
    );
    let found = read_all(log.reader(), Offset(0), 1_000);
    assert_eq!(
        found
            .iter()
            .map(|header| header.partition_leader_epoch)
            .collect::<Vec<_>>(),
        [EPOCH, EPOCH]
    );
    assert_eq!(
        log.reader().end_offset_for_epoch(EPOCH),
        Some((EPOCH, Offset(4)))
    );
    assert_eq!(log.reader().epoch_at(Offset(1)), Some(EPOCH));
    assert_eq!(log.reader().end_offset_for_epoch(LeaderEpoch(9)), None);
}

#[test]
fn reads_of_any_size_give_every_batch_across_segments() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 100);
    assert!(
        log.reader().segment_count() > 5,
        "{} segments",
        log.reader().segment_count()
    );
    for max_bytes in [1, 90, 91, 200, 500, 1_000, 5_000, 1 << 20] {
        let offsets: Vec<i64> = read_all(log.reader(), Offset(0), max_bytes)
            .iter()
            .map(|header| header.base_offset.0)
            .collect();
        assert_eq!(
            offsets,
            (0..100).collect::<Vec<_>>(),
            "in reads of {max_bytes} bytes"
        );
    }
    for from in 0..100 {
        assert_eq!(
            read_all(log.reader(), Offset(from), 300)[0].base_offset,
            Offset(from)
        );
    }
}

#[test]
fn a_read_from_within_a_batch_starts_with_that_batch() {
    let bench = Bench::new();
    let mut log = bench.create();
    append(&mut log, batch(&["a", "b", "c"])).expect("it is appended");
    assert_eq!(
        read_all(log.reader(), Offset(2), 1)[0].base_offset,
        Offset(0)
    );
}

#[test]
fn a_read_stops_before_the_batch_that_reaches_the_upper_bound() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 40);
    for upper_bound in 0..=40 {
        let read = log
            .reader()
            .read(
                Offset(0),
                1 << 20,
                Offset(upper_bound),
                true,
                Patience::Wait,
            )
            .expect("it is in range");
        let bytes = read
            .regions
            .iter()
            .map(|region| u64::from(region.size_bytes))
            .sum::<u64>();
        assert_eq!(bytes, read.size_bytes);
        let one = log
            .reader()
            .read(Offset(0), 1, Offset(40), true, Patience::Wait)
            .expect("it is in range")
            .size_bytes;
        assert_eq!(
            read.size_bytes,
            one * u64::try_from(upper_bound).expect("it is positive"),
            "up to {upper_bound}"
        );
    }
}

#[test]
fn without_room_for_a_batch_only_a_read_that_must_gives_one() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 3);
    let read = |min_one| {
        log.reader()
            .read(Offset(0), 10, Offset(3), min_one, Patience::Wait)
            .expect("it is in range")
    };
    assert_eq!(read(false).size_bytes, 0);
    assert!(read(true).size_bytes > 10);
}

#[test]
fn reads_outside_the_log_say_what_it_holds() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 3);
    log.set_high_watermark(Offset(3));
    assert!(log.advance_start(Offset(1)));
    for from in [0, 4] {
        let answer = log
            .reader()
            .read(Offset(from), 10, Offset(3), true, Patience::Wait);
        assert!(
            matches!(
                answer,
                Err(ReadError::OutOfRange {
                    start: Offset(1),
                    end: Offset(3)
                })
            ),
            "{answer:?}"
        );
    }
    assert_eq!(
        log.reader()
            .read(Offset(3), 10, Offset(3), true, Patience::Wait)
            .expect("the end is in range")
            .size_bytes,
        0
    );
}

#[test]
fn many_batches_at_once_are_one_write_per_segment_and_each_has_its_answer() {
    let bench = Bench::new();
    let mut log = bench.create();
    let batches: Vec<_> = (0..30)
        .map(|index| batch(&[&format!("value {index:>20}")]))
        .collect();
    let answers = log.append_as_leader(&batches, EPOCH, NOW_MS);
    let offsets: Vec<i64> = answers
        .into_iter()
        .map(|answer| answer.expect("it is appended").base_offset.0)
        .collect();
    assert_eq!(offsets, (0..30).collect::<Vec<_>>());
    assert_eq!(read_offsets(log.reader()), (0..30).collect::<Vec<_>>());
    assert!(log.reader().segment_count() > 1);
}
