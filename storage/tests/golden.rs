//! Bytes that Kafka's own classes wrote are read as Kafka reads them (`golden/README.md` says how they came about), and are kept as they
//! are when they are produced.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ottla_storage::batch::compress::{Compression, decompress};
use ottla_storage::batch::legacy::{self, LegacyMessage};
use ottla_storage::batch::{
    BatchBuilder, BatchHeader, CheckedBatch, Codec, HEADER_SIZE_BYTES, NewRecord, Rules,
    TimestampType, batches, check, check_produced, records, validate,
};
use ottla_storage::checkpoint::{
    Uuid, meta_properties::MetaProperties, offsets, partition_metadata,
};
use ottla_storage::epochs::Epochs;
use ottla_storage::offset::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};
use ottla_storage::producers::{
    ABORTED_TRANSACTION_SIZE_BYTES, AbortedTransaction, MarkerKind, Origin, Producers, snapshot,
};

#[path = "golden/oracle.rs"]
mod oracle;

const TIME: i64 = 1_700_000_000_000;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn bytes(name: &str) -> Bytes {
    fs::read(golden().join(name))
        .expect("it is committed")
        .into()
}

fn text(name: &str) -> String {
    fs::read_to_string(golden().join(name)).expect("it is committed")
}

/// The golden batches of magic 2, by name.
fn modern() -> Vec<(String, Bytes)> {
    let mut names: Vec<String> = fs::read_dir(golden())
        .expect("it is committed")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .into_string()
                .expect("ASCII")
        })
        .filter_map(|name| name.strip_suffix(".batch").map(str::to_owned))
        .filter(|name| !name.starts_with("legacy"))
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| (name.clone(), bytes(&format!("{name}.batch"))))
        .collect()
}

/// What the generator's `described` says of the same batch.
fn described(batch: &CheckedBatch) -> String {
    let header = &batch.header;
    let codec = header.attributes.codec().expect("a known codec");
    let mut text = String::new();
    writeln!(
        text,
        "batch magic={} base={} last={} epoch={} codec={} type={:?} max={} producer={}/{}/{}-{} transactional={} control={} horizon={}",
        header.magic,
        header.base_offset,
        header.last_offset(),
        header.partition_leader_epoch,
        codec.name(),
        header.timestamp_type(),
        header.max_timestamp,
        header.producer_id,
        header.producer_epoch,
        header.base_sequence,
        header.last_sequence(),
        header.is_transactional(),
        header.is_control(),
        header.delete_horizon_ms().map_or("OptionalLong.empty".to_owned(), |at| format!("OptionalLong[{at}]")),
    )
    .expect("memory");
    let plain = decompress(codec, &batch.records(), 1 << 24).expect("Kafka wrote it");
    for record in records(&plain, header.record_count) {
        let record = record.expect("Kafka wrote it");
        let offset = header.base_offset.plus(record.offset_delta.into());
        let timestamp = header.timestamp_of(record.timestamp_delta);
        write!(
            text,
            "{offset} {timestamp} {} {}",
            hex(record.key),
            hex(record.value)
        )
        .expect("memory");
        for one in record.headers() {
            write!(
                text,
                " {}={}",
                plain_hex(String::from_utf8_lossy(one.key).as_bytes()),
                hex(one.value)
            )
            .expect("memory");
        }
        text.push('\n');
    }
    text
}

fn hex(field: Option<&[u8]>) -> String {
    match field {
        None => "null".to_owned(),
        Some(bytes) if bytes.len() > 40 => {
            let java_hash = bytes.iter().fold(1i32, |hash, byte| {
                hash.wrapping_mul(31).wrapping_add(i32::from(*byte as i8))
            });
            format!("{}#{java_hash}", bytes.len())
        }
        Some(bytes) => format!("x{}", plain_hex(bytes)),
    }
}

fn plain_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_batch_of_kafka_is_read_as_kafka_reads_it() {
    let batches = modern();
    assert!(batches.len() >= 22, "{} batches", batches.len());
    for (name, batch) in batches {
        let batch = check(batch).expect("Kafka wrote it");
        assert_eq!(described(&batch), text(&format!("{name}.txt")), "{name}");
    }
}

#[test]
fn a_batch_of_kafka_is_kept_byte_for_byte_when_it_is_produced() {
    for (name, batch) in modern() {
        let header = BatchHeader::parse(&batch).expect("Kafka wrote it");
        if header.is_control()
            || header.record_count == 0
            || header.timestamp_type() == TimestampType::LogAppendTime
        {
            continue;
        }
        let mut sent = batch.to_vec();
        sent[..8].fill(0); // clients send base offset 0
        let sent = Bytes::from(sent);
        let checked = check_produced(sent.clone(), 11, 1 << 20).expect("Kafka's client sends such");
        let valid = validate(checked, &Rules::default(), Origin::Client, TIME)
            .expect("Kafka's client sends such");
        assert!(!valid.is_rewritten, "{name}");
        assert_eq!([&valid.head()[..], &valid.records].concat(), sent, "{name}");
    }
}

