//! A deleted partition, and one created under its name.

use super::support::*;
use ottla_storage::log::{AppendError, FlushScope};
use ottla_storage::offset::Offset;
use ottla_storage::segment::Patience;
use std::io;
use std::path::Path;

const UNIQUE: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn an_old_reader_never_gets_the_bytes_of_a_recreated_directory() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 3);
    let reader = log.reader().clone();
    let region = reader
        .read(Offset(0), 1_000, Offset(3), true, Patience::Wait)
        .expect("it is in range")
        .regions
        .remove(0);
    let before = region.to_vec(Patience::Wait).expect("it is there");
    log.rest().expect("it rests: files are closed");
    let removal = log.delete(UNIQUE).expect("it is deleted");
    let mut recreated = bench.create();
    append(
        &mut recreated,
        batch(&["something else entirely, and longer than before"]),
    )
    .expect("it is appended");
    assert_eq!(
        region
            .to_vec(Patience::Wait)
            .expect("it is there until removed"),
        before
    );
    removal.run().expect("it is removed");
    assert_eq!(
        region
            .to_vec(Patience::Wait)
            .expect_err("it is gone")
            .kind(),
        io::ErrorKind::NotFound
    );
    assert_eq!(read_offsets(recreated.reader()), [0]);
    assert_eq!(list(&bench.disk, Path::new("/logs")), ["orders-0"]);
}

#[test]
fn the_directory_is_renamed_as_kafka_does_and_survives_power_loss_so() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 3);
    let removal = log.delete(UNIQUE).expect("it is deleted");
    for seed in 0..20 {
        bench.disk.power_loss(seed);
        assert!(!list(&bench.disk, Path::new("/logs")).contains(&"orders-0".to_owned()));
    }
    drop(removal);
}

#[test]
fn a_deleted_log_is_not_flushed_and_takes_no_writes() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 3);
    let reader = log.reader().clone();
    log.delete(UNIQUE)
        .expect("it is deleted")
        .run()
        .expect("it is removed");
    assert!(reader.flush_task(FlushScope::Data).is_none());
    assert!(reader.failure().is_some());
    let mut recreated = bench.create();
    assert!(!matches!(
        append(&mut recreated, batch(&["a"])),
        Err(AppendError::Failed(_))
    ));
}

#[test]
fn a_flush_under_way_while_its_log_is_deleted_is_no_failure() {
    let bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, 30);
    let reader = log.reader().clone();
    let task = reader
        .flush_task(FlushScope::Everything)
        .expect("there is something to flush");
    log.delete(UNIQUE)
        .expect("it is deleted")
        .run()
        .expect("it is removed");
    reader.flushed(task.run()).expect("nobody misses it");
}
