//! The order of requests on a connection that must log in.

use super::*;
use crate::auth::sasl::plain::{Claim, Password};

const NOW: Duration = Duration::from_secs(100);

fn proof(user: &str) -> Authenticated {
    let claim = Claim::parse(format!("\0{user}\0pw").as_bytes()).unwrap();
    Authenticated::Plain(claim.verify(Some(&Password::new("pw"))).unwrap())
}

fn admits(sasl: &Sasl, key: ApiKey) -> bool {
    sasl.admits(key, true, NOW)
}

/// Of `alice`, expiring ten seconds from [`NOW`] if at all.
fn logged_in(expires: bool) -> Sasl {
    let sasl = Sasl::default();
    assert_eq!(sasl.choose(Some(Mechanism::Plain), false, NOW), Chosen::Yes);
    let taken = sasl.take().unwrap();
    assert_eq!(taken.previous, None);
    let expires = expires.then(|| NOW + Duration::from_secs(10));
    sasl.finish(taken.mechanism, &proof("alice"), expires)
        .unwrap();
    sasl
}

#[test]
fn before_authentication_there_is_one_api_versions_and_the_sasl_pair_and_nothing_else() {
    let sasl = Sasl::default();
    for key in [
        ApiKey::METADATA,
        ApiKey::PRODUCE,
        ApiKey::FETCH,
        ApiKey(1000),
    ] {
        assert!(!admits(&sasl, key), "{key}");
    }
    assert!(!admits(&Sasl::default(), ApiKey::METADATA));
    assert!(
        sasl.admits(ApiKey::API_VERSIONS, false, NOW),
        "answered with those served"
    );
    assert!(admits(&sasl, ApiKey::API_VERSIONS));
    assert!(!admits(&sasl, ApiKey::API_VERSIONS), "once");
    assert!(admits(&sasl, ApiKey::SASL_HANDSHAKE));
    assert_eq!(sasl.choose(Some(Mechanism::Plain), false, NOW), Chosen::Yes);
    assert!(!admits(&sasl, ApiKey::METADATA));
    assert!(admits(&sasl, ApiKey::SASL_AUTHENTICATE));
    assert!(sasl.news().is_none());
}

#[test]
fn who_asks_for_versions_amid_the_exchange_is_told_once_and_then_it_is_over() {
    let sasl = Sasl::default();
    assert_eq!(sasl.choose(Some(Mechanism::Plain), false, NOW), Chosen::Yes);
    assert!(!sasl.admits(ApiKey::API_VERSIONS, false, NOW));
    assert!(!sasl.is_over());
    assert!(admits(&sasl, ApiKey::API_VERSIONS));
    assert!(sasl.is_over());
    for key in [ApiKey::API_VERSIONS, ApiKey::SASL_AUTHENTICATE] {
        assert!(!admits(&sasl, key), "{key}");
    }
    assert_eq!(sasl.take().err(), Some(NotTaken::Illegal));
}

#[test]
fn a_peer_that_does_not_authenticate_is_not_served_for_ever() {
    let sasl = Sasl::default();
    let served = (0..100).filter(|_| sasl.admits(ApiKey::API_VERSIONS, false, NOW));
    assert_eq!(served.count(), REQUESTS_MAX as usize);
}

#[test]
fn a_session_stands_once_its_exchange_has_ended_in_a_proof() {
    let sasl = logged_in(false);
    let standing = sasl.news().unwrap();
    assert_eq!(standing.principal.to_string(), "User:alice");
    assert_eq!((standing.expires, standing.is_by_token), (None, false));
    assert!(sasl.news().is_none(), "told once");
    assert!(admits(&sasl, ApiKey::PRODUCE));
    assert!(admits(&sasl, ApiKey::API_VERSIONS));
}

#[test]
fn after_a_failure_nothing_is_served() {
    let sasl = Sasl::default();
    sasl.choose(Some(Mechanism::Plain), false, NOW);
    sasl.take().unwrap();
    sasl.fail();
    for key in [
        ApiKey::SASL_HANDSHAKE,
        ApiKey::SASL_AUTHENTICATE,
        ApiKey::API_VERSIONS,
    ] {
        assert!(!admits(&sasl, key));
    }
    assert_eq!(sasl.take().err(), Some(NotTaken::Illegal));
    assert_eq!(
        sasl.choose(Some(Mechanism::Plain), false, NOW),
        Chosen::Illegal
    );
}

#[test]
fn a_mechanism_that_is_not_enabled_ends_it() {
    let sasl = Sasl::default();
    assert_eq!(sasl.choose(None, false, NOW), Chosen::NotEnabled);
    assert_eq!(
        sasl.choose(Some(Mechanism::Plain), false, NOW),
        Chosen::Illegal
    );
}

