//! A produced batch under a topic's rules: the first byte chooses the rules, the rest is the batch, whose length, magic and CRC are made
//! right when the second bit of it says so.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla_storage::batch::compress::{Compression, decompress};
use ottla_storage::batch::{
    Codec, HEADER_SIZE_BYTES, Rules, TimestampType, TopicCompression, check, check_produced,
    checksum, records, validate,
};
use ottla_storage::producers::Origin;

const MAX_MESSAGE_BYTES: usize = 100_000;
const NOW_MS: i64 = 1_700_000_000_000;

fuzz_target!(|input: &[u8]| {
    let [choice, version, batch @ ..] = input else {
        return;
    };
    let mut batch = batch.to_vec();
    if choice & 1 == 0 && batch.len() >= HEADER_SIZE_BYTES {
        batch[..8].fill(0);
        let length = (batch.len() - 12) as i32;
        batch[8..12].copy_from_slice(&length.to_be_bytes());
        batch[16] = 2;
        let crc = checksum(&batch);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
    }
    let codec = Codec::from_id(i16::from(choice >> 1 & 7));
    let rules = Rules {
        max_message_bytes: MAX_MESSAGE_BYTES,
        compression: codec.map_or(TopicCompression::Producer, |codec| {
            TopicCompression::Fixed(Compression::of(codec))
        }),
        timestamp_type: if choice & 16 == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        },
        is_compacted: choice & 32 != 0,
        ..Rules::default()
    };
    let Ok(checked) = check_produced(
        Bytes::from(batch),
        i16::from(version % 14),
        MAX_MESSAGE_BYTES,
    ) else {
        return;
    };
    let Ok(valid) = validate(checked, &rules, Origin::Client, NOW_MS) else {
        return;
    };
    assert!(valid.size_bytes() <= MAX_MESSAGE_BYTES);
    let written = [&valid.head()[..], &valid.records].concat();
    let read = check(written.into()).expect("what is written has a right CRC");
    let codec = read
        .header
        .attributes
        .codec()
        .expect("what is written has a known codec");
    let Ok(plain) = decompress(codec, &read.records(), 1 << 24) else {
        return; // a batch that unfolds to more than this reader takes
    };
    let count = records(&plain, read.header.record_count)
        .map(|record| record.expect("what is written is whole").headers().count())
        .count();
    assert_eq!(count as i32, read.header.record_count);
});
