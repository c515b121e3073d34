//! Indexes that are missing, damaged or lie: rebuilt or not believed.

use super::support::*;
use ottla_storage::disk::{Disk, OpenHow, read_file};
use ottla_storage::log::Trust;
use ottla_storage::offset::Offset;
use std::io::IoSlice;

fn stopped(count: usize) -> Bench {
    let mut bench = Bench::new();
    let mut log = bench.create();
    append_many(&mut log, count);
    bench.stop(log);
    bench
}

#[test]
fn missing_indexes_are_rebuilt_byte_for_byte() {
    for trust in [Trust::CleanStop, Trust::SameBoot, Trust::RecoveryPoint] {
        let bench = stopped(60);
        let indexes: Vec<String> = bench
            .names()
            .into_iter()
            .filter(|name| name.ends_with("index"))
            .collect();
        let before: Vec<_> = indexes
            .iter()
            .map(|name| read_file(&bench.disk, &bench.file(name)).expect("it is read"))
            .collect();
        for name in &indexes {
            bench
                .disk
                .remove_file(&bench.file(name))
                .expect("it is removed");
        }
        let mut log = bench.open(trust);
        log.close().expect("it closes");
        let after: Vec<_> = indexes
            .iter()
            .map(|name| read_file(&bench.disk, &bench.file(name)).expect("it is read"))
            .collect();
        assert_eq!(before, after, "{trust:?}");
        assert_eq!(read_offsets(log.reader()), (0..60).collect::<Vec<_>>());
    }
}

#[test]
fn an_index_that_points_astray_is_not_believed() {
    let bench = stopped(60);
    for name in bench.names().iter().filter(|name| name.ends_with(".index")) {
        let file = bench
            .disk
            .open(&bench.file(name), OpenHow::Write)
            .expect("it opens");
        let size_bytes =
            usize::try_from(file.size_bytes().expect("it has a size")).expect("it is small");
        for at in (0..size_bytes).step_by(8) {
            file.write_vectored_at(&[IoSlice::new(&7i32.to_be_bytes())], at as u64 + 4)
                .expect("it is written");
        }
    }
    for trust in [Trust::SameBoot, Trust::RecoveryPoint, Trust::CleanStop] {
        let log = bench.open(trust);
        assert_eq!(log.reader().offsets().end, Offset(60));
        for from in 0..60 {
            assert_eq!(
                read_all(log.reader(), Offset(from), 100)[0].base_offset,
                Offset(from)
            );
        }
        bench.disk.process_death();
    }
}

#[test]
fn entries_that_never_reached_the_index_file_are_found_again() {
    let mut bench = Bench::with_segment_bytes(1 << 20);
    let mut log = bench.create();
    append_many(&mut log, 500);
    bench.checkpoint(log.reader());
    append_many(&mut log, 10);
    bench.disk.process_death();
    let log = bench.open(Trust::SameBoot);
    for from in (0..510).step_by(7) {
        assert_eq!(
            read_all(log.reader(), Offset(from), 100)[0].base_offset,
            Offset(from)
        );
    }
}