#[test]
fn tokens_out_of_turn_are_not_judged() {
    let sasl = Sasl::default();
    assert_eq!(sasl.take().err(), Some(NotTaken::Illegal));
    let sasl = Sasl::default();
    sasl.choose(Some(Mechanism::Plain), false, NOW);
    let taken = sasl.take().unwrap();
    assert_eq!(
        sasl.choose(Some(Mechanism::Plain), false, NOW),
        Chosen::Illegal
    );
    assert_eq!(sasl.take().err(), Some(NotTaken::Illegal));
    drop(taken);
    assert_eq!(logged_in(false).take().err(), Some(NotTaken::Illegal));
}

#[test]
fn a_second_handshake_before_the_tokens_ends_it() {
    let sasl = Sasl::default();
    sasl.choose(Some(Mechanism::Plain), false, NOW);
    assert_eq!(
        sasl.choose(Some(Mechanism::Plain), false, NOW),
        Chosen::Illegal
    );
    assert_eq!(sasl.take().err(), Some(NotTaken::Illegal));
}

#[test]
fn tokens_are_bare_after_the_first_version_of_the_handshake_until_the_session_stands() {
    let sasl = Sasl::default();
    sasl.choose(Some(Mechanism::Plain), true, NOW);
    assert!(sasl.is_raw());
    let taken = sasl.take().unwrap();
    sasl.go_on(taken.mechanism, taken.exchange, true);
    assert!(sasl.is_raw());
    let taken = sasl.take().unwrap();
    sasl.finish(taken.mechanism, &proof("alice"), None).unwrap();
    assert!(!sasl.is_raw());
}

#[test]
fn an_expired_session_does_nothing_but_authenticate_again() {
    let sasl = logged_in(true);
    let expires = NOW + Duration::from_secs(10);
    assert!(sasl.admits(ApiKey::PRODUCE, true, expires));
    let later = expires + Duration::from_millis(1);
    assert!(!sasl.admits(ApiKey::PRODUCE, true, later));
    assert!(!sasl.admits(ApiKey::API_VERSIONS, true, later));
    assert!(sasl.admits(ApiKey::SASL_HANDSHAKE, true, later));
    assert_eq!(
        sasl.choose(Some(Mechanism::Plain), false, later),
        Chosen::Yes
    );
    assert!(!sasl.admits(ApiKey::PRODUCE, true, later));
    assert!(sasl.admits(ApiKey::SASL_AUTHENTICATE, true, later) && sasl.is_again());
    let taken = sasl.take().unwrap();
    assert_eq!(taken.previous.unwrap().to_string(), "User:alice");
    sasl.finish(taken.mechanism, &proof("alice"), None).unwrap();
    assert!(sasl.admits(ApiKey::PRODUCE, true, later));
}

#[test]
fn a_session_may_be_authenticated_again_as_often_as_it_takes() {
    let sasl = logged_in(true);
    for second in 1..100 {
        let now = NOW + Duration::from_secs(second);
        assert!(sasl.admits(ApiKey::SASL_HANDSHAKE, true, now));
        assert_eq!(sasl.choose(Some(Mechanism::Plain), false, now), Chosen::Yes);
        assert!(sasl.admits(ApiKey::SASL_AUTHENTICATE, true, now));
        let taken = sasl.take().unwrap();
        let expires = Some(now + Duration::from_secs(10));
        sasl.finish(taken.mechanism, &proof("alice"), expires)
            .unwrap();
    }
}

#[test]
fn a_session_that_authenticates_again_stays_who_it_was_and_how() {
    let sasl = logged_in(true);
    sasl.choose(Some(Mechanism::Plain), false, NOW);
    let taken = sasl.take().unwrap();
    let refused = sasl
        .finish(taken.mechanism, &proof("bob"), None)
        .unwrap_err();
    assert_eq!(
        refused,
        "Cannot change principals during re-authentication from User.alice: User.bob"
    );
    assert!(!admits(&sasl, ApiKey::PRODUCE));

    let sasl = logged_in(true);
    assert_eq!(
        sasl.choose(Some(Mechanism::OauthBearer), false, NOW),
        Chosen::Yes
    );
    let Err(NotTaken::OtherMechanism(why)) = sasl.take() else {
        panic!("it must not be taken");
    };
    assert!(
        why.contains("'OAUTHBEARER' requested by client is not supported"),
        "{why}"
    );
    assert!(!admits(&sasl, ApiKey::PRODUCE));
}

#[test]
fn a_session_is_authenticated_again_only_if_it_ends_and_once_a_second() {
    let again = |sasl: &Sasl, now| sasl.choose(Some(Mechanism::Plain), false, now);
    assert_eq!(again(&logged_in(false), NOW), Chosen::NotNow);
    let sasl = logged_in(true);
    assert_eq!(again(&sasl, NOW), Chosen::Yes);
    let taken = sasl.take().unwrap();
    let expires = Some(NOW + Duration::from_secs(10));
    sasl.finish(taken.mechanism, &proof("alice"), expires)
        .unwrap();
    assert_eq!(
        again(&sasl, NOW + Duration::from_millis(999)),
        Chosen::NotNow
    );
    assert!(admits(&sasl, ApiKey::PRODUCE), "nothing has changed");
    assert_eq!(again(&sasl, NOW + Duration::from_secs(1)), Chosen::Yes);
}