#[test]
fn our_plain_batches_are_kafkas_byte_for_byte() {
    let headers: [(&[u8], Option<&[u8]>); 4] = [
        (b"h", Some(b"1")),
        (b"h", None),
        (b"", Some(b"")),
        ("ü".as_bytes(), Some(&[0; 300])),
    ];
    assert_eq!(
        some_records(&headers, Compression::NONE),
        bytes("codec-none.batch")
    );
    for kind in [MarkerKind::Abort, MarkerKind::Commit] {
        let marker = ottla_storage::batch::build::end_transaction_marker(
            kind,
            ProducerId(4711),
            ProducerEpoch(2),
            31,
            TIME,
        );
        let mut header = BatchHeader::parse(&marker).expect("just built");
        (header.base_offset, header.partition_leader_epoch) = (Offset(55), LeaderEpoch(9));
        let marker = [&header.encode()[..], &marker[HEADER_SIZE_BYTES..]].concat();
        assert_eq!(
            marker,
            bytes(&format!(
                "marker-{}.batch",
                format!("{kind:?}").to_lowercase()
            ))
        );
    }
}

fn some_records(headers: &[(&[u8], Option<&[u8]>)], compression: Compression) -> Bytes {
    let mut builder = BatchBuilder::new()
        .compression(compression)
        .base_offset(Offset(100))
        .leader_epoch(LeaderEpoch(4));
    for (timestamp, key, value, headers) in [
        (TIME, Some(&b"key"[..]), Some(&b"value"[..]), &[][..]),
        (TIME - 70_000, None, Some(b"no key"), &[]),
        (TIME + 1_000_000, Some(b"no value"), None, &[]),
        (TIME, Some(b""), Some(b""), headers),
        (-1, None, None, &[]),
    ] {
        builder.push(NewRecord {
            timestamp,
            key,
            value,
            headers,
        });
    }
    builder.build()
}

#[test]
fn a_marker_of_kafka_tells_the_producer_rules_what_it_ends() {
    for (name, kind) in [
        ("marker-abort.batch", MarkerKind::Abort),
        ("marker-commit.batch", MarkerKind::Commit),
    ] {
        let batch = check(bytes(name)).expect("Kafka wrote it");
        let marker = batch
            .producer_batch()
            .expect("a marker")
            .and_then(|batch| batch.marker)
            .expect("a marker");
        assert_eq!(
            (marker.kind, marker.coordinator_epoch, marker.timestamp),
            (kind, 31, TIME)
        );
    }
}

#[test]
fn a_log_of_many_batches_is_cut_apart() {
    let all = modern();
    let log: Vec<u8> = all.iter().flat_map(|(_, batch)| batch.to_vec()).collect();
    let cut: Vec<Bytes> = batches(log.into())
        .map(|batch| batch.expect("Kafka wrote it").bytes)
        .collect();
    assert!(cut.iter().eq(all.iter().map(|(_, batch)| batch)));
}

#[test]
fn message_sets_of_magic_0_and_1_are_walked() {
    for magic in [0, 1] {
        let set = bytes(&format!("legacy-{magic}-none.batch"));
        let plain: Vec<LegacyMessage> = legacy::messages(&set)
            .map(|message| message.expect("Kafka wrote it"))
            .collect();
        assert!(
            plain
                .iter()
                .all(|message| message.is_valid && message.magic == magic)
        );
        assert_eq!(
            plain
                .iter()
                .map(|message| message.last_offset.0)
                .collect::<Vec<_>>(),
            [10, 11, 12]
        );
        assert_eq!((plain[1].key, plain[2].value), (None, None));
        let set = bytes(&format!("legacy-{magic}-gzip.batch"));
        let wrapped: Vec<LegacyMessage> = legacy::messages(&set)
            .map(|message| message.expect("Kafka wrote it"))
            .collect();
        assert_eq!(wrapped.len(), 1);
        assert!(wrapped[0].is_valid && wrapped[0].codec == Some(Codec::Gzip));
        assert_eq!(
            (wrapped[0].last_offset, wrapped[0].size_bytes),
            (Offset(12), set.len())
        );
    }
}

