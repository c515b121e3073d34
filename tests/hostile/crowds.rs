//! Too many of them: connections by the thousand, held, dropped, reset, half closed.

use crate::host::{Target, many};
use crate::wire::bytes_of;
use ottla_protocol::messages::api_versions::ApiVersionsRequest;
use rustix::net::sockopt::set_socket_linger;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

/// As a client that was killed by its machine.
fn reset(stream: TcpStream) {
    set_socket_linger(&stream, Some(Duration::ZERO)).expect("an option");
    drop(stream);
}

#[tokio::test]
async fn ten_thousand_connections_come_and_go() {
    let target = Target::start().await;
    let before = target.memory();
    target
        .survives(async {
            let question = bytes_of(3, 1, &ApiVersionsRequest::default());
            let held = many(10_000, async |number| {
                let mut stream = target.stream().await;
                if number % 2 == 0 {
                    stream.write_all(&question).await.expect("sent");
                }
                stream
            })
            .await;
            target.be_decent().await;
            let each = target.memory().saturating_sub(before) / 10_000;
            assert!(each < 48 << 10, "{each} bytes for each connection");
            drop(held);
        })
        .await;
}

#[tokio::test]
async fn a_storm_of_resets_leaves_nothing_behind() {
    let target = Target::start().await;
    target
        .survives(async {
            let question = bytes_of(3, 1, &ApiVersionsRequest::default());
            for number in 0..1_500 {
                let mut stream = target.stream().await;
                match number % 3 {
                    0 => {}
                    1 => stream.write_all(&question[..9]).await.expect("sent"),
                    _ => stream.write_all(&question.repeat(20)).await.expect("sent"),
                }
                reset(stream);
            }
        })
        .await;
}

#[tokio::test]
async fn half_closed_connections_are_answered_and_then_closed() {
    let target = Target::start().await;
    target
        .survives(async {
            let question = bytes_of(3, 1, &ApiVersionsRequest::default());
            for cut in [0, 5, question.len()] {
                let streams = many(100, async |_| {
                    let mut stream = target.stream().await;
                    stream.write_all(&question[..cut]).await.expect("sent");
                    stream.shutdown().await.expect("half closed");
                    stream
                })
                .await;
                for mut stream in streams {
                    let mut answer = Vec::new();
                    let read = timeout(SOON, stream.read_to_end(&mut answer)).await;
                    read.expect("closed").expect("in good order");
                    assert_eq!(!answer.is_empty(), cut == question.len());
                }
            }
        })
        .await;
}
