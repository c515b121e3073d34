//! JoinGroup: who may join, under which id, and whether that needs a rebalance.
//!
//! Source: `GroupMetadataManager.classicGroupJoin*` of Kafka 4.3.

use super::super::{Answer, GroupDraft};
use super::group::State;
use super::member::{Member, Protocol};
use super::protocols;
use super::work::{Work, existing};
use crate::config::GroupValues;
use crate::coordinator::{Ticket, Turn};
use bytes::Bytes;
use ottla_protocol::messages::join_group::{JoinGroupRequest, JoinGroupResponse};
use ottla_protocol::{ErrorCode, Str};
use std::time::Duration;

/// A new member that waits for its first generation is forgotten after this time (`group.new.member.join.timeout`); its
/// client asks again.
const NEW_MEMBER_WAIT: Duration = Duration::from_secs(5 * 60);
/// From this version on a dynamic member asks for its id first (KIP-394).
const MEMBER_ID_REQUIRED_FROM: i16 = 4;
/// From this version on a returning static leader may be told to skip assigning (KIP-814).
pub const SKIP_ASSIGNMENT_FROM: i16 = 9;

/// A JoinGroup as the group sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Joining {
    pub version: i16,
    /// Empty: none yet.
    pub member_id: Str,
    /// The id that a new member gets.
    pub new_member_id: Str,
    pub instance_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    pub session_timeout_ms: i32,
    pub rebalance_timeout_ms: i32,
    pub protocol_type: Str,
    pub protocols: Vec<Protocol>,
}

impl Joining {
    /// Copies what may stay: a member outlives the frame that it came in.
    pub fn new(
        request: &JoinGroupRequest,
        version: i16,
        client_id: &str,
        client_host: &str,
        unique: &str,
    ) -> Self {
        let instance_id = request.group_instance_id.as_ref().map(Str::detached);
        let prefix = instance_id.as_deref().unwrap_or(client_id);
        let protocols = request.protocols.iter().map(|protocol| Protocol {
            name: protocol.name.detached(),
            metadata: Bytes::copy_from_slice(&protocol.metadata),
        });
        Self {
            version,
            member_id: request.member_id.detached(),
            new_member_id: Str::from(format!("{prefix}-{unique}")),
            client_id: Str::from(client_id),
            client_host: Str::from(client_host),
            session_timeout_ms: request.session_timeout_ms,
            // Version 0 has none.
            rebalance_timeout_ms: match version {
                0 => request.session_timeout_ms,
                _ => request.rebalance_timeout_ms,
            },
            protocol_type: request.protocol_type.detached(),
            protocols: protocols.collect(),
            instance_id,
        }
    }

    fn member(&self, id: &Str, ticket: Ticket) -> Member {
        Member {
            id: id.clone(),
            instance_id: self.instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            session_timeout_ms: self.session_timeout_ms,
            protocols: self.protocols.clone(),
            assignment: Bytes::new(),
            joining: Some(ticket),
            syncing: None,
            is_new: true,
        }
    }
}

/// Joins, or says why not. Answers `ticket` now, or when the rebalance is over.
pub fn join(
    draft: &mut GroupDraft,
    turn: &Turn,
    values: &GroupValues,
    group_id: &str,
    request: &Joining,
    ticket: Ticket,
) {
    let is_new_group = existing(draft.durable(), &draft.volatile, group_id).is_none();
    if is_new_group && !request.member_id.is_empty() {
        let answer = refusal(&request.member_id, ErrorCode::UNKNOWN_MEMBER_ID);
        return draft.answer(ticket, Answer::Join(answer));
    }
    let mut work = Work::open_or_new(draft, turn, values, group_id);
    if is_new_group {
        // So that the group exists wherever this request leads.
        work.record();
    }
    if let Some(answer) = work.join(request, ticket) {
        work.draft.answer(ticket, Answer::Join(answer));
    }
    work.close();
}

/// What a client is told that did not join.
pub fn refusal(member_id: &Str, error_code: ErrorCode) -> JoinGroupResponse {
    JoinGroupResponse {
        error_code,
        member_id: member_id.clone(),
        ..Default::default()
    }
}

