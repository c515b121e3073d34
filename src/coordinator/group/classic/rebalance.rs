//! From one generation to the next: preparing, completing, telling everybody.
//!
//! Source: `GroupMetadataManager.prepareRebalance`, `completeClassicGroupJoin` and around.

use super::super::Answer;
use super::group::{InitialDelay, State};
use super::work::Work;
use bytes::Bytes;
use ottla_protocol::messages::join_group::JoinGroupResponse;
use ottla_protocol::messages::sync_group::SyncGroupResponse;
use ottla_protocol::{ErrorCode, Str};

impl Work<'_> {
    /// Something changed that the members must agree on anew.
    pub fn rebalance(&mut self) {
        match self.group.state {
            State::Empty | State::CompletingRebalance | State::Stable => self.prepare(),
            State::PreparingRebalance => self.complete_if_all_joined(),
        }
    }

    pub fn prepare(&mut self) {
        if self.group.state == State::CompletingRebalance {
            self.reset_assignments(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        self.group.pending_syncs.clear();
        self.no_sync_timer();
        let was_empty = self.group.state == State::Empty;
        self.group
            .transition(State::PreparingRebalance, self.turn.wall_ms);
        if was_empty {
            let delay_ms = self.values.initial_rebalance_delay_ms;
            let remaining_ms = (self.group.rebalance_timeout_ms() - delay_ms).max(0);
            self.group.initial_delay = Some(InitialDelay {
                delay_ms,
                remaining_ms,
            });
            self.join_within(delay_ms);
        } else if self.group.have_all_joined() {
            self.complete();
        } else {
            self.join_within(self.group.rebalance_timeout_ms());
        }
    }

    /// A group that was empty waits for its time; others go on when nobody is missing.
    pub fn complete_if_all_joined(&mut self) {
        let group = &self.group;
        let is_preparing = group.state == State::PreparingRebalance;
        if is_preparing && group.initial_delay.is_none() && group.have_all_joined() {
            self.complete();
        }
    }

    /// The time to join is over, or a part of the initial delay.
    pub fn join_time_over(&mut self) {
        match self.group.initial_delay {
            Some(delay) if self.group.new_member_added && delay.remaining_ms != 0 => {
                self.group.new_member_added = false;
                let delay_ms = self
                    .values
                    .initial_rebalance_delay_ms
                    .min(delay.remaining_ms);
                let remaining_ms = (delay.remaining_ms - delay.delay_ms).max(0);
                self.group.initial_delay = Some(InitialDelay {
                    delay_ms,
                    remaining_ms,
                });
                self.join_within(delay_ms);
            }
            _ => self.complete(),
        }
    }

    /// Begins the next generation with those who joined. Static members keep their place without joining.
    pub fn complete(&mut self) {
        self.no_join_timer();
        let missing = |member: &&std::sync::Arc<super::Member>| {
            member.joining.is_none() && member.instance_id.is_none()
        };
        let missing: Vec<Str> = self
            .group
            .members()
            .filter(missing)
            .map(|member| member.id.clone())
            .collect();
        for id in missing {
            self.group.remove(&id);
            self.await_no_more(&id);
        }
        if !self.group.elect_leader() && !self.group.is_empty() {
            // Only static members, and none joined: until their sessions end, or somebody comes.
            self.join_within(self.group.rebalance_timeout_ms());
            return;
        }
        self.group.begin_generation(self.turn.wall_ms);
        self.draft.volatile.rebalances += 1;
        if self.group.state == State::Empty {
            return self.record();
        }
        for id in self.group.member_ids() {
            let answer = self.joined(&id);
            self.answer_join(&id, answer);
            self.await_member(&id);
            self.group.change(&id, |member| member.is_new = false);
            self.group.pending_syncs.insert(id, ());
        }
        self.sync_within(self.group.rebalance_timeout_ms());
    }

    /// What a member of this generation is told when it joins.
    pub fn joined(&self, id: &Str) -> JoinGroupResponse {
        let group = &self.group;
        JoinGroupResponse {
            members: match group.is_leader(id) {
                true => group.members_for_leader(),
                false => Vec::new(),
            },
            member_id: id.clone(),
            generation_id: group.generation,
            protocol_type: group.protocol_type.clone(),
            protocol_name: group.protocol.clone(),
            leader: group.leader.clone().unwrap_or_default(),
            ..Default::default()
        }
    }

    /// Answers the member's JoinGroup, if it is parked.
    pub fn answer_join(&mut self, id: &str, answer: JoinGroupResponse) {
        let parked = self.group.change(id, |member| member.joining.take());
        if let Some(ticket) = parked.flatten() {
            self.draft.answer(ticket, Answer::Join(answer));
        }
    }

    /// Takes the assignments back, and sends those away who wait for them.
    pub fn reset_assignments(&mut self, error: ErrorCode) {
        for id in self.group.member_ids() {
            self.group
                .change(&id, |member| member.assignment = Bytes::new());
            self.answer_sync(&id, error);
        }
    }

    /// Answers the member's SyncGroup, if it is parked.
    pub fn answer_sync(&mut self, id: &str, error: ErrorCode) {
        let taken = |member: &mut super::Member| (member.syncing.take(), member.assignment.clone());
        let Some((Some(ticket), assignment)) = self.group.change(id, taken) else {
            return;
        };
        let is_good = !error.is_error();
        let answer = SyncGroupResponse {
            error_code: error,
            protocol_type: self.group.protocol_type.clone().filter(|_| is_good),
            protocol_name: self.group.protocol.clone().filter(|_| is_good),
            assignment,
            ..Default::default()
        };
        self.draft.answer(ticket, Answer::Sync(answer));
        // Its session may have run out unnoticed while it waited for us.
        self.await_member(id);
    }

    /// Takes a member out. A JoinGroup of it that is parked is sent back to begin anew.
    pub fn remove(&mut self, id: &str) {
        let answer = JoinGroupResponse {
            error_code: ErrorCode::UNKNOWN_MEMBER_ID,
            ..Default::default()
        };
        self.answer_join(id, answer);
        if let Some(ticket) = self.group.remove(id).and_then(|member| member.syncing) {
            let error_code = ErrorCode::UNKNOWN_MEMBER_ID;
            self.draft.answer(
                ticket,
                Answer::Sync(SyncGroupResponse {
                    error_code,
                    ..Default::default()
                }),
            );
        }
    }

    /// After members were taken out.
    pub fn after_removal(&mut self) {
        match self.group.state {
            State::Stable | State::CompletingRebalance => self.prepare(),
            State::PreparingRebalance => self.complete_if_all_joined(),
            State::Empty => {}
        }
    }
}
