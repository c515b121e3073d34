//! Every decoder of a message or record: the first two bytes choose the message, the third its version, the rest are its bytes.
//!
//! What decodes must encode, decode again and encode to the same bytes.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ottla_protocol::Bytes;
use ottla_protocol::probe::{self, Probe};

static PROBES: LazyLock<Vec<Probe>> = LazyLock::new(probe::all);

fuzz_target!(|input: &[u8]| {
    let [high, low, version, body @ ..] = input else {
        return;
    };
    let probe = &PROBES[usize::from(u16::from_be_bytes([*high, *low])) % PROBES.len()];
    let versions = probe.versions.clone().count();
    let version = probe.versions.start() + (usize::from(*version) % versions) as i16;
    let _ = (probe.reread)(Bytes::copy_from_slice(body), version);
});
