//! LeaveGroup: members go, by themselves or removed by an administrator (KIP-345).
//!
//! Source: `GroupMetadataManager.classicGroupLeaveToClassicGroup`.

use super::super::GroupDraft;
use super::work::Work;
use crate::config::GroupValues;
use crate::coordinator::Turn;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::leave_group::{
    LeaveGroupRequest, LeaveGroupResponse, MemberIdentity, MemberResponse,
};

/// The members of the request as of version 3: earlier ones name one, at the top.
pub fn leave(
    draft: &mut GroupDraft,
    turn: &Turn,
    values: &GroupValues,
    request: &LeaveGroupRequest,
) -> LeaveGroupResponse {
    let response = |identity: &MemberIdentity, left: Result<(), ErrorCode>| MemberResponse {
        member_id: identity.member_id.clone(),
        group_instance_id: identity.group_instance_id.clone(),
        error_code: left.err().unwrap_or(ErrorCode::NONE),
        ..Default::default()
    };
    let Some(mut work) = Work::open(draft, turn, values, &request.group_id) else {
        let unknown = |identity| response(identity, Err(ErrorCode::UNKNOWN_MEMBER_ID));
        let members = request.members.iter().map(unknown).collect();
        return LeaveGroupResponse {
            members,
            ..Default::default()
        };
    };
    let members: Vec<MemberResponse> = request
        .members
        .iter()
        .map(|identity| response(identity, work.leave(identity)))
        .collect();
    if members.iter().any(|member| !member.error_code.is_error()) {
        work.after_removal();
    }
    work.close();
    LeaveGroupResponse {
        members,
        ..Default::default()
    }
}

impl Work<'_> {
    fn leave(&mut self, identity: &MemberIdentity) -> Result<(), ErrorCode> {
        let instance = identity.group_instance_id.as_deref();
        let id = match instance {
            // An administrator names the instance only.
            Some(instance) if identity.member_id.is_empty() => {
                self.group.static_member(instance).cloned()
            }
            _ => Some(identity.member_id.clone()),
        };
        let id = id
            .filter(|id| !id.is_empty())
            .ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        if !self.group.pending_joins.contains_key(&id) {
            self.group.check_member(&id, instance)?;
        }
        self.await_no_more(&id);
        self.remove(&id);
        Ok(())
    }
}
