//! The rules of `draft` and `rules` as a table of stories, one producer against one partition.

use proptest::prelude::*;

use super::*;
use crate::offset::{Offset, ProducerEpoch, ProducerId, Sequence};

const PRODUCER: ProducerId = ProducerId(7);

fn data(epoch: i16, first_sequence: i32, count: i32, first_offset: i64) -> ProducerBatch {
    ProducerBatch {
        producer_id: PRODUCER,
        producer_epoch: ProducerEpoch(epoch),
        first_sequence: Sequence(first_sequence),
        last_sequence: Sequence(first_sequence).plus(count - 1),
        first_offset: Offset(first_offset),
        last_offset: Offset(first_offset + i64::from(count) - 1),
        max_timestamp: 1_000,
        is_transactional: false,
        marker: None,
    }
}

fn transactional(batch: ProducerBatch) -> ProducerBatch {
    ProducerBatch {
        is_transactional: true,
        ..batch
    }
}

fn marker(
    kind: MarkerKind,
    epoch: i16,
    offset: i64,
    transaction_version: i16,
    coordinator_epoch: i32,
) -> ProducerBatch {
    let marker = EndMarker {
        kind,
        coordinator_epoch,
        timestamp: 2_000,
        transaction_version,
    };
    ProducerBatch {
        first_sequence: Sequence::NONE,
        last_sequence: Sequence::NONE,
        marker: Some(marker),
        ..transactional(data(epoch, 0, 1, offset))
    }
}

fn check(
    producers: &Producers,
    batch: &ProducerBatch,
    origin: Origin,
) -> Result<Verdict, ProducerError> {
    Draft::new().check(producers, batch, origin, Proof::NotRequired)
}

fn append(producers: &mut Producers, batch: &ProducerBatch) -> Vec<AbortedTransaction> {
    let origin = if batch.marker.is_some() {
        Origin::Coordinator
    } else {
        Origin::Client
    };
    let mut draft = Draft::new();
    assert_eq!(
        draft.check(producers, batch, origin, Proof::NotRequired),
        Ok(Verdict::New)
    );
    producers.install(draft)
}

fn out_of_order(sequence: i32, expected_after: i32) -> Result<Verdict, ProducerError> {
    Err(ProducerError::OutOfOrderSequence {
        producer_id: PRODUCER,
        sequence: Sequence(sequence),
        expected_after: Sequence(expected_after),
    })
}

fn stale(epoch: i16, current: i16) -> Result<Verdict, ProducerError> {
    Err(ProducerError::StaleEpoch {
        producer_id: PRODUCER,
        epoch: ProducerEpoch(epoch),
        current: ProducerEpoch(current),
    })
}

#[test]
fn an_unknown_producer_may_start_at_any_sequence() {
    assert_eq!(
        check(&Producers::new(), &data(3, 42, 5, 0), Origin::Client),
        Ok(Verdict::New)
    );
}

#[test]
fn only_the_next_sequence_follows() {
    let mut producers = Producers::new();
    append(&mut producers, &data(0, 0, 10, 0));
    for sequence in [1, 8, 11, i32::MAX] {
        let verdict = check(&producers, &data(0, sequence, 1, 10), Origin::Client);
        assert_eq!(verdict, out_of_order(sequence, 9));
    }
    assert_eq!(
        check(&producers, &data(0, 10, 1, 10), Origin::Client),
        Ok(Verdict::New)
    );
}

#[test]
fn the_sequence_after_the_maximum_is_zero() {
    let mut producers = Producers::new();
    append(&mut producers, &data(0, i32::MAX - 1, 2, 0));
    assert_eq!(
        check(&producers, &data(0, 0, 5, 2), Origin::Client),
        Ok(Verdict::New)
    );
    assert_eq!(
        check(&producers, &data(0, 1, 5, 2), Origin::Client),
        out_of_order(1, i32::MAX)
    );
    // a batch across the wrap, and its retry
    append(&mut producers, &data(0, 0, 1, 2));
    let mut producers = Producers::new();
    append(&mut producers, &data(0, i32::MAX - 1, 4, 0));
    let retried = check(&producers, &data(0, i32::MAX - 1, 4, 50), Origin::Client);
    assert!(
        matches!(retried, Ok(Verdict::Duplicate(stored)) if stored.first_offset() == Offset(0))
    );
    assert_eq!(
        check(&producers, &data(0, 2, 1, 4), Origin::Client),
        Ok(Verdict::New)
    );
}

