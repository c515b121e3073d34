//! DeleteGroups on one shard.

use super::classic::{State, existing};
use super::record::Record;
use super::{GroupDraft, Timer, offsets};
use ottla_protocol::messages::delete_groups::DeletableGroupResult;
use ottla_protocol::{ErrorCode, Str};

/// Deletes those that have no members, with their offsets.
pub fn delete(draft: &mut GroupDraft, ids: &[Str]) -> Vec<DeletableGroupResult> {
    let result = |id: &Str| {
        let error_code = delete_one(draft, id).err().unwrap_or(ErrorCode::NONE);
        DeletableGroupResult {
            group_id: id.clone(),
            error_code,
            ..Default::default()
        }
    };
    ids.iter().map(result).collect()
}

fn delete_one(draft: &mut GroupDraft, id: &str) -> Result<(), ErrorCode> {
    let group =
        existing(draft.durable(), &draft.volatile, id).ok_or(ErrorCode::GROUP_ID_NOT_FOUND)?;
    if group.state != State::Empty {
        return Err(ErrorCode::NON_EMPTY_GROUP);
    }
    offsets::delete_all(draft, id);
    for pending in group.pending_joins.keys() {
        draft.disarm(Timer::Session {
            group: group.id.clone(),
            member: pending.clone(),
        });
    }
    draft.volatile.live.remove(id);
    draft.emit(Record::Group {
        group: group.id.clone(),
        value: None,
    });
    Ok(())
}
