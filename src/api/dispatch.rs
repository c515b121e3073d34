//! From a frame to a handler, and from its reply to chunks. The only place that decodes, encodes, counts and times.
//!
//! What cannot be served is a [`Refusal`]: as in Kafka it has no answer, and the connection is closed. The exception is an ApiVersions
//! request of an unknown version (KIP-511).

use super::charged::Charged;
use super::{
    Api, Context, Entry, Gate, LoginApi, Meta, Operation, QuorumApi, Reply, Resource, Route,
    Session, Stage, api_versions, forward, lookup, sasl_authenticate,
};
use crate::logging::REQUESTS;
use crate::metadata::quorum_messages::PRIVATE_KEYS_FROM;
use crate::metadata::seat::Seat;
use crate::metrics::{Metrics, RequestMetrics};
use crate::quota::wire_ms;
use crate::world::Clock;
use futures::future::BoxFuture;
use ottla_protocol::header::{HeaderForm, RequestHeader};
use ottla_protocol::{
    ApiKey, Bytes, Chunk, DecodeError, Decoder, ErrorCode, Message, Request, frame,
};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A handler with its types erased: decodes, and returns the running handler.
pub(super) enum Call {
    Node(OfNode),
    Quorum(OfQuorum),
    Login(OfLogin),
}
/// An [`Api`].
type OfNode = fn(Arc<Context>, Meta, Decoder, Ticket) -> Result<Running, DecodeError>;
/// A [`QuorumApi`].
type OfQuorum = fn(Arc<Stage>, Decoder, Ticket) -> Result<Running, DecodeError>;
/// A [`LoginApi`].
type OfLogin = fn(Arc<Stage>, Meta, Decoder, Ticket) -> Result<Running, DecodeError>;
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
    /// As [`Answer::Nothing`], and nothing more is read of the client for this long.
    Rest(Duration),
    /// Sent, and then the connection is closed. Says why.
    Last(Encoded, String),
    /// Close, once earlier requests are answered.
    Close(&'static str),
}

impl Answer {
    /// After it the connection is closed.
    fn last(self, why: String) -> Self {
        match self {
            Self::Send(encoded) => Self::Last(encoded, why),
            other => other,
        }
    }
}

