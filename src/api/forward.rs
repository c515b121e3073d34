//! Forwarding: what a client asks of a broker that only the active controller decides goes there undecoded, in an Envelope (KIP-590).
//!
//! Guarantees: the client is answered once this broker shows what was decided, within limits. While a controller is being elected, and when an
//! answer got lost, it is asked again, as Kafka does (`NodeToControllerChannelManager`): what was decided already is then refused as such. Where no
//! controller is found in time, the handler runs here and says so in its own words.

use super::dispatch::{Answer, Encoded, Outcome, Receipt, Refusal, Running};
use super::{APIS, Context, Meta, envelope};
use crate::metadata::controller_link::{Whereabouts, destination};
use crate::peers::Lane;
use crate::world::Clock;
use ottla_controller::ids::MetadataOffset;
use ottla_protocol::header::{HeaderForm, ResponseHeader};
use ottla_protocol::messages::envelope::{EnvelopeRequest, EnvelopeResponse};
use ottla_protocol::records::prefixed;
use ottla_protocol::records::principal::DefaultPrincipalData;
use ottla_protocol::{ApiKey, Bytes, Chunk, Decoder, ErrorCode, Message, Request, frame};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

const VERSION: i16 = 0;
/// Answers of one lane wait for each other; a few keep one slow decision from holding up all clients.
const LANES: u64 = 4;
/// How long a controller is looked for, and asked.
const FORWARD_MAX: Duration = Duration::from_secs(20);
const ATTEMPT_MAX: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_millis(20);
/// How long the answer waits for this broker's own image.
const SHOWN_MAX: Duration = Duration::from_secs(5);

/// Whether a request must go elsewhere.
pub(super) fn is_elsewhere(context: &Context) -> bool {
    context.controller.active() != Some(context.node_id)
}

/// The outcome of whoever is the active controller: of this node by `here`, made anew for every attempt.
pub(super) async fn decided(
    context: &Arc<Context>,
    meta: &Meta,
    api: usize,
    frame: Bytes,
    mut here: impl FnMut() -> Result<Running, Refusal>,
) -> Outcome {
    let patience = Patience::of(context);
    loop {
        if is_elsewhere(context)
            && let Some(answer) = forward(context, meta, api, frame.clone(), &patience).await
        {
            return Outcome::Now(answer);
        }
        let Ok(running) = here() else {
            return Outcome::Now(Answer::Close("an unreadable request"));
        };
        let outcome = running.await;
        let is_not_controller = match &outcome {
            Outcome::Now(Answer::Send(encoded)) => encoded.is_not_controller,
            Outcome::Now(
                Answer::Nothing | Answer::Rest(_) | Answer::Close(_) | Answer::Last(..),
            )
            | Outcome::Later(_) => false,
        };
        if !is_not_controller || !patience.another().await {
            return outcome;
        }
    }
}

/// How long the active controller is looked for.
pub(super) struct Patience {
    clock: Clock,
    until: Duration,
}

impl Patience {
    pub fn of(context: &Context) -> Self {
        let clock = context.clock.clone();
        let until = clock.elapsed() + FORWARD_MAX;
        Self { clock, until }
    }

    fn left(&self) -> Duration {
        self.until.saturating_sub(self.clock.elapsed())
    }

    /// Whether there is to be another attempt; when it is time for it.
    pub async fn another(&self) -> bool {
        let has_time = self.left() > RETRY;
        if has_time {
            tokio::time::sleep(RETRY).await;
        }
        has_time
    }
}

/// The active controller's answer as a frame.
async fn forward(
    context: &Arc<Context>,
    meta: &Meta,
    api: usize,
    frame: Bytes,
    patience: &Patience,
) -> Option<Answer> {
    let (key, version) = (APIS.get(api)?.key, meta.api_version);
    let data = relay(context, meta, frame, patience).await?;
    let rest = asked_to_wait(key, version, &data);
    let length = u32::try_from(data.len()).ok()?;
    let size_bytes = data.len() + size_of::<u32>();
    let length = Bytes::copy_from_slice(&length.to_be_bytes());
    Some(Answer::Send(Encoded {
        chunks: vec![Chunk::Bytes(length), Chunk::Bytes(data)],
        is_not_controller: false,
        receipt: Receipt::new(api, size_bytes, context.clock.elapsed()),
        rest,
    }))
}

