//! Offsets of partitions, asked of their leaders.

use super::catalog::{Catalog, Key};
use super::client::{Client, ClientError};
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use ottla_protocol::{ErrorCode, Str};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Which offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The first that can be read.
    Earliest,
    /// That of the next record.
    Latest,
    /// That of the first record at or after this time, in milliseconds since 1970; −1 where there is none.
    Time(i64),
}

impl At {
    const fn timestamp(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            Self::Time(ms) => ms,
        }
    }
}

/// Per partition its offset, or why it is not known.
pub type Offsets = BTreeMap<Key, Result<i64, ErrorCode>>;

/// Between two tries, of a leader that does not know yet that it is one.
const PAUSE: Duration = Duration::from_millis(200);
const TRIES: usize = 20;

/// Of these partitions.
///
/// # Errors
/// A leader that does not answer; a partition's own error is its entry.
pub async fn offsets(
    client: &Client,
    catalog: &Catalog,
    keys: impl IntoIterator<Item = Key>,
    at: At,
) -> Result<Offsets, ClientError> {
    let mut found = Offsets::new();
    let mut catalog = Cow::Borrowed(catalog);
    let mut keys: Vec<Key> = keys.into_iter().collect();
    for _ in 0..TRIES {
        let unsettled = ask_leaders(client, &catalog, keys, at, &mut found).await?;
        if unsettled.is_empty() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        let names: BTreeSet<String> = unsettled.iter().map(|key| key.0.clone()).collect();
        let names: Vec<String> = names.into_iter().collect();
        catalog = Cow::Owned(Catalog::of(client, Some(&names)).await?);
        keys = unsettled;
    }
    Ok(found)
}

/// Answers those whose leader was not the one that was asked: it has just changed, or been told.
async fn ask_leaders(
    client: &Client,
    catalog: &Catalog,
    keys: Vec<Key>,
    at: At,
    found: &mut Offsets,
) -> Result<Vec<Key>, ClientError> {
    let mut by_leader: BTreeMap<i32, BTreeMap<String, Vec<i32>>> = BTreeMap::new();
    for key in keys {
        match catalog.leader(&key) {
            Some(leader) if leader >= 0 => {
                let topics = by_leader.entry(leader).or_default();
                topics.entry(key.0).or_default().push(key.1);
            }
            Some(_) => drop(found.insert(key, Err(ErrorCode::LEADER_NOT_AVAILABLE))),
            None => drop(found.insert(key, Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION))),
        }
    }
    let mut unsettled = Vec::new();
    for (leader, topics) in by_leader {
        let response = client.ask_broker(leader, &request(topics, at)).await?;
        for topic in response.topics {
            for partition in topic.partitions {
                let key = (topic.name.to_string(), partition.partition_index);
                let offset = match partition.error_code {
                    ErrorCode::NONE => Ok(partition.offset),
                    error => Err(error),
                };
                if let Err(
                    ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                ) = offset
                {
                    unsettled.push(key.clone());
                }
                found.insert(key, offset);
            }
        }
    }
    Ok(unsettled)
}

fn request(topics: BTreeMap<String, Vec<i32>>, at: At) -> ListOffsetsRequest {
    let partition = |partition_index: i32| ListOffsetsPartition {
        partition_index,
        timestamp: at.timestamp(),
        ..Default::default()
    };
    let topic = |(name, indexes): (String, Vec<i32>)| ListOffsetsTopic {
        name: Str::from(name),
        partitions: indexes.into_iter().map(partition).collect(),
        ..Default::default()
    };
    ListOffsetsRequest {
        replica_id: -1,
        topics: topics.into_iter().map(topic).collect(),
        ..Default::default()
    }
}
