//! What happens by itself: sessions end, the time to join or to sync is over, a shard has been loaded.
//!
//! Source: `expireClassicGroupMemberHeartbeat`, `expirePendingSync`, `onLoaded`.

use super::super::GroupDraft;
use super::group::State;
use super::work::Work;
use crate::config::GroupValues;
use crate::coordinator::Turn;
use ottla_protocol::Str;
use std::sync::Arc;

/// A member has been silent for its session timeout. Whether that was the end of it.
pub fn session(
    draft: &mut GroupDraft,
    turn: &Turn,
    values: &GroupValues,
    group: &str,
    member: &Str,
) -> bool {
    let Some(mut work) = Work::open(draft, turn, values, group) else {
        return false;
    };
    let is_lost = match work.group.member(member) {
        Some(known) => !known.is_waiting(),
        None => work.group.pending_joins.contains_key(member),
    };
    if is_lost {
        work.remove(member);
        match work.group.state {
            // The last that was waited for: also within the initial delay.
            State::PreparingRebalance if work.group.have_all_joined() => work.complete(),
            _ => work.after_removal(),
        }
    }
    work.close();
    is_lost
}

/// The time to join is over.
pub fn join(draft: &mut GroupDraft, turn: &Turn, values: &GroupValues, group: &str) {
    let Some(mut work) = Work::open(draft, turn, values, group) else {
        return;
    };
    if work.group.state == State::PreparingRebalance {
        work.join_time_over();
    }
    work.close();
}

/// The time to sync is over: members that did not are out.
pub fn sync(draft: &mut GroupDraft, turn: &Turn, values: &GroupValues, group: &str) {
    let Some(mut work) = Work::open(draft, turn, values, group) else {
        return;
    };
    let is_open = matches!(work.group.state, State::CompletingRebalance | State::Stable);
    if is_open && !work.group.pending_syncs.is_empty() {
        let missing: Vec<Str> = work.group.pending_syncs.keys().cloned().collect();
        for id in missing {
            work.await_no_more(&id);
            work.remove(&id);
        }
        work.prepare();
    }
    work.close();
}

/// Sessions begin anew; a group that is larger than now allowed rebalances, and sheds who joins last.
pub fn loaded(draft: &mut GroupDraft, turn: &Turn, values: &GroupValues) {
    let with_members: Vec<Arc<str>> = draft
        .durable()
        .groups
        .iter()
        .filter(|(_, recorded)| !recorded.members.is_empty())
        .map(|(id, _)| id.clone())
        .collect();
    for id in with_members {
        let Some(mut work) = Work::open(draft, turn, values, &id) else {
            continue;
        };
        for member in work.group.member_ids() {
            work.await_member(&member);
        }
        if work.group.len() > values.max_size {
            work.prepare();
        }
        work.close();
    }
}
