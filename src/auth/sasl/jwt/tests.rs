//! Tokens signed with keys made for these tests, and every way in which a token is no good.

use super::*;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

const NOW_MS: i64 = 1_800_000_000_000;
const RSA_PRIVATE: &str = "MIIEowIBAAKCAQEAq1vjghkg/Fbwpw+ui2gfICRI6aT6rvPyFXPtmvzdUXfj8tchNGgDgzOdtLoqoGeijN18wA7mJFuvioCzHdHKrU8Q8YDC+P8RwLdvtpFjXocj1wolgMWPMHf3ZQafx+/MmFOKDcqbvr91mSu45Met96Y0tOXeiJQ1ruUnb0b5d7ziLcslMW+lzjubUGSBKR7vPl2Zf76P1QhuCiX2mv88nAF6QZFHIuqpH1jtGgOmY544CHPTSQNq8RqJdQEsz1rfPBM/2m6lk89xFnQqZELqwxHAm8urj7piOPBl4Bd+f+pBu0KZG6piD5XIr44XaiJgpQseZUTA+3dHPjMEmBS9PQIDAQABAoIBADqYCZPfVtWiPtjJNnRpzpbVgW8PID75oFIwmVMxWtY0KihL4olCdc0Dtc3qCJBfz4feZn1futc82KoB9v1f0q9vRUpnLoQo59+fed4SGcnlaN5rlEZTh3JZ2yja2oDp4OpHSoILwTS40BPnjOoB011Gomgm3/CQyUh8B/93Y+9KgkNdhHGtyZU3bkd4B29cpAznKSxMcEvAjNOdJFbYQAX1P6jOr/hJ5Y/Nw5+o1xZXHccLrAxiSD4oo4HDLF9gXCfV2PBg4gCXBCxvy9kb5oCtF3E1zNvu/ZqmLUvHxlpFqdlqAdPWnmoYTeEZDN3TS89oaWmMhDegP2xLMplGD8sCgYEA1WrZEcJEHl355brWFAjv0wLSe5DBkHzID4hV5ItNEm4UvVPSa7g3aailR/fOFe6GLmVM0QOygzSie1M+KgoKjRHytThBZm859B9HNwnjgIBiRjt2fqv3ngE7DXF7hiuoihpCNuFvTNs2onyJapY8rn6li3AILZ3OKmuU65Am0FsCgYEAzYy8oGDBoMyTzlRCsZtDK92O2gOllP5NguJSHmkXX/FaYa/OzqJIqo8PIf7u5PCDdZV+8pjGJT4CeX+4SEuEXIMhHA4R9mKwVivMoNFTPHHb0WA+iGEwd9TN49MqcfrXz/AOKeYZ832fswPVV1+7tNlwNLT6niMF48uFpYJFHEcCgYAo9M1dlBuAfGZ1yOpGhASKSTNdlUUgVmIKYQ6iwnzy+X8vakOqenrf4wZ9DjhViyXjB3u7bOs4NMStyCbY6H5n3jbmwjoCz3uettXy4Qnw4jJ56fVuj9AAWZoclVewQvagMjPc1lyGslcEzcONWfGhRxq77K8VGgCzsVut7UcVmwKBgF/4cO2Un3M7cVtpngYczv0BIjyKbVombfxJPTwzpxVFtAReOHnj7Xes+czOoa3E2iwhU7djO0iSLkeaKWmf0Ln9A418yEg4hcqGArGnamyTYKXegPPeJOoeMs9Hfc7f5rmQhJxtcfps0g6cIJT9/r8OssP5J/aDtbFJCipfq3LrAoGBANOikqHxGkcP+6T4ylNfEYYaTxLVS8Oban+BfE4GKcIg/bmaH48bzj9xW/q2BwbRFawEuSY1pwKR3zPHksIjkQS4SkRRbe2poB7gIuOaA2Lhrj90yCPUuDPIDAlagzYiZCcn3gQnne6sdpUp9LxYszrFcDlqR/thYRTBNV/JITOF";
const RSA_N: &str = "q1vjghkg_Fbwpw-ui2gfICRI6aT6rvPyFXPtmvzdUXfj8tchNGgDgzOdtLoqoGeijN18wA7mJFuvioCzHdHKrU8Q8YDC-P8RwLdvtpFjXocj1wolgMWPMHf3ZQafx-_MmFOKDcqbvr91mSu45Met96Y0tOXeiJQ1ruUnb0b5d7ziLcslMW-lzjubUGSBKR7vPl2Zf76P1QhuCiX2mv88nAF6QZFHIuqpH1jtGgOmY544CHPTSQNq8RqJdQEsz1rfPBM_2m6lk89xFnQqZELqwxHAm8urj7piOPBl4Bd-f-pBu0KZG6piD5XIr44XaiJgpQseZUTA-3dHPjMEmBS9PQ";
const EC_PRIVATE: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCrJ+5RmUhfgdmJXkTIgII3LZ1kUnoAqdS87QG/4lx1mhRANCAAQW68IoAJ18UXAhD2jN0DnzZyl9qW5o2BCGS4s07GVyuIWUPsjpelaGWvYesIramzp+KchzMpvxCUVxXtbWJV2G";
const EC_X: &str = "FuvCKACdfFFwIQ9ozdA582cpfaluaNgQhkuLNOxlcrg";
const EC_Y: &str = "hZQ-yOl6VoZa9h6witqbOn4pyHMym_EJRXFe1tYlXYY";

