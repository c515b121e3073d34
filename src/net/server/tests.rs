//! A whole server, over loopback and over a simulated network, asked in Kafka's own bytes.

use super::*;
use crate::api::Context;
use crate::api::context::Features;
use crate::metrics::Metrics;
use crate::net::listener::ListenerSpec;
use crate::net::settings::{ConnectionLimits, Settings};
use crate::net::tcp::Tcp;
use crate::world::{Clock, Workers};
use bytes::{Bytes, BytesMut};
use ottla_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use ottla_protocol::{ApiKey, Chunk, Decoder, ErrorCode, Message, frame};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

struct TwoFeatures;

impl Features for TwoFeatures {
    fn supported(&self) -> Vec<(&'static str, i16, i16)> {
        vec![("kraft.version", 0, 1), ("metadata.version", 7, 30)]
    }
    fn finalized(&self) -> (i64, Vec<(Arc<str>, i16)>) {
        (5, vec![("metadata.version".into(), 30)])
    }
}

fn serving(settings: Settings) -> Arc<Serving> {
    let context = Arc::new(Context {
        clock: Clock::system(),
        metrics: Arc::new(Metrics::new(crate::api::labels())),
        features: Arc::new(TwoFeatures),
    });
    Arc::new(Serving::new(context, settings, Workers::tasks(), |_| None))
}

fn spec(host: &str) -> ListenerSpec {
    ListenerSpec {
        name: "PLAINTEXT".to_owned(),
        host: host.to_owned(),
        port: 0,
        advertised: None,
    }
}

async fn start(settings: Settings) -> (Server, u16) {
    let listener = Listener::bind(&Tcp, &spec("localhost"), &settings.sockets)
        .await
        .unwrap();
    let port = listener.seen().advertised.port;
    (Server::start(vec![listener], serving(settings)), port)
}

fn request(version: i16, software: &str) -> Bytes {
    let body = ApiVersionsRequest {
        client_software_name: software.into(),
        client_software_version: "1.0".into(),
        ..Default::default()
    };
    flat(frame::request(version, 7, Some("me".into()), &body).unwrap())
}

fn flat(chunks: Vec<Chunk>) -> Bytes {
    let mut all = BytesMut::new();
    for chunk in chunks {
        match chunk {
            Chunk::Bytes(bytes) => all.extend_from_slice(&bytes),
            Chunk::Deferred(_) => panic!("no records here"),
        }
    }
    all.freeze()
}

/// Sends and reads one answer, decoded as `version`.
async fn ask<T: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut T,
    request: &[u8],
    version: i16,
) -> ApiVersionsResponse {
    stream.write_all(request).await.unwrap();
    let length = stream.read_i32().await.unwrap();
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body).await.unwrap();
    let mut from = Decoder::new(body.into());
    assert_eq!(
        from.i32().unwrap(),
        7,
        "the correlation id, and no tagged fields behind it"
    );
    let response = ApiVersionsResponse::decode(&mut from, version).unwrap();
    from.finish().unwrap();
    response
}

fn range(response: &ApiVersionsResponse, key: ApiKey) -> Option<(i16, i16)> {
    let row = response.api_keys.iter().find(|row| row.api_key == key.0)?;
    Some((row.min_version, row.max_version))
}

#[tokio::test]
async fn api_versions_is_answered_in_every_version_on_both_loopback_families() {
    let (server, port) = start(Settings::default()).await;
    for host in ["127.0.0.1", "::1"] {
        let Ok(mut stream) = TcpStream::connect((host, port)).await else {
            assert_eq!(host, "::1", "only IPv6 may be missing");
            continue;
        };
        for version in 0..=4 {
            let response = ask(&mut stream, &request(version, "me"), version).await;
            assert_eq!(response.error_code, ErrorCode::NONE);
            assert_eq!(range(&response, ApiKey::API_VERSIONS), Some((0, 4)));
            let names: Vec<&str> = response
                .supported_features
                .iter()
                .map(|feature| &*feature.name)
                .collect();
            match version {
                0..=2 => assert!(names.is_empty()),
                // KAFKA-17011: what may be 0 is not told to those who cannot read it.
                3 => assert_eq!(names, ["metadata.version"]),
                _ => assert_eq!(names, ["kraft.version", "metadata.version"]),
            }
            assert_eq!(
                response.finalized_features_epoch,
                if version >= 3 { 5 } else { -1 }
            );
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_version_of_api_versions_is_answered_as_version_zero() {
    let (server, port) = start(Settings::default()).await;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    for version in [5_i16, 99, i16::MAX, -1] {
        let mut bytes = BytesMut::from(&request(4, "me")[..]);
        bytes[6..8].copy_from_slice(&version.to_be_bytes());
        let response = ask(&mut stream, &bytes, 0).await;
        assert_eq!(response.error_code, ErrorCode::UNSUPPORTED_VERSION);
        assert_eq!(response.api_keys.len(), 1);
        assert_eq!(range(&response, ApiKey::API_VERSIONS), Some((0, 4)));
    }
    let response = ask(&mut stream, &request(3, "me"), 3).await;
    assert_eq!(
        response.error_code,
        ErrorCode::NONE,
        "the connection goes on"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_software_name_that_is_none_is_an_invalid_request() {
    let (server, port) = start(Settings::default()).await;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let response = ask(&mut stream, &request(3, "-me"), 3).await;
    assert_eq!(response.error_code, ErrorCode::INVALID_REQUEST);
    assert!(response.api_keys.is_empty());
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
    ask(&mut first, &request(0, ""), 0).await;
    let mut second = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    assert_eq!(
        second.read(&mut [0]).await.unwrap_or(0),
        0,
        "closed at once"
    );
    ask(&mut first, &request(0, ""), 0).await;
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
    ask(&mut first, &request(0, ""), 0).await;
    let second = tokio::spawn(async move {
        let mut second = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        ask(&mut second, &request(0, ""), 0).await
    });
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    drop(first);
    second.await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn requests_sent_together_are_answered_together() {
    let (server, port) = start(Settings::default()).await;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let many: Vec<u8> = std::iter::repeat_n(request(3, "me"), 1_000)
        .flatten()
        .collect();
    let (mut read, mut write) = stream.split();
    let sending = async { write.write_all(&many).await.unwrap() };
    let receiving = async {
        for _ in 0..1_000 {
            let length = read.read_i32().await.unwrap();
            let mut answer = vec![0; length as usize];
            read.read_exact(&mut answer).await.unwrap();
        }
    };
    tokio::join!(sending, receiving);
    server.stop().await;
}

#[tokio::test]
async fn a_stopped_server_has_closed_every_connection_and_accepts_none() {
    let (server, port) = start(Settings::default()).await;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    ask(&mut stream, &request(0, ""), 0).await;
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
        let listener = Listener::bind(&Simulated, &spec, &settings.sockets).await?;
        let _server = Server::start(vec![listener], serving(settings));
        std::future::pending().await
    });
    simulation.client("client", async {
        let mut stream = turmoil::net::TcpStream::connect(("broker", 9092)).await?;
        let response = ask(&mut stream, &request(4, "me"), 4).await;
        assert_eq!(response.error_code, ErrorCode::NONE);
        Ok(())
    });
    simulation.run().unwrap();
}