#[test]
fn the_small_files_of_kafka_are_read() {
    let entries = snapshot::parse(&bytes("00000000000000000200.snapshot")).expect("Kafka wrote it");
    let producers = Producers::load(entries, TIME, i64::MAX);
    let second = producers.get(ProducerId(2)).expect("one of three");
    assert_eq!(producers.len(), 3);
    assert_eq!(
        (
            second.producer_epoch,
            second.coordinator_epoch,
            second.last_timestamp
        ),
        (ProducerEpoch(5), 3, TIME + 1)
    );
    assert_eq!(
        (second.last_sequence(), second.last_offset()),
        (Sequence(i32::MAX), Offset(160))
    );
    assert_eq!(second.transaction_first_offset, Some(Offset(150)));
    assert_eq!(producers.first_unstable_offset(), Some(Offset(150)));
    assert_eq!(
        producers
            .get(ProducerId(3))
            .map(|entry| entry.recent_batches().len()),
        Some(0)
    );
    assert_eq!(
        snapshot::encode(&producers),
        bytes("00000000000000000200.snapshot"),
        "nothing of ours is needed in it"
    );

    let epochs = Epochs::parse(&text("leader-epoch-checkpoint")).expect("Kafka wrote it");
    assert_eq!(epochs.encode(), text("leader-epoch-checkpoint"));
    assert_eq!(
        epochs
            .latest()
            .map(|entry| (entry.epoch, entry.start_offset)),
        Some((LeaderEpoch(7), Offset(90_000_000_000)))
    );

    let points = offsets::parse(&text("recovery-point-offset-checkpoint")).expect("Kafka wrote it");
    assert_eq!(
        points.get(&("orders.v1-x_y".to_owned(), 0)),
        Some(&Offset(1_500))
    );
    assert_eq!(points.len(), 2);

    let topic_id = partition_metadata::parse(&text("partition.metadata")).expect("Kafka wrote it");
    assert_eq!(
        partition_metadata::encode(topic_id),
        text("partition.metadata")
    );

    let meta = MetaProperties::parse(&text("meta.properties")).expect("Kafka wrote it");
    assert_eq!(
        (meta.version, meta.node_id, meta.cluster_id.as_deref()),
        (1, Some(7), Some("a:b=c #d!"))
    );
    assert_eq!(
        meta.directory_id.map(|id| id.to_string()).as_deref(),
        Some("BB6ZIlTHT-uiKNo2oTmHpw")
    );

    let aborted = bytes("00000000000000000000.txnindex");
    let aborted: &[u8; ABORTED_TRANSACTION_SIZE_BYTES] = aborted[..].try_into().expect("one entry");
    let aborted = AbortedTransaction::parse(aborted).expect("Kafka's format");
    assert_eq!(
        (aborted.producer_id, aborted.last_stable_offset),
        (ProducerId(4711), Offset(21))
    );
}

#[test]
#[ignore = "writes files for the generator's `read`, which needs Java"]
fn write_ours_for_kafka_to_read() {
    let to = PathBuf::from(std::env::var("OTTLA_WRITE_FOR_JAVA").expect("a directory"));
    fs::create_dir_all(&to).expect("writable");
    let write = |name: &str, content: &[u8]| fs::write(to.join(name), content).expect("writable");
    for codec in Codec::ALL {
        write(
            &format!("codec-{}.batch", codec.name()),
            &some_records(&[(b"h", Some(b"1")), (b"", None)], Compression::of(codec)),
        );
        let mut builder = BatchBuilder::new().compression(Compression::of(codec));
        for index in 0..300 {
            let value = "the quick brown fox ".repeat(index * 7 % 400);
            builder.push(NewRecord {
                timestamp: TIME,
                value: Some(value.as_bytes()),
                ..NewRecord::default()
            });
        }
        write(&format!("large-{}.batch", codec.name()), &builder.build());
    }
    let mut producers = Producers::new();
    for (sequence, offset) in [(0, 0), (10, 10), (20, 20)] {
        let mut builder = BatchBuilder::new()
            .producer(ProducerId(5), ProducerEpoch(1), Sequence(sequence))
            .base_offset(Offset(offset));
        for _ in 0..10 {
            builder.push(NewRecord {
                timestamp: TIME,
                ..NewRecord::default()
            });
        }
        let batch = check(builder.build())
            .expect("just built")
            .producer_batch()
            .expect("data")
            .expect("a producer");
        let mut draft = ottla_storage::producers::Draft::new();
        draft
            .check(
                &producers,
                &batch,
                Origin::Client,
                ottla_storage::producers::Proof::NotRequired,
            )
            .expect("in sequence");
        producers.install(draft);
    }
    write(
        "00000000000000000030.snapshot",
        &snapshot::encode(&producers),
    );
    let mut epochs = Epochs::new();
    epochs.assign(LeaderEpoch(3), Offset(10));
    write("leader-epoch-checkpoint", epochs.encode().as_bytes());
    write(
        "recovery-point-offset-checkpoint",
        offsets::encode(&[(("t".to_owned(), 3), Offset(9))].into()).as_bytes(),
    );
    write(
        "partition.metadata",
        partition_metadata::encode(Uuid([7; 16])).as_bytes(),
    );
    write(
        "meta.properties",
        MetaProperties::encode("a:b=c #d!", 7, Uuid([9; 16])).as_bytes(),
    );
}