fn rsa() -> EncodingKey {
    EncodingKey::from_rsa_der(&STANDARD.decode(RSA_PRIVATE).unwrap())
}

fn elliptic() -> EncodingKey {
    EncodingKey::from_ec_der(&STANDARD.decode(EC_PRIVATE).unwrap())
}

fn rsa_jwk() -> Value {
    json!({"kty": "RSA", "kid": "rsa", "n": RSA_N, "e": "AQAB"})
}

fn elliptic_jwk() -> Value {
    json!({"kty": "EC", "kid": "ec", "crv": "P-256", "x": EC_X, "y": EC_Y, "use": "sig"})
}

fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn keys() -> KeySet {
    set(&[rsa_jwk(), elliptic_jwk()])
}

fn rules() -> Rules {
    Rules {
        issuer: Some("https://issuer".to_owned()),
        audiences: vec!["kafka".to_owned(), "other".to_owned()],
        clock_skew_ms: 30_000,
        subject_claim: "sub".to_owned(),
        scope_claim: "scope".to_owned(),
    }
}

/// Good for a minute.
fn claims() -> Value {
    let now = NOW_MS / 1000;
    json!({"sub": "alice", "iss": "https://issuer", "aud": "kafka", "iat": now, "exp": now + 60})
}

fn with(changed: &[(&str, Value)]) -> Value {
    let mut claims = claims();
    for (name, value) in changed {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(*name)),
            value => claims[*name] = value.clone(),
        }
    }
    claims
}

fn sign(algorithm: Algorithm, claims: &Value) -> String {
    let is_elliptic = algorithm == Algorithm::ES256;
    let (key, id) = match is_elliptic {
        true => (elliptic(), "ec"),
        false => (rsa(), "rsa"),
    };
    let header = Header {
        kid: Some(id.to_owned()),
        ..Header::new(algorithm)
    };
    encode(&header, claims, &key).unwrap()
}

/// The outcome for claims signed with a good key.
fn judged(claims: &Value) -> Result<Claims, String> {
    validate(&sign(Algorithm::RS256, claims), &keys(), &rules(), NOW_MS)
}