#[test]
fn a_retry_of_any_of_the_last_five_batches_is_answered_with_its_first_offset() {
    let mut producers = Producers::new();
    for index in 0..6 {
        append(&mut producers, &data(0, index * 2, 2, i64::from(index) * 2));
    }
    for index in 1..6 {
        match check(&producers, &data(0, index * 2, 2, 100), Origin::Client) {
            Ok(Verdict::Duplicate(stored)) => {
                assert_eq!(stored.first_offset(), Offset(i64::from(index) * 2));
                assert_eq!(stored.timestamp, 1_000);
            }
            other => panic!("batch {index}: {other:?}"),
        }
    }
    assert_eq!(
        check(&producers, &data(0, 0, 2, 100), Origin::Client),
        out_of_order(0, 11)
    );
}

#[test]
fn a_retry_in_the_same_write_is_a_duplicate_of_its_original() {
    let producers = Producers::new();
    let mut draft = Draft::new();
    let first = data(0, 0, 2, 0);
    assert_eq!(
        draft.check(&producers, &first, Origin::Client, Proof::NotRequired),
        Ok(Verdict::New)
    );
    let again = draft.check(
        &producers,
        &data(0, 0, 2, 2),
        Origin::Client,
        Proof::NotRequired,
    );
    assert!(
        matches!(again, Ok(Verdict::Duplicate(stored)) if stored.first_offset() == Offset(0)),
        "{again:?}"
    );
    let next = data(0, 2, 1, 2);
    assert_eq!(
        draft.check(&producers, &next, Origin::Client, Proof::NotRequired),
        Ok(Verdict::New)
    );
}

#[test]
fn a_draft_that_is_dropped_changes_nothing() {
    let producers = Producers::new();
    assert_eq!(
        check(&producers, &data(0, 0, 2, 0), Origin::Client),
        Ok(Verdict::New)
    );
    assert!(producers.is_empty());
    assert_eq!(
        check(&producers, &data(0, 0, 2, 0), Origin::Client),
        Ok(Verdict::New)
    );
}

#[test]
fn an_older_epoch_is_fenced_and_a_newer_one_starts_at_zero() {
    let mut producers = Producers::new();
    append(&mut producers, &data(4, 0, 10, 0));
    assert_eq!(
        check(&producers, &data(3, 10, 1, 10), Origin::Client),
        stale(3, 4)
    );
    assert_eq!(
        check(&producers, &data(3, 10, 1, 10), Origin::Coordinator),
        stale(3, 4)
    );
    assert_eq!(
        check(&producers, &data(5, 10, 1, 10), Origin::Client),
        out_of_order(10, -1)
    );
    assert_eq!(
        check(&producers, &data(5, 0, 1, 10), Origin::Client),
        Ok(Verdict::New)
    );
}

#[test]
fn coordinators_and_replication_have_no_sequences_to_check() {
    let mut producers = Producers::new();
    append(&mut producers, &data(4, 0, 10, 0));
    let gap = data(4, 99, 1, 10);
    assert_eq!(
        check(&producers, &gap, Origin::Coordinator),
        Ok(Verdict::New)
    );
    assert_eq!(
        check(&producers, &gap, Origin::Replication),
        Ok(Verdict::New)
    );
    assert_eq!(
        check(&producers, &data(1, 0, 1, 10), Origin::Replication),
        Ok(Verdict::New)
    );
}

#[test]
fn a_plain_batch_may_not_come_inside_a_transaction() {
    let mut producers = Producers::new();
    append(&mut producers, &transactional(data(0, 0, 1, 5)));
    assert_eq!(producers.first_unstable_offset(), Some(Offset(5)));
    let refused = Err(ProducerError::OpenTransaction {
        producer_id: PRODUCER,
    });
    assert_eq!(
        check(&producers, &data(0, 1, 1, 6), Origin::Client),
        refused
    );
    append(&mut producers, &transactional(data(0, 1, 1, 6)));
    assert_eq!(
        producers.first_unstable_offset(),
        Some(Offset(5)),
        "the transaction began at 5"
    );
}

