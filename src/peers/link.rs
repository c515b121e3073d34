//! One lane to one destination, as those who ask see it.

use super::dial::Destination;
use super::error::LinkError;
use super::pool::Tools;
use super::task::{Exchange, Task};
use bytes::Bytes;
use ottla_protocol::header::{HeaderForm, RequestHeader, ResponseHeader};
use ottla_protocol::{ApiKey, Chunk, Decoder, Encoder, Request, frame};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait for the connection to take them; beyond it, asking waits.
const QUEUED_MAX: usize = 64;

/// See the module. Clones share the connection.
#[derive(Clone)]
pub struct Link {
    shared: Arc<Shared>,
}

/// A request that is already bytes, or whose API this crate's table does not know.
#[derive(Clone, Debug)]
pub struct Ask {
    pub key: ApiKey,
    pub version: i16,
    pub request_form: HeaderForm,
    pub response_form: HeaderForm,
    /// What follows the header.
    pub body: Bytes,
}

pub(super) struct Shared {
    destination: Destination,
    tools: Arc<Tools>,
    exchanges: mpsc::Sender<Exchange>,
    correlation_ids: AtomicI32,
}

impl Shared {
    pub fn start(tools: &Arc<Tools>, destination: Destination) -> Arc<Self> {
        let (exchanges, asked) = mpsc::channel(QUEUED_MAX);
        tokio::spawn(Task::new(tools, destination.clone(), asked).run());
        Arc::new(Self {
            destination,
            tools: tools.clone(),
            exchanges,
            correlation_ids: AtomicI32::new(0),
        })
    }
}

impl Link {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Sends a request and waits for its answer, decoded. Records in it are slices of the bytes read.
    ///
    /// # Errors
    /// See [`LinkError`]. Dropping the future abandons the answer and not the request.
    pub async fn request<R: Request>(
        &self,
        version: i16,
        body: &R,
        timeout: Duration,
    ) -> Result<R::Response, LinkError> {
        let unsendable =
            |error: &dyn fmt::Display| LinkError::Unsendable(format!("{}: {error}", R::NAME));
        let mut to = Encoder::new();
        body.encode(&mut to, version)
            .map_err(|error| unsendable(&error))?;
        let form = if R::is_flexible(version) {
            HeaderForm::Tagged
        } else {
            HeaderForm::Plain
        };
        let head = |to: &mut Encoder, correlation_id| {
            let header = self.header(R::KEY, version, correlation_id);
            header.encode(to, form)
        };
        let response_form = match R::KEY {
            ApiKey::API_VERSIONS => HeaderForm::Plain,
            _ => form,
        };
        let mut from = self
            .exchange(head, to.into_chunks(), response_form, timeout)
            .await?;
        <R::Response as ottla_protocol::Message>::decode(&mut from, version)
            .map_err(|error| LinkError::Malformed(error.to_string()))
    }

    /// Sends a request that is bytes already, and returns its answer as bytes, without the header.
    ///
    /// # Errors
    /// As [`Link::request`].
    pub async fn call(&self, ask: &Ask, timeout: Duration) -> Result<Bytes, LinkError> {
        let head = |to: &mut Encoder, correlation_id| {
            let header = self.header(ask.key, ask.version, correlation_id);
            header.encode(to, ask.request_form)
        };
        let body = vec![Chunk::Bytes(ask.body.clone())];
        let mut from = self
            .exchange(head, body, ask.response_form, timeout)
            .await?;
        Ok(from.rest())
    }

    /// Where it goes, as `host:port`.
    pub fn destination(&self) -> String {
        self.shared.destination.to_string()
    }

    /// Whether both go to the same place for the same purpose.
    pub fn is_same(&self, other: &Link) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    fn header(&self, api_key: ApiKey, api_version: i16, correlation_id: i32) -> RequestHeader {
        RequestHeader {
            api_key,
            api_version,
            correlation_id,
            client_id: Some(self.shared.tools.settings.client_id.clone()),
            ..RequestHeader::default()
        }
    }

    async fn exchange(
        &self,
        head: impl FnOnce(&mut Encoder, i32) -> Result<(), ottla_protocol::EncodeError>,
        body: Vec<Chunk>,
        response_form: HeaderForm,
        timeout: Duration,
    ) -> Result<Decoder, LinkError> {
        let correlation_id = self.shared.correlation_ids.fetch_add(1, Ordering::Relaxed);
        let mut to = Encoder::framed();
        let framed = head(&mut to, correlation_id).and_then(|()| {
            for chunk in &body {
                match chunk {
                    Chunk::Bytes(bytes) => to.put_shared(bytes),
                    Chunk::Deferred(records) => to.put_deferred(records),
                }
            }
            frame::finish(to)
        });
        let frame = framed.map_err(|error| LinkError::Unsendable(error.to_string()))?;
        let (reply, answered) = oneshot::channel();
        let exchange = Exchange {
            correlation_id,
            frame: bytes_of(frame)?,
            deadline: self.shared.tools.clock.elapsed().saturating_add(timeout),
            reply,
        };
        let asked = async {
            let sent = self.shared.exchanges.send(exchange).await;
            sent.map_err(|_| LinkError::Closed)?;
            answered.await.unwrap_or(Err(LinkError::Closed))
        };
        let deadline = self.shared.tools.clock.deadline(timeout);
        let answer = tokio::time::timeout_at(deadline, asked).await;
        let mut from = Decoder::new(answer.unwrap_or(Err(LinkError::TimedOut))?);
        ResponseHeader::decode(&mut from, response_form)
            .map_err(|error| LinkError::Malformed(error.to_string()))?;
        Ok(from)
    }
}

/// Requests carry no records that are still in files.
fn bytes_of(frame: Vec<Chunk>) -> Result<Vec<Bytes>, LinkError> {
    let bytes = frame.into_iter().map(|chunk| match chunk {
        Chunk::Bytes(bytes) => Ok(bytes),
        Chunk::Deferred(_) => Err(LinkError::Unsendable(
            "its records are still in files".to_owned(),
        )),
    });
    bytes.collect()
}

impl fmt::Debug for Link {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Link({})", self.destination())
    }
}
