//! Thousands of good and damaged batches, judged by Kafka's own `ProduceRequest.validateRecords` and `LogValidator` and by ours.
//!
//! `oracle.cases` holds the batches and the rules for each, `oracle.verdicts` what Kafka 4.3.1 said of them (`Judge.java`). The verdicts
//! must be equal, but for the deliberate differences that [`is_deliberate`] lists.
//!
//! ```text
//!   case:  rules u8 (bits 0–2: the topic's codec, 5 and up: producer | 3: append time | 4: compacted | 5: bounds of 1,000 ms and 500 ms)
//!          | size u32 | records as a client sends them
//! ```

use std::fmt::Write as _;
use std::fs;

use bytes::Bytes;
use ottla_storage::batch::compress::{Compression, Compressor, Plain, Sink};
use ottla_storage::batch::{
    Attributes, BatchBuilder, BatchError, BatchHeader, Codec, HEADER_SIZE_BYTES, NewRecord, Rules,
    TimestampType, TopicCompression, check, check_produced, checksum, shapes, validate,
};
use ottla_storage::offset::{Offset, ProducerEpoch, ProducerId, Sequence};
use ottla_storage::producers::Origin;

use super::{TIME, described, golden};

const CASES: usize = 3_000;
const MAX_MESSAGE_BYTES: usize = 1_000;

/// Small and the same for ever: what it draws is written to a file that is committed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

fn rules(choice: u8) -> Rules {
    let codec = Codec::from_id(i16::from(choice & 7));
    let has_bounds = choice & 32 != 0;
    Rules {
        max_message_bytes: MAX_MESSAGE_BYTES,
        compression: codec.map_or(TopicCompression::Producer, |codec| {
            TopicCompression::Fixed(Compression::of(codec))
        }),
        timestamp_type: if choice & 8 == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        },
        timestamp_before_max_ms: if has_bounds { 1_000 } else { i64::MAX },
        timestamp_after_max_ms: if has_bounds { 500 } else { 3_600_000 },
        is_compacted: choice & 16 != 0,
        ..Rules::default()
    }
}

/// What ours says of a case, in the words of the judge.
fn verdict(choice: u8, sent: &Bytes) -> String {
    let rules = rules(choice);
    let judged = check_produced(sent.clone(), 11, rules.max_message_bytes)
        .and_then(|checked| validate(checked, &rules, Origin::Client, TIME));
    let error = match judged {
        Ok(mut valid) => {
            valid.place(Offset(1_000), ottla_storage::offset::LeaderEpoch(7));
            let whole = [&valid.head()[..], &valid.records].concat();
            let batch = check(whole.into()).expect("what is accepted has a right CRC");
            return format!("OK {:08x}", java_hash(&described(&batch)));
        }
        Err(error) => error,
    };
    let code = match &error {
        BatchError::Corrupt(_) => "CORRUPT_MESSAGE",
        BatchError::Invalid(_) | BatchError::InvalidRecords(_) => "INVALID_RECORD",
        BatchError::UnsupportedCompression(_) => "UNSUPPORTED_COMPRESSION_TYPE",
        BatchError::TooLarge { .. } => "MESSAGE_TOO_LARGE",
        BatchError::LargerThanSegment { .. } => "RECORD_LIST_TOO_LARGE",
        BatchError::InvalidTimestamps(_) => "INVALID_TIMESTAMP",
    };
    let mut text = code.to_owned();
    for refused in error.record_errors() {
        write!(text, " {}", refused.batch_index).expect("memory");
    }
    text
}

/// Where ours differs on purpose.
fn is_deliberate(kafka: &str, ours: &str, sent: &Bytes) -> bool {
    // A cause that Kafka has no code for has one here.
    if kafka.starts_with("UNKNOWN_SERVER_ERROR") {
        // LogValidator means to rewrite compressed records with gaps, but trips over the keys that it skipped; and it rewrites no
        // batch whose producer has a negative epoch or sequence, or that is transactional without a producer, but keeps it.
        let is_rewritten_here = [
            "PartialDefaultRecord",
            "Invalid negative",
            "without a valid producer ID",
        ];
        return !ours.starts_with("OK")
            || is_rewritten_here.iter().any(|cause| kafka.contains(cause));
    }
    // Kafka's iterator that skips keys and values does not see that a compressed record's length is wrong, and stores what no
    // consumer can read; and Java does not mind the reserved flags of gzip, as other readers do.
    let is_compressed = BatchHeader::parse(sent)
        .is_some_and(|header| header.attributes.codec() != Some(Codec::None));
    ours == "INVALID_RECORD" && is_compressed && is_unreadable(sent)
}

