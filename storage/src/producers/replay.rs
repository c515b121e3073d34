//! Whatever producers do, the table that recovery rebuilds from the log is the one that was live: from its beginning, or from a
//! snapshot taken anywhere in it.

use proptest::prelude::*;

use super::*;
use crate::offset::{Offset, ProducerEpoch, ProducerId, Sequence};

/// What a producer tries.
#[derive(Clone, Debug)]
struct Attempt {
    producer: i64,
    epoch: i16,
    /// Added to the sequence that would be right.
    gap: i32,
    count: i32,
    is_transactional: bool,
    /// Instead of data: a marker of this transaction version.
    marker: Option<(bool, i16)>,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let marker = proptest::option::weighted(0.25, (any::<bool>(), 0..3i16));
    let gap = prop_oneof![8 => Just(0), 1 => -3..3i32];
    (0..3i64, 0..3i16, gap, 1..4i32, any::<bool>(), marker).prop_map(
        |(producer, epoch, gap, count, is_transactional, marker)| Attempt {
            producer,
            epoch,
            gap,
            count,
            is_transactional,
            marker,
        },
    )
}

fn batch(attempt: &Attempt, producers: &Producers, offset: i64) -> ProducerBatch {
    let producer_id = ProducerId(attempt.producer);
    let epoch = ProducerEpoch(attempt.epoch);
    let known = producers
        .get(producer_id)
        .filter(|entry| entry.producer_epoch == epoch);
    let due = known.map_or(0, |entry| entry.last_sequence().0 + 1);
    let first = Sequence((due + attempt.gap).max(0));
    let is_data = attempt.marker.is_none();
    let count = if is_data { attempt.count } else { 1 };
    ProducerBatch {
        producer_id,
        producer_epoch: epoch,
        first_sequence: if is_data { first } else { Sequence::NONE },
        last_sequence: if is_data {
            first.plus(count - 1)
        } else {
            Sequence::NONE
        },
        first_offset: Offset(offset),
        last_offset: Offset(offset + i64::from(count) - 1),
        max_timestamp: 1_000 + offset,
        is_transactional: attempt.is_transactional || !is_data,
        marker: attempt
            .marker
            .map(|(is_commit, transaction_version)| EndMarker {
                kind: if is_commit {
                    MarkerKind::Commit
                } else {
                    MarkerKind::Abort
                },
                coordinator_epoch: 0,
                timestamp: 1_000 + offset,
                transaction_version,
            }),
    }
}

fn replay(
    producers: &mut Producers,
    log: &[ProducerBatch],
    per_write: usize,
) -> Vec<AbortedTransaction> {
    let mut aborted = Vec::new();
    for write in log.chunks(per_write) {
        let mut draft = Draft::new();
        for batch in write {
            let recovered = batch.marker.map(|marker| EndMarker {
                transaction_version: 0,
                ..marker
            });
            let batch = ProducerBatch {
                marker: recovered,
                ..*batch
            };
            let verdict = draft.check(producers, &batch, Origin::Replication, Proof::NotRequired);
            assert_eq!(verdict, Ok(Verdict::New));
        }
        aborted.extend(producers.install(draft));
    }
    aborted
}

proptest! {
    #[test]
    fn the_rebuilt_table_is_the_live_one(
        attempts in proptest::collection::vec(attempt(), 0..80),
        cut in any::<prop::sample::Index>(),
        per_write in 1..5usize,
    ) {
        let mut live = Producers::new();
        let mut log = Vec::new();
        let mut aborted = Vec::new();
        let mut snapshots = vec![snapshot::encode(&live)];
        for attempt in &attempts {
            let offset = log.last().map_or(0, |batch: &ProducerBatch| batch.last_offset.0 + 1);
            let batch = batch(attempt, &live, offset);
            let origin = if batch.marker.is_some() { Origin::Coordinator } else { Origin::Client };
            let mut draft = Draft::new();
            match draft.check(&live, &batch, origin, Proof::NotRequired) {
                Ok(Verdict::New) => {
                    aborted.extend(live.install(draft));
                    log.push(batch);
                    snapshots.push(snapshot::encode(&live));
                }
                Ok(Verdict::Duplicate(_)) | Err(_) => prop_assert!(draft.is_empty()),
            }
        }
        let mut rebuilt = Producers::new();
        let from_start = replay(&mut rebuilt, &log, per_write);
        prop_assert!(rebuilt.iter().eq(live.iter()));
        prop_assert_eq!(from_start, aborted);
        prop_assert_eq!(rebuilt.first_unstable_offset(), live.first_unstable_offset());

        let at = cut.index(snapshots.len());
        let entries = snapshot::parse(&snapshots[at]).expect("just written");
        let mut resumed = Producers::load(entries, 0, i64::MAX);
        replay(&mut resumed, &log[at..], per_write);
        prop_assert!(resumed.iter().eq(live.iter()));
        prop_assert_eq!(resumed.first_undecided_offset(), live.first_undecided_offset());
    }
}
