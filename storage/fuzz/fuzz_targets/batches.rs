//! A piece of a log, cut into batches and walked as recovery and replication do.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla_storage::batch::{HEADER_SIZE_BYTES, batches, checksum, legacy};

fuzz_target!(|input: &[u8]| {
    let mut log = input.to_vec();
    walk(&log);
    if log.len() >= HEADER_SIZE_BYTES {
        let length = (log.len() - 12) as i32;
        log[8..12].copy_from_slice(&length.to_be_bytes());
        log[16] = 2;
        let crc = checksum(&log);
        log[17..21].copy_from_slice(&crc.to_be_bytes());
        walk(&log);
    }
});

fn walk(log: &[u8]) {
    for batch in batches(Bytes::copy_from_slice(log)).flatten() {
        let _ = batch.producer_batch();
        let _ = (
            batch.header.last_offset(),
            batch.header.last_sequence(),
            batch.header.next_offset(),
        );
    }
    let size: usize = legacy::messages(log)
        .flatten()
        .map(|message| message.size_bytes)
        .sum();
    assert!(size <= log.len());
}
