//! SyncGroup (key 14), versions 0-5.
//!
//! v3 static members (KIP-345); v4 flexible; v5 protocol type and name, both mandatory (KIP-559). Answered when the leader has
//! assigned.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};
use std::sync::Arc;

const PROTOCOL_MANDATORY_FROM: i16 = 5;

pub struct SyncGroup;

impl Api for SyncGroup {
    type Request = SyncGroupRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const NEEDS: Needs = &[(Operation::Read, ResourceType::Group)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: SyncGroupRequest,
    ) -> Reply<SyncGroupResponse> {
        let names_protocol = request.protocol_type.is_some() && request.protocol_name.is_some();
        if meta.api_version >= PROTOCOL_MANDATORY_FROM && !names_protocol {
            let error_code = ErrorCode::INCONSISTENT_GROUP_PROTOCOL;
            return Reply::Now(SyncGroupResponse {
                error_code,
                ..Default::default()
            });
        }
        let group = Resource::Group(&request.group_id);
        if let Err(error_code) = context.caller(&meta).may(Operation::Read, group) {
            return Reply::Now(SyncGroupResponse {
                error_code,
                ..Default::default()
            });
        }
        Reply::later(context.groups.sync(request))
    }
}
