//! A classic group: members, generation, state. Knows nothing of requests and timers.
//!
//! Persistent maps inside: cloning one costs the same for ten members and ten thousand. Source: `ClassicGroup`.

use super::super::record::{Recorded, RecordedMember};
use super::super::small_map::SmallMap;
use super::member::Member;
use super::protocols;
use crate::coordinator::Ticket;
use ottla_protocol::messages::join_group::JoinGroupResponseMember;
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Where a group stands. Kafka's fifth, Dead, is a group that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}

impl State {
    /// As ListGroups and DescribeGroups say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// How long a group that was empty still waits for more members, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitialDelay {
    pub delay_ms: i32,
    pub remaining_ms: i32,
}

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassicGroup {
    pub id: Arc<str>,
    pub state: State,
    pub state_timestamp_ms: Option<i64>,
    pub generation: i32,
    pub protocol_type: Option<Str>,
    pub protocol: Option<Str>,
    pub leader: Option<Str>,
    members: SmallMap<Str, Arc<Member>>,
    /// Member ids by instance id.
    static_members: SmallMap<Str, Str>,
    /// Ids that were given out and have not joined (KIP-394).
    pub pending_joins: SmallMap<Str, ()>,
    /// Who has not asked for its assignment yet.
    pub pending_syncs: SmallMap<Str, ()>,
    /// By protocol, how many members offer it.
    offered: SmallMap<Str, usize>,
    /// Members whose JoinGroup is parked.
    joining: usize,
    /// Set from leaving Empty to the end of that rebalance.
    pub initial_delay: Option<InitialDelay>,
    pub new_member_added: bool,
    /// `None`: not known, because this is no consumer's group or its metadata is unreadable.
    pub subscribed_topics: Option<Arc<BTreeSet<Str>>>,
}

impl ClassicGroup {
    pub fn new(id: Arc<str>, now_ms: i64) -> Self {
        let recorded = Recorded {
            state_timestamp_ms: Some(now_ms),
            ..Recorded::default()
        };
        Self::loaded(id, &recorded)
    }

    /// The group as its record says.
    pub fn loaded(id: Arc<str>, recorded: &Recorded) -> Self {
        let mut group = Self {
            id,
            state: State::Empty,
            state_timestamp_ms: recorded.state_timestamp_ms,
            generation: recorded.generation,
            protocol_type: recorded.protocol_type.clone(),
            protocol: recorded.protocol.clone(),
            leader: recorded.leader.clone(),
            members: SmallMap::new(),
            static_members: SmallMap::new(),
            pending_joins: SmallMap::new(),
            pending_syncs: SmallMap::new(),
            offered: SmallMap::new(),
            joining: 0,
            initial_delay: None,
            new_member_added: false,
            subscribed_topics: None,
        };
        let protocol = recorded.protocol.clone().unwrap_or_default();
        for member in &recorded.members {
            group.add(Member::loaded(member, &protocol));
            group.state = State::Stable;
        }
        group.subscribed_topics = protocols::subscribed_topics(&group);
        group
    }

    /// Whether the record says all there is to say.
    pub fn is_at_rest(&self) -> bool {
        self.state == State::Empty && self.pending_joins.is_empty()
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn members(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.members.values()
    }

    pub fn member_ids(&self) -> Vec<Str> {
        self.members.keys().cloned().collect()
    }

    pub fn member(&self, id: &str) -> Option<&Arc<Member>> {
        self.members.get(id)
    }

    pub fn is_leader(&self, id: &str) -> bool {
        self.leader.as_deref() == Some(id)
    }

    pub fn static_member(&self, instance_id: &str) -> Option<&Str> {
        self.static_members.get(instance_id)
    }

    pub fn offered(&self) -> &SmallMap<Str, usize> {
        &self.offered
    }

    pub fn joining(&self) -> usize {
        self.joining
    }

    pub fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type.as_deref() == Some(protocols::CONSUMER)
    }

