//! What a topic accepts, refuses and changes: the rules as a table, and arbitrary batches.

use bytes::Bytes;

use super::*;
use crate::batch::check;
use crate::batch::compress::{Compression, decompress};
use crate::batch::{Attributes, BatchError, BatchHeader, Codec, TimestampType};
use crate::batch::{BatchBuilder, HEADER_SIZE_BYTES, NO_TIMESTAMP, NewRecord, records};
use crate::offset::{LeaderEpoch, Offset};
use crate::offset::{ProducerEpoch, ProducerId, Sequence};
use crate::producers::Origin;

/// Timestamp, key and value of a record.
pub(super) type Content = (i64, Option<Vec<u8>>, Option<Vec<u8>>);
type Change = (&'static str, fn(&mut BatchHeader));

pub(super) const NOW: i64 = 1_700_000_000_000;

pub(super) fn batch_of(codec: Codec, timestamps: &[i64]) -> Bytes {
    let mut builder = BatchBuilder::new().compression(Compression::of(codec));
    for timestamp in timestamps {
        builder.push(NewRecord {
            timestamp: *timestamp,
            key: Some(b"k"),
            value: Some(b"value"),
            headers: &[],
        });
    }
    builder.build()
}

/// The batch with its header changed and the CRC made right.
fn altered(batch: &Bytes, change: impl FnOnce(&mut BatchHeader)) -> Bytes {
    let mut header = BatchHeader::parse(batch).expect("a batch");
    change(&mut header);
    let mut bytes = batch.to_vec();
    header.crc = check::checksum_of_parts(&header.encode(), &bytes[HEADER_SIZE_BYTES..]);
    bytes[..HEADER_SIZE_BYTES].copy_from_slice(&header.encode());
    bytes.into()
}

pub(super) fn produce(batch: Bytes, rules: &Rules) -> Result<ValidBatch, BatchError> {
    let checked = check_produced(batch, 11, rules.max_message_bytes)?;
    validate(checked, rules, Origin::Client, NOW)
}

pub(super) fn whole(valid: &ValidBatch) -> Bytes {
    [&valid.head()[..], &valid.records].concat().into()
}

pub(super) fn contents(valid: &ValidBatch) -> Vec<Content> {
    let codec = valid.header.attributes.codec().expect("a known codec");
    let plain = decompress(codec, &valid.records, 1 << 24).expect("a valid batch");
    records(&plain, valid.header.record_count)
        .map(|record| record.expect("a valid batch"))
        .map(|record| {
            let timestamp = valid.header.timestamp_of(record.timestamp_delta);
            (
                timestamp,
                record.key.map(<[u8]>::to_vec),
                record.value.map(<[u8]>::to_vec),
            )
        })
        .collect()
}

fn invalid(result: Result<ValidBatch, BatchError>) -> bool {
    matches!(result, Err(BatchError::Invalid(_)))
}

fn corrupt(result: Result<ValidBatch, BatchError>) -> bool {
    matches!(result, Err(BatchError::Corrupt(_)))
}

#[test]
fn a_batch_as_kafkas_producer_sends_it_is_kept_byte_for_byte() {
    for codec in Codec::ALL {
        let batch = batch_of(codec, &[NOW, NOW - 5, NOW + 5]);
        let valid = produce(batch.clone(), &Rules::default()).expect("a good batch");
        assert_eq!(whole(&valid), batch);
        assert!(!valid.is_rewritten && valid.log_append_time.is_none());
        assert_eq!(
            (valid.header.record_count, valid.header.max_timestamp),
            (3, NOW + 5)
        );
    }
}

#[test]
fn placing_a_batch_leaves_its_crc_right() {
    let mut valid =
        produce(batch_of(Codec::Lz4, &[NOW, NOW]), &Rules::default()).expect("a good batch");
    valid.place(Offset(77), LeaderEpoch(4));
    let placed = check::check(whole(&valid)).expect("the CRC does not cover the place");
    assert_eq!(
        (placed.header.base_offset, placed.header.last_offset()),
        (Offset(77), Offset(78))
    );
    assert_eq!(placed.header.partition_leader_epoch, LeaderEpoch(4));
}

#[test]
fn there_is_exactly_one_batch_of_magic_2() {
    let rules = Rules::default();
    let batch = batch_of(Codec::None, &[NOW]);
    assert!(invalid(produce(Bytes::new(), &rules)));
    assert!(
        invalid(produce(batch.slice(..batch.len() - 1), &rules)),
        "a part of a batch is none"
    );
    assert!(invalid(produce(
        [&batch[..], &batch[..]].concat().into(),
        &rules
    )));
    let with_part = [&batch[..], &batch[..20]].concat();
    assert!(
        produce(with_part.into(), &rules).is_ok(),
        "a part behind it is dropped"
    );
    let with_garbage = [&batch[..], &[0xff; 30]].concat();
    assert!(corrupt(produce(with_garbage.into(), &rules)));
    for (magic, is_invalid) in [(0, true), (1, true), (3, false), (-1, false)] {
        let other = altered(&batch, |header| header.magic = magic);
        assert_eq!(
            invalid(produce(other.clone(), &rules)),
            is_invalid,
            "magic {magic}"
        );
        assert_eq!(
            corrupt(produce(other, &rules)),
            !is_invalid,
            "magic {magic}"
        );
    }
    let mut short = batch.slice(..60).to_vec();
    short[8..12].copy_from_slice(&48i32.to_be_bytes());
    assert!(
        corrupt(produce(short.into(), &rules)),
        "a batch without room for its head"
    );
}

#[test]
fn a_wrong_crc_is_corrupt_and_a_wrong_base_offset_is_invalid() {
    let batch = batch_of(Codec::Gzip, &[NOW, NOW]);
    for at in [17, 21, 30, HEADER_SIZE_BYTES, batch.len() - 1] {
        let mut damaged = batch.to_vec();
        damaged[at] ^= 0x40;
        let found = produce(damaged.into(), &Rules::default());
        assert!(corrupt(found), "byte {at}");
    }
    let placed = altered(&batch, |header| header.base_offset = Offset(1));
    assert!(invalid(produce(placed, &Rules::default())));
}

#[test]
fn zstd_needs_version_7_of_produce() {
    let batch = batch_of(Codec::Zstd, &[NOW]);
    let refused = check_produced(batch.clone(), 6, 1 << 20);
    assert!(
        matches!(refused, Err(BatchError::UnsupportedCompression(_))),
        "{refused:?}"
    );
    assert!(check_produced(batch.clone(), 7, 1 << 20).is_ok());
    let unknown = altered(&batch, |header| header.attributes = Attributes(5));
    let refused = produce(unknown, &Rules::default());
    assert!(
        matches!(refused, Err(BatchError::UnsupportedCompression(_))),
        "{refused:?}"
    );
}

#[test]
fn sizes_have_their_limits() {
    let batch = batch_of(Codec::None, &[NOW]);
    let size = batch.len();
    let exactly = Rules {
        max_message_bytes: size,
        segment_bytes: size,
        ..Rules::default()
    };
    assert!(produce(batch.clone(), &exactly).is_ok());
    let smaller = Rules {
        max_message_bytes: size - 1,
        ..Rules::default()
    };
    let refused = produce(batch.clone(), &smaller);
    assert_eq!(
        refused,
        Err(BatchError::TooLarge {
            at_least_bytes: size,
            max_bytes: size - 1
        })
    );
    let small_segment = Rules {
        segment_bytes: size - 1,
        ..Rules::default()
    };
    let refused = produce(batch, &small_segment);
    assert_eq!(
        refused,
        Err(BatchError::LargerThanSegment {
            size_bytes: size,
            max_bytes: size - 1
        })
    );
}

#[test]
fn counts_flags_and_sequences_are_checked_for_clients_only() {
    let batch = batch_of(Codec::None, &[NOW, NOW]);
    let changes: [Change; 7] = [
        ("last offset delta below 0", |header| {
            header.last_offset_delta = -1
        }),
        ("last offset delta at its maximum", |header| {
            header.last_offset_delta = i32::MAX
        }),
        ("no records", |header| header.record_count = 0),
        ("fewer than none", |header| header.record_count = -1),
        ("a gap at the end", |header| header.last_offset_delta = 2),
        ("control records", |header| {
            header.attributes = header.attributes.with_control(true)
        }),
        ("a producer without sequence", |header| {
            header.producer_id = ProducerId(1)
        }),
    ];
    for (name, change) in changes {
        assert!(
            invalid(produce(altered(&batch, change), &Rules::default())),
            "{name}"
        );
    }
    let marker = crate::batch::build::end_transaction_marker(
        crate::producers::MarkerKind::Commit,
        ProducerId(1),
        ProducerEpoch(0),
        3,
        NOW,
    );
    let checked = check::check(marker).expect("a built batch");
    assert!(validate(checked, &Rules::default(), Origin::Coordinator, NOW).is_ok());
}

#[test]
fn an_idempotent_batch_keeps_its_producer() {
    let mut builder = BatchBuilder::new()
        .producer(ProducerId(9), ProducerEpoch(2), Sequence(40))
        .transactional(true);
    for _ in 0..3 {
        builder.push(NewRecord {
            timestamp: NOW,
            ..NewRecord::default()
        });
    }
    let batch = builder.build();
    let gzip = TopicCompression::Fixed(Compression::of(Codec::Gzip));
    for compression in [TopicCompression::Producer, gzip] {
        let rules = Rules {
            compression,
            ..Rules::default()
        };
        let mut valid = produce(batch.clone(), &rules).expect("a good batch");
        valid.place(Offset(100), LeaderEpoch(0));
        let producer = valid.producer_batch().expect("it has a producer");
        assert_eq!(
            (producer.first_sequence, producer.last_sequence),
            (Sequence(40), Sequence(42))
        );
        assert_eq!(
            (producer.first_offset, producer.last_offset),
            (Offset(100), Offset(102))
        );
        assert!(producer.is_transactional && producer.marker.is_none());
    }
}

#[test]
fn timestamps_have_bounds_and_every_record_beyond_is_named() {
    let rules = Rules {
        timestamp_before_max_ms: 1_000,
        timestamp_after_max_ms: 500,
        ..Rules::default()
    };
    for codec in [Codec::None, Codec::Snappy] {
        let at_bounds = batch_of(codec, &[NOW - 1_000, NOW + 500, NO_TIMESTAMP]);
        assert!(produce(at_bounds, &rules).is_ok());
        let refused = produce(
            batch_of(codec, &[NOW - 1_001, NOW, NOW + 501, i64::MIN, i64::MAX]),
            &rules,
        );
        let Err(BatchError::InvalidTimestamps(errors)) = refused else {
            panic!("{refused:?}")
        };
        let named: Vec<i32> = errors.iter().map(|error| error.batch_index).collect();
        assert_eq!(named, [0, 2, 3, 4], "all but the one in bounds");
    }
}

#[test]
fn a_compacted_topic_needs_keys() {
    let rules = Rules {
        is_compacted: true,
        ..Rules::default()
    };
    for codec in [Codec::None, Codec::Zstd] {
        let mut builder = BatchBuilder::new().compression(Compression::of(codec));
        for key in [Some(&b"k"[..]), None, Some(b""), None] {
            builder.push(NewRecord {
                timestamp: NOW,
                key,
                value: None,
                headers: &[],
            });
        }
        let refused = produce(builder.build(), &rules);
        let Err(BatchError::InvalidRecords(errors)) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(
            errors
                .iter()
                .map(|error| error.batch_index)
                .collect::<Vec<_>>(),
            [1, 3]
        );
    }
}

#[test]
fn the_timestamp_error_wins_over_the_key_error() {
    let rules = Rules {
        is_compacted: true,
        timestamp_before_max_ms: 0,
        ..Rules::default()
    };
    let mut builder = BatchBuilder::new();
    builder.push(NewRecord {
        timestamp: NOW,
        ..NewRecord::default()
    });
    builder.push(NewRecord {
        timestamp: 0,
        key: Some(b"k"),
        ..NewRecord::default()
    });
    let refused = produce(builder.build(), &rules);
    assert!(
        matches!(&refused, Err(BatchError::InvalidTimestamps(errors)) if errors.len() == 2),
        "{refused:?}"
    );
}

#[test]
fn no_more_than_a_thousand_records_are_named() {
    let rules = Rules {
        is_compacted: true,
        ..Rules::default()
    };
    let mut builder = BatchBuilder::new();
    for _ in 0..3_000 {
        builder.push(NewRecord {
            timestamp: NOW,
            ..NewRecord::default()
        });
    }
    let refused = produce(builder.build(), &rules).expect_err("no keys");
    assert_eq!(
        refused.record_errors().len(),
        crate::batch::MAX_RECORD_ERRORS
    );
}

#[test]
fn append_time_changes_the_head_alone() {
    let rules = Rules {
        timestamp_type: TimestampType::LogAppendTime,
        ..Rules::default()
    };
    for codec in Codec::ALL {
        let batch = batch_of(codec, &[5, 6]);
        let valid = produce(batch.clone(), &rules).expect("any timestamp will do");
        assert_eq!(
            (valid.log_append_time, valid.is_rewritten),
            (Some(NOW), false)
        );
        assert_eq!(valid.records, batch.slice(HEADER_SIZE_BYTES..));
        let stamped = check::check(whole(&valid)).expect("a new CRC");
        assert_eq!(stamped.header.max_timestamp, NOW);
        assert_eq!(
            stamped.header.timestamp_type(),
            TimestampType::LogAppendTime
        );
        assert_eq!(stamped.header.base_timestamp, 5);
        assert_eq!(stamped.header.timestamp_of(1), NOW);
    }
}

#[test]
fn a_producer_may_claim_append_time_only_where_kafka_overwrites_it() {
    let batch = altered(&batch_of(Codec::None, &[5]), |header| {
        header.attributes = header
            .attributes
            .with_timestamp_type(TimestampType::LogAppendTime);
    });
    let stamping = Rules {
        timestamp_type: TimestampType::LogAppendTime,
        ..Rules::default()
    };
    assert!(matches!(
        produce(batch.clone(), &stamping),
        Err(BatchError::InvalidTimestamps(_))
    ));
    let kept = produce(batch, &Rules::default()).expect("its one timestamp is in bounds");
    assert_eq!(kept.header.timestamp_type(), TimestampType::CreateTime);
    assert!(check::check(whole(&kept)).is_ok());
}

#[test]
fn a_wrong_max_timestamp_is_put_right() {
    for codec in [Codec::None, Codec::Gzip] {
        let batch = altered(&batch_of(codec, &[7, 9, 8]), |header| {
            header.max_timestamp = 1_000
        });
        let valid = produce(batch.clone(), &Rules::default()).expect("a good batch but for that");
        assert_eq!((valid.header.max_timestamp, valid.is_rewritten), (9, false));
        assert!(check::check(whole(&valid)).is_ok());
    }
}

#[test]
fn records_that_do_not_fill_their_batch_are_refused() {
    for codec in Codec::ALL {
        let mut plain = decompress(
            codec,
            &batch_of(codec, &[1, 2]).slice(HEADER_SIZE_BYTES..),
            1_000,
        )
        .expect("just built")
        .to_vec();
        let rebuilt = |plain: &[u8]| {
            use std::io::Write;
            let sink = crate::batch::compress::Sink::new(vec![0; HEADER_SIZE_BYTES], usize::MAX);
            let mut stream = crate::batch::compress::Compressor::new(Compression::of(codec), sink)
                .expect("memory");
            stream.write_all(plain).expect("memory");
            let header = BatchHeader::parse(&batch_of(codec, &[1, 2])).expect("just built");
            crate::batch::build::seal(header, stream.finish().expect("memory")).1
        };
        assert!(
            produce(rebuilt(&plain), &Rules::default()).is_ok(),
            "{codec:?}"
        );
        assert!(
            invalid(produce(
                rebuilt(&plain[..plain.len() - 1]),
                &Rules::default()
            )),
            "{codec:?}: cut"
        );
        plain[0] += 2;
        assert!(
            invalid(produce(rebuilt(&plain), &Rules::default())),
            "{codec:?}: a wrong length"
        );
        plain[0] -= 2;
        plain.push(0);
        assert!(
            invalid(produce(rebuilt(&plain), &Rules::default())),
            "{codec:?}: bytes left"
        );
    }
}

#[test]
fn compressed_garbage_is_invalid() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let batch = altered(&batch_of(Codec::None, &[1, 2]), |header| {
            header.attributes = header.attributes.with_codec(codec);
        });
        assert!(invalid(produce(batch, &Rules::default())), "{codec:?}");
    }
}

