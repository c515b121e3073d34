//! Heartbeat (key 12), versions 0-4.
//!
//! v3 static members (KIP-345); v4 flexible.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use std::sync::Arc;

pub struct Heartbeat;

impl Api for Heartbeat {
    type Request = HeartbeatRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    const NEEDS: Needs = &[(Operation::Read, ResourceType::Group)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: HeartbeatRequest,
    ) -> Reply<HeartbeatResponse> {
        let group = Resource::Group(&request.group_id);
        if let Err(error_code) = context.caller(&meta).may(Operation::Read, group) {
            return Reply::Now(HeartbeatResponse {
                error_code,
                ..Default::default()
            });
        }
        Reply::later(context.groups.heartbeat(request))
    }
}
