//! Writing: records come back as they were written.

use crate::book::{Book, wait_for};
use crate::cluster::{Record, name, producer, read, send, text, topic, value};
use rdkafka::Offset;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use std::collections::BTreeMap;

const CODECS: [(&str, &str); 5] = [
    ("none", "codec-none"),
    ("gzip", "codec-gzip"),
    ("snappy", "codec-snappy"),
    ("lz4", "codec-lz4"),
    ("zstd", "codec-zstd"),
];
const GUARANTEES: [(&str, &str); 4] = [
    ("0", "false"),
    ("1", "false"),
    ("all", "false"),
    ("all", "true"),
];

pub fn tell(book: &mut Book) {
    for (codec, key) in CODECS {
        for (acks, idempotence) in GUARANTEES {
            let name = format!(
                "records_come_back_as_written[{codec},acks={acks},idempotent={idempotence}]"
            );
            book.put(name, &[key], move || come_back(codec, acks, idempotence));
        }
    }
    book.put(
        "records_of_one_key_keep_their_partition_and_order",
        &["keyed-ordering"],
        keyed,
    );
    book.put("headers_come_back_in_order", &["headers"], headers);
    book.put("nulls_and_empties_come_back", &["null-and-empty"], empties);
    book.put("a_mebibyte_goes_through", &["one-mebibyte"], mebibyte);
    book.put(
        "more_than_the_limit_is_refused_and_the_producer_goes_on",
        &["too-large"],
        too_large,
    );
    book.put(
        "a_topic_is_created_by_its_first_record",
        &["auto-create"],
        auto_created,
    );
}

fn come_back(codec: &str, acks: &str, idempotence: &str) {
    let topic = topic(1, &[]);
    let producer = producer(&[
        ("compression.type", codec),
        ("acks", acks),
        ("enable.idempotence", idempotence),
    ]);
    let records: Vec<Record> = (0..1000)
        .map(|number| Record {
            key: Some(format!("key {number}").into()),
            ..value(format!("value {number} {}", " ".repeat(number % 200)))
        })
        .collect();
    let reports = send(&producer, &topic, &records);
    for (number, report) in reports.iter().enumerate() {
        let (_, offset) = report.expect("written");
        assert!(acks == "0" || offset == number as i64, "{offset}");
    }
    let found = wait_for("all records", || {
        Some(read(&topic, 0, Offset::Beginning)).filter(|found| found.len() == 1000)
    });
    for (message, record) in found.iter().zip(&records) {
        assert_eq!(message.key(), record.key.as_deref());
        assert_eq!(message.payload(), record.value.as_deref());
    }
}

fn keyed() {
    let topic = topic(6, &[]);
    let records: Vec<Record> = (0..3000)
        .map(|number| Record {
            partition: None,
            key: Some(format!("key {}", number % 50).into()),
            ..value(number.to_string())
        })
        .collect();
    send(&producer(&[]), &topic, &records);
    let mut by_key: BTreeMap<Vec<u8>, (i32, Vec<usize>)> = BTreeMap::new();
    for partition in 0..6 {
        for message in read(&topic, partition, Offset::Beginning) {
            let key = message.key().expect("a key").to_vec();
            let (home, numbers) = by_key.entry(key).or_insert((partition, Vec::new()));
            assert_eq!(*home, partition);
            numbers.push(text(&message).parse().expect("a number"));
        }
    }
    assert_eq!(by_key.len(), 50);
    for (_, numbers) in by_key.values() {
        assert_eq!(numbers.len(), 60);
        assert!(numbers.is_sorted());
    }
}

fn headers() {
    let topic = topic(1, &[]);
    let binary: Vec<u8> = (0..=255).collect();
    let wanted: [(&str, Option<&[u8]>); 5] = [
        ("twice", Some(b"1")),
        ("binary", Some(&binary)),
        ("twice", Some(b"2")),
        ("null", None),
        ("empty", Some(b"")),
    ];
    let headers = wanted
        .iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: *value })
        });
    let record = Record {
        headers: Some(headers),
        ..value("x")
    };
    send(&producer(&[]), &topic, &[record]);
    let found = read(&topic, 0, Offset::Beginning).remove(0);
    let found: Vec<(&str, Option<&[u8]>)> = found
        .headers()
        .expect("headers")
        .iter()
        .map(|header| (header.key, header.value))
        .collect();
    assert_eq!(found, wanted);
}

fn empties() {
    let topic = topic(1, &[]);
    let pairs: [(Option<Vec<u8>>, Option<Vec<u8>>); 3] = [
        (None, Some(Vec::new())),
        (Some(Vec::new()), None),
        (None, None),
    ];
    let records = pairs.clone().map(|(key, value)| Record {
        partition: Some(0),
        key,
        value,
        ..Record::default()
    });
    send(&producer(&[]), &topic, &records);
    let found = read(&topic, 0, Offset::Beginning);
    for (message, (key, value)) in found.iter().zip(pairs) {
        assert_eq!(message.key().map(<[u8]>::to_vec), key);
        assert_eq!(message.payload().map(<[u8]>::to_vec), value);
    }
    assert_eq!(found.len(), 3);
}

fn mebibyte() {
    let topic = topic(1, &[]);
    let large = value(vec![b'm'; 1_048_000]);
    let producer = producer(&[("message.max.bytes", "4000000")]);
    send(&producer, &topic, std::slice::from_ref(&large))
        .remove(0)
        .expect("written");
    let found = read(&topic, 0, Offset::Beginning).remove(0);
    assert!(found.payload() == large.value.as_deref());
}

fn too_large() {
    let topic = topic(1, &[]);
    let producer = producer(&[("message.max.bytes", "4000000")]);
    let refused = send(&producer, &topic, &[value(vec![b'n'; 2_000_000])]).remove(0);
    assert_eq!(refused, Err(RDKafkaErrorCode::MessageSizeTooLarge));
    let report = send(&producer, &topic, &[value("goes on")]).remove(0);
    assert_eq!(report, Ok((0, 0)));
}

fn auto_created() {
    let topic = name("created");
    let report = send(&producer(&[]), &topic, &[value("first")]).remove(0);
    assert_eq!(report, Ok((0, 0)));
    assert_eq!(text(&read(&topic, 0, Offset::Beginning)[0]), "first");
}