/// How long the controller asks the client to wait: first thing in its answers to what the quota on mutations holds for (KIP-599).
fn asked_to_wait(key: ApiKey, version: i16, data: &Bytes) -> Duration {
    if ![
        ApiKey::CREATE_TOPICS,
        ApiKey::DELETE_TOPICS,
        ApiKey::CREATE_PARTITIONS,
    ]
    .contains(&key)
    {
        return Duration::ZERO;
    }
    let mut from = Decoder::new(data.clone());
    let throttle_ms = HeaderForm::of_response(key, version)
        .and_then(|form| ResponseHeader::decode(&mut from, form).ok())
        .and_then(|_| from.i32().ok());
    Duration::from_millis(u64::try_from(throttle_ms.unwrap_or(0)).unwrap_or(0))
}

/// The active controller's answer to what this broker made of a client's request.
pub(super) async fn ask_for<R: Request>(
    context: &Context,
    meta: &Meta,
    request: &R,
    patience: &Patience,
) -> Option<R::Response> {
    let version = meta.api_version;
    let client_id = meta.client_id.clone();
    let chunks = frame::request(version, meta.correlation_id, client_id, request).ok()?;
    let mut bytes = Vec::new();
    for chunk in chunks {
        match chunk {
            Chunk::Bytes(chunk) => bytes.extend_from_slice(&chunk),
            Chunk::Deferred(_) => return None,
        }
    }
    let frame = Bytes::from(bytes).slice(size_of::<u32>()..);
    let data = relay(context, meta, frame, patience).await?;
    let mut from = Decoder::new(data);
    let form = HeaderForm::of_response(R::KEY, version)?;
    ResponseHeader::decode(&mut from, form).ok()?;
    R::Response::decode(&mut from, version).ok()
}

/// Carries a request to the active controller, and its answer back once this broker shows what was decided.
async fn relay(context: &Context, meta: &Meta, frame: Bytes, patience: &Patience) -> Option<Bytes> {
    let request = EnvelopeRequest {
        request_data: frame,
        request_principal: Some(principal(meta)?),
        client_host_address: match meta.peer.address.ip().to_canonical() {
            IpAddr::V4(address) => Bytes::copy_from_slice(&address.octets()),
            IpAddr::V6(address) => Bytes::copy_from_slice(&address.octets()),
        },
        ..Default::default()
    };
    let asked = tokio::time::timeout(patience.left(), ask(context, meta, &request)).await;
    let response = asked.ok()??;
    let offset = envelope::offset_of(&response).unwrap_or(MetadataOffset::NONE);
    let shown = tokio::time::timeout(SHOWN_MAX, context.metadata.at_least(offset));
    if shown.await.is_ok() {
        context.logs_open(offset).await;
    }
    response.response_data
}

/// Until a controller answers. `None` when this node has become it, or the request is refused.
async fn ask(
    context: &Context,
    meta: &Meta,
    request: &EnvelopeRequest,
) -> Option<EnvelopeResponse> {
    let number = meta.peer.connection_id.0 % LANES;
    let lane = Lane {
        purpose: "forward",
        number: u32::try_from(number).unwrap_or(0),
    };
    loop {
        match context.controller_link.whereabouts() {
            Whereabouts::Here => return None,
            Whereabouts::Unknown => {}
            Whereabouts::At(node, endpoint) => {
                let link = context.peers.link(destination(&endpoint), lane);
                match link.request(VERSION, request, ATTEMPT_MAX).await {
                    Ok(answer) if answer.error_code == ErrorCode::NONE => return Some(answer),
                    Ok(answer) if answer.error_code == ErrorCode::NOT_CONTROLLER => {}
                    Ok(answer) => {
                        let error = answer.error_code.name();
                        tracing::warn!(%node, error, "a forwarded request was refused");
                        return None;
                    }
                    // It was never sent: nothing was decided, and the next controller may be asked.
                    Err(error) if error.is_before_sending() => {}
                    // It may have been decided, and will be refused then. As in Kafka it is asked again all the same.
                    Err(error) => {
                        tracing::info!(%node, %error, "a forwarded request has no answer");
                    }
                }
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}

fn principal(meta: &Meta) -> Option<Bytes> {
    let data = DefaultPrincipalData {
        r#type: meta.principal.kind.clone(),
        name: meta.principal.name.clone(),
        token_authenticated: meta.is_by_token,
        ..Default::default()
    };
    prefixed::encode(&data, 0).ok()
}
