//! What an operator configures, and what an identity provider publishes: login modules, lists of users, key sets, tokens.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla::auth::sasl::jwt::{self, KeySet};
use ottla::auth::{jaas, users};

fuzz_target!(|input: &[u8]| {
    if let Ok(keys) = KeySet::parse(input) {
        let _ = jwt::validate("e30.e30.", &keys, &jwt::Rules::default(), 0);
    }
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = jaas::parse(text);
        let _ = users::parse(text);
        let refused = jwt::validate(text, &KeySet::default(), &jwt::Rules::default(), 0);
        assert!(refused.is_err(), "without keys nothing is good");
    }
});
