//! Committed offsets. Source: `OffsetMetadataManager` of Kafka 4.3.

mod commit;
mod delete;
mod expire;
mod fetch;

pub use commit::{Commit, commit};
pub use delete::{delete, delete_all, topics_deleted};
pub use expire::{all_expired, expired};
pub use fetch::fetch;

use super::record::{Committed, Durable, Record};
use std::sync::Arc;

/// The record that stores an offset or, without one, deletes it. Shares the names that the state has already.
fn record(
    durable: &Durable,
    group: &str,
    topic: &str,
    partition: i32,
    value: Option<Arc<Committed>>,
) -> Record {
    let known_group = durable.groups.get_key_value(group);
    let known_topic = durable
        .offsets
        .get(group)
        .and_then(|topics| topics.get_key_value(topic));
    Record::Offset {
        group: known_group.map_or_else(|| group.into(), |(group, _)| group.clone()),
        topic: known_topic.map_or_else(|| topic.into(), |(topic, _)| topic.clone()),
        partition,
        value,
    }
}
