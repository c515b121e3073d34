//! SyncGroup: the leader hands the assignments in, everybody takes theirs out.
//!
//! Source: `GroupMetadataManager.classicGroupSync*`.

use super::super::{Answer, GroupDraft};
use super::group::State;
use super::work::Work;
use crate::config::GroupValues;
use crate::coordinator::{Ticket, Turn};
use bytes::Bytes;
use ottla_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeMap;

/// Answers `ticket` now, or when the leader has assigned.
pub fn sync(
    draft: &mut GroupDraft,
    turn: &Turn,
    values: &GroupValues,
    request: &SyncGroupRequest,
    ticket: Ticket,
) {
    let Some(mut work) = Work::open(draft, turn, values, &request.group_id) else {
        return draft.answer(ticket, refusal(ErrorCode::UNKNOWN_MEMBER_ID));
    };
    if let Err(error) = work.sync(request, ticket) {
        work.draft.answer(ticket, refusal(error));
    }
    work.close();
}

fn refusal(error_code: ErrorCode) -> Answer {
    Answer::Sync(SyncGroupResponse {
        error_code,
        ..Default::default()
    })
}

impl Work<'_> {
    fn sync(&mut self, request: &SyncGroupRequest, ticket: Ticket) -> Result<(), ErrorCode> {
        let id = &request.member_id;
        self.group
            .check_member(id, request.group_instance_id.as_deref())?;
        if request.generation_id != self.group.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        let differs =
            |said: &Option<Str>, is: &Option<Str>| said.is_some() && is.is_some() && said != is;
        if differs(&request.protocol_type, &self.group.protocol_type)
            || differs(&request.protocol_name, &self.group.protocol)
        {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        match self.group.state {
            State::Empty => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            State::PreparingRebalance => Err(ErrorCode::REBALANCE_IN_PROGRESS),
            State::CompletingRebalance | State::Stable => {
                self.asked(id, ticket);
                if self.group.state == State::Stable {
                    self.answer_sync(id, ErrorCode::NONE);
                } else if self.group.is_leader(id) {
                    self.assign(request);
                }
                Ok(())
            }
        }
    }

    /// The member has asked for its assignment.
    fn asked(&mut self, id: &str, ticket: Ticket) {
        let earlier = self
            .group
            .change(id, |member| member.syncing.replace(ticket));
        if let Some(earlier) = earlier.flatten() {
            self.draft
                .answer(earlier, refusal(ErrorCode::REBALANCE_IN_PROGRESS));
        }
        self.group.pending_syncs.remove(id);
        if self.group.pending_syncs.is_empty() {
            self.no_sync_timer();
        }
    }

    /// Stores what the leader says; members that it leaves out get nothing.
    fn assign(&mut self, request: &SyncGroupRequest) {
        let assigned: BTreeMap<&Str, &Bytes> = request
            .assignments
            .iter()
            .map(|assigned| (&assigned.member_id, &assigned.assignment))
            .collect();
        for id in self.group.member_ids() {
            // Copied: it outlives the frame that it came in.
            let assignment = assigned
                .get(&id)
                .map_or_else(Bytes::new, |bytes| Bytes::copy_from_slice(bytes));
            self.group
                .change(&id, |member| member.assignment = assignment);
        }
        self.group.transition(State::Stable, self.turn.wall_ms);
        self.record();
        for id in self.group.member_ids() {
            self.answer_sync(&id, ErrorCode::NONE);
        }
    }
}
