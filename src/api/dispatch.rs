//! From a frame to a handler, and from its reply to chunks. The only place that decodes, encodes, counts and times.
//!
//! What cannot be served is a [`Refusal`]: as in Kafka it has no answer, and the connection is closed. The exception is an ApiVersions
//! request of an unknown version (KIP-511).

use super::{Api, Context, Entry, Gate, Meta, Reply, Session, api_versions, lookup};
use crate::logging::REQUESTS;
use crate::metrics::RequestMetrics;
use futures::future::BoxFuture;
use ottla_protocol::header::{HeaderForm, RequestHeader};
use ottla_protocol::{
    ApiKey, Bytes, Chunk, DecodeError, Decoder, ErrorCode, Message, Request, frame,
};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// An [`Api`] with its types erased: decodes, and returns the running handler.
pub(super) type Call = fn(Arc<Context>, Meta, Decoder, Ticket) -> Result<Running, DecodeError>;
/// How a connection finds handlers: [`dispatcher`]'s, or a stand-in in tests. Takes a frame and when it came, and returns its handler, not
/// yet started.
pub type Dispatch =
    Arc<dyn Fn(&Session, Bytes, Duration) -> Result<Running, Refusal> + Send + Sync>;
/// A handler at work.
pub type Running = BoxFuture<'static, Outcome>;

/// What a handler came to.
pub enum Outcome {
    Now(Answer),
    /// Follows; only waits.
    Later(BoxFuture<'static, Answer>),
}

/// What is to be done with a request that was handled.
pub enum Answer {
    Send(Encoded),
    /// The client expects none.
    Nothing,
    /// Close, once earlier requests are answered.
    Close(&'static str),
}

/// An answer as a frame.
pub struct Encoded {
    pub chunks: Vec<Chunk>,
    pub receipt: Receipt,
}

/// Comes with an answer and is returned when the socket has taken it.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    api: usize,
    size_bytes: usize,
    ready: Duration,
}

/// Why a request has no answer and its connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Header(DecodeError),
    NotServed(ApiKey),
    Version {
        api: &'static str,
        version: i16,
    },
    NotAuthenticated {
        api: &'static str,
    },
    Body {
        api: &'static str,
        version: i16,
        error: DecodeError,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => write!(to, "unreadable request header: {error}"),
            Self::NotServed(key) => write!(to, "API {key} ({}) is not served", key.0),
            Self::Version { api, version } => write!(to, "{api} has no version {version}"),
            Self::NotAuthenticated { api } => write!(to, "{api} before authentication"),
            Self::Body {
                api,
                version,
                error,
            } => write!(to, "unreadable {api} request of version {version}: {error}"),
        }
    }
}

/// What answering needs of a request.
#[derive(Clone, Copy)]
pub(super) struct Ticket {
    api: usize,
    correlation_id: i32,
    version: i16,
    form: HeaderForm,
    received: Duration,
}

/// The served APIs, at work on `context`.
pub fn dispatcher(context: Arc<Context>) -> Dispatch {
    Arc::new(move |session, frame, received| dispatch(&context, session, frame, received))
}

fn dispatch(
    context: &Arc<Context>,
    session: &Session,
    frame: Bytes,
    received: Duration,
) -> Result<Running, Refusal> {
    let size_bytes = frame.len();
    let mut from = Decoder::new(frame);
    let header = RequestHeader::decode(&mut from).map_err(Refusal::Header)?;
    let (api, entry) = lookup(header.api_key).ok_or(Refusal::NotServed(header.api_key))?;
    if entry.gate == Gate::Authenticated && !session.is_authenticated {
        return Err(Refusal::NotAuthenticated { api: entry.name });
    }
    let version = header.api_version;
    let ticket = Ticket {
        api,
        correlation_id: header.correlation_id,
        version,
        form: HeaderForm::of_response(entry.key, version).unwrap_or(HeaderForm::Plain),
        received,
    };
    context.metrics.requests.api(api).begin(version, size_bytes);
    tracing::debug!(
        target: REQUESTS,
        api = entry.name, version, correlation_id = header.correlation_id, client_id = header.client_id.as_deref(),
        client = %session.peer.address, listener = session.peer.listener.name, size_bytes, "request"
    );
    if !entry.versions.contains(&version) {
        return unsupported(context, entry, ticket);
    }
    let meta = Meta {
        api_version: version,
        correlation_id: header.correlation_id,
        client_id: header.client_id,
        received,
        principal: session.principal.clone(),
        peer: session.peer.clone(),
    };
    let refuse = |error| Refusal::Body {
        api: entry.name,
        version,
        error,
    };
    (entry.call)(context.clone(), meta, from, ticket).map_err(refuse)
}

