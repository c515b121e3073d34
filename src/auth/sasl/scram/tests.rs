//! SCRAM between our two sides, against the examples of the RFCs, and every way to fail.

use super::super::Failure;
use super::super::plain::Password;
use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

fn salt() -> Bytes {
    Bytes::from(STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap())
}

fn account(hash: Hash) -> Account {
    Account {
        owner: "user".to_owned(),
        credential: Credential::of_password(hash, "pencil", salt()),
        expires_ms: None,
    }
}

fn challenged() -> Challenged {
    let first = ClientFirst::parse(FIRST.as_bytes()).unwrap();
    let account = Some(account(Hash::Sha256));
    first
        .challenge(Hash::Sha256, account, SERVER_NONCE)
        .unwrap()
        .1
}

fn reason<T>(outcome: Result<T, Failure>) -> String {
    outcome.err().expect("it must fail").to_string()
}

#[test]
fn the_example_of_rfc_7677_proves_the_user() {
    let first = ClientFirst::parse(FIRST.as_bytes()).unwrap();
    assert_eq!((first.user(), first.is_token()), ("user", false));
    let account = Some(account(Hash::Sha256));
    let (challenge, challenged) = first
        .challenge(Hash::Sha256, account, SERVER_NONCE)
        .unwrap();
    let expected = format!("r={NONCE}{SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    assert_eq!(challenge, expected);
    let (answer, proven) = challenged.verify(FINAL.as_bytes()).unwrap();
    assert_eq!(answer, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    assert_eq!(
        (proven.user(), proven.expires_ms(), proven.is_by_token()),
        ("user", None, false)
    );
}

/// Our client against our server.
fn log_in(hash: Hash, user: &str, password: &str, known: Account) -> Result<Proven, String> {
    let (message, begun) =
        client::begin(hash, user, Password::new(password), false, "abc".to_owned());
    let first = ClientFirst::parse(&message).map_err(|failure| failure.to_string())?;
    assert_eq!(first.user(), user);
    let (challenge, challenged) = first
        .challenge(hash, Some(known), "def")
        .map_err(|failure| failure.to_string())?;
    let (message, answered) = begun.answer(&challenge)?;
    let (answer, proven) = challenged
        .verify(&message)
        .map_err(|failure| failure.to_string())?;
    answered.verify(&answer)?;
    Ok(proven)
}

#[test]
fn both_hashes_work_between_our_client_and_our_server() {
    for hash in [Hash::Sha256, Hash::Sha512] {
        let proven = log_in(hash, "user", "pencil", account(hash)).unwrap();
        assert_eq!(proven.user(), "user");
        let failure = log_in(hash, "user", "pencils", account(hash)).unwrap_err();
        assert_eq!(failure, "Invalid client credentials");
    }
}

#[test]
fn a_name_with_commas_and_equals_signs_survives() {
    let known = account(Hash::Sha256);
    assert!(log_in(Hash::Sha256, "a=b,c=2C", "pencil", known).is_ok());
}

#[test]
fn an_account_that_is_not_there_fails_without_a_word_about_it() {
    let first = ClientFirst::parse(FIRST.as_bytes()).unwrap();
    let failure = first.challenge(Hash::Sha256, None, SERVER_NONCE).err();
    assert!(matches!(failure, Some(Failure::Untold(_))));
    let token = ClientFirst::parse(b"n,,n=id,r=abc,tokenauth=TRUE").unwrap();
    assert!(token.is_token());
    let failure = token.challenge(Hash::Sha256, None, SERVER_NONCE).err();
    assert!(matches!(failure, Some(Failure::Untold(_))));
}

#[test]
fn a_token_makes_its_owner_of_who_knows_it_until_it_expires() {
    let (message, begun) = client::begin(
        Hash::Sha512,
        "id",
        Password::new("pencil"),
        true,
        "abc".to_owned(),
    );
    let first = ClientFirst::parse(&message).unwrap();
    assert!(first.is_token());
    let known = Account {
        owner: "alice".to_owned(),
        expires_ms: Some(7),
        ..account(Hash::Sha512)
    };
    let (challenge, challenged) = first.challenge(Hash::Sha512, Some(known), "def").unwrap();
    let (message, _) = begun.answer(&challenge).unwrap();
    let (_, proven) = challenged.verify(&message).unwrap();
    assert_eq!(
        (proven.user(), proven.expires_ms(), proven.is_by_token()),
        ("alice", Some(7), true)
    );
}

#[test]
fn a_credential_with_few_iterations_is_not_accepted() {
    let mut known = account(Hash::Sha256);
    known.credential.iterations = 4095;
    let first = ClientFirst::parse(FIRST.as_bytes()).unwrap();
    let failure = reason(first.challenge(Hash::Sha256, Some(known), SERVER_NONCE));
    assert!(failure.contains("less than the minimum 4096"), "{failure}");
}

#[test]
fn nobody_acts_as_somebody_else() {
    let challenge = |message: &[u8]| {
        let first = ClientFirst::parse(message).unwrap();
        first.challenge(Hash::Sha256, Some(account(Hash::Sha256)), SERVER_NONCE)
    };
    assert!(challenge(b"n,a=user,n=user,r=abc").is_ok());
    let failure = challenge(b"n,a=root,n=user,r=abc").err();
    assert!(matches!(failure, Some(Failure::Told(_))), "{failure:?}");
}

#[test]
fn a_first_message_of_another_form_is_refused() {
    for message in [
        "",
        "n,,",
        "n,,n=user",
        "n,,n=,r=abc",
        "n,,n=user,r=",
        "n,,n=us=er,r=abc",
        "n,x,n=user,r=abc",
        "n,a=,n=user,r=abc",
        "y,,n=user,r=abc",
        "p=tls-unique,,n=user,r=abc",
        "n,,m=ext,n=user,r=abc",
        "n,,n=user,r=abc,m=ext",
        "n,,n=user,r=abc,tokenauth",
        "n,,n=user,r=abc,tokenauth=",
        "n,,n=user,r=abc,1=x",
        "n,,n=user,r=a\u{7f}c",
        "n,,r=abc,n=user",
    ] {
        let failure = reason(ClientFirst::parse(message.as_bytes()));
        assert!(failure.contains("first message"), "{message:?}");
    }
    assert!(ClientFirst::parse(&[b'n', b',', b',', 0xff]).is_err());
}

#[test]
fn a_final_message_of_another_form_is_refused() {
    let nonce = format!("{NONCE}{SERVER_NONCE}");
    for message in [
        String::new(),
        "p=".to_owned(),
        format!("c=biws,r={nonce}"),
        format!("c=biws,r={nonce},p=*"),
        format!("c=biws,r={nonce},p=YWI"),
        format!("c=*,r={nonce},p=YWJj"),
        format!("r={nonce},c=biws,p=YWJj"),
        format!("c=biws,r={nonce},x,p=YWJj"),
    ] {
        let failure = reason(challenged().verify(message.as_bytes()));
        assert!(failure.contains("final message"), "{message:?}: {failure}");
    }
}

#[test]
fn a_proof_for_another_challenge_is_refused() {
    let replayed = FINAL.replace("%hvYD", "%hvYE");
    let failure = reason(challenged().verify(replayed.as_bytes()));
    assert!(failure.contains("nonce"), "{failure}");
    let bare = FINAL.replace(SERVER_NONCE, "");
    assert!(reason(challenged().verify(bare.as_bytes())).contains("nonce"));
}

#[test]
fn a_client_that_sends_its_own_nonce_twice_is_verified_by_what_it_sent() {
    let first = ClientFirst::parse(b"n,,n=user,r=abc").unwrap();
    let known = account(Hash::Sha256);
    let (challenge, challenged) = first
        .challenge(Hash::Sha256, Some(known.clone()), "def")
        .unwrap();
    let without_proof = "c=biws,r=abcabcdef";
    let challenge = std::str::from_utf8(&challenge).unwrap();
    let signed = format!("n=user,r=abc,{challenge},{without_proof}");
    let iterations = std::num::NonZeroU32::new(4096).unwrap();
    let salted = Hash::Sha256.salted_password("pencil", &salt(), iterations);
    let client_key = Hash::Sha256.hmac(&salted, b"Client Key");
    let signature = Hash::Sha256.hmac(&known.credential.stored_key, signed.as_bytes());
    let proof = STANDARD.encode(xor(&client_key, &signature).unwrap());
    let message = format!("{without_proof},p={proof}");
    assert!(challenged.clone().verify(message.as_bytes()).is_ok());
    let once = message.replace("abcabc", "abc");
    assert!(challenged.verify(once.as_bytes()).is_err());
}

#[test]
fn a_proof_replayed_against_a_new_challenge_is_refused() {
    let first = ClientFirst::parse(FIRST.as_bytes()).unwrap();
    let known = Some(account(Hash::Sha256));
    let (_, challenged) = first.challenge(Hash::Sha256, known, "another").unwrap();
    assert!(reason(challenged.verify(FINAL.as_bytes())).contains("nonce"));
}

#[test]
fn the_final_message_must_name_the_header_of_the_first() {
    let other = STANDARD.encode("y,,");
    let message = FINAL.replace("biws", &other);
    assert!(reason(challenged().verify(message.as_bytes())).contains("header"));
}

#[test]
fn a_proof_that_is_wrong_in_one_bit_or_in_length_is_refused() {
    let (without_proof, proof) = FINAL.rsplit_once(",p=").unwrap();
    let proof = STANDARD.decode(proof).unwrap();
    let attempt = |proof: &[u8]| {
        let message = format!("{without_proof},p={}", STANDARD.encode(proof));
        reason(challenged().verify(message.as_bytes()))
    };
    for bit in 0..proof.len() * 8 {
        let mut wrong = proof.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(attempt(&wrong), "Invalid client credentials");
    }
    assert!(attempt(&proof[..31]).contains("length"));
    assert!(attempt(&[]).contains("length"));
    assert!(attempt(&[0; 64]).contains("length"));
}

#[test]
fn what_the_client_said_first_is_under_the_proof() {
    let first = ClientFirst::parse(format!("{FIRST},tokenauth=false").as_bytes()).unwrap();
    let known = Some(account(Hash::Sha256));
    let (_, challenged) = first.challenge(Hash::Sha256, known, SERVER_NONCE).unwrap();
    assert_eq!(
        reason(challenged.verify(FINAL.as_bytes())),
        "Invalid client credentials"
    );
}

#[test]
fn our_client_believes_no_server_that_cannot_prove_itself() {
    let begin = || {
        client::begin(
            Hash::Sha256,
            "user",
            Password::new("pencil"),
            false,
            "abc".to_owned(),
        )
        .1
    };
    for challenge in [
        "r=xyz,s=YWJj,i=4096",
        "r=abc,s=YWJj,i=4096",
        "r=abcdef,s=YWJj,i=4095",
        "r=abcdef,s=YWJj,i=0",
        "r=abcdef,s=YWJj,i=2000000",
        "r=abcdef,s=*,i=4096",
        "e=other-error",
    ] {
        assert!(begin().answer(challenge.as_bytes()).is_err(), "{challenge}");
    }
    let (_, answered) = begin().answer(b"r=abcdef,s=YWJj,i=4096").unwrap();
    assert!(answered.verify(b"v=YWJj").is_err());
}

#[test]
fn a_credential_is_not_shown() {
    let shown = format!("{:?}", account(Hash::Sha256));
    assert!(shown.contains("[hidden]"), "{shown}");
}
