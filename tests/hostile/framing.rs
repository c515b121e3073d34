//! Frames that are none: lengths nobody can mean, bytes that come one by one or not at all, answers where a question should be.

use crate::host::{Target, many, raw};
use crate::wire::{batch, bytes_of, produce};
use ottla_protocol::messages::api_versions::ApiVersionsRequest;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

/// The node closes the connection, and soon.
async fn is_closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let closed = timeout(SOON, stream.read_to_end(&mut rest)).await;
    // A reset is an end too.
    let _ = closed.expect("the connection is closed");
}

#[tokio::test]
async fn a_length_that_nobody_can_mean_ends_the_connection_and_takes_no_memory() {
    let target = Target::start().await;
    target
        .survives(async {
            for length in [i32::MAX, -1, i32::MIN, 0, 1, 7, 104_857_601] {
                for _ in 0..20 {
                    let mut stream = target.stream().await;
                    let mut bytes = length.to_be_bytes().to_vec();
                    bytes.extend([0xff; 8]);
                    let _ = stream.write_all(&bytes).await;
                    is_closed(stream).await;
                }
            }
        })
        .await;
}

#[tokio::test]
async fn large_frames_that_were_announced_and_never_sent_take_little_memory() {
    let target = Target::start().await;
    let before = target.memory();
    target
        .survives(async {
            let held = many(1_000, async |_| {
                let mut stream = target.stream().await;
                let sent = stream.write_all(&100_000_000_i32.to_be_bytes()).await;
                sent.expect("sent");
                let _ = stream.write_all(&[0; 100]).await;
                stream
            })
            .await;
            target.be_decent().await;
            let taken = target.memory() - before;
            assert!(taken < 400 << 20, "{} MiB", taken >> 20);
            drop(held);
        })
        .await;
}

/// At every place within a request a client may stop sending.
#[tokio::test]
async fn clients_that_stop_at_any_byte_hold_up_nobody() {
    let target = Target::start().await;
    target
        .survives(async {
            let small = bytes_of(3, 1, &ApiVersionsRequest::default());
            let value = vec![b'x'; 300_000];
            let large = bytes_of(12, 1, &produce("decent", 0, batch(None, 1, &[value])));
            let cuts = [1, 3, 4, 5, 8, 13, small.len() - 1];
            let large_cuts = [4, 60, 66_000, 200_000, large.len() - 1];
            let mut held = Vec::new();
            for _ in 0..20 {
                for (bytes, cuts) in [(&small, &cuts[..]), (&large, &large_cuts[..])] {
                    for cut in cuts {
                        let mut stream = target.stream().await;
                        stream.write_all(&bytes[..*cut]).await.expect("sent");
                        held.push(stream);
                    }
                }
            }
            target.be_decent().await;
            // And some drip on, byte by byte.
            for position in 0..4 {
                for stream in &mut held {
                    let _ = stream.write_all(&[position]).await;
                }
                target.be_decent().await;
            }
        })
        .await;
}

#[tokio::test]
async fn a_slow_client_is_put_out_after_its_time() {
    let target = Target::with(&[("connections.max.idle.ms", "1500")]).await;
    target
        .survives(async {
            let request = bytes_of(3, 1, &ApiVersionsRequest::default());
            let mut streams = many(50, async |number| {
                let mut stream = target.stream().await;
                let cut = number % request.len();
                stream.write_all(&request[..cut]).await.expect("sent");
                stream
            })
            .await;
            // A byte now and then is no progress.
            for _ in 0..4 {
                tokio::time::sleep(Duration::from_millis(200)).await;
                for stream in &mut streams {
                    let _ = stream.write_all(&[0]).await;
                }
            }
            for stream in streams {
                is_closed(stream).await;
            }
        })
        .await;
}

#[tokio::test]
async fn answers_and_noise_instead_of_questions_end_the_connection() {
    let target = Target::start().await;
    target
        .survives(async {
            // As a broker would answer: a correlation id and a body.
            let answer = [
                &12_i32.to_be_bytes()[..],
                &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            ]
            .concat();
            let http = b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n".to_vec();
            let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3].repeat(20);
            for bytes in [answer, http, hello] {
                for _ in 0..100 {
                    let mut stream = target.stream().await;
                    let _ = stream.write_all(&bytes).await;
                    is_closed(stream).await;
                }
            }
            // Unknown keys and versions, of all sizes.
            for key in [
                -1,
                4,
                95,
                127,
                128,
                999,
                1_000,
                1_001,
                1_007,
                1_008,
                i16::MAX,
            ] {
                for version in [-1, 99, i16::MAX] {
                    let mut stream = target.stream().await;
                    let _ = stream.write_all(&raw(key, version, true, &[0; 64])).await;
                    is_closed(stream).await;
                }
            }
        })
        .await;
}

/// Every API, with bodies that hold anything.
#[tokio::test]
async fn bodies_of_noise_are_refused_by_every_api() {
    let target = Target::start().await;
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    target
        .survives(async {
            for key in 0..95_i16 {
                for version in (0..19_i16).step_by(3) {
                    let mut body = [0; 96];
                    for byte in &mut body {
                        seed ^= seed << 13;
                        seed ^= seed >> 7;
                        seed ^= seed << 17;
                        *byte = seed.to_be_bytes()[0]
                            & [0xff, 3, 0][usize::from(seed.to_be_bytes()[1] % 3)];
                    }
                    let mut stream = target.stream().await;
                    let _ = stream
                        .write_all(&raw(key, version, version > 2, &body))
                        .await;
                    let _ = stream.shutdown().await;
                    is_closed(stream).await;
                }
            }
        })
        .await;
}
