//! Our codec reads and writes the bytes of Kafka's own classes: `tests/golden/` holds samples of every message and version.
//!
//! Reading and writing a sample must give its bytes back; the default of a message must encode to what Kafka's encodes to; and the
//! fields of a filled sample must hold the values that Kafka's setters were given.

use ottla_protocol::{
    Bytes, Decoder, Encoder, Message, every_api, every_record, messages, records,
};

const SAMPLES: [&str; 2] = [
    include_str!("../golden/messages.tsv"),
    include_str!("../golden/records.tsv"),
];

/// Kafka's own controller state, the two headers (tested beside their code), and the key of control records (likewise).
const NOT_MESSAGES_HERE: [&str; 4] = [
    "QuorumStateData",
    "RequestHeaderData",
    "ResponseHeaderData",
    "ControlRecordTypeSchema",
];

struct Sample {
    name: &'static str,
    version: i16,
    kind: &'static str,
    bytes: Bytes,
    values: &'static str,
}

fn samples() -> impl Iterator<Item = Sample> {
    SAMPLES.iter().flat_map(|file| file.lines()).map(|line| {
        let mut columns = line.split('\t');
        let mut next = || columns.next().expect("five columns");
        Sample {
            name: next(),
            version: next().parse().expect("a version"),
            kind: next(),
            bytes: from_hexadecimal(next()),
            values: next(),
        }
    })
}

fn from_hexadecimal(text: &str) -> Bytes {
    (0..text.len() / 2)
        .map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).expect("hexadecimal"))
        .collect()
}

fn encoded<M: Message>(message: &M, version: i16) -> Bytes {
    let mut to = Encoder::new();
    message
        .encode(&mut to, version)
        .unwrap_or_else(|error| panic!("{} {version}: {error}", M::NAME));
    to.into_bytes()
}

fn check<M: Message>(sample: &Sample) {
    let Sample {
        name,
        version,
        kind,
        bytes,
        values,
    } = sample;
    let mut from = Decoder::new(bytes.clone());
    let message = M::decode(&mut from, *version)
        .unwrap_or_else(|error| panic!("{name} {version} {kind}: {error}"));
    assert_eq!(from.remaining(), 0, "{name} {version} {kind}: {message:?}");
    assert_eq!(
        encoded(&message, *version),
        bytes,
        "{name} {version} {kind}: {message:?}"
    );
    if *kind == "default" {
        assert_eq!(
            encoded(&M::default(), *version),
            bytes,
            "{name} {version}: {message:?}"
        );
    }
    let shown = plain(&format!("{message:?}"));
    for pair in values.split(';').filter(|pair| !pair.is_empty()) {
        let (field, value) = pair.split_once('=').expect("name=value");
        assert!(
            expected(field, value)
                .iter()
                .any(|text| shown.contains(text)),
            "{name} {version}: {field} is not {value} in {message:?}"
        );
    }
}

/// What `Debug` prints, without what the samples' values do not have.
fn plain(debug: &str) -> String {
    debug
        .replace("Some(", "")
        .replace([')', '_'], "")
        .replace([',', '}', ']'], " ")
}

/// How `Debug` may print a value: a string, an error code that has no name, or as it is.
fn expected(field: &str, value: &str) -> [String; 3] {
    let value = plain(value);
    [
        format!(" {field}: \"{value}\" "),
        format!(" {field}: error {value} "),
        format!(" {field}: {value} "),
    ]
}

type Check = fn(&Sample);

fn checks() -> Vec<(&'static str, RangeOfVersions, Check)> {
    let mut checks = Vec::new();
    macro_rules! add_apis {
        ($($constant:ident = $key:literal, $module:ident, $request:ident, $response:ident, $name:literal;)*) => {$(
            add::<messages::$module::$request>(&mut checks);
            add::<messages::$module::$response>(&mut checks);
        )*};
    }
    macro_rules! add_records {
        ($($($path:ident)::*;)*) => {$( add::<records::$($path)::*>(&mut checks); )*};
    }
    every_api!(add_apis);
    every_record!(add_records);
    checks
}

type RangeOfVersions = std::ops::RangeInclusive<i16>;

fn add<M: Message>(checks: &mut Vec<(&'static str, RangeOfVersions, Check)>) {
    checks.push((M::NAME, M::VERSIONS, check::<M>));
}

#[test]
fn every_sample_of_kafkas_own_classes_is_read_and_written_alike() {
    let checks = checks();
    for sample in samples().filter(|sample| !NOT_MESSAGES_HERE.contains(&sample.name)) {
        let found = checks.iter().find(|(name, ..)| *name == sample.name);
        let (_, _, check) = found.unwrap_or_else(|| panic!("no message {}", sample.name));
        check(&sample);
    }
}

#[test]
fn every_version_of_every_message_has_a_sample() {
    let samples: Vec<Sample> = samples().collect();
    for (name, versions, _) in checks() {
        if name == "UnregisterControllerRecord" {
            continue; // of Kafka 4.4, whose controller is not published yet
        }
        let mut known: Vec<i16> = samples
            .iter()
            .filter(|sample| sample.name == name)
            .map(|s| s.version)
            .collect();
        known.dedup();
        assert_eq!(known, versions.collect::<Vec<_>>(), "{name}");
    }
}