    /// Whether members would still read the topic, as far as we know.
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        match &self.subscribed_topics {
            Some(topics) => topics.contains(topic),
            None => self.uses_consumer_protocol(),
        }
    }

    pub fn add(&mut self, member: Member) {
        if let Some(instance) = &member.instance_id {
            self.static_members
                .insert(instance.clone(), member.id.clone());
        }
        if self.leader.is_none() {
            self.leader = Some(member.id.clone());
        }
        self.pending_joins.remove(&member.id);
        self.count(&member, true);
        self.members.insert(member.id.clone(), Arc::new(member));
    }

    pub fn remove(&mut self, id: &str) -> Option<Arc<Member>> {
        let removed = self.members.remove(id);
        if let Some(member) = &removed {
            self.count(member, false);
            if let Some(instance) = &member.instance_id {
                self.static_members.remove(instance);
            }
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
        self.pending_joins.remove(id);
        self.pending_syncs.remove(id);
        removed
    }

    /// Changes a member; what is counted over members stays right.
    pub fn change<R>(&mut self, id: &str, change: impl FnOnce(&mut Member) -> R) -> Option<R> {
        let mut member = Member::clone(self.members.get(id)?);
        self.count(&member, false);
        let result = change(&mut member);
        self.count(&member, true);
        self.members.insert(member.id.clone(), Arc::new(member));
        Some(result)
    }

    /// The static member lives on under another id. Returns the parked requests of the old one.
    pub fn rename(&mut self, old: &str, new: &Str) -> (Option<Ticket>, Option<Ticket>) {
        let Some(member) = self.members.get(old).cloned() else {
            return (None, None);
        };
        let was_leader = self.is_leader(old);
        let parked = (member.joining, member.syncing);
        self.remove(old);
        let renamed = Member {
            id: new.clone(),
            joining: None,
            syncing: None,
            is_new: false,
            ..Member::clone(&member)
        };
        self.add(renamed);
        if was_leader {
            self.leader = Some(new.clone());
        }
        parked
    }

    fn count(&mut self, member: &Member, is_added: bool) {
        if member.joining.is_some() {
            self.joining = if is_added {
                self.joining + 1
            } else {
                self.joining - 1
            };
        }
        for protocol in &member.protocols {
            let count = self.offered.get(&protocol.name).copied().unwrap_or(0);
            match (is_added, count) {
                (true, count) => drop(self.offered.insert(protocol.name.clone(), count + 1)),
                (false, 0 | 1) => drop(self.offered.remove(&protocol.name)),
                (false, count) => drop(self.offered.insert(protocol.name.clone(), count - 1)),
            }
        }
    }

    pub fn have_all_joined(&self) -> bool {
        self.members.len() == self.joining && self.pending_joins.is_empty()
    }

    /// The longest that a member asks for.
    pub fn rebalance_timeout_ms(&self) -> i32 {
        let timeouts = self
            .members
            .values()
            .map(|member| member.rebalance_timeout_ms);
        timeouts.max().unwrap_or(0)
    }

    /// The leader, if it joined, otherwise another that did. Whether somebody leads the next generation.
    pub fn elect_leader(&mut self) -> bool {
        let Some(leader) = &self.leader else {
            return false;
        };
        let is_there = |member: &Arc<Member>| member.joining.is_some();
        if self.members.get(leader).is_some_and(is_there) {
            return true;
        }
        let joined = self.members.values().find(|member| is_there(member));
        match joined.map(|member| member.id.clone()) {
            None => false,
            leader => {
                self.leader = leader;
                true
            }
        }
    }

    pub fn transition(&mut self, state: State, now_ms: i64) {
        self.state = state;
        self.state_timestamp_ms = Some(now_ms);
    }

    pub fn begin_generation(&mut self, now_ms: i64) {
        self.generation = self.generation.wrapping_add(1);
        self.pending_syncs.clear();
        self.initial_delay = None;
        self.new_member_added = false;
        if self.members.is_empty() {
            self.protocol = None;
            self.transition(State::Empty, now_ms);
        } else {
            self.protocol = protocols::select(self);
            self.transition(State::CompletingRebalance, now_ms);
        }
        self.subscribed_topics = protocols::subscribed_topics(self);
    }

    /// Whether this member may act in the group (`ClassicGroup.validateMember`).
    ///
    /// # Errors
    /// UNKNOWN_MEMBER_ID; FENCED_INSTANCE_ID when another member has taken over the instance id.
    pub fn check_member(&self, id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance_id) = instance_id {
            match self.static_members.get(instance_id) {
                None => return Err(ErrorCode::UNKNOWN_MEMBER_ID),
                Some(owner) if *owner != *id => return Err(ErrorCode::FENCED_INSTANCE_ID),
                Some(_) => {}
            }
        }
        match self.members.contains_key(id) {
            true => Ok(()),
            false => Err(ErrorCode::UNKNOWN_MEMBER_ID),
        }
    }

    /// What the leader learns of the members.
    pub fn members_for_leader(&self) -> Vec<JoinGroupResponseMember> {
        let protocol = self.protocol.clone().unwrap_or_default();
        let members = self.members.values().map(|member| JoinGroupResponseMember {
            member_id: member.id.clone(),
            group_instance_id: member.instance_id.clone(),
            metadata: member.metadata(&protocol),
            ..Default::default()
        });
        members.collect()
    }

    pub fn recorded(&self) -> Recorded {
        let protocol = self.protocol.clone().unwrap_or_default();
        let members: Vec<RecordedMember> = self
            .members
            .values()
            .map(|member| member.recorded(&protocol))
            .collect();
        Recorded {
            protocol_type: self.protocol_type.clone(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            state_timestamp_ms: self.state_timestamp_ms,
            members,
        }
    }
}
