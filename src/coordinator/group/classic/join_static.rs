//! A static member that comes back takes its place over, under a new id (KIP-345).
//!
//! Source: `updateStaticMemberThenRebalanceOrCompleteJoin`.

use super::super::Answer;
use super::group::State;
use super::join::{Joining, SKIP_ASSIGNMENT_FROM, refusal};
use super::protocols;
use super::work::Work;
use crate::coordinator::Ticket;
use ottla_protocol::messages::join_group::JoinGroupResponse;
use ottla_protocol::messages::sync_group::SyncGroupResponse;
use ottla_protocol::{ErrorCode, Str};

impl Work<'_> {
    /// `owner` held the instance id so far.
    pub fn join_static(
        &mut self,
        request: &Joining,
        owner: &Str,
        ticket: Ticket,
    ) -> Option<JoinGroupResponse> {
        let id = &request.new_member_id;
        let leader_before = self.group.leader.clone();
        let (joining, syncing) = self.group.rename(owner, id);
        self.fence(owner, joining, syncing);
        self.await_no_more(owner);
        self.update(request, id, ticket);
        self.await_member(id);
        match self.group.state {
            State::Stable if protocols::select(&self.group) == self.group.protocol => {
                self.record();
                let answer = self.rejoined(request, id, leader_before);
                self.answer_join(id, answer);
            }
            // The old id may stand in an assignment that is being made.
            State::Stable | State::CompletingRebalance => self.prepare(),
            State::PreparingRebalance => self.complete_if_all_joined(),
            State::Empty => return Some(refusal(id, ErrorCode::UNKNOWN_MEMBER_ID)),
        }
        None
    }

    /// Two clients with one instance id: the earlier learns that it is the earlier.
    fn fence(&mut self, owner: &Str, joining: Option<Ticket>, syncing: Option<Ticket>) {
        if let Some(ticket) = joining {
            let answer = refusal(owner, ErrorCode::FENCED_INSTANCE_ID);
            self.draft.answer(ticket, Answer::Join(answer));
        }
        if let Some(ticket) = syncing {
            let error_code = ErrorCode::FENCED_INSTANCE_ID;
            let answer = SyncGroupResponse {
                error_code,
                ..Default::default()
            };
            self.draft.answer(ticket, Answer::Sync(answer));
        }
    }

    /// Nothing has changed for the others. A client that cannot skip assigning must not take itself for the leader.
    fn rejoined(
        &self,
        request: &Joining,
        id: &Str,
        leader_before: Option<Str>,
    ) -> JoinGroupResponse {
        let now = self.joined(id);
        if request.version >= SKIP_ASSIGNMENT_FROM {
            let skip_assignment = self.group.is_leader(id);
            return JoinGroupResponse {
                skip_assignment,
                ..now
            };
        }
        JoinGroupResponse {
            members: Vec::new(),
            leader: leader_before.unwrap_or_default(),
            ..now
        }
    }
}
