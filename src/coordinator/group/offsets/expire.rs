//! Which offsets of a group have outlived their use. Pure. Source: `cleanupExpiredOffsets`, `offsetExpirationCondition`.

use super::super::classic::{ClassicGroup, State};
use super::super::record::{Committed, Durable};
use std::sync::Arc;

/// The offsets that expire now, by topic and partition.
///
/// While a group has members, only those of topics that they no longer read; once it is empty, all, counted from then; without
/// membership, each counted from its commit.
pub fn expired(
    durable: &Durable,
    group: &ClassicGroup,
    now_ms: i64,
    retention_ms: i64,
) -> Vec<(Arc<str>, i32)> {
    let Some(topics) = durable.offsets.get(&group.id) else {
        return Vec::new();
    };
    let unread = topics
        .iter()
        .filter(|(topic, _)| !group.is_subscribed_to(topic));
    let offsets = unread.flat_map(|(topic, partitions)| {
        partitions
            .iter()
            .map(move |(partition, committed)| (topic, *partition, committed))
    });
    offsets
        .filter(|(_, _, committed)| is_expired(group, committed, now_ms, retention_ms))
        .map(|(topic, partition, _)| (topic.clone(), partition))
        .collect()
}

/// Whether nothing of the group's offsets is left.
pub fn all_expired(durable: &Durable, group: &ClassicGroup) -> bool {
    !durable.offsets.contains_key(&group.id)
}

fn is_expired(group: &ClassicGroup, committed: &Committed, now_ms: i64, retention_ms: i64) -> bool {
    let since_ms = match (&group.protocol_type, group.state) {
        (None, _) => committed.commit_timestamp_ms,
        (Some(_), State::Empty) => group
            .state_timestamp_ms
            .unwrap_or(committed.commit_timestamp_ms),
        (Some(_), State::Stable) if group.subscribed_topics.is_some() => {
            committed.commit_timestamp_ms
        }
        // Nobody knows what is read.
        (Some(_), _) => return false,
    };
    match committed.expire_timestamp_ms {
        Some(at_ms) => now_ms >= at_ms,
        None => now_ms.saturating_sub(since_ms) >= retention_ms,
    }
}
