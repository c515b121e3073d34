//! Open transactions hold the stable offset back; aborted ones are listed for readers.

use super::support::*;
use ottla_storage::log::{FlushScope, LogReader, LogWriter, Trust};
use ottla_storage::offset::Offset;
use ottla_storage::producers::MarkerKind::{self, Abort, Commit};
use ottla_storage::segment::Patience;

fn aborted(log: &LogReader, from: i64, to: i64) -> Vec<(i64, i64, i64)> {
    let found = log
        .aborted_transactions(Offset(from), Offset(to), Patience::Wait)
        .expect("it can be read");
    found
        .iter()
        .map(|entry| {
            (
                entry.producer_id.0,
                entry.first_offset.0,
                entry.last_offset.0,
            )
        })
        .collect()
}

fn stable(log: &LogReader) -> i64 {
    log.offsets().stable.0
}

fn write(log: &mut LogWriter, producer: i64, sequence: i32) {
    append(
        log,
        transactional(producer, sequence, &["some value of some length"]),
    )
    .expect("it is appended");
    let end = log.reader().offsets().end;
    log.reader().advance_high_watermark(end);
}

fn end(log: &mut LogWriter, producer: i64, kind: MarkerKind) {
    append(log, marker(producer, kind)).expect("it is appended");
    let end = log.reader().offsets().end;
    log.reader().advance_high_watermark(end);
}

#[test]
fn the_stable_offset_waits_for_the_oldest_transaction_and_its_marker() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 1);
    write(&mut log, 1, 0);
    write(&mut log, 2, 0);
    assert_eq!(stable(log.reader()), 1);
    append(&mut log, marker(1, Commit)).expect("it is appended");
    assert_eq!(stable(log.reader()), 1, "the marker is not replicated yet");
    log.reader().advance_high_watermark(Offset(4));
    assert_eq!(stable(log.reader()), 2, "the other transaction is open");
    end(&mut log, 2, Abort);
    assert_eq!(stable(log.reader()), 5);
}

#[test]
fn aborted_transactions_are_listed_for_the_ranges_they_touch_and_survive_every_stop() {
    let mut bench = Bench::new();
    let mut log = bench.create();
    for round in 0..12 {
        write(&mut log, 1, round);
        write(&mut log, 2, round);
        end(&mut log, 1, if round % 3 == 0 { Abort } else { Commit });
        end(&mut log, 2, Commit);
        if round == 6 {
            flush(log.reader(), FlushScope::Everything);
            bench.checkpoint(log.reader());
        }
    }
    assert!(log.reader().segment_count() > 3);
    let expected = [(1, 0, 2), (1, 12, 14), (1, 24, 26), (1, 36, 38)];
    let check = |log: &LogReader| {
        assert_eq!(aborted(log, 0, 48), expected);
        assert_eq!(aborted(log, 3, 12), []);
        assert_eq!(aborted(log, 2, 13), expected[..2]);
        assert_eq!(aborted(log, 26, 27), expected[2..3]);
    };
    check(log.reader());
    bench.disk.process_death();
    for trust in [Trust::RecoveryPoint, Trust::SameBoot] {
        let log = bench.open(trust);
        check(log.reader());
        drop(log);
        bench.disk.process_death();
    }
    let log = bench.open(Trust::SameBoot);
    bench.stop(log);
    check(bench.open(Trust::CleanStop).reader());
}

#[test]
fn an_open_transaction_is_still_open_after_a_restart_and_is_not_spilled() {
    let mut bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 2);
    write(&mut log, 1, 0);
    log.rest().expect("it rests");
    assert_eq!(stable(log.reader()), 2);
    bench.stop(log);
    let mut log = bench.open(Trust::CleanStop);
    assert_eq!(stable(log.reader()), 2);
    end(&mut log, 1, Abort);
    assert_eq!(stable(log.reader()), 4);
    assert_eq!(aborted(log.reader(), 0, 4), [(1, 2, 3)]);
}