#[test]
fn a_topic_with_its_own_codec_stores_in_it() {
    for source in Codec::ALL {
        for target in Codec::ALL {
            let rules = Rules {
                compression: TopicCompression::Fixed(Compression::of(target)),
                ..Rules::default()
            };
            let batch = batch_of(source, &[NOW, NOW - 3, NO_TIMESTAMP]);
            let valid = produce(batch.clone(), &rules).expect("a good batch");
            assert_eq!(
                valid.is_rewritten,
                source != target,
                "{source:?} {target:?}"
            );
            assert_eq!(valid.header.attributes.codec(), Some(target));
            assert!(check::check(whole(&valid)).is_ok());
            let as_sent = produce(batch, &Rules::default()).expect("a good batch");
            assert_eq!(
                contents(&valid),
                contents(&as_sent),
                "{source:?} {target:?}"
            );
        }
    }
}

#[test]
fn a_batch_that_outgrows_the_limit_in_the_topics_codec_is_too_large() {
    let mut builder = BatchBuilder::new().compression(Compression::of(Codec::Zstd));
    builder.push(NewRecord {
        timestamp: NOW,
        value: Some(&[0; 100_000]),
        ..NewRecord::default()
    });
    let rules = Rules {
        compression: TopicCompression::Fixed(Compression::NONE),
        max_message_bytes: 50_000,
        ..Rules::default()
    };
    let refused = produce(builder.build(), &rules);
    assert_eq!(
        refused,
        Err(BatchError::TooLarge {
            at_least_bytes: 50_001,
            max_bytes: 50_000
        })
    );
}

