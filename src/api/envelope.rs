//! Envelope (key 58, version 0): a request that another broker forwards to the active controller (KIP-590).
//!
//! Beside Kafka's answer it carries, in a tagged field of ours, how far the metadata are: the broker that forwarded answers its client
//! once it shows as much itself. Whoever sends it may do so much as it says of others.

use super::dispatch::{self, Answer, Outcome};
use super::{
    Api, Context, Meta, Needs, Operation, Peer, Principal, Reply, Resource, ResourceType, Scope,
    Session,
};
use ottla_controller::ids::MetadataOffset;
use ottla_protocol::messages::envelope::{EnvelopeRequest, EnvelopeResponse};
use ottla_protocol::records::prefixed;
use ottla_protocol::records::principal::DefaultPrincipalData;
use ottla_protocol::wire::RawTaggedField;
use ottla_protocol::{Bytes, Chunk, ErrorCode, TaggedFields};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

/// The tag of the metadata's offset in the answer; Kafka's own tags count from 0.
const OFFSET_TAG: u32 = 10_000;
/// Before a frame's content.
const LENGTH_BYTES: usize = 4;

pub struct Envelope;

impl Api for Envelope {
    type Request = EnvelopeRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const NEEDS: Needs = &[(Operation::ClusterAction, ResourceType::Cluster)];
    const SCOPE: Scope = Scope::Controllers;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: EnvelopeRequest,
    ) -> Reply<EnvelopeResponse> {
        if context.controller.active() != Some(context.node_id) {
            return Reply::Now(refused(ErrorCode::NOT_CONTROLLER));
        }
        if let Err(error) = context
            .caller(&meta)
            .may(Operation::ClusterAction, Resource::Cluster)
        {
            return Reply::Now(refused(error));
        }
        let session = match session(&meta, &request) {
            Ok(session) => session,
            Err(error) => return Reply::Now(refused(error)),
        };
        let data = request.request_data;
        Reply::Now(
            match dispatch::forwarded(&context, &session, data, meta.received) {
                Ok(running) => answer(&context, running.await).await,
                Err(refusal) => {
                    tracing::warn!(%refusal, "a forwarded request cannot be served");
                    refused(ErrorCode::INVALID_REQUEST)
                }
            },
        )
    }
}

async fn answer(context: &Context, outcome: Outcome) -> EnvelopeResponse {
    let answer = match outcome {
        Outcome::Now(answer) => answer,
        Outcome::Later(answer) => answer.await,
    };
    let (Answer::Send(encoded) | Answer::Last(encoded, _)) = answer else {
        return refused(ErrorCode::UNKNOWN_SERVER_ERROR);
    };
    // Whoever forwarded it looks for the controller again (`RequestChannel.Request.buildResponse`).
    if encoded.is_not_controller {
        return refused(ErrorCode::NOT_CONTROLLER);
    }
    let mut bytes = Vec::new();
    for chunk in encoded.chunks {
        match chunk {
            Chunk::Bytes(chunk) => bytes.extend_from_slice(&chunk),
            Chunk::Deferred(_) => return refused(ErrorCode::UNKNOWN_SERVER_ERROR),
        }
    }
    let offset = context.metadata.image().offset;
    EnvelopeResponse {
        response_data: Some(Bytes::from(bytes).slice(LENGTH_BYTES..)),
        unknown_tagged_fields: TaggedFields::new(vec![RawTaggedField {
            tag: OFFSET_TAG,
            content: Bytes::copy_from_slice(&offset.0.to_be_bytes()),
        }]),
        ..Default::default()
    }
}

/// How far the metadata were when this was answered, if it was by one of us.
pub(super) fn offset_of(response: &EnvelopeResponse) -> Option<MetadataOffset> {
    let mut fields = response.unknown_tagged_fields.fields().iter();
    let field = fields.find(|field| field.tag == OFFSET_TAG)?;
    let bytes = field.content.as_ref().try_into().ok()?;
    Some(MetadataOffset(i64::from_be_bytes(bytes)))
}

fn refused(error_code: ErrorCode) -> EnvelopeResponse {
    EnvelopeResponse {
        error_code,
        ..Default::default()
    }
}

/// Who asked the broker that forwards.
fn session(meta: &Meta, request: &EnvelopeRequest) -> Result<Session, ErrorCode> {
    let address = match request.client_host_address.as_ref() {
        [a, b, c, d] => IpAddr::V4(Ipv4Addr::new(*a, *b, *c, *d)),
        bytes => {
            let bytes: [u8; 16] = bytes.try_into().map_err(|_| ErrorCode::INVALID_REQUEST)?;
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
    };
    let (principal, is_by_token) = match &request.request_principal {
        None => (Principal::anonymous(), false),
        Some(bytes) => {
            let (data, _) = prefixed::decode::<DefaultPrincipalData>(bytes.clone())
                .map_err(|_| ErrorCode::PRINCIPAL_DESERIALIZATION_FAILURE)?;
            let principal = Principal {
                kind: data.r#type,
                name: data.name,
            };
            (principal, data.token_authenticated)
        }
    };
    Ok(Session {
        peer: Arc::new(Peer {
            connection_id: meta.peer.connection_id,
            address: SocketAddr::new(address, 0),
            listener: meta.peer.listener.clone(),
            software: OnceLock::new(),
        }),
        principal,
        is_authenticated: true,
        is_by_token,
        is_forwarded: true,
        sasl: None,
    })
}
