//! What a connection does with requests that are well formed, many, strange or hostile.

use crate::host::{Broker, Raw, soon};
use crate::wire::bytes_of;
use bytes::Bytes;
use ottla::api::{APIS, Entry, Scope};
use ottla_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use ottla_protocol::messages::metadata::MetadataRequest;
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::{ApiKey, Decoder, ErrorCode, Message, Records};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

fn api_versions() -> ApiVersionsRequest {
    ApiVersionsRequest {
        client_software_name: "test".into(),
        client_software_version: "1.0".into(),
        ..Default::default()
    }
}

/// The node closes the connection, without an answer.
async fn closed(client: &mut Raw) {
    soon("the connection closes", client.closed()).await;
}

fn range(response: &ApiVersionsResponse, key: ApiKey) -> Option<(i16, i16)> {
    let row = response.api_keys.iter().find(|row| row.api_key == key.0)?;
    Some((row.min_version, row.max_version))
}

#[tokio::test]
async fn api_versions_lists_what_is_served_in_every_version() {
    let mut node = Broker::start().await;
    let mut client = node.client().await;
    for version in 0..=4 {
        let response = client.ask(version, &api_versions()).await.unwrap();
        assert_eq!(response.error_code, ErrorCode::NONE);
        let is_clients = |api: &&Entry| matches!(api.scope, Scope::Clients | Scope::Everywhere);
        let served = APIS.iter().filter(is_clients).count();
        assert_eq!(response.api_keys.len(), served);
        // KAFKA-18659: librdkafka compresses only when it sees version 0.
        assert_eq!(range(&response, ApiKey::PRODUCE), Some((0, 13)));
        assert_eq!(range(&response, ApiKey::API_VERSIONS), Some((0, 4)));
        if version >= 3 {
            assert!(response.finalized_features_epoch >= 0);
            assert!(
                response
                    .finalized_features
                    .iter()
                    .any(|feature| &*feature.name == "metadata.version")
            );
        }
    }
    node.stop().await;
}

