//! A client on the raw protocol, as the tests of this repository use it: it sends exactly what it is told, over any stream, and
//! has no opinion about the answer. It neither retries nor follows metadata.

#![allow(
    dead_code,
    reason = "shared by test binaries, each of which uses a part"
)]

mod asks;
pub mod authority;
mod batches;

pub use asks::*;
pub use batches::*;

use ottla_protocol::header::{HeaderForm, ResponseHeader};
use ottla_protocol::{Bytes, Chunk, Decoder, Message, Request, Str, frame};
use std::collections::VecDeque;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A request as a frame.
pub fn bytes_of<R: Request>(version: i16, correlation_id: i32, request: &R) -> Vec<u8> {
    let name = Some(Str::from_static("raw"));
    let chunks = frame::request(version, correlation_id, name, request).expect("encodes");
    let bytes = chunks.iter().map(|chunk| match chunk {
        Chunk::Bytes(part) => &part[..],
        Chunk::Deferred(_) => unreachable!("a request's records are at hand"),
    });
    bytes.collect::<Vec<_>>().concat()
}

/// One connection.
pub struct Client<S> {
    stream: S,
    next_correlation_id: i32,
    /// Asked and not answered, in order: correlation id, key and version.
    waiting: VecDeque<(i32, HeaderForm, i16)>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn on(stream: S) -> Self {
        Self {
            stream,
            next_correlation_id: 1,
            waiting: VecDeque::new(),
        }
    }

    /// Sends a request and waits for its answer.
    pub async fn ask<R: Request>(&mut self, version: i16, request: &R) -> io::Result<R::Response> {
        self.send(version, request).await?;
        self.answer::<R>().await
    }

    /// Sends a request; [`Client::answer`] gets the answer, in order.
    pub async fn send<R: Request>(&mut self, version: i16, request: &R) -> io::Result<()> {
        let form = HeaderForm::of_response(R::KEY, version).expect("a known API");
        self.waiting
            .push_back((self.next_correlation_id, form, version));
        self.send_unanswered(version, request).await
    }

    /// Sends a request that has no answer (acks=0).
    pub async fn send_unanswered<R: Request>(
        &mut self,
        version: i16,
        request: &R,
    ) -> io::Result<()> {
        let bytes = bytes_of(version, self.next_correlation_id, request);
        self.next_correlation_id += 1;
        self.send_bytes(&bytes).await
    }

    /// Sends anything at all.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// The answer to the oldest request that waits for one.
    pub async fn answer<R: Request>(&mut self) -> io::Result<R::Response> {
        let (correlation_id, form, version) = self.waiting.pop_front().expect("a request was sent");
        let mut decoder = Decoder::new(self.frame().await?);
        let header = ResponseHeader::decode(&mut decoder, form).expect("a header");
        assert_eq!(header.correlation_id, correlation_id, "answers in order");
        let response = R::Response::decode(&mut decoder, version).expect("an answer that decodes");
        decoder.finish().expect("nothing is left over");
        Ok(response)
    }

    /// The next frame, whatever it holds.
    pub async fn frame(&mut self) -> io::Result<Bytes> {
        let size = self.stream.read_i32().await?;
        let mut bytes = vec![0; usize::try_from(size).expect("a length")];
        self.stream.read_exact(&mut bytes).await?;
        Ok(Bytes::from(bytes))
    }

    /// Waits until the node closes the connection, without having said anything more.
    pub async fn closed(&mut self) {
        match self.stream.read(&mut [0; 1]).await {
            Ok(0) | Err(_) => {}
            Ok(_) => panic!("the node answered instead of closing the connection"),
        }
    }
}
