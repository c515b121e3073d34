//! Every decoder behind one signature, for tests and fuzzing. Not part of the broker: behind the feature `arbitrary`.

use std::ops::RangeInclusive;

use crate::arbitrary::{Arbitrary, Random, message};
use crate::header::{HeaderForm, RequestHeader, ResponseHeader};
use crate::records::consumer_offsets::{GroupRecordKey, GroupRecordValue};
use crate::records::control::ControlRecord;
use crate::records::metadata::MetadataRecord;
use crate::records::remote_log::RemoteLogRecord;
use crate::records::share_group_state::{ShareRecordKey, ShareRecordValue};
use crate::records::transaction_state::{TransactionRecordKey, TransactionRecordValue};
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder};
use crate::{Bytes, Message, every_api, every_record, messages, records};

/// One message type.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The message's name.
    pub name: &'static str,
    /// The message's versions.
    pub versions: RangeInclusive<i16>,
    /// Decodes bytes in a version and drops the result.
    pub decode: fn(Bytes, i16) -> Result<(), DecodeError>,
    /// Decodes bytes, and what decodes is encoded and decoded again.
    ///
    /// # Panics
    /// When the second encoding differs from the first one.
    pub reread: fn(Bytes, i16) -> Result<(), DecodeError>,
    /// The bytes of a random value.
    pub sample: fn(&mut Random, i16) -> Bytes,
}

/// Requests and responses in the order of their keys, then records.
pub fn all() -> Vec<Probe> {
    let mut probes = Vec::new();
    macro_rules! add_apis {
        ($($constant:ident = $key:literal, $module:ident, $request:ident, $response:ident, $name:literal;)*) => {$(
            probes.push(probe::<messages::$module::$request>());
            probes.push(probe::<messages::$module::$response>());
        )*};
    }
    macro_rules! add_records {
        ($($($path:ident)::*;)*) => {$( probes.push(probe::<records::$($path)::*>()); )*};
    }
    every_api!(add_apis);
    every_record!(add_records);
    probes
}

fn probe<M: Message + Arbitrary>() -> Probe {
    Probe {
        name: M::NAME,
        versions: M::VERSIONS,
        decode: |bytes, version| M::decode(&mut Decoder::new(bytes), version).map(drop),
        reread: reread::<M>,
        sample: |random, version| {
            let value: M = message(random, version);
            encode(&value, version).expect("a value of the version")
        },
    }
}

fn encode<M: Message>(value: &M, version: i16) -> Result<Bytes, EncodeError> {
    let mut to = Encoder::new();
    value.encode(&mut to, version)?;
    Ok(to.into_bytes())
}

fn reread<M: Message>(bytes: Bytes, version: i16) -> Result<(), DecodeError> {
    let value = M::decode(&mut Decoder::new(bytes), version)?;
    let first = match encode(&value, version) {
        Ok(first) => first,
        // Replacement characters are longer than the bytes that they stand for.
        Err(EncodeError::TooLong { .. }) => return Ok(()),
        Err(error) => panic!("{} {version}: {error} in {value:?}", M::NAME),
    };
    let again = M::decode(&mut Decoder::new(first.clone()), version)
        .unwrap_or_else(|error| panic!("{} {version}: {error} in {value:?}", M::NAME));
    assert_eq!(
        encode(&again, version),
        Ok(first),
        "{} {version}: {value:?}",
        M::NAME
    );
    Ok(())
}

/// Hands bytes to the framings around the messages: headers, record frames, keys and values. Returns how many took them.
pub fn framings(bytes: &Bytes) -> usize {
    let kind = Decoder::new(bytes.clone()).i16().unwrap_or_default() % 32;
    let middle = bytes.len().min(4);
    [
        RequestHeader::decode(&mut Decoder::new(bytes.clone())).is_ok(),
        ResponseHeader::decode(&mut Decoder::new(bytes.clone()), HeaderForm::Plain).is_ok(),
        ResponseHeader::decode(&mut Decoder::new(bytes.clone()), HeaderForm::Tagged).is_ok(),
        MetadataRecord::decode(bytes.clone()).is_ok(),
        RemoteLogRecord::decode(bytes.clone()).is_ok(),
        GroupRecordKey::decode(bytes.clone()).is_ok(),
        GroupRecordValue::decode(kind, bytes.clone()).is_ok(),
        TransactionRecordKey::decode(bytes.clone()).is_ok(),
        TransactionRecordValue::decode(kind, bytes.clone()).is_ok(),
        ShareRecordKey::decode(bytes.clone()).is_ok(),
        ShareRecordValue::decode(kind, bytes.clone()).is_ok(),
        ControlRecord::decode(bytes.slice(..middle), bytes.slice(middle..)).is_ok(),
    ]
    .into_iter()
    .filter(|taken| *taken)
    .count()
}
