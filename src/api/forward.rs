//! Forwarding: what a client asks of a broker that only the active controller decides goes there undecoded, in an Envelope (KIP-590).
//!
//! Guarantees: the client is answered once this broker shows what was decided, within limits. Where no controller can be asked, `None`:
//! the handler then runs here and says so in its own words.

use super::dispatch::{Answer, Encoded, Receipt};
use super::{Context, Meta, envelope};
use crate::metadata::controller_link::{Whereabouts, destination};
use crate::peers::Lane;
use ottla_controller::ids::MetadataOffset;
use ottla_protocol::header::{HeaderForm, ResponseHeader};
use ottla_protocol::messages::envelope::{EnvelopeRequest, EnvelopeResponse};
use ottla_protocol::records::prefixed;
use ottla_protocol::records::principal::DefaultPrincipalData;
use ottla_protocol::{Bytes, Chunk, Decoder, ErrorCode, Message, Request, frame};
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

/// The active controller's answer as a frame.
pub(super) async fn forward(
    context: &Arc<Context>,
    meta: &Meta,
    api: usize,
    frame: Bytes,
) -> Option<Answer> {
    let data = relay(context, meta, frame).await?;
    let length = u32::try_from(data.len()).ok()?;
    let size_bytes = data.len() + size_of::<u32>();
    let length = Bytes::copy_from_slice(&length.to_be_bytes());
    Some(Answer::Send(Encoded {
        chunks: vec![Chunk::Bytes(length), Chunk::Bytes(data)],
        receipt: Receipt::new(api, size_bytes, context.clock.elapsed()),
    }))
}

/// The active controller's answer to what this broker made of a client's request.
pub(super) async fn ask_for<R: Request>(
    context: &Context,
    meta: &Meta,
    request: &R,
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
    let data = relay(context, meta, Bytes::from(bytes).slice(size_of::<u32>()..)).await?;
    let mut from = Decoder::new(data);
    let form = HeaderForm::of_response(R::KEY, version)?;
    ResponseHeader::decode(&mut from, form).ok()?;
    R::Response::decode(&mut from, version).ok()
}

/// Carries a request to the active controller, and its answer back once this broker shows what was decided.
async fn relay(context: &Context, meta: &Meta, frame: Bytes) -> Option<Bytes> {
    let request = EnvelopeRequest {
        request_data: frame,
        request_principal: Some(principal(meta)?),
        client_host_address: match meta.peer.address.ip().to_canonical() {
            IpAddr::V4(address) => Bytes::copy_from_slice(&address.octets()),
            IpAddr::V6(address) => Bytes::copy_from_slice(&address.octets()),
        },
        ..Default::default()
    };
    let asked = tokio::time::timeout(FORWARD_MAX, ask(context, meta, &request)).await;
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
                    // It may have been decided; whoever asked looks for itself, as in Kafka.
                    Err(error) => {
                        tracing::warn!(%node, %error, "a forwarded request has no answer");
                        return None;
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
        ..Default::default()
    };
    prefixed::encode(&data, 0).ok()
}
