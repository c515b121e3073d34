//! Peers that have not said who they are, or lie about it: what they may ask, how long they may take, and what they cannot get at.

use crate::host::{many, raw};
use crate::secured::{IDLE, SOON, Secured, USER, ends, handshake, logs_in, soon, token};
use crate::wire::{Client, bytes_of};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::api_versions::ApiVersionsRequest;
use ottla_protocol::messages::metadata::MetadataRequest;
use ottla_protocol::messages::sasl_authenticate::SaslAuthenticateRequest;
use ottla_protocol::messages::sasl_handshake::SaslHandshakeRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SCRAM: &str = "SCRAM-SHA-256";
/// How many do the same.
const CROWD: usize = 100;

/// Nothing more is said, and the connection ends.
async fn is_over(client: &mut Client<TcpStream>) {
    assert!(soon(client.frame()).await.is_err(), "it goes on");
}

fn versions() -> Vec<u8> {
    bytes_of(3, 1, &ApiVersionsRequest::default())
}

fn chooses(version: i16, mechanism: &str) -> Vec<u8> {
    let request = SaslHandshakeRequest {
        mechanism: mechanism.to_owned().into(),
    };
    bytes_of(version, 1, &request)
}

#[tokio::test]
async fn nothing_but_versions_and_a_login_is_answered_before_the_login() {
    let secured = Secured::start().await;
    let attack = async {
        for key in 0..95_i16 {
            for version in [0, 2, 9] {
                if [17, 18, 36].contains(&key) {
                    continue;
                }
                let mut stream = secured.stream(secured.sasl).await;
                let asked = [versions(), raw(key, version, version > 2, &[0; 64])].concat();
                stream.write_all(&asked).await.expect("sent");
                let said = ends(&mut stream, SOON).await;
                let length = i32::from_be_bytes(said[..4].try_into().expect("an answer"));
                let whole = 4 + usize::try_from(length).expect("a length");
                assert_eq!(said.len(), whole, "API {key} version {version}");
            }
        }
        // Versions over and over, and other things of which one may ask in vain.
        let mut stream = secured.stream(secured.sasl).await;
        let _ = stream.write_all(&versions().repeat(1_000)).await;
        assert!(ends(&mut stream, SOON).await.len() < 10_000);
        secured.serves_all().await;
    };
    secured.target.survives(attack).await;
}

#[tokio::test]
async fn logins_out_of_order_end_the_connection() {
    const ILLEGAL: ErrorCode = ErrorCode::ILLEGAL_SASL_STATE;
    let secured = Secured::start().await;
    let attack = async {
        for _ in 0..20 {
            let mut early = secured.stranger().await;
            let told = token(&mut early, "\0decent\0x").await;
            assert_eq!(told.expect("an answer").0, ILLEGAL);
            is_over(&mut early).await;
            // Another mechanism, or the same once more, in the middle of an exchange.
            for again in [SCRAM, "PLAIN", "GSSAPI", ""] {
                let mut client = secured.stranger().await;
                handshake(&mut client, SCRAM).await.expect("an answer");
                let begun = token(&mut client, "n,,n=decent,r=nonce").await;
                assert_eq!(begun.expect("a challenge").0, ErrorCode::NONE);
                assert_eq!(handshake(&mut client, again).await, Some(ILLEGAL));
                is_over(&mut client).await;
            }
            let mut client = secured.stranger().await;
            assert_eq!(
                handshake(&mut client, "ANONYMOUS").await,
                Some(ErrorCode::UNSUPPORTED_SASL_MECHANISM)
            );
            is_over(&mut client).await;
            // The versions in the middle of an exchange.
            let mut client = secured.stranger().await;
            handshake(&mut client, SCRAM).await.expect("an answer");
            client.send_bytes(&versions()).await.expect("sent");
            // It may be told so first.
            let _ = soon(client.frame()).await;
            is_over(&mut client).await;
        }
        // A token of one mechanism for another: what is cheap to try does not pass as what is safe.
        for (mechanism, words) in [(SCRAM, "\0decent\0x"), ("PLAIN", "n,,n=decent,r=nonce")] {
            let mut client = secured.stranger().await;
            handshake(&mut client, mechanism).await.expect("an answer");
            let told = token(&mut client, words).await.expect("an answer");
            assert_eq!(told.0, ErrorCode::SASL_AUTHENTICATION_FAILED);
            is_over(&mut client).await;
        }
        secured.serves_all().await;
    };
    secured.target.survives(attack).await;
}

