//! What a connection does with requests that are well formed, many, strange or hostile.

use crate::node::{Node, bytes_of};
use bytes::Bytes;
use ottla::api::APIS;
use ottla_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use ottla_protocol::messages::metadata::MetadataRequest;
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::{ApiKey, Decoder, ErrorCode, Message, Records};
use tokio::io::AsyncWriteExt;

fn api_versions() -> ApiVersionsRequest {
    ApiVersionsRequest {
        client_software_name: "test".into(),
        client_software_version: "1.0".into(),
        ..Default::default()
    }
}

fn range(response: &ApiVersionsResponse, key: ApiKey) -> Option<(i16, i16)> {
    let row = response.api_keys.iter().find(|row| row.api_key == key.0)?;
    Some((row.min_version, row.max_version))
}

#[tokio::test]
async fn api_versions_lists_what_is_served_in_every_version() {
    let node = Node::start(&[]).await;
    let mut client = node.connect().await;
    for version in 0..=4 {
        let response = client.ask(version, &api_versions()).await;
        assert_eq!(response.error_code, ErrorCode::NONE);
        assert_eq!(response.api_keys.len(), APIS.len());
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
    node.broker.stop().await;
}

#[tokio::test]
async fn an_unknown_version_of_api_versions_is_answered_in_version_zero_and_the_connection_goes_on()
{
    let node = Node::start(&[]).await;
    let mut client = node.connect().await;
    for version in [5_i16, 99, i16::MAX, -1] {
        let mut request = bytes_of(4, 77, &api_versions());
        request[6..8].copy_from_slice(&version.to_be_bytes());
        client.stream.write_all(&request).await.unwrap();
        let mut from = Decoder::new(client.frame().await);
        assert_eq!(from.i32(), Ok(77));
        let response = ApiVersionsResponse::decode(&mut from, 0).unwrap();
        from.finish().unwrap();
        assert_eq!(response.error_code, ErrorCode::UNSUPPORTED_VERSION);
        assert_eq!(response.api_keys.len(), 1);
        assert_eq!(range(&response, ApiKey::API_VERSIONS), Some((0, 4)));
    }
    let response = client.ask(3, &api_versions()).await;
    assert_eq!(response.error_code, ErrorCode::NONE);
    node.broker.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_say_what_it_is_makes_an_invalid_request() {
    let node = Node::start(&[]).await;
    let mut client = node.connect().await;
    for name in ["", "-test", "te st", "te_st"] {
        let request = ApiVersionsRequest {
            client_software_name: name.into(),
            ..api_versions()
        };
        let response = client.ask(3, &request).await;
        assert_eq!(response.error_code, ErrorCode::INVALID_REQUEST, "{name:?}");
        assert!(response.api_keys.is_empty());
    }
    node.broker.stop().await;
}

#[tokio::test]
async fn what_cannot_be_served_is_not_answered_and_closes_the_connection() {
    let node = Node::start(&[]).await;
    let with = |key: i16, version: i16| {
        let mut request = bytes_of(1, 1, &MetadataRequest::default());
        request[4..6].copy_from_slice(&key.to_be_bytes());
        request[6..8].copy_from_slice(&version.to_be_bytes());
        request.to_vec()
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
        let mut client = node.connect().await;
        client.stream.write_all(&bytes).await.unwrap();
        assert!(client.is_closed().await, "{what}");
    }
    assert_eq!(
        node.broker.metrics.connections.request_memory_bytes.get(),
        0
    );
    node.connect().await.ask(4, &api_versions()).await;
    node.broker.stop().await;
}

#[tokio::test]
async fn requests_before_one_that_cannot_be_served_are_answered() {
    let node = Node::start(&[]).await;
    let mut client = node.connect().await;
    let mut bytes = bytes_of(4, 5, &api_versions());
    bytes.extend_from_slice(&[0, 0, 0, 4, 0, 99, 0, 0]);
    client.stream.write_all(&bytes).await.unwrap();
    client.answer::<ApiVersionsRequest>(4, 5).await;
    assert!(client.is_closed().await);
    node.broker.stop().await;
}

#[tokio::test]
async fn many_requests_at_once_are_answered_in_order() {
    let node = Node::start(&[]).await;
    let client = node.connect().await;
    let (read, mut write) = client.stream.into_split();
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
    node.broker.stop().await;
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
    let node = Node::start(&[]).await;
    let mut client = node.connect().await;
    client.ask(4, &api_versions()).await;
    let garbage = Records::Bytes(Bytes::from_static(&[0; 100]));
    client.send(9, &produce(0, "absent", garbage)).await;
    assert!(client.is_closed().await);
    node.broker.stop().await;
}

#[tokio::test]
async fn a_frame_over_the_configured_limit_closes_the_connection() {
    let node = Node::start(&[("socket.request.max.bytes", "1000")]).await;
    let mut client = node.connect().await;
    client
        .stream
        .write_all(&1_001_i32.to_be_bytes())
        .await
        .unwrap();
    assert!(client.is_closed().await);
    node.broker.stop().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_the_configured_time() {
    let node = Node::start(&[("connections.max.idle.ms", "300")]).await;
    let mut client = node.connect().await;
    client.ask(4, &api_versions()).await;
    let since = std::time::Instant::now();
    assert!(client.is_closed().await);
    let elapsed = since.elapsed().as_millis();
    assert!((200..5_000).contains(&elapsed), "{elapsed} ms");
    node.broker.stop().await;
}

#[tokio::test]
async fn an_address_gets_no_more_connections_than_configured() {
    let node = Node::start(&[("max.connections.per.ip", "2")]).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut client = node.connect().await;
        client.ask(4, &api_versions()).await;
        held.push(client);
    }
    assert!(node.connect().await.is_closed().await);
    drop(held);
    node.broker.stop().await;
}

#[tokio::test]
async fn a_stopped_broker_leaves_no_connection_open() {
    let node = Node::start(&[]).await;
    let mut client = node.connect().await;
    client.ask(4, &api_versions()).await;
    let port = node.port();
    node.broker.stop().await;
    assert!(client.is_closed().await);
    assert!(
        tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
    );
    drop(client);
}
