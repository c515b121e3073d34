//! Heartbeat (key 12), versions 0-4.
//!
//! v3 static members (KIP-345); v4 flexible.

use super::{Api, Context, Meta, Reply};
use ottla_protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use std::sync::Arc;

pub struct Heartbeat;

impl Api for Heartbeat {
    type Request = HeartbeatRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: HeartbeatRequest,
    ) -> Reply<HeartbeatResponse> {
        Reply::later(context.groups.heartbeat(request))
    }
}