#[test]
fn gaps_between_compressed_records_are_closed_and_plain_ones_are_kept() {
    for (codec, is_rewritten) in [(Codec::Gzip, true), (Codec::None, false)] {
        let mut builder = BatchBuilder::new().compression(Compression::of(codec));
        for delta in [1, 5, 6] {
            builder.push_at(
                delta,
                NewRecord {
                    timestamp: NOW,
                    value: Some(b"v"),
                    ..NewRecord::default()
                },
            );
        }
        let batch = altered(&builder.build(), |header| header.last_offset_delta = 2);
        let valid = produce(batch, &Rules::default()).expect("an old client's batch");
        assert_eq!(valid.is_rewritten, is_rewritten, "{codec:?}");
        let plain = decompress(codec, &valid.records, 1_000).expect("valid");
        let deltas: Vec<i32> = records(&plain, 3)
            .map(|record| record.expect("valid").offset_delta)
            .collect();
        assert_eq!(deltas, if is_rewritten { [0, 1, 2] } else { [1, 5, 6] });
    }
}

#[test]
fn a_negative_timestamp_is_stored_but_not_rewritten() {
    let batch = batch_of(Codec::None, &[-5]);
    assert!(produce(batch.clone(), &Rules::default()).is_ok());
    let gzip = Rules {
        compression: TopicCompression::Fixed(Compression::of(Codec::Gzip)),
        ..Rules::default()
    };
    assert!(matches!(
        produce(batch, &gzip),
        Err(BatchError::InvalidTimestamps(_))
    ));
}
