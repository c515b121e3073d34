//! What opening a log touches: its age must not cost time.

use super::support::*;
use ottla_storage::disk::Operation;
use ottla_storage::log::{FlushScope, Trust};
use ottla_storage::offset::Offset;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

#[test]
fn closed_segments_below_the_recovery_point_are_not_even_opened() {
    for trust in [Trust::CleanStop, Trust::SameBoot, Trust::RecoveryPoint] {
        let mut bench = Bench::new();
        let mut log = bench.create();
        append_many(&mut log, 100);
        flush(log.reader(), FlushScope::Everything);
        bench.checkpoint(log.reader());
        append_many(&mut log, 3);
        match trust {
            Trust::CleanStop => bench.stop(log),
            Trust::SameBoot | Trust::RecoveryPoint => bench.disk.process_death(),
        }
        let segments = log_names(&bench);
        let young: BTreeSet<String> = segments.iter().rev().take(2).cloned().collect();
        bench.disk.set_hook(Some(Arc::new(move |operation, path| {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let is_old = name.ends_with(".log") && !young.contains(name);
            match operation {
                Operation::Open | Operation::Read if is_old => {
                    Err(io::Error::other(format!("{name} was touched")))
                }
                _ => Ok(()),
            }
        })));
        let log = bench.open(trust);
        assert_eq!(log.reader().offsets().end, Offset(103), "{trust:?}");
        bench.disk.set_hook(None);
        assert_eq!(read_offsets(log.reader()), (0..103).collect::<Vec<_>>());
    }
}

#[test]
fn after_process_death_only_what_came_after_the_checkpoint_is_checked() {
    let mut bench = Bench::with_segment_bytes(1 << 20);
    let mut log = bench.create();
    append_many(&mut log, 500);
    flush(log.reader(), FlushScope::Everything);
    append_many(&mut log, 500);
    bench.checkpoint(log.reader());
    append_many(&mut log, 5);
    bench.disk.process_death();
    let opened = bench.try_open(Trust::SameBoot).expect("it opens");
    assert_eq!(opened.writer.reader().offsets().end, Offset(1_005));
    // Entries of the offset index that were still in memory are built again.
    let known_bytes = opened.writer.reader().size_bytes() / 2;
    assert!(
        opened.recovery.checked_bytes <= known_bytes + 2_000,
        "{:?}",
        opened.recovery
    );
}

fn log_names(bench: &Bench) -> Vec<String> {
    bench
        .names()
        .into_iter()
        .filter(|name| name.ends_with(".log"))
        .collect()
}

/// Found by reading Kafka's loader: offsets that had been deleted were used again.
#[test]
fn a_log_that_lost_what_was_deleted_goes_on_after_it() {
    let mut bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 10);
    flush(log.reader(), FlushScope::Everything);
    bench.checkpoint(log.reader());
    // As after 90 more, of which 70 were deleted: their checkpoint is durable, they were not.
    bench.checkpointed.start = Offset(80);
    bench.disk.power_loss(7);
    let mut log = bench.open(Trust::RecoveryPoint);
    let offsets = log.reader().offsets();
    assert_eq!((offsets.start, offsets.end), (Offset(80), Offset(80)));
    assert_eq!(
        (offsets.high_watermark, offsets.flushed),
        (Offset(80), Offset(80))
    );
    append_many(&mut log, 3);
    flush(log.reader(), FlushScope::Everything);
    bench.checkpoint(log.reader());
    bench.disk.power_loss(8);
    let log = bench.open(Trust::RecoveryPoint);
    assert_eq!(read_offsets(log.reader()), [80, 81, 82]);
}