fn is_unreadable(sent: &[u8]) -> bool {
    let Some(header) = BatchHeader::parse(sent) else {
        return true;
    };
    shapes(&header, &sent[HEADER_SIZE_BYTES..])
        .map_or(true, |mut shapes| shapes.any(|shape| shape.is_err()))
}

fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}

fn cases(file: &[u8]) -> Vec<(u8, Bytes)> {
    let mut cases = Vec::new();
    let mut rest = file;
    while let [choice, a, b, c, d, behind @ ..] = rest {
        let (sent, behind) = behind.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
        cases.push((*choice, Bytes::copy_from_slice(sent)));
        rest = behind;
    }
    cases
}

#[test]
fn kafka_and_we_agree_on_every_batch() {
    let cases = cases(&fs::read(golden().join("oracle.cases")).expect("it is committed"));
    let verdicts = fs::read_to_string(golden().join("oracle.verdicts")).expect("it is committed");
    let verdicts: Vec<&str> = verdicts.lines().collect();
    assert_eq!((cases.len(), verdicts.len()), (CASES, CASES));
    let mut differences = String::new();
    for (index, ((choice, sent), kafka)) in cases.iter().zip(verdicts).enumerate() {
        let ours = verdict(*choice, sent);
        if ours != kafka && !is_deliberate(kafka, &ours, sent) {
            writeln!(
                differences,
                "case {index}, rules {choice:#x}: Kafka {kafka}, ours {ours}"
            )
            .expect("memory");
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
#[ignore = "writes the cases anew; then `Judge` must say its verdicts anew"]
fn write_the_cases() {
    let mut draw = Draw(42);
    let mut file = Vec::new();
    for _ in 0..CASES {
        let choice = draw.below(64) as u8 | if draw.one_in(2) { 7 } else { 0 };
        let sent = sent(&mut draw);
        file.push(choice);
        file.extend_from_slice(&(sent.len() as u32).to_be_bytes());
        file.extend_from_slice(&sent);
    }
    fs::write(golden().join("oracle.cases"), file).expect("writable");
}

/// A batch as a client might send it, often damaged.
fn sent(draw: &mut Draw) -> Vec<u8> {
    let codec = Codec::ALL[draw.below(5) as usize];
    let mut builder = BatchBuilder::new();
    if draw.one_in(3) {
        let sequence = draw.of(&[0, 5, i32::MAX, -1]);
        builder = builder
            .producer(ProducerId(9), ProducerEpoch(1), Sequence(sequence))
            .transactional(draw.one_in(2));
    }
    let mut offset_delta = -1;
    for _ in 0..=draw.below(5) {
        offset_delta += if draw.one_in(12) { 2 } else { 1 };
        push(draw, &mut builder, offset_delta);
    }
    let count = builder.record_count();
    let batch = builder.build();
    let mut header = BatchHeader::parse(&batch).expect("just built");
    header.last_offset_delta = count - 1;
    header.attributes = header.attributes.with_codec(codec);
    let mut plain = batch[HEADER_SIZE_BYTES..].to_vec();
    if draw.one_in(4) {
        damage(draw, &mut plain);
    }
    let sink = Sink::new(vec![0; HEADER_SIZE_BYTES], usize::MAX);
    let mut compressor = Compressor::new(Compression::of(codec), sink).expect("memory");
    std::io::Write::write_all(&mut compressor, &plain).expect("memory");
    let mut bytes = compressor.finish().expect("memory");
    if draw.one_in(8) {
        let mut body = bytes.split_off(HEADER_SIZE_BYTES);
        damage(draw, &mut body);
        bytes.extend_from_slice(&body);
    }
    if draw.one_in(3) {
        change(draw, &mut header);
    }
    header.batch_length = (bytes.len() - 12) as i32;
    bytes[..HEADER_SIZE_BYTES].copy_from_slice(&header.encode());
    let crc = checksum(&bytes);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    if draw.one_in(12) {
        damage(draw, &mut bytes);
    }
    if draw.one_in(30) {
        let second = bytes.clone();
        bytes.extend_from_slice(&second[..draw.below(second.len() as u64 + 1) as usize]);
    }
    bytes
}

fn push(draw: &mut Draw, builder: &mut BatchBuilder, offset_delta: i32) {
    let timestamp = match draw.below(12) {
        0 => -1,
        1 => draw.of(&[0, -2, -5_000, i64::MAX, i64::MIN, 1]),
        2 => TIME + draw.of(&[-1_001, -1_000, 500, 501, 3_600_000, 3_600_001]),
        _ => TIME - draw.below(900) as i64,
    };
    let value = vec![b'v'; draw.of(&[0, 1, 5, 20, 130, 400])];
    let headers: [(&[u8], Option<&[u8]>); 2] = [(b"h", Some(b"value")), (b"h", None)];
    builder.push_at(
        offset_delta,
        NewRecord {
            timestamp,
            key: [None, Some(&b""[..]), Some(b"k"), Some(b"key")][draw.below(4) as usize],
            value: (!draw.one_in(5)).then_some(&value[..]),
            headers: &headers[..draw.below(3) as usize],
        },
    );
}

fn damage(draw: &mut Draw, bytes: &mut Vec<u8>) {
    let at = draw.below(bytes.len() as u64) as usize;
    match draw.below(5) {
        0 => bytes[at] ^= 1 << draw.below(8),
        1 => bytes[at] = draw.of(&[0, 1, 2, 0x7f, 0x80, 0xff]),
        2 => bytes.truncate(at.max(1)),
        3 => bytes.push(draw.below(256) as u8),
        _ => bytes.insert(at, draw.below(256) as u8),
    }
}

fn change(draw: &mut Draw, header: &mut BatchHeader) {
    let odd = draw.of(&[-1, 0, 1, 2, 100, i32::MAX, i32::MIN]);
    match draw.below(9) {
        0 => header.base_offset = Offset(odd.into()),
        1 => header.magic = draw.of(&[0, 1, 2, 3, -1]),
        2 => header.attributes = Attributes(header.attributes.0 ^ 1 << draw.below(16)),
        3 => header.last_offset_delta = odd,
        4 => header.record_count = odd,
        5 => (header.last_offset_delta, header.record_count) = (odd.wrapping_sub(1), odd),
        6 => header.base_timestamp = draw.of(&[-1, -100, 0, TIME, i64::MAX, i64::MIN]),
        7 => header.max_timestamp = draw.of(&[-1, -100, 0, TIME, i64::MAX, i64::MIN]),
        _ => header.producer_id = ProducerId(odd.into()),
    }
}

/// The walk that validation makes is over bytes that came from a stream: it must see what the slices see.
#[test]
fn a_stream_and_a_slice_tell_the_same_records() {
    for (_, sent) in cases(&fs::read(golden().join("oracle.cases")).expect("it is committed")) {
        let Ok(batch) = check(sent) else { continue };
        let Some(codec) = batch.header.attributes.codec() else {
            continue;
        };
        let is_readable = Plain::new(codec, &batch.records(), 1 << 20).is_ok();
        let Ok(plain) = batch.plain(1 << 20) else {
            continue;
        };
        let whole: Vec<_> = ottla_storage::batch::records(&plain, batch.header.record_count)
            .flatten()
            .collect();
        let walked =
            shapes(&batch.header, &batch.bytes[HEADER_SIZE_BYTES..]).expect("it was decompressed");
        assert!(is_readable || batch.header.record_count <= 0);
        for (record, shape) in whole.iter().zip(walked) {
            let shape = shape.expect("the slices were read");
            assert_eq!(
                (shape.timestamp_delta, shape.offset_delta),
                (record.timestamp_delta, record.offset_delta)
            );
            assert_eq!(shape.has_key, record.key.is_some());
        }
    }
}