/// ApiVersions is answered as version 0 whatever its version, so that the client can go down to one that exists; others are refused.
fn unsupported(context: &Arc<Context>, entry: &Entry, ticket: Ticket) -> Result<Running, Refusal> {
    if entry.key != ApiKey::API_VERSIONS {
        return Err(Refusal::Version {
            api: entry.name,
            version: ticket.version,
        });
    }
    let answer = ticket.encode(context, 0, &api_versions::unsupported_version());
    Ok(Box::pin(std::future::ready(Outcome::Now(answer))))
}

/// Decodes the body and makes the handler's future.
pub(super) fn call<A: Api>(
    context: Arc<Context>,
    meta: Meta,
    mut from: Decoder,
    ticket: Ticket,
) -> Result<Running, DecodeError> {
    let request = A::Request::decode(&mut from, ticket.version)?;
    Ok(Box::pin(run::<A>(context, meta, request, ticket)))
}

async fn run<A: Api>(
    context: Arc<Context>,
    meta: Meta,
    request: A::Request,
    ticket: Ticket,
) -> Outcome {
    let reply = A::handle(context.clone(), meta, request).await;
    let handled = context.clock.elapsed();
    let metrics = context.metrics.requests.api(ticket.api);
    metrics.handled(handled.saturating_sub(ticket.received));
    match reply {
        Reply::Now(response) => Outcome::Now(ticket.encode(&context, ticket.version, &response)),
        Reply::Never => Outcome::Now(Answer::Nothing),
        Reply::Close(why) => Outcome::Now(Answer::Close(why)),
        Reply::Later(response) => Outcome::Later(Box::pin(async move {
            let response: <A::Request as Request>::Response = response.await;
            let waited = context.clock.elapsed().saturating_sub(handled);
            context.metrics.requests.api(ticket.api).waited(waited);
            ticket.encode(&context, ticket.version, &response)
        })),
    }
}

impl Ticket {
    fn encode<M: Message>(&self, context: &Context, version: i16, response: &M) -> Answer {
        let encoded = frame::encode_response(self.form, version, self.correlation_id, response);
        let framed = encoded.and_then(|encoded| {
            self.count_errors(context, encoded.errors());
            let size_bytes = encoded.size_bytes();
            frame::finish(encoded).map(|chunks| (chunks, size_bytes))
        });
        match framed {
            Ok((chunks, size_bytes)) => Answer::Send(Encoded {
                chunks,
                receipt: Receipt {
                    api: self.api,
                    size_bytes,
                    ready: context.clock.elapsed(),
                },
            }),
            Err(error) => {
                // A handler answered what the version cannot say: our mistake, and the client is better off without half an answer.
                tracing::error!(message = M::NAME, version, %error, "a response cannot be encoded");
                Answer::Close("its response cannot be encoded")
            }
        }
    }

    fn count_errors(&self, context: &Context, errors: &[(ErrorCode, u64)]) {
        for (error, count) in errors {
            let name = error.name().unwrap_or("UNKNOWN_SERVER_ERROR");
            context.metrics.requests.error(self.api, name, *count);
        }
    }
}

impl Receipt {
    /// For the API at position `api` of the table, with an answer that was ready at `ready`.
    pub fn new(api: usize, size_bytes: usize, ready: Duration) -> Self {
        Self {
            api,
            size_bytes,
            ready,
        }
    }

    /// The socket took the last byte at `now`.
    pub fn sent(&self, metrics: &RequestMetrics, now: Duration) {
        let metrics = metrics.api(self.api);
        metrics.sent(self.size_bytes, now.saturating_sub(self.ready));
    }
}