impl Work<'_> {
    /// The answer for now; none when the request is parked, or answered already.
    fn join(&mut self, request: &Joining, ticket: Ticket) -> Option<JoinGroupResponse> {
        if !self.has_room_for(&request.member_id) {
            self.group.remove(&request.member_id);
            return Some(refusal(&Str::default(), ErrorCode::GROUP_MAX_SIZE_REACHED));
        }
        if !protocols::fits(&self.group, &request.protocol_type, &request.protocols) {
            return Some(refusal(
                &request.member_id,
                ErrorCode::INCONSISTENT_GROUP_PROTOCOL,
            ));
        }
        match request.member_id.is_empty() {
            true => self.join_new(request, ticket),
            false => self.join_known(request, ticket),
        }
    }

    /// `acceptJoiningMember`: while preparing, those who joined count, so that a smaller limit sheds the last to join.
    fn has_room_for(&self, id: &str) -> bool {
        let (group, max) = (&self.group, self.values.max_size);
        match group.state {
            State::Empty => true,
            State::PreparingRebalance => {
                group
                    .member(id)
                    .is_some_and(|member| member.joining.is_some())
                    || group.joining() < max
            }
            State::CompletingRebalance | State::Stable => {
                group.member(id).is_some() || group.len() < max
            }
        }
    }

    fn join_new(&mut self, request: &Joining, ticket: Ticket) -> Option<JoinGroupResponse> {
        let id = &request.new_member_id;
        if let Some(instance) = &request.instance_id {
            return match self.group.static_member(instance).cloned() {
                Some(owner) => self.join_static(request, &owner, ticket),
                None => self.add(request, id, ticket),
            };
        }
        if request.version < MEMBER_ID_REQUIRED_FROM {
            return self.add(request, id, ticket);
        }
        self.group.pending_joins.insert(id.clone(), ());
        self.await_for(id, super::work::milliseconds(request.session_timeout_ms));
        Some(refusal(id, ErrorCode::MEMBER_ID_REQUIRED))
    }

    fn add(&mut self, request: &Joining, id: &Str, ticket: Ticket) -> Option<JoinGroupResponse> {
        if self.group.initial_delay.is_some() {
            self.group.new_member_added = true;
        }
        if self.group.is_empty() {
            self.group.protocol_type = Some(request.protocol_type.clone());
        }
        self.group.add(request.member(id, ticket));
        self.await_for(id, NEW_MEMBER_WAIT);
        self.rebalance();
        None
    }

    fn join_known(&mut self, request: &Joining, ticket: Ticket) -> Option<JoinGroupResponse> {
        let id = &request.member_id;
        let instance = request.instance_id.as_deref();
        if self.group.pending_joins.contains_key(id) {
            return match instance {
                None => self.add(request, id, ticket),
                // Kafka fails on it: a pending member is no static one.
                Some(_) => Some(refusal(id, ErrorCode::UNKNOWN_MEMBER_ID)),
            };
        }
        if let Err(error) = self.group.check_member(id, instance) {
            return Some(refusal(id, error));
        }
        let is_changed = self
            .group
            .member(id)
            .is_some_and(|member| member.protocols != request.protocols);
        match self.group.state {
            State::Empty => return Some(refusal(id, ErrorCode::UNKNOWN_MEMBER_ID)),
            State::PreparingRebalance => {}
            // It may have missed the answer.
            State::CompletingRebalance if !is_changed => return Some(self.joined(id)),
            State::CompletingRebalance => {}
            // A leader joins again when its assignment would be another (topics have changed, say).
            State::Stable if is_changed || self.group.is_leader(id) => {}
            State::Stable => return Some(self.joined(id)),
        }
        self.update(request, id, ticket);
        self.rebalance();
        None
    }

    /// The member offers what it offers now; its request is parked, in place of an earlier one.
    pub fn update(&mut self, request: &Joining, id: &Str, ticket: Ticket) {
        let earlier = self.group.change(id, |member| {
            member.protocols.clone_from(&request.protocols);
            member.rebalance_timeout_ms = request.rebalance_timeout_ms;
            member.session_timeout_ms = request.session_timeout_ms;
            member.joining.replace(ticket)
        });
        if let Some(earlier) = earlier.flatten() {
            // Its client has given it up; Kafka leaves it without an answer.
            let answer = refusal(id, ErrorCode::REBALANCE_IN_PROGRESS);
            self.draft.answer(earlier, Answer::Join(answer));
        }
    }
}
