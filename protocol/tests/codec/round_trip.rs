//! What is encoded decodes to what it was, in every version of every message.

use ottla_protocol::arbitrary::{Arbitrary, Random, message};
use ottla_protocol::{Decoder, Encoder, Message, every_api, every_record, messages, records};

const VALUES_OF_EACH_VERSION: usize = 60;

fn survives_a_round_trip<M: Message + Arbitrary>() {
    let mut random = Random::new(7);
    for version in M::VERSIONS {
        for _ in 0..VALUES_OF_EACH_VERSION {
            let value: M = message(&mut random, version);
            let mut to = Encoder::new();
            if let Err(error) = value.encode(&mut to, version) {
                panic!("{} {version}: {error} in {value:?}", M::NAME);
            }
            let bytes = to.into_bytes();
            let mut from = Decoder::new(bytes);
            let decoded = M::decode(&mut from, version);
            assert_eq!(decoded.as_ref(), Ok(&value), "{} {version}", M::NAME);
            from.finish().expect("everything is read");
        }
    }
}

macro_rules! round_trips {
    ($($constant:ident = $key:literal, $module:ident, $request:ident, $response:ident, $name:literal;)*) => {$(
        survives_a_round_trip::<messages::$module::$request>();
        survives_a_round_trip::<messages::$module::$response>();
    )*};
}

#[test]
fn every_request_and_response_survives_a_round_trip() {
    every_api!(round_trips);
}

macro_rules! record_round_trips {
    ($($($path:ident)::*;)*) => {$(
        survives_a_round_trip::<records::$($path)::*>();
    )*};
}

#[test]
fn every_record_survives_a_round_trip() {
    every_record!(record_round_trips);
}

#[test]
fn the_defaults_of_every_response_can_be_sent_in_every_version() {
    fn sendable<M: Message>() {
        for version in M::VERSIONS {
            if let Err(error) = M::default().encode(&mut Encoder::new(), version) {
                panic!("{} {version}: {error}", M::NAME);
            }
        }
    }
    macro_rules! defaults {
        ($($constant:ident = $key:literal, $module:ident, $request:ident, $response:ident, $name:literal;)*) => {$(
            sendable::<messages::$module::$request>();
            sendable::<messages::$module::$response>();
        )*};
    }
    every_api!(defaults);
}
