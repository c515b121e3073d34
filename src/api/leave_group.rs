//! LeaveGroup (key 13), versions 0-5.
//!
//! v3 several members at once, removable by instance id (KIP-345); v4 flexible; v5 reason (KIP-800).

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_protocol::messages::leave_group::{
    LeaveGroupRequest, LeaveGroupResponse, MemberIdentity,
};
use std::sync::Arc;

const BATCHED_FROM: i16 = 3;

pub struct LeaveGroup;

impl Api for LeaveGroup {
    type Request = LeaveGroupRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const NEEDS: Needs = &[(Operation::Read, ResourceType::Group)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        mut request: LeaveGroupRequest,
    ) -> Reply<LeaveGroupResponse> {
        let group = Resource::Group(&request.group_id);
        if let Err(error_code) = context.caller(&meta).may(Operation::Read, group) {
            return Reply::Now(LeaveGroupResponse {
                error_code,
                ..Default::default()
            });
        }
        let is_batched = meta.api_version >= BATCHED_FROM;
        if !is_batched {
            let member_id = std::mem::take(&mut request.member_id);
            request.members = vec![MemberIdentity {
                member_id,
                ..Default::default()
            }];
        }
        let left = context.groups.leave(request);
        Reply::later(async move {
            match left.await {
                response if is_batched => response,
                response => single(&response),
            }
        })
    }
}

/// One member and one error, at the top.
fn single(response: &LeaveGroupResponse) -> LeaveGroupResponse {
    let members = response.members.iter().map(|member| member.error_code);
    let mut errors = std::iter::once(response.error_code).chain(members);
    let error_code = errors
        .find(|error| error.is_error())
        .unwrap_or(response.error_code);
    LeaveGroupResponse {
        error_code,
        ..Default::default()
    }
}
