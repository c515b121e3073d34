//! Damage below what is durable is reported, never repaired by forgetting.

use super::support::*;
use ottla_storage::disk::{Disk, OpenHow, read_file};
use ottla_storage::log::{FlushScope, OpenError, Trust};
use ottla_storage::offset::Offset;

fn flushed(count: usize) -> Bench {
    let mut bench = Bench::with_segment_bytes(1 << 20);
    let mut log = bench.create();
    append_many(&mut log, count);
    flush(log.reader(), FlushScope::Everything);
    bench.checkpoint(log.reader());
    append_many(&mut log, count);
    bench
}

#[test]
fn a_flipped_bit_in_the_unflushed_suffix_ends_the_log_there() {
    let bench = flushed(10);
    let path = bench.file("00000000000000000000.log");
    let size_bytes = bench.disk.metadata(&path).expect("it is there").size_bytes / 20;
    bench
        .disk
        .flip_bits(&path, size_bytes * 15 + 70, 1)
        .expect("it is there");
    bench.disk.process_death();
    let opened = bench.try_open(Trust::RecoveryPoint).expect("it opens");
    assert_eq!(opened.writer.reader().offsets().end, Offset(15));
    assert_eq!(opened.recovery.truncated_bytes, size_bytes * 5);
}

#[test]
fn a_log_shorter_than_its_recovery_point_is_quarantined() {
    let bench = flushed(10);
    let path = bench.file("00000000000000000000.log");
    let file = bench.disk.open(&path, OpenHow::Write).expect("it opens");
    file.set_size_bytes(300).expect("it is cut");
    bench.disk.process_death();
    let refused = bench.try_open(Trust::RecoveryPoint);
    assert!(
        matches!(refused, Err(OpenError::Corrupt { .. })),
        "{refused:?}"
    );
    assert_eq!(
        read_file(&bench.disk, &path)
            .expect("it is read")
            .map(|bytes| bytes.len()),
        Some(300),
        "nothing was changed"
    );
}

#[test]
fn a_fault_under_the_checkpointed_end_of_the_same_boot_is_quarantined() {
    let mut bench = flushed(10);
    bench.checkpointed.end = Offset(18);
    let path = bench.file("00000000000000000000.log");
    let size_bytes = bench.disk.metadata(&path).expect("it is there").size_bytes / 20;
    bench
        .disk
        .flip_bits(&path, size_bytes * 17 + 70, 1)
        .expect("it is there");
    bench.disk.process_death();
    let refused = bench.try_open(Trust::SameBoot);
    assert!(
        matches!(
            refused,
            Err(OpenError::Corrupt {
                offset: Offset(17),
                ..
            })
        ),
        "{refused:?}"
    );
}

#[test]
fn a_log_whose_segments_are_all_gone_is_quarantined_if_it_was_durable() {
    let bench = flushed(10);
    for name in bench
        .names()
        .iter()
        .filter(|name| !name.starts_with("leader"))
    {
        bench
            .disk
            .remove_file(&bench.file(name))
            .expect("it is removed");
    }
    bench.disk.process_death();
    assert!(matches!(
        bench.try_open(Trust::RecoveryPoint),
        Err(OpenError::Corrupt { .. })
    ));
}

#[test]
fn checkpoints_of_an_earlier_log_of_the_same_name_are_no_damage() {
    for trust in [Trust::SameBoot, Trust::RecoveryPoint] {
        let bench = flushed(10);
        let log = bench.open(trust);
        log.delete("0123456789abcdef0123456789abcdef")
            .expect("it is deleted")
            .run()
            .expect("it is removed");
        let mut recreated = bench.create();
        append_many(&mut recreated, 3);
        bench.disk.process_death();
        assert_eq!(read_offsets(bench.open(trust).reader()), [0, 1, 2]);
    }
}
