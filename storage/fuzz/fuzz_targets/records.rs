//! Plain records; the first byte says how many there should be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_storage::batch::{parse_marker, records};

fuzz_target!(|input: &[u8]| {
    let [count, plain @ ..] = input else {
        return;
    };
    for record in records(plain, i32::from(*count)).flatten() {
        assert_eq!(record.headers().count(), record.header_count());
        let _ = parse_marker(&record, 0);
    }
    assert!(records(plain, i32::MAX).count() <= plain.len() + 1);
});
