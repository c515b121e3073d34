//! What a stranger may send before it has said who it is: a length, a request header, and the bodies of ApiVersions, SaslHandshake and
//! SaslAuthenticate, as the broker reads them (with its bound on memory).
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_protocol::header::RequestHeader;
use ottla_protocol::messages::api_versions::ApiVersionsRequest;
use ottla_protocol::messages::sasl_authenticate::SaslAuthenticateRequest;
use ottla_protocol::messages::sasl_handshake::SaslHandshakeRequest;
use ottla_protocol::{Bytes, Decoder, Message, frame};

const ALLOWANCE_BYTES: usize = 1 << 20;

fn all_versions<M: Message>(body: &Decoder) {
    for version in M::VERSIONS {
        if let Ok(message) = M::decode(&mut body.clone(), version) {
            let mut to = ottla_protocol::Encoder::new();
            message
                .encode(&mut to, version)
                .expect("what was read can be written");
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((prefix, rest)) = input.split_first_chunk::<4>() else {
        return;
    };
    let _ = frame::size(*prefix, 100 << 20);
    let rest = Bytes::copy_from_slice(rest);
    let mut from = Decoder::within(rest.clone(), ALLOWANCE_BYTES);
    let _ = RequestHeader::decode(&mut from);
    // After the header as it was read, and as if there were none: so bodies are reached at every length.
    for body in [from, Decoder::within(rest, ALLOWANCE_BYTES)] {
        all_versions::<ApiVersionsRequest>(&body);
        all_versions::<SaslHandshakeRequest>(&body);
        all_versions::<SaslAuthenticateRequest>(&body);
    }
});
