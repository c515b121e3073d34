//! The regular look for what has outlived its use: offsets, and groups without offsets and members.

use super::classic::{State, existing};
use super::record::Record;
use super::{GroupDraft, offsets};
use crate::config::GroupValues;
use crate::coordinator::Turn;
use std::sync::Arc;

/// Deletes what has expired. Source: `GroupCoordinatorShard.cleanupGroupMetadata`.
pub fn expire(draft: &mut GroupDraft, turn: &Turn, values: &GroupValues) {
    let ids: Vec<Arc<str>> = draft.durable().groups.keys().cloned().collect();
    for id in ids {
        let Some(group) = existing(draft.durable(), &draft.volatile, &id) else {
            continue;
        };
        let retention_ms = values.offsets_retention_ms;
        for (topic, partition) in
            offsets::expired(draft.durable(), &group, turn.wall_ms, retention_ms)
        {
            draft.emit(Record::Offset {
                group: id.clone(),
                topic,
                partition,
                value: None,
            });
        }
        let is_unused = group.state == State::Empty && group.pending_joins.is_empty();
        if is_unused && offsets::all_expired(draft.durable(), &group) {
            draft.emit(Record::Group {
                group: id,
                value: None,
            });
        }
    }
}
