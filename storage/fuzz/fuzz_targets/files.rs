//! The contents of the small files of a log directory: what is read, is written and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_storage::checkpoint::meta_properties::MetaProperties;
use ottla_storage::checkpoint::{clean_shutdown, offsets, partition_metadata};
use ottla_storage::epochs::Epochs;
use ottla_storage::producers::{
    ABORTED_TRANSACTION_SIZE_BYTES, AbortedTransaction, Producers, snapshot,
};

fuzz_target!(|input: &[u8]| {
    let mut bytes = input.to_vec();
    reread_snapshot(&bytes);
    if bytes.len() > 6 {
        bytes[..2].copy_from_slice(&[0, 1]);
        let crc = snapshot::checksum(&bytes);
        bytes[2..6].copy_from_slice(&crc.to_be_bytes());
        reread_snapshot(&bytes);
    }
    if let Some(entry) = input.first_chunk::<ABORTED_TRANSACTION_SIZE_BYTES>()
        && let Ok(aborted) = AbortedTransaction::parse(entry)
    {
        assert_eq!(&aborted.encode(), entry);
    }
    if let Ok(text) = str::from_utf8(input) {
        reread_texts(text);
    }
});

fn reread_snapshot(bytes: &[u8]) {
    let Ok(entries) = snapshot::parse(bytes) else {
        return;
    };
    let producers = Producers::load(entries, 0, i64::MAX);
    let again = snapshot::parse(&snapshot::encode(&producers)).expect("just written");
    assert!(
        Producers::load(again, 0, i64::MAX)
            .iter()
            .eq(producers.iter())
    );
}

fn reread_texts(text: &str) {
    if let Ok(epochs) = Epochs::parse(text) {
        assert_eq!(Epochs::parse(&epochs.encode()), Ok(epochs));
    }
    if let Ok(found) = offsets::parse(text) {
        assert_eq!(offsets::parse(&offsets::encode(&found)), Ok(found));
    }
    if let Ok(topic_id) = partition_metadata::parse(text) {
        assert_eq!(
            partition_metadata::parse(&partition_metadata::encode(topic_id)),
            Ok(topic_id)
        );
    }
    if let Some(broker_epoch) = clean_shutdown::parse(text) {
        assert_eq!(
            clean_shutdown::parse(&clean_shutdown::encode(broker_epoch)),
            Some(broker_epoch)
        );
    }
    let _ = MetaProperties::parse(text);
}
