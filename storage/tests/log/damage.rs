//! Files that hold anything at all: a log opens or is refused, and nothing panics.

use super::model::Random;
use super::support::*;
use ottla_storage::disk::{Disk, OpenHow};
use ottla_storage::log::{FlushScope, LogReader, LogWriter, Trust};
use ottla_storage::offset::{LeaderEpoch, Offset};
use ottla_storage::producers::MarkerKind::Abort;
use ottla_storage::segment::Patience;
use std::io::IoSlice;

fn stopped() -> Bench {
    let mut bench = Bench::new();
    let mut log = bench.create();
    for sequence in 0..15 {
        append(&mut log, batch_of(7, sequence, &["some value"])).expect("it is appended");
        append(&mut log, transactional(8, 2 * sequence, &["a", "b"])).expect("it is appended");
        append(&mut log, marker(8, Abort)).expect("it is appended");
    }
    log.set_high_watermark(Offset(40));
    flush(log.reader(), FlushScope::Rolled);
    bench.checkpoint(log.reader());
    if bench.checkpointed.end.0 % 2 == 0 {
        bench.stop(log);
    } else {
        bench.disk.process_death();
    }
    bench
}

/// Changes some bytes, cuts, lengthens, removes or fills some files.
fn damage(bench: &Bench, random: &mut Random) {
    for _ in 0..1 + random.below(4) {
        let names = bench.names();
        let name = &names[random.below(names.len() as u64) as usize];
        let file = bench
            .disk
            .open(&bench.file(name), OpenHow::Write)
            .expect("it opens");
        let size_bytes = file.size_bytes().expect("it has a size");
        match random.below(5) {
            0 => file
                .set_size_bytes(random.below(size_bytes + 1))
                .expect("it is cut"),
            1 => file
                .set_size_bytes(size_bytes + random.below(300))
                .expect("it grows"),
            2 if size_bytes > 0 => {
                for _ in 0..1 + random.below(20) {
                    let mask = 1 << random.below(8);
                    bench
                        .disk
                        .flip_bits(&bench.file(name), random.below(size_bytes), mask)
                        .expect("it is there");
                }
            }
            3 => bench
                .disk
                .remove_file(&bench.file(name))
                .expect("it is removed"),
            _ => {
                let bytes: Vec<u8> = (0..random.below(400))
                    .map(|_| random.below(256) as u8)
                    .collect();
                let at = random.below(size_bytes + 1);
                file.write_vectored_at(&[IoSlice::new(&bytes)], at)
                    .expect("it is written");
            }
        }
    }
}

/// Everything that a log can be asked; answers do not matter.
fn ask(log: &LogReader) {
    let offsets = log.offsets();
    for from in offsets.start.0..=offsets.end.0.min(offsets.start.0 + 60) {
        for max_bytes in [1, 400, 1 << 20] {
            let _ = log.read(Offset(from), max_bytes, offsets.end, true, Patience::Wait);
        }
        let _ = log.epoch_at(Offset(from));
    }
    let _ = log.offset_for_timestamp(NOW_MS, Patience::Wait);
    let _ = log.offset_of_max_timestamp(Patience::Wait);
    let _ = log.aborted_transactions(offsets.start, offsets.end, Patience::Wait);
    let _ = log.end_offset_for_epoch(LeaderEpoch(3));
}

fn go_on(mut log: LogWriter, random: &mut Random) {
    ask(log.reader());
    for index in 0..20 {
        let _ = append(&mut log, batch_of(9, index, &["more"]));
    }
    let end = log.reader().offsets().end;
    log.set_high_watermark(end);
    let _ = log.truncate_to(
        Offset(random.below(end.0.unsigned_abs() + 1) as i64),
        NOW_MS,
    );
    let _ = append(&mut log, batch(&["again"]));
    let _ = log.rest();
    let _ = log.close();
    ask(log.reader());
}

#[test]
fn a_damaged_log_opens_or_is_refused_and_never_panics() {
    for seed in 0..60 {
        for trust in [Trust::CleanStop, Trust::SameBoot, Trust::RecoveryPoint] {
            let mut random = Random(seed);
            let bench = stopped();
            damage(&bench, &mut random);
            if let Ok(opened) = bench.try_open(trust) {
                go_on(opened.writer, &mut random);
            }
        }
    }
}
