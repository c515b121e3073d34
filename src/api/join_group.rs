//! JoinGroup (key 11), versions 0-9.
//!
//! v1 rebalance timeout; v4 the member id is given in a first round (KIP-394); v5 static members (KIP-345); v6 flexible; v7
//! protocol type (KIP-559); v8 reason (KIP-800); v9 skip assigning (KIP-814). Answered when the group's rebalance is.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_protocol::messages::join_group::{JoinGroupRequest, JoinGroupResponse};
use std::sync::Arc;

/// From this version on there may be no protocol name; before, it is empty.
const NULL_PROTOCOL_FROM: i16 = 7;

pub struct JoinGroup;

impl Api for JoinGroup {
    type Request = JoinGroupRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=9;
    const NEEDS: Needs = &[(Operation::Read, ResourceType::Group)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: JoinGroupRequest,
    ) -> Reply<JoinGroupResponse> {
        let group = Resource::Group(&request.group_id);
        if let Err(error_code) = context.caller(&meta).may(Operation::Read, group) {
            return Reply::Now(in_version(
                JoinGroupResponse {
                    error_code,
                    ..Default::default()
                },
                meta.api_version,
            ));
        }
        let version = meta.api_version;
        let joined = context.groups.join(&meta.asked(), &request);
        Reply::later(async move { in_version(joined.await, version) })
    }
}

/// `JoinGroupResponse`: what "no protocol" looks like.
fn in_version(mut response: JoinGroupResponse, version: i16) -> JoinGroupResponse {
    let name = response
        .protocol_name
        .take()
        .filter(|name| !name.is_empty());
    response.protocol_name = match version {
        NULL_PROTOCOL_FROM.. => name,
        _ => Some(name.unwrap_or_default()),
    };
    response
}