/// An answer as a frame.
pub struct Encoded {
    pub chunks: Vec<Chunk>,
    /// It says NOT_CONTROLLER somewhere: another node is to be asked.
    pub is_not_controller: bool,
    pub receipt: Receipt,
    /// How long nothing more is read of the client, which was told so: it is over its quota (KIP-219).
    pub rest: Duration,
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
    /// Not at all, or not on this listener.
    NotServed(ApiKey),
    /// A request in an envelope that needs none.
    NotForwarded {
        api: &'static str,
    },
    Version {
        api: &'static str,
        version: i16,
    },
    NotAuthenticated {
        api: &'static str,
    },
    /// To speak as a member of the quorum.
    NotAuthorized {
        api: &'static str,
    },
    /// Its time is over, and it did not authenticate again (KIP-368).
    SessionExpired {
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
            Self::NotForwarded { api } => write!(to, "{api} is not forwarded"),
            Self::Version { api, version } => write!(to, "{api} has no version {version}"),
            Self::NotAuthenticated { api } => write!(to, "{api} before authentication"),
            Self::NotAuthorized { api } => {
                write!(
                    to,
                    "{api} is for principals with CLUSTER_ACTION on the cluster"
                )
            }
            Self::SessionExpired { api } => write!(to, "{api} in an expired session"),
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
    /// Another broker forwarded it: whoever asked is charged there.
    pub(super) is_forwarded: bool,
}

/// The served APIs, at work on a node as far as it has come.
pub fn dispatcher(stage: Arc<Stage>) -> Dispatch {
    Arc::new(move |session, frame, received| dispatch(&stage, session, frame, received))
}

fn dispatch(
    stage: &Arc<Stage>,
    session: &Session,
    frame: Bytes,
    received: Duration,
) -> Result<Running, Refusal> {
    if let Some(sasl) = session.sasl.as_ref().filter(|sasl| sasl.is_raw()) {
        return Ok(sasl_authenticate::raw(
            stage.clone(),
            session,
            sasl.clone(),
            frame,
        ));
    }
    let opened = open(&stage.metrics, session, frame, received)?;
    let entry = opened.entry;
    if let (Call::Login(call), true) = (&entry.call, opened.is_version_served()) {
        let (ticket, stage) = (opened.ticket, stage.clone());
        let running = call(stage, opened.meta, opened.from, ticket);
        return running.map_err(|error| ticket.refuse(entry, error));
    }
    if let (Call::Quorum(call), true) = (&entry.call, opened.is_version_served()) {
        let may = stage
            .caller(&opened.meta)
            .may(Operation::ClusterAction, Resource::Cluster);
        may.map_err(|_| Refusal::NotAuthorized { api: entry.name })?;
        let (ticket, stage) = (opened.ticket, stage.clone());
        return call(stage, opened.from, ticket).map_err(|error| ticket.refuse(entry, error));
    }
    if let Some(context) = stage.context() {
        return serve(context, opened);
    }
    let stage = stage.clone();
    // It came before the node was ready.
    Ok(Box::pin(async move {
        let Some(context) = stage.until_ready().await else {
            return Outcome::Now(Answer::Close("the node is not ready"));
        };
        match serve(context, opened) {
            Ok(running) => running.await,
            Err(_) => Outcome::Now(Answer::Close("an unreadable request")),
        }
    }))
}

/// What a broker forwarded, on the active controller.
pub(super) fn forwarded(
    context: &Arc<Context>,
    session: &Session,
    frame: Bytes,
    received: Duration,
) -> Result<Running, Refusal> {
    let mut opened = open(&context.metrics, session, frame, received)?;
    opened.ticket.is_forwarded = true;
    let api = opened.entry.name;
    if opened.entry.route == Route::Here || !opened.is_version_served() {
        return Err(Refusal::NotForwarded { api });
    }
    run_here(context.clone(), opened)
}

/// A request of which the header is read.
#[derive(Clone)]
struct Opened {
    entry: &'static Entry,
    meta: Meta,
    ticket: Ticket,
    /// The whole request.
    frame: Bytes,
    /// What follows the header.
    from: Decoder,
}

fn open(
    metrics: &Metrics,
    session: &Session,
    frame: Bytes,
    received: Duration,
) -> Result<Opened, Refusal> {
    let mut from = Decoder::within(frame.clone(), allowance_bytes(frame.len()));
    let header = RequestHeader::decode_with(&mut from, form).map_err(Refusal::Header)?;
    let not_served = Refusal::NotServed(header.api_key);
    let (api, entry) = lookup(header.api_key).ok_or(not_served.clone())?;
    if !entry.is_served_on(&session.peer.listener) {
        return Err(not_served);
    }
    if entry.gate == Gate::Authenticated && !session.is_authenticated {
        return Err(Refusal::NotAuthenticated { api: entry.name });
    }
    let version = header.api_version;
    let is_version_served = entry.versions.contains(&version);
    if let Some(sasl) = &session.sasl
        && !sasl.admits(entry.key, is_version_served, received)
    {
        return Err(match session.is_authenticated {
            true => Refusal::SessionExpired { api: entry.name },
            false => Refusal::NotAuthenticated { api: entry.name },
        });
    }
    let form = match entry.key {
        ApiKey::API_VERSIONS => HeaderForm::Plain,
        key => form(key, version).unwrap_or(HeaderForm::Plain),
    };
    metrics.requests.api(api).begin(version, frame.len());
    tracing::debug!(
        target: REQUESTS,
        api = entry.name, version, correlation_id = header.correlation_id, client_id = header.client_id.as_deref(),
        client = %session.peer.address, listener = session.peer.listener.name, size_bytes = frame.len(), "request"
    );
    Ok(Opened {
        entry,
        meta: Meta {
            api: entry.name,
            api_version: version,
            correlation_id: header.correlation_id,
            client_id: header.client_id,
            received,
            size_bytes: frame.len(),
            principal: session.principal.clone(),
            is_by_token: session.is_by_token,
            is_forwarded: session.is_forwarded,
            sasl: session.sasl.clone(),
            peer: session.peer.clone(),
        },
        ticket: Ticket {
            api,
            correlation_id: header.correlation_id,
            version,
            form,
            received,
            is_forwarded: false,
        },
        frame,
        from,
    })
}

/// The memory that what is read from a frame may take beside it. No request that means something comes near; those of almost empty elements
/// would be thirty times their frame.
fn allowance_bytes(frame_bytes: usize) -> usize {
    const LEAST: usize = 1 << 20;
    const MOST: usize = 128 << 20;
    (LEAST + 16 * frame_bytes).min(MOST)
}

/// Those of our own are all flexible.
fn form(key: ApiKey, version: i16) -> Option<HeaderForm> {
    match key.0 >= PRIVATE_KEYS_FROM {
        true => Some(HeaderForm::Tagged),
        false => HeaderForm::of_request(key, version),
    }
}

impl Opened {
    fn is_version_served(&self) -> bool {
        self.entry.versions.contains(&self.ticket.version)
    }
}

fn serve(context: Arc<Context>, opened: Opened) -> Result<Running, Refusal> {
    if !opened.is_version_served() {
        return unsupported(&context, opened.entry, opened.ticket);
    }
    let is_clients = opened.meta.peer.listener.serves.clients;
    let is_forwarded = opened.entry.route == Route::Controller && is_clients;
    if !is_forwarded {
        return run_here(context, opened);
    }
    let frame = opened.frame.clone();
    let (meta, api) = (opened.meta.clone(), opened.ticket.api);
    let first = run_here(context.clone(), opened.clone())?;
    let (node, mut first) = (context.clone(), Some(first));
    let here = move || match first.take() {
        Some(first) => Ok(first),
        None => run_here(node.clone(), opened.clone()),
    };
    Ok(Box::pin(async move {
        forward::decided(&context, &meta, api, frame, here).await
    }))
}

fn run_here(context: Arc<Context>, opened: Opened) -> Result<Running, Refusal> {
    let Opened {
        entry,
        meta,
        ticket,
        from,
        ..
    } = opened;
    let Call::Node(call) = entry.call else {
        return Err(Refusal::NotServed(entry.key));
    };
    call(context, meta, from, ticket).map_err(|error| ticket.refuse(entry, error))
}

/// ApiVersions is answered as version 0 whatever its version, so that the client can go down to one that exists; others are refused.
fn unsupported(context: &Arc<Context>, entry: &Entry, ticket: Ticket) -> Result<Running, Refusal> {
    if entry.key != ApiKey::API_VERSIONS {
        return Err(Refusal::Version {
            api: entry.name,
            version: ticket.version,
        });
    }
    let response = api_versions::unsupported_version();
    let answer = ticket.encode(&context.metrics, &context.clock, 0, &response);
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

/// As [`call`], for what needs no metadata.
pub(super) fn call_of_quorum<A: QuorumApi>(
    stage: Arc<Stage>,
    mut from: Decoder,
    ticket: Ticket,
) -> Result<Running, DecodeError> {
    let request = A::Request::decode(&mut from, ticket.version)?;
    let seat: Arc<Seat> = stage.seat.clone();
    Ok(Box::pin(async move {
        let response = A::handle(seat, request).await;
        let handled = stage.clock.elapsed();
        let metrics = stage.metrics.requests.api(ticket.api);
        metrics.handled(handled.saturating_sub(ticket.received));
        Outcome::Now(ticket.encode(&stage.metrics, &stage.clock, ticket.version, &response))
    }))
}

/// As [`call`], for what needs no metadata but to know who asks.
pub(super) fn call_of_login<A: LoginApi>(
    stage: Arc<Stage>,
    meta: Meta,
    mut from: Decoder,
    ticket: Ticket,
) -> Result<Running, DecodeError> {
    let request = A::Request::decode(&mut from, ticket.version)?;
    Ok(Box::pin(async move {
        let reply = A::handle(stage.clone(), meta, request).await;
        let handled = stage.clock.elapsed();
        let metrics = stage.metrics.requests.api(ticket.api);
        metrics.handled(handled.saturating_sub(ticket.received));
        let encode = |response: &<A::Request as Request>::Response| {
            ticket.encode(&stage.metrics, &stage.clock, ticket.version, response)
        };
        match reply {
            Reply::Now(response) => Outcome::Now(encode(&response)),
            Reply::Last(response, why) => Outcome::Now(encode(&response).last(why)),
            Reply::Later(response) => Outcome::Now(encode(&response.await)),
            Reply::Never(_) => Outcome::Now(Answer::Nothing),
            Reply::Close(why) => Outcome::Now(Answer::Close(why)),
        }
    }))
}

async fn run<A: Api>(
    context: Arc<Context>,
    meta: Meta,
    request: A::Request,
    ticket: Ticket,
) -> Outcome {
    let charged = Charged::of::<A>(&context, &meta, &request, &ticket);
    let reply = match &charged {
        None => A::handle(context.clone(), meta, request).await,
        Some(charged) => {
            charged
                .work(A::handle(context.clone(), meta, request))
                .await
        }
    };
    let handled = context.clock.elapsed();
    let metrics = context.metrics.requests.api(ticket.api);
    metrics.handled(handled.saturating_sub(ticket.received));
    match reply {
        Reply::Now(mut response) => {
            charge(charged, &mut response);
            Outcome::Now(ticket.encode(&context.metrics, &context.clock, ticket.version, &response))
        }
        Reply::Last(response, why) => {
            let answer = ticket.encode(&context.metrics, &context.clock, ticket.version, &response);
            Outcome::Now(answer.last(why))
        }
        Reply::Never(rest) if rest.is_zero() => Outcome::Now(Answer::Nothing),
        Reply::Never(rest) => Outcome::Now(Answer::Rest(rest)),
        Reply::Close(why) => Outcome::Now(Answer::Close(why)),
        Reply::Later(response) => Outcome::Later(Box::pin(async move {
            let mut response: <A::Request as Request>::Response = response.await;
            charge(charged, &mut response);
            let waited = context.clock.elapsed().saturating_sub(handled);
            context.metrics.requests.api(ticket.api).waited(waited);
            ticket.encode(&context.metrics, &context.clock, ticket.version, &response)
        })),
    }
}

/// Charges the client for the time that its request took, and asks it to wait if that was too much.
fn charge<R: Message>(charged: Option<Charged>, response: &mut R) {
    if let Some(charged) = charged {
        let throttle_ms = response.throttle_time_ms().max(wire_ms(charged.settle()));
        response.set_throttle_time_ms(throttle_ms);
    }
}

/// For how long a client is not read that is asked to wait.
fn rest_of(throttle_time_ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(throttle_time_ms).unwrap_or(0))
}

impl Ticket {
    fn refuse(&self, entry: &Entry, error: DecodeError) -> Refusal {
        Refusal::Body {
            api: entry.name,
            version: self.version,
            error,
        }
    }

