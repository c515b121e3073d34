//! One group under work: taken out of the draft, changed, put back.

use super::super::record::{Durable, Record};
use super::super::{GroupDraft, Timer, Volatile};
use super::group::ClassicGroup;
use crate::config::GroupValues;
use crate::coordinator::Turn;
use ottla_protocol::Str;
use std::sync::Arc;
use std::time::Duration;

/// See the module. [`Work::close`] puts the group back.
pub struct Work<'a> {
    pub draft: &'a mut GroupDraft,
    pub turn: Turn,
    pub values: &'a GroupValues,
    pub group: ClassicGroup,
}

/// A group of the shard: as it lives, or as its record says.
pub fn existing(durable: &Durable, volatile: &Volatile, id: &str) -> Option<Arc<ClassicGroup>> {
    let (id, recorded) = durable.groups.get_key_value(id)?;
    Some(match volatile.live.get(id) {
        Some(live) => live.clone(),
        None => Arc::new(ClassicGroup::loaded(id.clone(), recorded)),
    })
}

impl<'a> Work<'a> {
    /// Opens a group that exists.
    pub fn open(
        draft: &'a mut GroupDraft,
        turn: &Turn,
        values: &'a GroupValues,
        id: &str,
    ) -> Option<Self> {
        let group = existing(draft.durable(), &draft.volatile, id)?;
        let group = Arc::unwrap_or_clone(group);
        Some(Self {
            draft,
            turn: *turn,
            values,
            group,
        })
    }

    /// Opens a group, or begins one.
    pub fn open_or_new(
        draft: &'a mut GroupDraft,
        turn: &Turn,
        values: &'a GroupValues,
        id: &str,
    ) -> Self {
        let group = existing(draft.durable(), &draft.volatile, id).map(Arc::unwrap_or_clone);
        let group = group.unwrap_or_else(|| ClassicGroup::new(id.into(), turn.wall_ms));
        Self {
            draft,
            turn: *turn,
            values,
            group,
        }
    }

    pub fn close(self) {
        let live = &mut self.draft.volatile.live;
        match self.group.is_at_rest() {
            true => drop(live.remove(&self.group.id)),
            false => drop(live.insert(self.group.id.clone(), Arc::new(self.group))),
        }
    }

    /// Writes the group as it is now.
    pub fn record(&mut self) {
        let value = Some(Arc::new(self.group.recorded()));
        let group = self.group.id.clone();
        self.draft.emit(Record::Group { group, value });
    }

    /// The member must be heard again within its session timeout.
    pub fn await_member(&mut self, id: &str) {
        if let Some(member) = self.group.member(id) {
            let within = milliseconds(member.session_timeout_ms);
            self.await_for(id, within);
        }
    }

    pub fn await_for(&mut self, id: &str, within: Duration) {
        let timer = self.session(id);
        self.draft.arm(timer, self.turn.now + within);
    }

    pub fn await_no_more(&mut self, id: &str) {
        let timer = self.session(id);
        self.draft.disarm(timer);
    }

    pub fn join_within(&mut self, timeout_ms: i32) {
        let group = self.group.id.clone();
        self.draft.arm(
            Timer::Join { group },
            self.turn.now + milliseconds(timeout_ms),
        );
    }

    pub fn sync_within(&mut self, timeout_ms: i32) {
        let group = self.group.id.clone();
        self.draft.arm(
            Timer::Sync { group },
            self.turn.now + milliseconds(timeout_ms),
        );
    }

    pub fn no_join_timer(&mut self) {
        self.draft.disarm(Timer::Join {
            group: self.group.id.clone(),
        });
    }

    pub fn no_sync_timer(&mut self) {
        self.draft.disarm(Timer::Sync {
            group: self.group.id.clone(),
        });
    }

    fn session(&self, id: &str) -> Timer {
        Timer::Session {
            group: self.group.id.clone(),
            member: Str::from(id),
        }
    }
}

/// Negative times are none.
pub fn milliseconds(time_ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(time_ms).unwrap_or(0))
}