fn unsigned(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[test]
fn a_good_token_names_its_user_and_its_end_with_every_algorithm() {
    for algorithm in [
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
        Algorithm::ES256,
    ] {
        let token = sign(algorithm, &claims());
        let claims = validate(&token, &keys(), &rules(), NOW_MS).unwrap();
        let told = (claims.user(), claims.expires_ms());
        assert_eq!(told, ("alice", NOW_MS + 60_000), "{algorithm:?}");
    }
}

#[test]
fn an_unsecured_token_is_refused_however_it_is_written() {
    for algorithm in ["none", "None", "NONE", "", "HS256", "HS512"] {
        for signature in ["", "AAAA"] {
            let token = unsigned(
                &json!({"alg": algorithm, "kid": "rsa"}),
                &claims(),
                signature,
            );
            let reason = validate(&token, &keys(), &rules(), NOW_MS).unwrap_err();
            assert!(reason.contains("not accepted"), "{algorithm}: {reason}");
        }
    }
    let token = unsigned(&json!({"kid": "rsa"}), &claims(), "");
    assert!(validate(&token, &keys(), &rules(), NOW_MS).is_err());
}

#[test]
fn a_public_key_is_no_secret_to_sign_with() {
    let secret = EncodingKey::from_secret(RSA_N.as_bytes());
    let header = Header {
        kid: Some("rsa".to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    let token = encode(&header, &claims(), &secret).unwrap();
    let reason = validate(&token, &keys(), &rules(), NOW_MS).unwrap_err();
    assert!(reason.contains("HS256 is not accepted"), "{reason}");
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    let token = sign(Algorithm::RS256, &claims());
    let parts: Vec<&str> = token.split('.').collect();
    let other = URL_SAFE_NO_PAD.encode(with(&[("sub", json!("root"))]).to_string());
    for changed in [
        format!("{}.{other}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(parts[2].len())),
        parts[0].to_owned(),
        String::new(),
        "..".to_owned(),
    ] {
        assert!(
            validate(&changed, &keys(), &rules(), NOW_MS).is_err(),
            "{changed}"
        );
    }
}

#[test]
fn a_token_is_verified_with_the_key_it_names_and_only_as_that_key_allows() {
    let token = sign(Algorithm::RS256, &claims());
    let named_otherwise = json!({"kty": "RSA", "kid": "new", "n": RSA_N, "e": "AQAB"});
    let for_another_algorithm =
        json!({"kty": "RSA", "kid": "rsa", "alg": "RS512", "n": RSA_N, "e": "AQAB"});
    for keys in [
        set(std::slice::from_ref(&named_otherwise)),
        set(&[for_another_algorithm]),
        set(&[elliptic_jwk()]),
        KeySet::default(),
    ] {
        let reason = validate(&token, &keys, &rules(), NOW_MS).unwrap_err();
        assert_eq!(reason, "no key fits its header");
    }
    assert_eq!(
        unknown_key(&token, &set(&[named_otherwise])).as_deref(),
        Some("rsa")
    );
    assert_eq!(unknown_key(&token, &keys()), None);
    let without_id = encode(&Header::new(Algorithm::RS256), &claims(), &rsa()).unwrap();
    assert!(validate(&without_id, &keys(), &rules(), NOW_MS).is_ok());
}

#[test]
fn a_token_with_critical_extensions_is_refused() {
    let token = unsigned(&json!({"alg": "RS256", "crit": ["x"]}), &claims(), "AAAA");
    let reason = validate(&token, &keys(), &rules(), NOW_MS).unwrap_err();
    assert!(reason.contains("critical"), "{reason}");
}

#[test]
fn a_token_is_good_from_its_beginning_to_its_end_and_the_skew_around_them() {
    let now = NOW_MS / 1000;
    for (claim, seconds, is_good) in [
        ("exp", now + 1, true),
        ("exp", now - 29, true),
        ("exp", now - 30, false),
        ("exp", -1, false),
        ("nbf", now + 30, true),
        ("nbf", now + 31, false),
    ] {
        let outcome = judged(&with(&[(claim, json!(seconds))]));
        assert_eq!(
            outcome.is_ok(),
            is_good,
            "{claim} {}: {outcome:?}",
            seconds - now
        );
    }
    assert!(judged(&with(&[("exp", json!(1_800_000_000.5))])).is_ok());
}

#[test]
fn a_token_without_its_times_or_with_other_things_there_is_refused() {
    for (claim, value) in [
        ("exp", Value::Null),
        ("iat", Value::Null),
        ("exp", json!("soon")),
        ("iat", json!(true)),
        ("exp", json!(i64::MAX)),
        ("nbf", json!([])),
    ] {
        let outcome = judged(&with(&[(claim, value.clone())]));
        assert!(outcome.is_err(), "{claim} {value}");
    }
}

#[test]
fn issuer_and_audience_are_those_expected() {
    for (claim, value, is_good) in [
        ("iss", json!("https://other"), false),
        ("iss", Value::Null, false),
        ("iss", json!(["https://issuer"]), false),
        ("aud", json!("nobody"), false),
        ("aud", Value::Null, false),
        ("aud", json!([]), false),
        ("aud", json!(["nobody", "other"]), true),
        ("aud", json!(7), false),
    ] {
        let outcome = judged(&with(&[(claim, value.clone())]));
        assert_eq!(outcome.is_ok(), is_good, "{claim} {value}");
    }
    let rules = Rules {
        audiences: Vec::new(),
        issuer: None,
        ..rules()
    };
    let judge = |claims: &Value| validate(&sign(Algorithm::ES256, claims), &keys(), &rules, NOW_MS);
    assert!(judge(&with(&[("aud", Value::Null), ("iss", Value::Null)])).is_ok());
    assert!(
        judge(&claims()).is_err(),
        "for somebody, and nobody is expected"
    );
}

#[test]
fn the_user_is_the_claim_that_is_asked_for() {
    for value in [Value::Null, json!(""), json!("  "), json!(7)] {
        assert!(judged(&with(&[("sub", value.clone())])).is_err(), "{value}");
    }
    let rules = Rules {
        subject_claim: "client_id".to_owned(),
        ..rules()
    };
    let token = sign(Algorithm::RS256, &with(&[("client_id", json!("bob"))]));
    assert_eq!(
        validate(&token, &keys(), &rules, NOW_MS).unwrap().user(),
        "bob"
    );
}

#[test]
fn a_scope_is_text_or_distinct_texts() {
    for (value, is_good) in [
        (json!("a b"), true),
        (json!(["a", "b"]), true),
        (json!(["a", "a"]), false),
        (json!(["a", ""]), false),
        (json!(" "), false),
    ] {
        let outcome = judged(&with(&[("scope", value.clone())]));
        assert_eq!(outcome.is_ok(), is_good, "{value}");
    }
}

#[test]
fn a_set_keeps_what_can_verify_signatures_and_nothing_else() {
    let symmetric = json!({"kty": "oct", "kid": "hs", "k": "c2VjcmV0"});
    let for_encryption = json!({"kty": "RSA", "kid": "enc", "use": "enc", "n": RSA_N, "e": "AQAB"});
    let unknown = json!({"kty": "EC", "kid": "k1", "crv": "secp256k1", "x": EC_X, "y": EC_Y});
    let keys = set(&[symmetric.clone(), for_encryption, unknown, rsa_jwk()]);
    assert_eq!(keys.0.len(), 1);
    for bad in [
        json!({"keys": [symmetric]}),
        json!({"keys": []}),
        json!({}),
        json!([]),
    ] {
        assert!(KeySet::parse(bad.to_string().as_bytes()).is_err(), "{bad}");
    }
    assert!(KeySet::parse(b"{").is_err());
}
