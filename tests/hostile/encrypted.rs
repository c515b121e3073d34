//! Peers that never come to speak TLS: handshakes that stop anywhere, noise, versions and cipher suites of yesterday.

use crate::host::{many, raw};
use crate::secured::{IDLE, SOON, Secured, ends};
use rustls::version::{TLS12, TLS13};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// What a record holds.
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// How many do the same.
const CROWD: usize = 100;

/// A record with a handshake message that is as long as it says.
fn record(version: u16, message_kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("short").to_be_bytes();
    let message = [&[message_kind], &length[1..], body].concat();
    let length = u16::try_from(message.len()).expect("short").to_be_bytes();
    [&[HANDSHAKE], &version.to_be_bytes()[..], &length, &message].concat()
}

/// A ClientHello as it was before there were extensions.
fn old_hello(version: u16, suites: &[u16]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.push(0);
    let length = u16::try_from(2 * suites.len()).expect("a few");
    body.extend(length.to_be_bytes());
    body.extend(suites.iter().flat_map(|suite| suite.to_be_bytes()));
    body.extend([1, 0]);
    record(0x0301, 1, &body)
}

async fn sends(secured: &Secured, port: u16, bytes: &[u8]) -> TcpStream {
    let mut stream = secured.stream(port).await;
    // It may be closed already, which is as good.
    let _ = stream.write_all(bytes).await;
    stream
}

#[tokio::test]
async fn handshakes_that_stop_anywhere_are_ended_and_hold_up_nobody() {
    let secured = Secured::start().await;
    let hello = secured.client_hello(&[&TLS13, &TLS12]);
    let stops = [0, 1, 5, hello.len() / 2, hello.len() - 1, hello.len()];
    let attack = async {
        let began = Instant::now();
        let held = many(6 * CROWD, async |number| {
            let port = [secured.ssl, secured.sasl_ssl][number % 2];
            sends(&secured, port, &hello[..stops[number % stops.len()]]).await
        })
        .await;
        secured.serves_all().await;
        // One more says its first words a byte at a time.
        let mut slow = secured.stream(secured.ssl).await;
        let left = hello.iter();
        let ended = async {
            for byte in left {
                tokio::time::sleep(Duration::from_millis(100)).await;
                if slow.write_all(&[*byte]).await.is_err() {
                    return;
                }
            }
        };
        let _ = timeout(IDLE + SOON, ended).await;
        for mut stream in held {
            ends(&mut stream, SOON).await;
        }
        assert!(began.elapsed() < IDLE + 2 * SOON);
    };
    secured.target.survives(attack).await;
    secured.serves_all().await;
}

/// Everything that is not TLS, each many times over.
fn noise() -> Vec<Vec<u8>> {
    let random: Vec<u8> = (0..4_000_u32).map(|at| (at * at % 251) as u8).collect();
    let vast = [&[1, 0xff, 0xff, 0xff][..], &[1; 16_000]].concat();
    let mut vast_record = vec![HANDSHAKE, 3, 1];
    vast_record.extend(16_004_u16.to_be_bytes());
    vast_record.extend(&vast);
    let filler = [&[HANDSHAKE, 3, 3, 0x40, 0][..], &[1; 16_384]].concat();
    vec![
        random,
        raw(18, 3, true, &[0, 0, 0]),
        b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n".to_vec(),
        // As SSL 2 began.
        vec![0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10, 1, 0, 0x80],
        // A handshake message of 16 MiB, of which more and more comes.
        [vast_record, filler.repeat(20)].concat(),
        // A record that is longer than any may be.
        [&[HANDSHAKE, 3, 3, 0xff, 0xff][..], &[0; 70_000]].concat(),
        // Data before keys, alerts, and kinds that there are none of.
        vec![23, 3, 3, 0, 5, 1, 2, 3, 4, 5],
        [ALERT, 3, 3, 0, 2, 1, 0].repeat(200),
        vec![99, 3, 3, 0, 1, 0],
        [20, 3, 3, 0, 1, 1].repeat(500),
        record(0x0303, 20, &[0; 12]),
        record(0x0303, 1, &[]),
    ]
}

#[tokio::test]
async fn noise_and_plaintext_where_tls_is_spoken_end_the_connection() {
    let secured = Secured::start().await;
    let attack = async {
        for bytes in noise() {
            let held = many(CROWD / 5, async |number| {
                let port = [secured.ssl, secured.sasl_ssl][number % 2];
                sends(&secured, port, &bytes).await
            })
            .await;
            for mut stream in held {
                // At once or, where what came may be the beginning of something, in the time that a handshake has.
                let said = ends(&mut stream, SOON).await;
                assert_ne!(said.first(), Some(&HANDSHAKE), "{:?}", &bytes[..8]);
            }
        }
        secured.serves_all().await;
    };
    secured.target.survives(attack).await;
}

#[tokio::test]
async fn versions_and_cipher_suites_of_yesterday_are_refused_and_a_downgrade_shows() {
    const GOOD: u16 = 0xc02b;
    const FALLBACK: u16 = 0x5600;
    let secured = Secured::start().await;
    let attack = async {
        for (version, suites) in [
            (0x0300, &[GOOD, 0x0005][..]),
            (0x0301, &[GOOD, 0xc013, 0x002f]),
            (0x0302, &[GOOD, 0xc013, 0x002f]),
            (0x0301, &[GOOD, FALLBACK]),
            // No encryption, export keys, RC4, triple DES, CBC.
            (0x0303, &[0x0000, 0x0001, 0x003b]),
            (0x0303, &[0x0003, 0x0005, 0x000a, 0xc011, 0xc012]),
            (0x0303, &[0xc013, 0xc014, 0x002f, 0x009c]),
        ] {
            for port in [secured.ssl, secured.sasl_ssl] {
                let hello = old_hello(version, suites);
                let mut stream = sends(&secured, port, &hello).await;
                let said = ends(&mut stream, SOON).await;
                assert_eq!(said.first(), Some(&ALERT), "{version:x} {suites:x?}");
            }
        }
        // Somebody between takes TLS 1.3 out of what the client offers: the answer's random bytes tell the client (RFC 8446, 4.1.3).
        let hello = secured.client_hello(&[&TLS12]);
        let mut stream = sends(&secured, secured.ssl, &hello).await;
        let mut answer = [0; 43];
        let read = timeout(SOON, stream.read_exact(&mut answer)).await;
        read.expect("soon").expect("a ServerHello");
        assert_eq!(answer[35..], *b"DOWNGRD\x01");
    };
    secured.target.survives(attack).await;
    secured.serves_all().await;
}