#[tokio::test]
async fn tokens_of_any_size_and_shape_log_nobody_in() {
    let secured = Secured::start().await;
    let attack = async {
        let long = "x".repeat(400_000);
        for (mechanism, words) in [
            (SCRAM, String::new()),
            (SCRAM, "n,,".to_owned()),
            (SCRAM, "n,,n=decent".to_owned()),
            (SCRAM, "n,,n=decent,r=".to_owned()),
            (SCRAM, format!("n,,n={long},r=nonce")),
            (SCRAM, format!("n,,m={long},n=decent,r=nonce")),
            // Bound to a channel that there is none of, and for somebody else.
            (SCRAM, "p=tls-unique,,n=decent,r=nonce".to_owned()),
            (SCRAM, "n,a=admin,n=decent,r=nonce".to_owned()),
            (SCRAM, "c=biws,r=nonce,p=AAAA".to_owned()),
            ("PLAIN", String::new()),
            ("PLAIN", "\0\0".to_owned()),
            ("PLAIN", "\0decent\0".to_owned()),
            ("PLAIN", "admin\0decent\0x".to_owned()),
            ("PLAIN", "\0decent\0x\0x".to_owned()),
            ("PLAIN", format!("\0{long}\0x")),
            ("PLAIN", format!("\0decent\0{long}")),
        ] {
            let mut client = secured.stranger().await;
            handshake(&mut client, mechanism).await.expect("an answer");
            let told = token(&mut client, words).await.expect("an answer").0;
            assert_eq!(told, ErrorCode::SASL_AUTHENTICATION_FAILED, "{mechanism}");
            is_over(&mut client).await;
        }
        // A nonce is echoed, so its length is what an answer costs.
        let mut client = secured.stranger().await;
        handshake(&mut client, SCRAM).await.expect("an answer");
        token(&mut client, format!("n,,n=decent,r={long}")).await;
        // More than `sasl.server.max.receive.size`: not even read, in frames, bare, and with nothing behind the length.
        let vast = SaslAuthenticateRequest {
            auth_bytes: vec![b'x'; 600_000].into(),
            ..Default::default()
        };
        let framed = [chooses(1, "PLAIN"), bytes_of(2, 1, &vast)].concat();
        let length = 600_000_i32.to_be_bytes();
        let bare = [&chooses(0, "PLAIN")[..], &length, &[b'x'; 600_000]].concat();
        let claimed = [&chooses(1, "PLAIN")[..], &i32::MAX.to_be_bytes()].concat();
        for bytes in [framed, bare, claimed] {
            let held = many(CROWD / 5, async |_| {
                let mut stream = secured.stream(secured.sasl).await;
                let _ = stream.write_all(&bytes).await;
                stream
            })
            .await;
            for mut stream in held {
                ends(&mut stream, SOON).await;
            }
        }
        secured.serves_all().await;
    };
    secured.target.survives(attack).await;
}

#[tokio::test]
async fn what_was_heard_of_a_login_logs_nobody_in_and_neither_does_guessing() {
    const FAILED: ErrorCode = ErrorCode::SASL_AUTHENTICATION_FAILED;
    let secured = Secured::start().await;
    let attack = async {
        let mut own = secured.stranger().await;
        let [first, last] = logs_in(&mut own).await;
        // On the same connection the exchange is over.
        let told = token(&mut own, last.clone()).await.expect("an answer");
        assert_eq!(told.0, ErrorCode::ILLEGAL_SASL_STATE);
        for _ in 0..20 {
            let mut replay = secured.stranger().await;
            handshake(&mut replay, SCRAM).await.expect("an answer");
            let told = token(&mut replay, first.clone()).await;
            assert_eq!(told.expect("a challenge").0, ErrorCode::NONE);
            let told = token(&mut replay, last.clone()).await;
            assert_eq!(told.expect("an answer").0, FAILED);
            is_over(&mut replay).await;
        }
        let guesses = (0..CROWD).map(async |number| {
            let mut client = secured.stranger().await;
            handshake(&mut client, "PLAIN").await.expect("an answer");
            let words = format!("\0{USER}\0guess-{number}");
            let told = token(&mut client, words).await.expect("an answer");
            assert_eq!(told.0, FAILED);
        });
        futures::future::join_all(guesses).await;
        secured.serves_all().await;
    };
    secured.target.survives(attack).await;
}

#[tokio::test]
async fn logins_that_stop_anywhere_are_ended_and_hold_up_nobody() {
    let secured = Secured::start().await;
    let half = |version| {
        let asked = SaslAuthenticateRequest {
            auth_bytes: vec![b'x'; 400_000].into(),
            ..Default::default()
        };
        let token = bytes_of(2, 1, &asked);
        [&chooses(version, SCRAM)[..], &token[..200_000]].concat()
    };
    let stops = [
        Vec::new(),
        versions()[..5].to_vec(),
        versions(),
        [versions(), chooses(1, SCRAM)].concat(),
        half(1),
        // Bare: the half of a length, a length, the half of a token.
        [chooses(0, SCRAM), vec![0, 0]].concat(),
        [chooses(0, SCRAM), vec![0, 0, 1, 0]].concat(),
        [chooses(0, SCRAM), vec![0, 6, 0, 0], vec![b'x'; 200_000]].concat(),
    ];
    let attack = async {
        let held = many(CROWD * stops.len(), async |number| {
            let mut stream = secured.stream(secured.sasl).await;
            let _ = stream.write_all(&stops[number % stops.len()]).await;
            stream
        })
        .await;
        secured.serves_all().await;
        for mut stream in held {
            ends(&mut stream, IDLE + SOON).await;
        }
    };
    secured.target.survives(attack).await;
    secured.serves_all().await;
}

/// Nobody but the client makes anything of the number that it gives a request.
#[tokio::test]
async fn correlation_ids_are_returned_as_they_came_whatever_they_are() {
    let secured = Secured::start().await;
    let attack = async {
        let mut client = secured.stranger().await;
        logs_in(&mut client).await;
        let ids = [7, 7, 0, -1, i32::MIN, i32::MAX, 7, 1];
        for id in ids {
            let asked = bytes_of(9, id, &MetadataRequest::default());
            client.send_bytes(&asked).await.expect("sent");
        }
        for id in ids {
            let answer = soon(client.frame()).await.expect("an answer");
            assert_eq!(answer[..4], id.to_be_bytes());
        }
        // Answers where questions should be: their ids are read as keys and versions.
        for id in ids {
            let mut stream = secured.stream(secured.sasl).await;
            let answer = [&12_i32.to_be_bytes()[..], &id.to_be_bytes(), &[0; 8]].concat();
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
            let mut said = Vec::new();
            let _ = soon(stream.read_to_end(&mut said)).await;
        }
        secured.serves_all().await;
    };
    secured.target.survives(attack).await;
}