    fn encode<M: Message>(
        &self,
        metrics: &Metrics,
        clock: &Clock,
        version: i16,
        response: &M,
    ) -> Answer {
        let encoded = frame::encode_response(self.form, version, self.correlation_id, response);
        let framed = encoded.and_then(|encoded| {
            self.count_errors(metrics, encoded.errors());
            let mut errors = encoded.errors().iter();
            let is_not_controller = errors.any(|(error, _)| *error == ErrorCode::NOT_CONTROLLER);
            let size_bytes = encoded.size_bytes();
            frame::finish(encoded).map(|chunks| (chunks, size_bytes, is_not_controller))
        });
        match framed {
            Ok((chunks, size_bytes, is_not_controller)) => Answer::Send(Encoded {
                chunks,
                is_not_controller,
                receipt: Receipt {
                    api: self.api,
                    size_bytes,
                    ready: clock.elapsed(),
                },
                rest: rest_of(response.throttle_time_ms()),
            }),
            Err(error) => {
                // A handler answered what the version cannot say: our mistake, and the client is better off without half an answer.
                tracing::error!(message = M::NAME, version, %error, "a response cannot be encoded");
                Answer::Close("its response cannot be encoded")
            }
        }
    }

    fn count_errors(&self, metrics: &Metrics, errors: &[(ErrorCode, u64)]) {
        for (error, count) in errors {
            let name = error.name().unwrap_or("UNKNOWN_SERVER_ERROR");
            metrics.requests.error(self.api, name, *count);
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
