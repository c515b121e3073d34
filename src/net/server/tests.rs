//! A whole server, over loopback and over a simulated network, asked in Kafka's own bytes.

use super::*;
use crate::api::Session;
use crate::api::dispatch::{Answer, Encoded, Outcome, Receipt, Refusal, Running};
use crate::metrics::Metrics;
use crate::net::listener::ListenerSpec;
use crate::net::settings::{ConnectionLimits, Settings};
use crate::net::tcp::Tcp;
use crate::world::{Clock, Workers};
use bytes::{BufMut, Bytes, BytesMut};
use ottla_protocol::Chunk;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Answers with what was asked.
fn echo(_: &Session, frame: Bytes, received: Duration) -> Result<Running, Refusal> {
    let mut answer = BytesMut::new();
    answer.put_i32(frame.len() as i32);
    answer.put(frame);
    let receipt = Receipt::new(0, answer.len(), received);
    let chunks = vec![Chunk::Bytes(answer.freeze())];
    let answer = Outcome::Now(Answer::Send(Encoded {
        chunks,
        is_not_controller: false,
        receipt,
        rest: Duration::ZERO,
    }));
    Ok(Box::pin(std::future::ready(answer)))
}

fn serving(settings: Settings) -> Arc<Serving> {
    let metrics = Arc::new(Metrics::new(crate::api::labels()));
    let (clock, workers) = (Clock::system(), Workers::tasks());
    Arc::new(Serving::new(
        clock,
        metrics,
        Arc::new(echo),
        settings,
        workers,
    ))
}

fn spec(host: &str) -> ListenerSpec {
    ListenerSpec {
        name: "PLAINTEXT".to_owned(),
        protocol: crate::config::SecurityProtocol::Plaintext,
        host: host.to_owned(),
        port: 0,
        advertised: None,
        serves: crate::api::Serves::CLIENTS,
    }
}

async fn start(settings: Settings) -> (Server, u16) {
    let listener = Listener::bind(&Tcp, &spec("localhost"), &settings.sockets, None)
        .await
        .unwrap();
    let port = listener.seen().advertised.port;
    (Server::start(vec![listener], serving(settings)), port)
}

/// Sends one frame and reads it back.
async fn ask<T: AsyncRead + AsyncWrite + Unpin>(stream: &mut T) {
    stream.write_all(b"\0\0\0\x05hello").await.unwrap();
    let mut answer = [0; 9];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"\0\0\0\x05hello");
}

#[tokio::test]
async fn localhost_is_served_on_both_loopback_families() {
    let (server, port) = start(Settings::default()).await;
    for host in ["127.0.0.1", "::1"] {
        match TcpStream::connect((host, port)).await {
            Ok(mut stream) => ask(&mut stream).await,
            Err(_) => assert_eq!(host, "::1", "only IPv6 may be missing"),
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn an_address_with_its_share_of_connections_is_refused_one_more() {
    let connections = ConnectionLimits {
        max_per_address: 1,
        ..Default::default()
    };
    let (server, port) = start(Settings {
        connections,
        ..Default::default()
    })
    .await;
    let mut first = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    ask(&mut first).await;
    let mut second = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    assert_eq!(
        second.read(&mut [0]).await.unwrap_or(0),
        0,
        "closed at once"
    );
    ask(&mut first).await;
    server.stop().await;
}

#[tokio::test]
async fn a_connection_over_the_limit_waits_until_another_ends() {
    let connections = ConnectionLimits {
        max: 1,
        ..Default::default()
    };
    let (server, port) = start(Settings {
        connections,
        ..Default::default()
    })
    .await;
    let mut first = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    ask(&mut first).await;
    let second = tokio::spawn(async move {
        let mut second = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        ask(&mut second).await
    });
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    drop(first);
    second.await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn requests_sent_together_are_answered_in_order() {
    let (server, port) = start(Settings::default()).await;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (mut read, mut write) = stream.split();
    let sending = async {
        for number in 0..10_000 {
            write.write_all(&[0, 0, 0, 8, 0, 0, 0, 0]).await.unwrap();
            write.write_i32(number).await.unwrap();
        }
    };
    let receiving = async {
        for number in 0..10_000 {
            assert_eq!(read.read_i32().await.unwrap(), 8);
            assert_eq!(read.read_i64().await.unwrap(), number);
        }
    };
    tokio::join!(sending, receiving);
    server.stop().await;
}

#[tokio::test]
async fn a_stopped_server_has_closed_every_connection_and_accepts_none() {
    let (server, port) = start(Settings::default()).await;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    ask(&mut stream).await;
    server.stop().await;
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[cfg(feature = "simulation")]
#[test]
fn a_server_answers_on_a_simulated_network() {
    use crate::net::simulated::Simulated;
    let mut simulation = turmoil::Builder::new().build();
    simulation.host("broker", || async {
        let settings = Settings::default();
        let mut spec = spec("");
        spec.port = 9092;
        let listener = Listener::bind(&Simulated, &spec, &settings.sockets, None).await?;
        let _server = Server::start(vec![listener], serving(settings));
        std::future::pending().await
    });
    simulation.client("client", async {
        let mut stream = turmoil::net::TcpStream::connect(("broker", 9092)).await?;
        ask(&mut stream).await;
        Ok(())
    });
    simulation.run().unwrap();
}
