//! What stands around messages: request and response headers, the frames of records, coordinator keys and values, control records.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_protocol::Bytes;
use ottla_protocol::probe;

fuzz_target!(|input: &[u8]| {
    probe::framings(&Bytes::copy_from_slice(input));
});
