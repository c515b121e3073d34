//! Heartbeat: keeps a member, and tells it of a rebalance. Source: `GroupMetadataManager.classicGroupHeartbeat*`.

use super::super::{GroupDraft, Timer};
use super::group::{ClassicGroup, State};
use super::work::{existing, milliseconds};
use crate::coordinator::Turn;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::heartbeat::HeartbeatRequest;

/// What the member is told. Changes nothing but its deadline, so the group is not copied.
pub fn heartbeat(draft: &mut GroupDraft, turn: &Turn, request: &HeartbeatRequest) -> ErrorCode {
    let Some(group) = existing(draft.durable(), &draft.volatile, &request.group_id) else {
        return ErrorCode::UNKNOWN_MEMBER_ID;
    };
    match check(&group, request) {
        Err(error) => error,
        Ok(error) => {
            keep(draft, turn, &group, &request.member_id);
            error
        }
    }
}

/// The member was heard: it has its session timeout from now.
pub fn keep(draft: &mut GroupDraft, turn: &Turn, group: &ClassicGroup, member_id: &str) {
    if let Some(member) = group.member(member_id) {
        let timer = Timer::Session {
            group: group.id.clone(),
            member: member.id.clone(),
        };
        draft.arm(timer, turn.now + milliseconds(member.session_timeout_ms));
    }
}

/// `Ok`: the heartbeat counts, whatever else the member must be told.
fn check(group: &ClassicGroup, request: &HeartbeatRequest) -> Result<ErrorCode, ErrorCode> {
    group.check_member(&request.member_id, request.group_instance_id.as_deref())?;
    if request.generation_id != group.generation {
        return Err(ErrorCode::ILLEGAL_GENERATION);
    }
    match group.state {
        State::Empty => Err(ErrorCode::UNKNOWN_MEMBER_ID),
        State::PreparingRebalance => Ok(ErrorCode::REBALANCE_IN_PROGRESS),
        // Clients beat between joining and syncing.
        State::CompletingRebalance | State::Stable => Ok(ErrorCode::NONE),
    }
}
