//! Logging in by SASL: what is served before, what each mechanism takes, and what becomes of sessions.

use crate::host::{Broker, Raw, until};
use ottla::auth::sasl::plain::Password;
use ottla::auth::sasl::scram::{Hash, client};
use ottla_protocol::messages::alter_user_scram_credentials::{
    AlterUserScramCredentialsRequest, ScramCredentialDeletion, ScramCredentialUpsertion,
};
use ottla_protocol::messages::api_versions::ApiVersionsRequest;
use ottla_protocol::messages::create_delegation_token::{
    CreateDelegationTokenRequest, CreateDelegationTokenResponse,
};
use ottla_protocol::messages::describe_delegation_token::DescribeDelegationTokenRequest;
use ottla_protocol::messages::describe_user_scram_credentials::DescribeUserScramCredentialsRequest;
use ottla_protocol::messages::expire_delegation_token::ExpireDelegationTokenRequest;
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use ottla_protocol::messages::renew_delegation_token::RenewDelegationTokenRequest;
use ottla_protocol::messages::sasl_authenticate::{
    SaslAuthenticateRequest, SaslAuthenticateResponse,
};
use ottla_protocol::messages::sasl_handshake::{SaslHandshakeRequest, SaslHandshakeResponse};
use ottla_protocol::{Bytes, ErrorCode};
use std::time::{Duration, Instant};

const ALL: &str = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512";

/// Listener 0 asks for SASL, listener 1 for nothing.
async fn broker(settings: &[(&str, &str)]) -> Broker {
    let mut all = vec![
        ("listeners", "OUT://127.0.0.1:0,IN://127.0.0.1:0"),
        (
            "listener.security.protocol.map",
            "OUT:SASL_PLAINTEXT,IN:PLAINTEXT",
        ),
        ("inter.broker.listener.name", "IN"),
        ("sasl.enabled.mechanisms", ALL),
        ("ottla.sasl.users", "alice=pw"),
        ("connection.failed.authentication.delay.ms", "20"),
    ];
    for (key, value) in settings {
        all.retain(|(set, _)| set != key);
        all.push((key, value));
    }
    Broker::with(&all).await
}

async fn handshake(client: &mut Raw, version: i16, mechanism: &str) -> SaslHandshakeResponse {
    let request = SaslHandshakeRequest {
        mechanism: mechanism.into(),
    };
    client.ask(version, &request).await.unwrap()
}

async fn token(client: &mut Raw, token: impl Into<Bytes>) -> SaslAuthenticateResponse {
    let request = SaslAuthenticateRequest {
        auth_bytes: token.into(),
        ..Default::default()
    };
    client.ask(2, &request).await.unwrap()
}

/// By PLAIN, on a connection that may have logged in before.
async fn plain(client: &mut Raw, user: &str, password: &str) -> SaslAuthenticateResponse {
    assert_eq!(
        handshake(client, 1, "PLAIN").await.error_code,
        ErrorCode::NONE
    );
    token(client, format!("\0{user}\0{password}")).await
}

/// By SCRAM; the last answer.
async fn scram(
    client: &mut Raw,
    hash: Hash,
    user: &str,
    password: &str,
    is_token: bool,
) -> SaslAuthenticateResponse {
    let name = match hash {
        Hash::Sha256 => "SCRAM-SHA-256",
        Hash::Sha512 => "SCRAM-SHA-512",
    };
    assert_eq!(handshake(client, 1, name).await.error_code, ErrorCode::NONE);
    let password = Password::new(password);
    let (first, begun) = client::begin(hash, user, password, is_token, "nonce".to_owned());
    let challenge = token(client, first).await;
    if challenge.error_code != ErrorCode::NONE {
        return challenge;
    }
    let (last, answered) = begun.answer(&challenge.auth_bytes).unwrap();
    let answer = token(client, last).await;
    if answer.error_code == ErrorCode::NONE {
        answered.verify(&answer.auth_bytes).unwrap();
    }
    answer
}

async fn is_served(client: &mut Raw) -> bool {
    client.ask(12, &MetadataRequest::default()).await.is_ok()
}

#[tokio::test]
async fn before_a_login_only_api_versions_and_the_sasl_pair_are_served() {
    let broker = broker(&[]).await;
    let mut client = broker.client().await;
    assert!(!is_served(&mut client).await);

    let mut client = broker.client().await;
    let request = ApiVersionsRequest {
        client_software_name: "raw".into(),
        client_software_version: "1".into(),
        ..Default::default()
    };
    assert_eq!(
        client.ask(3, &request).await.unwrap().error_code,
        ErrorCode::NONE
    );
    assert_eq!(
        plain(&mut client, "alice", "pw").await.error_code,
        ErrorCode::NONE
    );
    assert!(is_served(&mut client).await);
}

