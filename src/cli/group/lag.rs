//! How far a group is, and how far behind.

use super::described::coordinator;
use crate::cli::catalog::{Catalog, Key};
use crate::cli::client::{Client, ClientError};
use crate::cli::offsets::{At, Offsets, offsets};
use ottla_protocol::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchResponseGroup,
};
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeMap;

/// Per partition, where the group goes on.
pub type Committed = BTreeMap<Key, i64>;

/// What a group has committed. `catalog`: of all topics, for newer brokers tell of topics by id only.
///
/// # Errors
/// See [`ClientError`].
pub async fn committed(
    client: &Client,
    catalog: &Catalog,
    group: &str,
) -> Result<Committed, ClientError> {
    let (_, address) = coordinator(client, group).await?;
    let request = OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: Str::from(group),
            member_id: None,
            topics: None,
            ..Default::default()
        }],
        ..Default::default()
    };
    let response = client.ask_at(&address, &request).await?;
    let answered = response.groups.into_iter().next().unwrap_or_default();
    ClientError::check("fetching the group's offsets", answered.error_code, None)?;
    Ok(read(catalog, answered))
}

fn read(catalog: &Catalog, answered: OffsetFetchResponseGroup) -> Committed {
    let mut found = Committed::new();
    for topic in answered.topics {
        let name = match topic.name.is_empty() {
            false => Some(topic.name.to_string()),
            true => catalog.with_id(topic.topic_id).map(|one| one.name.clone()),
        };
        let Some(name) = name else { continue };
        for partition in topic.partitions {
            let is_there =
                partition.error_code == ErrorCode::NONE && partition.committed_offset >= 0;
            if is_there {
                found.insert(
                    (name.clone(), partition.partition_index),
                    partition.committed_offset,
                );
            }
        }
    }
    found
}

/// The ends of these partitions; those that cannot be known are left out.
pub async fn ends(
    client: &Client,
    catalog: &Catalog,
    keys: impl IntoIterator<Item = Key>,
) -> BTreeMap<Key, i64> {
    let all: Offsets = offsets(client, catalog, keys, At::Latest)
        .await
        .unwrap_or_default();
    all.into_iter()
        .filter_map(|(key, offset)| Some((key, offset.ok()?)))
        .collect()
}
