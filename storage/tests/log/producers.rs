//! A batch that was written is a duplicate for ever, whatever happened in between.

use super::support::*;
use ottla_storage::log::{AppendError, FlushScope, Trust};
use ottla_storage::offset::Offset;
use ottla_storage::producers::ProducerError;

#[test]
fn a_retry_in_the_same_write_is_a_duplicate_of_its_original() {
    let bench = Bench::new();
    let mut log = bench.create();
    let answers = log.append_as_leader(
        &[
            batch_of(1, 0, &["a", "b"]),
            batch_of(1, 0, &["a", "b"]),
            batch_of(1, 2, &["c"]),
        ],
        EPOCH,
        NOW_MS,
    );
    let answers: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.expect("it is answered"))
        .collect();
    assert_eq!(
        answers
            .iter()
            .map(|answer| answer.base_offset.0)
            .collect::<Vec<_>>(),
        [0, 0, 2]
    );
    assert_eq!(
        answers
            .iter()
            .map(|answer| answer.is_duplicate)
            .collect::<Vec<_>>(),
        [false, true, false]
    );
    assert_eq!(read_offsets(log.reader()), [0, 2]);
}

#[test]
fn a_gap_in_sequences_is_refused_and_the_others_are_written() {
    let bench = Bench::new();
    let mut log = bench.create();
    let answers = log.append_as_leader(
        &[
            batch_of(1, 0, &["a"]),
            batch_of(1, 5, &["b"]),
            batch_of(2, 0, &["c"]),
        ],
        EPOCH,
        NOW_MS,
    );
    assert!(
        matches!(
            answers[1],
            Err(AppendError::Producer(
                ProducerError::OutOfOrderSequence { .. }
            ))
        ),
        "{:?}",
        answers[1]
    );
    assert_eq!(
        answers[2].as_ref().map(|answer| answer.base_offset).ok(),
        Some(Offset(1))
    );
}

#[test]
fn a_log_at_rest_forgets_no_producer() {
    let bench = Bench::new();
    let mut log = bench.create();
    for sequence in 0..20 {
        append(&mut log, batch_of(7, sequence, &["a"])).expect("it is appended");
    }
    log.rest().expect("it rests");
    assert_eq!(
        log.reader()
            .with_producers(NOW_MS, |producers| producers.len())
            .expect("they are read"),
        1
    );
    assert!(
        append(&mut log, batch_of(7, 19, &["a"]))
            .expect("it is answered")
            .is_duplicate
    );
    assert!(
        !append(&mut log, batch_of(7, 20, &["a"]))
            .expect("it is answered")
            .is_duplicate
    );
    log.rest().expect("it rests");
    log.rest().expect("resting twice is no harm");
    bench.disk.process_death();
    let mut log = bench.open(Trust::SameBoot);
    assert!(
        append(&mut log, batch_of(7, 20, &["a"]))
            .expect("it is answered")
            .is_duplicate
    );
}

#[test]
fn producers_come_back_from_every_kind_of_stop() {
    for trust in [Trust::CleanStop, Trust::SameBoot, Trust::RecoveryPoint] {
        let mut bench = Bench::new();
        let mut log = bench.create();
        for sequence in 0..30 {
            append(&mut log, batch_of(7, sequence, &["some value"])).expect("it is appended");
            if sequence == 20 {
                flush(log.reader(), FlushScope::Everything);
                bench.checkpoint(log.reader());
            }
        }
        if trust == Trust::CleanStop {
            bench.stop(log);
        } else {
            bench.disk.process_death();
        }
        let mut log = bench.open(trust);
        for sequence in 25..30 {
            let retried =
                append(&mut log, batch_of(7, sequence, &["some value"])).expect("it is answered");
            assert!(retried.is_duplicate, "{trust:?}: {sequence}");
            assert_eq!(retried.base_offset, Offset(i64::from(sequence)));
        }
        assert!(
            !append(&mut log, batch_of(7, 30, &["a"]))
                .expect("it is appended")
                .is_duplicate
        );
    }
}
