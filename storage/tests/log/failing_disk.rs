//! A disk that refuses: the log is as before, or out of service, and says so.

use super::support::*;
use ottla_storage::disk::Disk;
use ottla_storage::disk::Operation;
use ottla_storage::log::{AppendError, FlushScope, Trust};
use ottla_storage::offset::Offset;
use ottla_storage::retention::Retention;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn a_full_disk_refuses_the_write_and_leaves_no_trace() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 3);
    let size_bytes = log.reader().size_bytes();
    bench.disk.set_capacity_bytes(size_bytes + 40);
    let refused = append(&mut log, batch_of(1, 0, &["does not fit"]));
    assert!(
        matches!(&refused, Err(AppendError::Io(failure)) if failure.kind == io::ErrorKind::StorageFull),
        "{refused:?}"
    );
    assert_eq!(log.reader().offsets().end, Offset(3));
    bench.disk.set_capacity_bytes(u64::MAX);
    let retried = append(&mut log, batch_of(1, 0, &["fits now"])).expect("there is room");
    assert!(
        !retried.is_duplicate,
        "what was not written is not a duplicate"
    );
    assert_eq!(read_offsets(log.reader()), [0, 1, 2, 3]);
    bench.disk.process_death();
    assert_eq!(
        bench.open(Trust::RecoveryPoint).reader().offsets().end,
        Offset(4)
    );
}

#[test]
fn every_batch_of_a_failed_write_gets_the_failure() {
    let bench = Bench::new();
    let mut log = bench.create();
    bench
        .disk
        .set_hook(Some(Arc::new(|operation, _| match operation {
            Operation::Write => Err(io::Error::other("bad sector")),
            _ => Ok(()),
        })));
    let answers = log.append_as_leader(
        &[
            batch(&["a"]),
            batch_of(1, 0, &["b"]),
            batch_of(1, 0, &["b"]),
        ],
        EPOCH,
        NOW_MS,
    );
    assert_eq!(answers.len(), 3);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(AppendError::Io(_)))),
        "{answers:?}"
    );
    bench.disk.set_hook(None);
    append_many(&mut log, 1);
    assert_eq!(read_offsets(log.reader()), [0]);
}

#[test]
fn a_write_that_cannot_be_undone_takes_the_log_out_of_service() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 1);
    bench
        .disk
        .set_hook(Some(Arc::new(|operation, _| match operation {
            Operation::Write | Operation::SetSize => Err(io::Error::other("bad sector")),
            _ => Ok(()),
        })));
    assert!(append(&mut log, batch(&["a"])).is_err());
    bench.disk.set_hook(None);
    assert!(matches!(
        append(&mut log, batch(&["a"])),
        Err(AppendError::Failed(_))
    ));
    assert!(log.reader().failure().is_some());
    assert_eq!(
        read_offsets(log.reader()),
        [0],
        "what is there can still be read"
    );
}

#[test]
fn a_failed_sync_is_never_tried_again() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 5);
    let syncs = Arc::new(AtomicUsize::new(0));
    let counter = syncs.clone();
    bench
        .disk
        .set_hook(Some(Arc::new(move |operation, _| match operation {
            Operation::Sync => {
                counter.fetch_add(1, Ordering::Relaxed);
                Err(io::Error::other("device error"))
            }
            _ => Ok(()),
        })));
    let task = log
        .reader()
        .flush_task(FlushScope::Data)
        .expect("there is something to flush");
    assert!(log.reader().flushed(task.run()).is_err());
    bench.disk.set_hook(None);
    assert_eq!(syncs.load(Ordering::Relaxed), 1);
    assert_eq!(log.reader().offsets().flushed, Offset(0));
    assert!(log.reader().flush_task(FlushScope::Data).is_none());
    assert!(matches!(
        append(&mut log, batch(&["a"])),
        Err(AppendError::Failed(_))
    ));
    assert!(
        log.close().is_err(),
        "a failed log cannot be stopped cleanly"
    );
}

#[test]
fn a_segment_that_cannot_be_created_leaves_the_old_one_in_use() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 2);
    bench.disk.set_hook(Some(Arc::new(|operation, path| {
        let is_new =
            operation == Operation::Open && path.ends_with("00000000000000000002.timeindex");
        if is_new {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    })));
    assert!(log.roll(NOW_MS).is_err());
    bench.disk.set_hook(None);
    append_many(&mut log, 1);
    assert_eq!(log.reader().segment_count(), 1);
    log.roll(NOW_MS).expect("it rolls now");
    append_many(&mut log, 1);
    assert_eq!(read_offsets(log.reader()), [0, 1, 2, 3]);
}

#[test]
fn a_log_opens_on_a_full_disk_and_retention_makes_room() {
    for trust in [Trust::SameBoot, Trust::RecoveryPoint] {
        let bench = Bench::new();
        let mut log = bench.create();
        for sequence in 0..60 {
            append(&mut log, batch_of(7, sequence, &["some value"])).expect("it is appended");
        }
        drop(log);
        bench.disk.process_death();
        for name in bench.names().iter().filter(|name| name.ends_with("index")) {
            bench
                .disk
                .remove_file(&bench.file(name))
                .expect("it is removed");
        }
        bench.disk.set_capacity_bytes(0);
        let mut log = bench.open(trust);
        assert_eq!(read_offsets(log.reader()), (0..60).collect::<Vec<_>>());
        assert_eq!(
            read_all(log.reader(), Offset(31), 100)[0].base_offset,
            Offset(31)
        );
        let refused = append(&mut log, batch_of(7, 60, &["no room"]));
        assert!(
            matches!(&refused, Err(AppendError::Io(failure)) if failure.kind == io::ErrorKind::StorageFull),
            "{refused:?}"
        );
        log.set_high_watermark(Offset(60));
        let retention = Retention {
            is_delete: true,
            time_ms: None,
            size_bytes: Some(2_000),
        };
        let removal = log
            .delete_old_segments(&retention, NOW_MS)
            .expect("it succeeds");
        removal
            .expect("it is too large")
            .run()
            .expect("it is removed");
        assert!(log.reader().offsets().start > Offset(0));
        bench.disk.set_capacity_bytes(1 << 20);
        assert!(
            !append(&mut log, batch_of(7, 60, &["room"]))
                .expect("there is room")
                .is_duplicate
        );
    }
}