#[tokio::test]
async fn an_unknown_version_of_api_versions_is_answered_in_version_zero_and_the_connection_goes_on()
{
    let mut node = Broker::start().await;
    let mut client = node.client().await;
    for version in [5_i16, 99, i16::MAX, -1] {
        let mut request = bytes_of(4, 77, &api_versions());
        request[6..8].copy_from_slice(&version.to_be_bytes());
        client.send_bytes(&request).await.unwrap();
        let mut from = Decoder::new(client.frame().await.unwrap());
        assert_eq!(from.i32(), Ok(77));
        let response = ApiVersionsResponse::decode(&mut from, 0).unwrap();
        from.finish().unwrap();
        assert_eq!(response.error_code, ErrorCode::UNSUPPORTED_VERSION);
        assert_eq!(response.api_keys.len(), 1);
        assert_eq!(range(&response, ApiKey::API_VERSIONS), Some((0, 4)));
    }
    let response = client.ask(3, &api_versions()).await.unwrap();
    assert_eq!(response.error_code, ErrorCode::NONE);
    node.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_say_what_it_is_makes_an_invalid_request() {
    let mut node = Broker::start().await;
    let mut client = node.client().await;
    for name in ["", "-test", "te st", "te_st"] {
        let request = ApiVersionsRequest {
            client_software_name: name.into(),
            ..api_versions()
        };
        let response = client.ask(3, &request).await.unwrap();
        assert_eq!(response.error_code, ErrorCode::INVALID_REQUEST, "{name:?}");
        assert!(response.api_keys.is_empty());
    }
    node.stop().await;
}

#[tokio::test]
async fn what_cannot_be_served_is_not_answered_and_closes_the_connection() {
    let mut node = Broker::start().await;
    let with = |key: i16, version: i16| {
        let mut request = bytes_of(1, 1, &MetadataRequest::default());
        request[4..6].copy_from_slice(&key.to_be_bytes());
        request[6..8].copy_from_slice(&version.to_be_bytes());
        request
    };
    let cases: [(&str, Vec<u8>); 9] = [
        ("a key that is gone", with(4, 0)),
        ("a key that never was", with(i16::MAX, 0)),
        ("a negative key", with(-1, 0)),
        ("a version that is gone", with(ApiKey::PRODUCE.0, 2)),
        ("a version that is to come", with(ApiKey::METADATA.0, 14)),
        ("another protocol", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("an empty frame", vec![0; 4]),
        ("a frame of 2 GB", i32::MAX.to_be_bytes().to_vec()),
        (
            "a body that is none",
            [&with(3, 1)[..18], &[0x7f; 4]].concat(),
        ),
    ];
    for (what, bytes) in cases {
        let mut client = node.client().await;
        client.send_bytes(&bytes).await.unwrap();
        soon(what, client.closed()).await;
    }
    assert_eq!(
        node.node().metrics.connections.request_memory_bytes.get(),
        0
    );
    node.client().await.ask(4, &api_versions()).await.unwrap();
    node.stop().await;
}

#[tokio::test]
async fn requests_before_one_that_cannot_be_served_are_answered() {
    let mut node = Broker::start().await;
    let mut client = node.client().await;
    client.send(4, &api_versions()).await.unwrap();
    client.send_bytes(&[0, 0, 0, 4, 0, 99, 0, 0]).await.unwrap();
    client.answer::<ApiVersionsRequest>().await.unwrap();
    closed(&mut client).await;
    node.stop().await;
}

#[tokio::test]
async fn many_requests_at_once_are_answered_in_order() {
    let mut node = Broker::start().await;
    let stream = TcpStream::connect(("127.0.0.1", node.port_of(0)))
        .await
        .unwrap();
    let (read, mut write) = stream.into_split();
    let sending = tokio::spawn(async move {
        for id in 0..2_000 {
            let bytes = match id % 2 {
                0 => bytes_of(4, id, &api_versions()),
                _ => bytes_of(9, id, &MetadataRequest::default()),
            };
            write.write_all(&bytes).await.unwrap();
        }
        write
    });
    let mut read = tokio::io::BufReader::new(read);
    for id in 0..2_000 {
        use tokio::io::AsyncReadExt;
        let length = read.read_i32().await.unwrap();
        assert_eq!(read.read_i32().await.unwrap(), id);
        let mut rest = vec![0; length as usize - 4];
        read.read_exact(&mut rest).await.unwrap();
    }
    sending.await.unwrap();
    node.stop().await;
}

fn produce(acks: i16, topic: &str, records: Records) -> ProduceRequest {
    let partition = PartitionProduceData {
        index: 0,
        records,
        ..Default::default()
    };
    ProduceRequest {
        acks,
        timeout_ms: 1_000,
        topic_data: vec![TopicProduceData {
            name: topic.into(),
            partition_data: vec![partition],
            ..Default::default()
        }],
        ..Default::default()
    }
}

#[tokio::test]
async fn a_failed_produce_without_acks_closes_the_connection_without_an_answer() {
    let mut node = Broker::start().await;
    let mut client = node.client().await;
    client.ask(4, &api_versions()).await.unwrap();
    let garbage = Records::Bytes(Bytes::from_static(&[0; 100]));
    let request = produce(0, "absent", garbage);
    client.send_unanswered(9, &request).await.unwrap();
    closed(&mut client).await;
    node.stop().await;
}

#[tokio::test]
async fn a_frame_over_the_configured_limit_closes_the_connection() {
    let mut node = Broker::with(&[("socket.request.max.bytes", "1000")]).await;
    let mut client = node.client().await;
    client.send_bytes(&1_001_i32.to_be_bytes()).await.unwrap();
    closed(&mut client).await;
    node.stop().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_the_configured_time() {
    let mut node = Broker::with(&[("connections.max.idle.ms", "300")]).await;
    let mut client = node.client().await;
    client.ask(4, &api_versions()).await.unwrap();
    let since = std::time::Instant::now();
    closed(&mut client).await;
    let elapsed = since.elapsed().as_millis();
    assert!((200..5_000).contains(&elapsed), "{elapsed} ms");
    node.stop().await;
}

#[tokio::test]
async fn an_address_gets_no_more_connections_than_configured() {
    let mut node = Broker::with(&[("max.connections.per.ip", "2")]).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut client = node.client().await;
        client.ask(4, &api_versions()).await.unwrap();
        held.push(client);
    }
    closed(&mut node.client().await).await;
    drop(held);
    node.stop().await;
}

#[tokio::test]
async fn a_stopped_broker_leaves_no_connection_open() {
    let mut node = Broker::start().await;
    let mut client = node.client().await;
    client.ask(4, &api_versions()).await.unwrap();
    let port = node.port_of(0);
    node.stop().await;
    closed(&mut client).await;
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    drop(client);
}