#[test]
fn an_abort_marker_yields_the_index_entry_and_a_commit_marker_none() {
    let mut producers = Producers::new();
    append(&mut producers, &transactional(data(0, 0, 2, 5)));
    let aborted = append(&mut producers, &marker(MarkerKind::Abort, 0, 7, 0, 1));
    assert_eq!(
        aborted,
        [AbortedTransaction {
            producer_id: PRODUCER,
            first_offset: Offset(5),
            last_offset: Offset(7),
            last_stable_offset: Offset(8),
        }]
    );
    assert_eq!(producers.first_undecided_offset(), None);
    assert_eq!(producers.first_unstable_offset(), Some(Offset(5)));
    producers.high_watermark_reached(Offset(8));
    assert_eq!(producers.first_unstable_offset(), None);
    append(&mut producers, &transactional(data(0, 2, 1, 8)));
    assert_eq!(
        append(&mut producers, &marker(MarkerKind::Commit, 0, 9, 0, 1)),
        []
    );
    assert_eq!(
        append(&mut producers, &marker(MarkerKind::Abort, 0, 10, 0, 1)),
        [],
        "nothing open"
    );
}

#[test]
fn after_a_version_2_marker_the_next_epoch_starts_at_zero() {
    let mut producers = Producers::new();
    append(&mut producers, &transactional(data(0, 0, 2, 0)));
    append(&mut producers, &marker(MarkerKind::Commit, 1, 2, 2, 1));
    assert_eq!(
        check(&producers, &transactional(data(0, 2, 1, 3)), Origin::Client),
        stale(0, 1)
    );
    assert_eq!(
        check(&producers, &transactional(data(1, 2, 1, 3)), Origin::Client),
        out_of_order(2, -1)
    );
    append(&mut producers, &transactional(data(1, 0, 1, 3)));
}

#[test]
fn a_late_marker_is_refused_by_its_version() {
    let mut producers = Producers::new();
    append(&mut producers, &transactional(data(3, 0, 1, 0)));
    let verdict = |producers: &Producers, epoch, version| {
        check(
            producers,
            &marker(MarkerKind::Abort, epoch, 1, version, 0),
            Origin::Coordinator,
        )
    };
    assert_eq!(verdict(&producers, 2, 1), stale(2, 3));
    assert_eq!(verdict(&producers, 3, 1), Ok(Verdict::New));
    assert_eq!(
        verdict(&producers, 3, 2),
        stale(3, 3),
        "version 2 bumps the epoch"
    );
    assert_eq!(verdict(&producers, 4, 2), Ok(Verdict::New));
    append(&mut producers, &marker(MarkerKind::Abort, 4, 1, 2, 0));
    assert_eq!(
        verdict(&producers, 4, 2),
        Ok(Verdict::New),
        "a repeated marker, nothing is open"
    );
}

#[test]
fn a_marker_of_an_older_coordinator_is_fenced() {
    let mut producers = Producers::new();
    append(&mut producers, &marker(MarkerKind::Commit, 0, 0, 0, 5));
    let late = marker(MarkerKind::Commit, 0, 1, 0, 4);
    let fenced = ProducerError::CoordinatorFenced {
        producer_id: PRODUCER,
        epoch: 4,
        current: 5,
    };
    assert_eq!(check(&producers, &late, Origin::Coordinator), Err(fenced));
    assert_eq!(
        check(&producers, &late, Origin::Replication),
        Ok(Verdict::New)
    );
}

#[test]
fn a_transaction_needs_the_guard_handed_out_for_it() {
    let mut producers = Producers::new();
    let batch = transactional(data(0, 0, 1, 0));
    let check = |producers: &Producers, batch: &ProducerBatch, proof| {
        Draft::new().check(producers, batch, Origin::Client, proof)
    };
    let unverified = Err(ProducerError::UnverifiedTransaction {
        producer_id: PRODUCER,
    });
    assert_eq!(check(&producers, &batch, Proof::Nothing), unverified);
    let start = |producers: &mut Producers| {
        producers.start_verification(PRODUCER, Sequence(0), ProducerEpoch(0), false, 0)
    };
    let guard = start(&mut producers)
        .expect("no epoch to be stale")
        .expect("nothing is open");
    assert!(!producers.is_spillable());
    assert_eq!(
        check(&producers, &batch, Proof::Guard(guard)),
        Ok(Verdict::New)
    );
    append(&mut producers, &batch);
    assert_eq!(start(&mut producers), Ok(None), "already open");
    assert_eq!(
        check(&producers, &transactional(data(0, 1, 1, 1)), Proof::Nothing),
        Ok(Verdict::New)
    );
    append(&mut producers, &marker(MarkerKind::Abort, 0, 1, 0, 0));
    let late = transactional(data(0, 1, 1, 2));
    assert_eq!(
        check(&producers, &late, Proof::Guard(guard)),
        unverified,
        "the guard is spent"
    );
}

