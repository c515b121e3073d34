//! A broker on a directory of its own and free ports, and a client that speaks one message at a time.

use bytes::{Bytes, BytesMut};
use ottla::broker::{self, World};
use ottla::config::{BrokerConfig, StaticConfig};
use ottla::metrics::Metrics;
use ottla_protocol::header::{HeaderForm, ResponseHeader};
use ottla_protocol::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use ottla_protocol::{Chunk, Decoder, ErrorCode, Message, Request, frame};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Longer than anything here takes, so that a test that hangs ends.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Node {
    pub broker: broker::Node,
    _folder: TempDir,
}

pub struct Client {
    pub stream: TcpStream,
    next_id: i32,
}

impl Node {
    /// Starts with these keys set, on free ports where they name none.
    pub async fn start(keys: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log_dirs = folder.path().to_str().unwrap().to_owned();
        let mut all = vec![
            ("listeners", "PLAINTEXT://localhost:0"),
            ("admin.listeners", "none"),
            ("log.dirs", log_dirs.as_str()),
        ];
        all.extend(keys);
        let config = BrokerConfig::new(StaticConfig::of(&all)).unwrap();
        let (phase, _) = watch::channel(Default::default());
        let metrics = Arc::new(Metrics::new(ottla::api::labels()));
        let starting = broker::Node::start(Arc::new(config), World::system(), phase, metrics);
        let broker = Box::pin(starting).await.unwrap();
        Self {
            broker,
            _folder: folder,
        }
    }

    pub fn port(&self) -> u16 {
        self.broker.advertised[0].advertised.port
    }

    /// A connection to the first listener.
    pub async fn connect(&self) -> Client {
        Client::connect(self.port()).await
    }

    pub async fn create_topic(&self, name: &str, partitions: i32) {
        let request = CreateTopicsRequest {
            topics: vec![CreatableTopic {
                name: name.into(),
                num_partitions: partitions,
                replication_factor: 1,
                ..Default::default()
            }],
            ..Default::default()
        };
        let response = self.connect().await.ask(7, &request).await;
        assert_eq!(response.topics[0].error_code, ErrorCode::NONE);
    }
}

impl Client {
    pub async fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        Self { stream, next_id: 1 }
    }

    /// Sends a request and reads its answer.
    pub async fn ask<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        let id = self.send(version, request).await;
        self.answer::<R>(version, id).await
    }

    /// Sends a request; the answer's correlation id is returned.
    pub async fn send<R: Request>(&mut self, version: i16, request: &R) -> i32 {
        let id = self.next_id;
        self.next_id += 1;
        let bytes = bytes_of(version, id, request);
        self.stream.write_all(&bytes).await.unwrap();
        id
    }

    /// Reads the next answer, which must be to the request with this id.
    pub async fn answer<R: Request>(&mut self, version: i16, id: i32) -> R::Response {
        let form = HeaderForm::of_response(R::KEY, version).unwrap();
        let mut from = Decoder::new(self.frame().await);
        let header = ResponseHeader::decode(&mut from, form).unwrap();
        assert_eq!(header.correlation_id, id);
        let response = R::Response::decode(&mut from, version).unwrap();
        from.finish().unwrap();
        response
    }

    /// The next frame.
    pub async fn frame(&mut self) -> Bytes {
        let reading = async {
            let length = self.stream.read_i32().await.unwrap();
            let mut bytes = vec![0; length as usize];
            self.stream.read_exact(&mut bytes).await.unwrap();
            bytes.into()
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap()
    }

    /// Whether the broker closes the connection without another byte.
    pub async fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        let reading = self.stream.read(&mut byte);
        let read = tokio::time::timeout(PATIENCE, reading).await.unwrap();
        read.unwrap_or(0) == 0
    }
}

/// A request as a frame.
pub fn bytes_of<R: Request>(version: i16, id: i32, request: &R) -> BytesMut {
    let chunks = frame::request(version, id, Some("test".into()), request).unwrap();
    let mut all = BytesMut::new();
    for chunk in chunks {
        match chunk {
            Chunk::Bytes(bytes) => all.extend_from_slice(&bytes),
            Chunk::Deferred(_) => panic!("requests carry their records"),
        }
    }
    all
}