#[tokio::test]
async fn a_wrong_password_is_told_after_a_delay_and_then_the_connection_is_closed() {
    let broker = broker(&[("connection.failed.authentication.delay.ms", "150")]).await;
    for (user, password) in [("alice", "no"), ("nobody", "pw")] {
        let mut client = broker.client().await;
        let began = Instant::now();
        let answer = plain(&mut client, user, password).await;
        assert!(began.elapsed() >= Duration::from_millis(150));
        assert_eq!(answer.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
        let told = answer.error_message.unwrap();
        assert_eq!(
            &*told,
            "Authentication failed: Invalid username or password"
        );
        client.closed().await;
    }
}

#[tokio::test]
async fn first_users_log_in_by_every_mechanism_and_failures_of_scram_say_nothing() {
    let broker = broker(&[]).await;
    for hash in [Hash::Sha256, Hash::Sha512] {
        let mut client = broker.client().await;
        let answer = scram(&mut client, hash, "alice", "pw", false).await;
        assert_eq!(answer.error_code, ErrorCode::NONE);
        assert!(is_served(&mut client).await);
        let mut told = Vec::new();
        for (user, password) in [("alice", "no"), ("nobody", "pw")] {
            let mut client = broker.client().await;
            let answer = scram(&mut client, hash, user, password, false).await;
            assert_eq!(answer.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
            told.push(answer.error_message.unwrap());
            client.closed().await;
        }
        assert_eq!(told[0], told[1]);
        let start = "Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-";
        assert!(told[0].starts_with(start), "{told:?}");
    }
}

#[tokio::test]
async fn a_mechanism_that_is_not_enabled_is_answered_with_those_that_are() {
    let broker = broker(&[(
        "listener.name.out.sasl.enabled.mechanisms",
        "SCRAM-SHA-512,PLAIN",
    )])
    .await;
    for mechanism in ["GSSAPI", "SCRAM-SHA-256", "plain", ""] {
        let mut client = broker.client().await;
        let answer = handshake(&mut client, 1, mechanism).await;
        assert_eq!(answer.error_code, ErrorCode::UNSUPPORTED_SASL_MECHANISM);
        assert_eq!(answer.mechanisms, ["SCRAM-SHA-512", "PLAIN"]);
        client.closed().await;
    }
}

#[tokio::test]
async fn after_the_first_version_of_the_handshake_tokens_are_bare() {
    let broker = broker(&[]).await;
    let send = async |client: &mut Raw, token: &[u8]| {
        let length = u32::try_from(token.len()).unwrap().to_be_bytes();
        client.send_bytes(&[&length, token].concat()).await.unwrap();
    };
    let mut client = broker.client().await;
    assert_eq!(
        handshake(&mut client, 0, "PLAIN").await.error_code,
        ErrorCode::NONE
    );
    send(&mut client, b"\0alice\0pw").await;
    assert_eq!(client.frame().await.unwrap(), Bytes::new());
    assert!(is_served(&mut client).await);

    let mut client = broker.client().await;
    handshake(&mut client, 0, "SCRAM-SHA-256").await;
    let password = Password::new("pw");
    let (first, begun) = client::begin(Hash::Sha256, "alice", password, false, "n".to_owned());
    send(&mut client, &first).await;
    let (last, answered) = begun.answer(&client.frame().await.unwrap()).unwrap();
    send(&mut client, &last).await;
    answered.verify(&client.frame().await.unwrap()).unwrap();
    assert!(is_served(&mut client).await);

    let mut client = broker.client().await;
    handshake(&mut client, 0, "PLAIN").await;
    send(&mut client, b"\0alice\0no").await;
    client.closed().await;
}

#[tokio::test]
async fn tokens_and_handshakes_out_of_turn_are_refused() {
    let broker = broker(&[]).await;
    let mut client = broker.client().await;
    let answer = token(&mut client, "\0alice\0pw").await;
    assert_eq!(answer.error_code, ErrorCode::ILLEGAL_SASL_STATE);
    client.closed().await;

    let mut client = broker.client().await;
    handshake(&mut client, 1, "PLAIN").await;
    let answer = handshake(&mut client, 1, "PLAIN").await;
    assert_eq!(answer.error_code, ErrorCode::ILLEGAL_SASL_STATE);
    client.closed().await;

    let mut client = broker.client().await;
    plain(&mut client, "alice", "pw").await;
    let answer = token(&mut client, "\0alice\0pw").await;
    assert_eq!(answer.error_code, ErrorCode::ILLEGAL_SASL_STATE);
    let answer = handshake(&mut client, 1, "PLAIN").await;
    assert_eq!(answer.error_code, ErrorCode::ILLEGAL_SASL_STATE);
    assert!(is_served(&mut client).await, "the session stands");
}

/// As @platformatic/kafka does when a bearer token is refused.
#[tokio::test]
async fn who_goes_on_amid_an_exchange_is_told_that_it_has_not_logged_in() {
    let broker = broker(&[]).await;
    let mut client = broker.client().await;
    handshake(&mut client, 1, "PLAIN").await;
    let answer = client.ask(3, &ApiVersionsRequest::default()).await.unwrap();
    assert_eq!(answer.error_code, ErrorCode::ILLEGAL_SASL_STATE);
    assert!(answer.api_keys.is_empty());
    client.closed().await;

    let mut client = broker.client().await;
    handshake(&mut client, 1, "PLAIN").await;
    assert!(!is_served(&mut client).await);
}

#[tokio::test]
async fn where_nobody_logs_in_the_sasl_pair_is_an_illegal_state() {
    let broker = broker(&[]).await;
    let mut client = broker.client_of(1).await;
    let answer = handshake(&mut client, 1, "PLAIN").await;
    assert_eq!(answer.error_code, ErrorCode::ILLEGAL_SASL_STATE);
    let answer = token(&mut client, "\0alice\0pw").await;
    assert_eq!(answer.error_code, ErrorCode::ILLEGAL_SASL_STATE);
    assert!(is_served(&mut client).await);
}

#[tokio::test]
async fn a_frame_before_the_login_is_no_longer_than_a_token_may_be() {
    let broker = broker(&[("sasl.server.max.receive.size", "1000")]).await;
    let mut client = broker.client().await;
    client.send_bytes(&1001_u32.to_be_bytes()).await.unwrap();
    client.closed().await;
    let mut client = broker.client().await;
    plain(&mut client, "alice", "pw").await;
    let topics = (0..200).map(|number| MetadataRequestTopic {
        name: Some(format!("a-topic-that-is-not-there-{number}").into()),
        ..Default::default()
    });
    let request = MetadataRequest {
        topics: Some(topics.collect()),
        ..Default::default()
    };
    assert!(client.ask(12, &request).await.is_ok(), "after it, it is");
}

#[tokio::test]
async fn a_session_ends_unless_it_is_authenticated_again_as_the_same_user() {
    let broker = broker(&[
        ("connections.max.reauth.ms", "1500"),
        ("ottla.sasl.users", "alice=pw;bob=pw"),
    ])
    .await;
    let mut client = broker.client().await;
    let answer = plain(&mut client, "alice", "pw").await;
    assert!((1..=1500).contains(&answer.session_lifetime_ms));
    let mut left = broker.client().await;
    plain(&mut left, "alice", "pw").await;
    let mut other = broker.client().await;
    plain(&mut other, "alice", "pw").await;

    let again = plain(&mut client, "alice", "pw").await;
    assert_eq!(again.error_code, ErrorCode::NONE);
    let answer = handshake(&mut client, 1, "PLAIN").await;
    assert_eq!(
        answer.error_code,
        ErrorCode::ILLEGAL_SASL_STATE,
        "once a second"
    );
    let refused = plain(&mut other, "bob", "pw").await;
    assert_eq!(refused.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    let told = refused.error_message.unwrap();
    assert!(
        told.starts_with("Cannot change principals during re-authentication"),
        "{told}"
    );
    other.closed().await;

    assert!(is_served(&mut left).await);
    let ended = until("the session ends", async || {
        (!is_served(&mut left).await).then_some(())
    });
    ended.await;
}

#[tokio::test]
async fn a_user_of_the_mounted_directory_logs_in_and_a_new_password_counts() {
    let mounted = tempfile::tempdir().unwrap();
    let path = mounted.path().display().to_string();
    std::fs::write(mounted.path().join("carol"), "old\n").unwrap();
    let broker = broker(&[("ottla.sasl.users.dir", &path)]).await;
    let attempt = async |password: &str| {
        let mut client = broker.client().await;
        plain(&mut client, "carol", password).await.error_code
    };
    assert_eq!(attempt("old").await, ErrorCode::NONE);
    std::fs::write(mounted.path().join("carol.new"), "new\n").unwrap();
    std::fs::rename(
        mounted.path().join("carol.new"),
        mounted.path().join("carol"),
    )
    .unwrap();
    until("the new password counts", async || {
        (attempt("new").await == ErrorCode::NONE).then_some(())
    })
    .await;
    assert_eq!(attempt("old").await, ErrorCode::SASL_AUTHENTICATION_FAILED);
}

/// As Kafka's clients make it: the salted password, not the password.
fn upsertion(user: &str, password: &str) -> ScramCredentialUpsertion {
    use aws_lc_rs::pbkdf2;
    let mut salted_password = vec![0; 64];
    let iterations = std::num::NonZeroU32::new(4096).unwrap();
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA512;
    pbkdf2::derive(
        algorithm,
        iterations,
        b"salt",
        password.as_bytes(),
        &mut salted_password,
    );
    ScramCredentialUpsertion {
        name: user.into(),
        mechanism: 2,
        iterations: 4096,
        salt: Bytes::from_static(b"salt"),
        salted_password: salted_password.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_user_made_by_the_api_logs_in_at_once_over_a_restart_and_until_removed() {
    let mut broker = broker(&[]).await;
    let mut admin = broker.client().await;
    plain(&mut admin, "alice", "pw").await;
    let request = AlterUserScramCredentialsRequest {
        upsertions: vec![upsertion("dave", "secret")],
        ..Default::default()
    };
    let altered = admin.ask(0, &request).await.unwrap();
    assert_eq!(altered.results[0].error_code, ErrorCode::NONE);
    let attempt = async |broker: &Broker, password: &str| {
        let mut client = broker.client().await;
        let answer = scram(&mut client, Hash::Sha512, "dave", password, false).await;
        answer.error_code
    };
    assert_eq!(attempt(&broker, "secret").await, ErrorCode::NONE);
    let failed = ErrorCode::SASL_AUTHENTICATION_FAILED;
    assert_eq!(attempt(&broker, "wrong").await, failed);
    broker.restart().await;
    assert_eq!(attempt(&broker, "secret").await, ErrorCode::NONE);

    let mut admin = broker.client().await;
    plain(&mut admin, "alice", "pw").await;
    let described = admin
        .ask(0, &DescribeUserScramCredentialsRequest::default())
        .await;
    let described = described.unwrap().results;
    assert_eq!((described.len(), &*described[0].user), (1, "dave"));
    let request = AlterUserScramCredentialsRequest {
        deletions: vec![ScramCredentialDeletion {
            name: "dave".into(),
            mechanism: 2,
            ..Default::default()
        }],
        ..Default::default()
    };
    let altered = admin.ask(0, &request).await.unwrap();
    assert_eq!(altered.results[0].error_code, ErrorCode::NONE);
    assert_eq!(attempt(&broker, "secret").await, failed);
}

async fn create(client: &mut Raw) -> CreateDelegationTokenResponse {
    let request = CreateDelegationTokenRequest {
        max_lifetime_ms: -1,
        ..Default::default()
    };
    client.ask(3, &request).await.unwrap()
}

#[tokio::test]
async fn a_delegation_token_logs_its_owner_in_until_it_expires_and_makes_no_further_token() {
    use base64::Engine;
    let broker = broker(&[("delegation.token.secret.key", "shared")]).await;
    let mut owner = broker.client().await;
    plain(&mut owner, "alice", "pw").await;
    let made = create(&mut owner).await;
    assert_eq!(
        (made.error_code, &*made.principal_name),
        (ErrorCode::NONE, "alice")
    );
    let password = base64::engine::general_purpose::STANDARD.encode(&made.hmac);

    let mut client = broker.client().await;
    let answer = scram(&mut client, Hash::Sha256, &made.token_id, &password, true).await;
    assert_eq!(answer.error_code, ErrorCode::NONE);
    assert!((1..=86_400_000).contains(&answer.session_lifetime_ms));
    assert!(is_served(&mut client).await);
    let further = create(&mut client).await.error_code;
    assert_eq!(further, ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED);

    let request = RenewDelegationTokenRequest {
        hmac: made.hmac.clone(),
        renew_period_ms: 60_000,
        ..Default::default()
    };
    let renewed = owner.ask(2, &request).await.unwrap();
    assert_eq!(renewed.error_code, ErrorCode::NONE);
    let everybodys = DescribeDelegationTokenRequest {
        owners: None,
        ..Default::default()
    };
    let described = owner.ask(3, &everybodys).await;
    let tokens = described.unwrap().tokens;
    assert_eq!((tokens.len(), &tokens[0].hmac), (1, &made.hmac));
    assert_eq!(tokens[0].expiry_timestamp, renewed.expiry_timestamp_ms);

    for (id, password) in [(&*made.token_id, "wrong"), ("unknown", &*password)] {
        let mut client = broker.client().await;
        let answer = scram(&mut client, Hash::Sha256, id, password, true).await;
        assert_eq!(answer.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    }
    let mut client = broker.client().await;
    let answer = scram(&mut client, Hash::Sha256, &made.token_id, &password, false).await;
    let failed = ErrorCode::SASL_AUTHENTICATION_FAILED;
    assert_eq!(answer.error_code, failed, "a token is no user");

    let request = ExpireDelegationTokenRequest {
        hmac: made.hmac.clone(),
        expiry_time_period_ms: -1,
        ..Default::default()
    };
    assert_eq!(
        owner.ask(2, &request).await.unwrap().error_code,
        ErrorCode::NONE
    );
    let mut client = broker.client().await;
    let answer = scram(&mut client, Hash::Sha256, &made.token_id, &password, true).await;
    assert_eq!(answer.error_code, failed);
}

#[tokio::test]
async fn delegation_tokens_need_a_secret_and_a_connection_that_has_logged_in() {
    let broker_without = broker(&[]).await;
    let mut client = broker_without.client().await;
    plain(&mut client, "alice", "pw").await;
    let answer = create(&mut client).await.error_code;
    assert_eq!(answer, ErrorCode::DELEGATION_TOKEN_AUTH_DISABLED);
    let broker = broker(&[("delegation.token.secret.key", "shared")]).await;
    let mut client = broker.client_of(1).await;
    let answer = create(&mut client).await.error_code;
    assert_eq!(answer, ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED);
}

/// A P-256 key made for this test, and the JWKS with its public half.
const SIGNING_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCrJ+5RmUhfgdmJXkTIgII3LZ1kUnoAqdS87QG/4lx1mhRANCAAQW68IoAJ18UXAhD2jN0DnzZyl9qW5o2BCGS4s07GVyuIWUPsjpelaGWvYesIramzp+KchzMpvxCUVxXtbWJV2G";
const JWKS: &str = r#"{"keys": [{"kty": "EC", "kid": "k1", "alg": "ES256", "crv": "P-256", "x": "FuvCKACdfFFwIQ9ozdA582cpfaluaNgQhkuLNOxlcrg", "y": "hZQ-yOl6VoZa9h6witqbOn4pyHMym_EJRXFe1tYlXYY"}]}"#;

fn bearer(expires_in_s: i64) -> String {
    use base64::Engine;
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    let key = base64::engine::general_purpose::STANDARD.decode(SIGNING_KEY);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.unwrap().as_secs()).unwrap();
    let header = Header {
        kid: Some("k1".to_owned()),
        ..Header::new(Algorithm::ES256)
    };
    let claims = serde_json::json!({
        "sub": "erin", "iss": "https://issuer", "aud": "kafka", "iat": now, "exp": now + expires_in_s,
    });
    encode(&header, &claims, &EncodingKey::from_ec_der(&key.unwrap())).unwrap()
}

#[tokio::test]
async fn a_signed_bearer_token_logs_its_subject_in_and_bounds_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("jwks.json");
    std::fs::write(&keys, JWKS).unwrap();
    let url = format!("file://{}", keys.display());
    let broker = broker(&[
        ("sasl.enabled.mechanisms", "OAUTHBEARER"),
        ("sasl.oauthbearer.jwks.endpoint.url", &url),
        ("sasl.oauthbearer.expected.issuer", "https://issuer"),
        ("sasl.oauthbearer.expected.audience", "kafka"),
    ])
    .await;
    let say = |token: &str| format!("n,,\u{1}auth=Bearer {token}\u{1}\u{1}");
    let mut client = broker.client().await;
    handshake(&mut client, 1, "OAUTHBEARER").await;
    let answer = token(&mut client, say(&bearer(60))).await;
    assert_eq!(answer.error_code, ErrorCode::NONE);
    assert!((1..=60_000).contains(&answer.session_lifetime_ms));
    assert!(is_served(&mut client).await);

    let unsecured = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJlcmluIiwiaWF0IjoxLCJleHAiOjk5OTk5OTk5OTl9.";
    for bad in [&*bearer(-60), unsecured] {
        let mut client = broker.client().await;
        handshake(&mut client, 1, "OAUTHBEARER").await;
        let answer = token(&mut client, say(bad)).await;
        assert_eq!(answer.error_code, ErrorCode::NONE);
        assert_eq!(&answer.auth_bytes[..], br#"{"status":"invalid_token"}"#);
        let answer = token(&mut client, "\u{1}").await;
        assert_eq!(answer.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
        client.closed().await;
    }
}