#[test]
fn a_higher_sequence_waits_for_the_lowest_one_being_verified() {
    let mut producers = Producers::new();
    for sequence in [4, 2] {
        let started =
            producers.start_verification(PRODUCER, Sequence(sequence), ProducerEpoch(0), false, 0);
        assert!(started.is_ok());
    }
    assert_eq!(
        check(&producers, &transactional(data(0, 4, 1, 0)), Origin::Client),
        out_of_order(4, 2)
    );
    assert_eq!(
        check(&producers, &transactional(data(0, 2, 1, 0)), Origin::Client),
        Ok(Verdict::New)
    );
}

#[test]
fn a_version_2_producer_without_state_starts_at_zero() {
    let mut producers = Producers::new();
    producers
        .start_verification(PRODUCER, Sequence(3), ProducerEpoch(0), true, 0)
        .expect("no epoch to be stale");
    assert_eq!(
        check(&producers, &transactional(data(0, 3, 1, 0)), Origin::Client),
        out_of_order(3, -1)
    );
}

#[test]
fn an_idle_producer_expires_unless_its_transaction_is_open() {
    let mut producers = Producers::new();
    append(&mut producers, &data(0, 0, 1, 0));
    append(
        &mut producers,
        &ProducerBatch {
            producer_id: ProducerId(8),
            ..transactional(data(0, 0, 1, 1))
        },
    );
    assert_eq!(producers.expire(1_999, 1_000), 0);
    assert_eq!(producers.expire(2_000, 1_000), 1);
    assert!(producers.get(PRODUCER).is_none() && producers.get(ProducerId(8)).is_some());
    assert_eq!(
        producers.shrink_to(0),
        0,
        "an open transaction is never forgotten"
    );
}

#[test]
fn the_longest_idle_producers_go_first() {
    let mut producers = Producers::new();
    for id in 0..10 {
        let batch = ProducerBatch {
            producer_id: ProducerId(id),
            max_timestamp: 100 - id,
            ..data(0, 0, 1, id)
        };
        append(&mut producers, &batch);
    }
    assert_eq!(producers.shrink_to(3), 7);
    assert_eq!(
        producers
            .iter()
            .map(|entry| entry.producer_id.0)
            .collect::<Vec<_>>(),
        [0, 1, 2]
    );
}

proptest! {
    #[test]
    fn a_table_survives_its_snapshot(
        steps in proptest::collection::vec((0..4i64, 0..3i16, 1..5i32, any::<bool>(), any::<bool>()), 0..60),
    ) {
        let mut producers = Producers::new();
        let mut offset = 0;
        for (id, epoch, count, is_transactional, is_marker) in steps {
            let batch = if is_marker { marker(MarkerKind::Abort, epoch, offset, 0, 0) } else {
                ProducerBatch { is_transactional, ..data(epoch, offset as i32, count, offset) }
            };
            let batch = ProducerBatch { producer_id: ProducerId(id), ..batch };
            let mut draft = Draft::new();
            if draft.check(&producers, &batch, Origin::Replication, Proof::NotRequired).is_ok() {
                producers.install(draft);
                offset = batch.last_offset.0 + 1;
            }
        }
        let bytes = snapshot::encode(&producers);
        let loaded = Producers::load(snapshot::parse(&bytes).expect("just written"), 0, i64::MAX);
        prop_assert!(loaded.iter().eq(producers.iter()));
        prop_assert_eq!(loaded.first_undecided_offset(), producers.first_undecided_offset());
        // what Kafka reads of it is a snapshot too
        let kafkas = &bytes[..10 + producers.len() * 46];
        let mut kafkas = kafkas.to_vec();
        let crc = crc32c::crc32c(&kafkas[6..]);
        kafkas[2..6].copy_from_slice(&crc.to_be_bytes());
        prop_assert_eq!(snapshot::parse(&kafkas).map(|entries| entries.len()), Ok(producers.len()));
    }

    #[test]
    fn any_bytes_are_a_snapshot_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = snapshot::parse(&bytes);
        if bytes.len() >= 10 {
            bytes[..2].copy_from_slice(&[0, 1]);
            bytes[6..9].copy_from_slice(&[0; 3]);
            let crc = crc32c::crc32c(&bytes[6..]);
            bytes[2..6].copy_from_slice(&crc.to_be_bytes());
            if let Ok(entries) = snapshot::parse(&bytes) {
                let _ = snapshot::encode(&Producers::load(entries, 0, i64::MAX));
            }
        }
    }
}
