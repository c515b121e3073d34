//! A compressed body; the first byte chooses the codec.
#![no_main]

use std::io::Read;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla_storage::batch::Codec;
use ottla_storage::batch::compress::{Plain, decompress};

const LIMIT_BYTES: usize = 1 << 20;

fuzz_target!(|input: &[u8]| {
    let [codec, body @ ..] = input else {
        return;
    };
    let codec = Codec::ALL[usize::from(*codec) % Codec::ALL.len()];
    let whole = decompress(codec, &Bytes::copy_from_slice(body), LIMIT_BYTES);
    let drops = Plain::new(codec, body, LIMIT_BYTES).and_then(|mut stream| {
        let mut plain = Vec::new();
        let mut drop = [0; 777];
        loop {
            match stream.read(&mut drop)? {
                0 => return Ok(plain),
                count => plain.extend_from_slice(&drop[..count]),
            }
        }
    });
    match (whole, drops) {
        (Ok(whole), Ok(drops)) => {
            assert!(whole.len() <= LIMIT_BYTES);
            assert_eq!(whole, drops);
        }
        (Err(_), Err(_)) => {}
        (whole, drops) => panic!(
            "whole: {:?}, in drops: {:?}",
            whole.map(|plain| plain.len()),
            drops.map(|plain| plain.len())
        ),
    }
});
