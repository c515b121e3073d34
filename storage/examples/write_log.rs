//! Writes a partition's log to a directory, for other tools to read: `write_log <directory> <live|stopped>`.

use ottla_storage::batch::build::end_transaction_marker;
use ottla_storage::batch::compress::Compression;
use ottla_storage::batch::{BatchBuilder, Codec, NewRecord, ValidBatch};
use ottla_storage::disk::RealDisk;
use ottla_storage::log::{Checkpointed, LeaderBatch, LogConfig, LogWriter, OpenLog, Trust};
use ottla_storage::offset::{LeaderEpoch, ProducerEpoch, ProducerId, Sequence};
use ottla_storage::producers::{EndMarker, MarkerKind, Proof};
use ottla_storage::segment::FileCache;
use std::path::PathBuf;
use std::sync::Arc;

const NOW_MS: i64 = 1_700_000_000_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().expect("a directory"));
    let is_stopped = arguments.next().is_some_and(|how| how == "stopped");
    let config = Arc::new(LogConfig {
        segment_bytes: 200_000,
        ..LogConfig::default()
    });
    let files = FileCache::new(Arc::new(RealDisk), 10);
    let order = OpenLog {
        path,
        files,
        config,
        checkpointed: Checkpointed::default(),
        trust: Trust::RecoveryPoint,
        now_ms: NOW_MS,
    };
    let mut log = order.open().expect("it opens").writer;
    fill(&mut log);
    if is_stopped {
        log.close().expect("it closes");
    }
    println!("{:?}", log.reader().offsets());
}

fn fill(log: &mut LogWriter) {
    let mut sequence = 0;
    for round in 0..400 {
        let codec = Codec::ALL[round % Codec::ALL.len()];
        let mut builder = BatchBuilder::new()
            .compression(Compression::of(codec))
            .producer(
                ProducerId(round as i64 % 2),
                ProducerEpoch(0),
                Sequence(sequence),
            )
            .transactional(true);
        for index in 0..20 {
            let value = format!(
                "value {index} of round {round} {}",
                "some more text ".repeat(6)
            );
            builder.push(NewRecord {
                timestamp: NOW_MS + round as i64 * 10 + index,
                key: Some(b"key"),
                value: Some(value.as_bytes()),
                headers: &[],
            });
        }
        let batch = LeaderBatch::from_client(ValidBatch::own(builder.build()), Proof::NotRequired);
        append(log, batch);
        let kind = if round % 7 == 0 {
            MarkerKind::Abort
        } else {
            MarkerKind::Commit
        };
        let (producer, epoch) = (ProducerId(round as i64 % 2), ProducerEpoch(0));
        let marker = EndMarker {
            kind,
            coordinator_epoch: 0,
            timestamp: NOW_MS,
            transaction_version: 0,
        };
        let bytes = end_transaction_marker(kind, producer, epoch, 0, NOW_MS + round as i64 * 10);
        append(log, LeaderBatch::own(ValidBatch::own(bytes), Some(marker)));
        if round % 2 == 1 {
            sequence += 20;
        }
    }
}

fn append(log: &mut LogWriter, batch: LeaderBatch) {
    let answers = log.append_as_leader(&[batch], LeaderEpoch(1), NOW_MS);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let end = log.reader().offsets().end;
    log.reader().advance_high_watermark(end);
}
