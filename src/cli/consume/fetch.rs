//! Records fetched from the leaders of a topic's partitions, one long poll at each.

use super::format::Shown;
use crate::cli::catalog::{Catalog, Topic};
use crate::cli::client::{Client, ClientError};
use crate::cli::report::Failure;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use ottla_protocol::messages::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData,
};
use ottla_protocol::{Bytes, ErrorCode, Records, Str};
use ottla_storage::batch::compress::MAX_PLAIN_SIZE_BYTES;
use ottla_storage::batch::{CheckedBatch, TimestampType, batches, records};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

const WAIT_MAX_MS: i32 = 500;
const FETCH_MAX_BYTES: i32 = 32 * 1024 * 1024;
const PARTITION_MAX_BYTES: i32 = 1024 * 1024;
/// Between two looks at who leads.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a partition may be without a leader that answers.
const PATIENCE: Duration = Duration::from_secs(60);

type Polled<'a> = BoxFuture<'a, (i32, Result<FetchResponse, ClientError>)>;

/// See the module.
pub struct Reader<'a> {
    client: &'a Client,
    topic: Topic,
    positions: BTreeMap<i32, i64>,
    /// Where reading ends, if it does.
    ends: BTreeMap<i32, i64>,
    polls: FuturesUnordered<Polled<'a>>,
    /// Leaders with a poll under way.
    polled: BTreeSet<i32>,
    ready: VecDeque<Fetched>,
    troubled_since: Option<Duration>,
}

/// A batch to be printed.
#[derive(Clone, Debug)]
pub struct Fetched {
    topic: String,
    partition: i32,
    /// Records before this were asked for by nobody: a batch is sent whole.
    from: i64,
    until: i64,
    batch: CheckedBatch,
    plain: Bytes,
}

impl Fetched {
    /// # Errors
    /// A record that cannot be read.
    pub fn records(&self) -> impl Iterator<Item = Result<Shown<'_>, String>> {
        let header = &self.batch.header;
        let is_stamped = header.attributes.timestamp_type() == TimestampType::LogAppendTime;
        let found = records(&self.plain, header.record_count);
        found.filter_map(move |record| {
            let record = match record {
                Ok(record) => record,
                Err(error) => return Some(Err(format!("a record cannot be read: {error}"))),
            };
            let offset = header.base_offset.0 + i64::from(record.offset_delta);
            let timestamp = match is_stamped {
                true => header.max_timestamp,
                false => header.base_timestamp.saturating_add(record.timestamp_delta),
            };
            let shown = Shown {
                topic: &self.topic,
                partition: self.partition,
                offset,
                timestamp,
                key: record.key,
                value: record.value,
                headers: record.headers().collect(),
            };
            (self.from..self.until)
                .contains(&offset)
                .then_some(Ok(shown))
        })
    }
}

impl<'a> Reader<'a> {
    /// `ranges`: by partition, where to begin, and where the end is.
    pub fn new(
        client: &'a Client,
        topic: Topic,
        ranges: &BTreeMap<i32, (i64, i64)>,
        ends_there: bool,
    ) -> Self {
        let ends = ranges.iter().map(|(index, (_, end))| (*index, *end));
        Self {
            client,
            topic,
            positions: ranges
                .iter()
                .map(|(index, (start, _))| (*index, *start))
                .collect(),
            ends: match ends_there {
                true => ends.collect(),
                false => BTreeMap::new(),
            },
            polls: FuturesUnordered::new(),
            polled: BTreeSet::new(),
            ready: VecDeque::new(),
            troubled_since: None,
        }
    }

    /// The next batch; `None` when all is read that was to be.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn next(&mut self) -> Result<Option<Fetched>, Failure> {
        loop {
            if let Some(fetched) = self.ready.pop_front() {
                return Ok(Some(fetched));
            }
            let ends = &self.ends;
            self.positions
                .retain(|index, at| ends.get(index).is_none_or(|end| *at < *end));
            if self.positions.is_empty() {
                return Ok(None);
            }
            self.poll();
            let trouble = match self.polls.next().await {
                Some((leader, answered)) => {
                    self.polled.remove(&leader);
                    match answered {
                        Ok(response) => self.take(response)?,
                        Err(ClientError::Unreachable { address, error }) => {
                            Some(format!("{address}: {error}"))
                        }
                        Err(ClientError::UnknownBroker(id)) => Some(format!("broker {id} is gone")),
                        Err(error) => return Err(error.into()),
                    }
                }
                None => Some("no partition has a leader".to_owned()),
            };
            match trouble {
                None => self.troubled_since = None,
                Some(why) => self.look_again(why).await?,
            }
        }
    }

    /// Asks every leader that is not being asked.
    fn poll(&mut self) {
        let mut by_leader: BTreeMap<i32, Vec<FetchPartition>> = BTreeMap::new();
        for (index, at) in &self.positions {
            let mut partitions = self.topic.partitions.iter();
            let leader = partitions
                .find(|one| one.index == *index)
                .map(|one| one.leader);
            let leader = leader.filter(|id| *id >= 0 && !self.polled.contains(id));
            if let Some(leader) = leader {
                by_leader.entry(leader).or_default().push(FetchPartition {
                    partition: *index,
                    fetch_offset: *at,
                    partition_max_bytes: PARTITION_MAX_BYTES,
                    ..Default::default()
                });
            }
        }
        for (leader, partitions) in by_leader {
            let request = FetchRequest {
                max_wait_ms: WAIT_MAX_MS,
                min_bytes: 1,
                max_bytes: FETCH_MAX_BYTES,
                session_epoch: -1,
                topics: vec![FetchTopic {
                    topic: Str::from(&self.topic.name),
                    topic_id: self.topic.id,
                    partitions,
                    ..Default::default()
                }],
                ..Default::default()
            };
            let client = self.client;
            let asked = async move { (leader, client.ask_broker(leader, &request).await) };
            self.polls.push(asked.boxed());
            self.polled.insert(leader);
        }
    }

    /// Answers what is to be waited for, if something is.
    fn take(&mut self, response: FetchResponse) -> Result<Option<String>, Failure> {
        ClientError::check("fetching", response.error_code, None)?;
        let mut trouble = None;
        let topics = response.responses.into_iter();
        for partition in topics.flat_map(|topic| topic.partitions) {
            let name = format!("{}-{}", self.topic.name, partition.partition_index);
            match partition.error_code {
                ErrorCode::NONE => self.take_records(partition)?,
                ErrorCode::NOT_LEADER_OR_FOLLOWER
                | ErrorCode::LEADER_NOT_AVAILABLE
                | ErrorCode::FENCED_LEADER_EPOCH
                | ErrorCode::UNKNOWN_LEADER_EPOCH
                | ErrorCode::UNKNOWN_TOPIC_ID
                | ErrorCode::OFFSET_NOT_AVAILABLE
                | ErrorCode::KAFKA_STORAGE_ERROR => {
                    trouble = Some(format!("{name}: {}", partition.error_code));
                }
                error => {
                    return Err(Failure::of(format!("{name}: {error}: {}", error.message())));
                }
            }
        }
        Ok(trouble)
    }

    fn take_records(&mut self, partition: PartitionData) -> Result<(), Failure> {
        let index = partition.partition_index;
        let (Some(at), Records::Bytes(bytes)) = (self.positions.get_mut(&index), partition.records)
        else {
            return Ok(());
        };
        let until = self.ends.get(&index).copied().unwrap_or(i64::MAX);
        for batch in batches(bytes) {
            let wrong = |error: &dyn std::fmt::Display| {
                Failure::of(format!("{}-{index} at {at}: {error}", self.topic.name))
            };
            let batch = batch.map_err(|error| wrong(&error))?;
            let next = batch.header.last_offset().0 + 1;
            if !batch.header.attributes.is_control() && next > *at {
                self.ready.push_back(Fetched {
                    topic: self.topic.name.clone(),
                    partition: index,
                    from: *at,
                    until,
                    plain: batch
                        .plain(MAX_PLAIN_SIZE_BYTES)
                        .map_err(|error| wrong(&error))?,
                    batch,
                });
            }
            *at = next.max(*at);
        }
        Ok(())
    }

    /// Who leads may have changed.
    async fn look_again(&mut self, why: String) -> Result<(), Failure> {
        let now = self.client.clock.elapsed();
        let since = *self.troubled_since.get_or_insert(now);
        if now - since > PATIENCE {
            return Err(Failure::of(why));
        }
        tokio::time::sleep(PAUSE).await;
        if let Ok(topic) = Catalog::topic(self.client, &self.topic.name).await {
            self.topic = topic;
        }
        Ok(())
    }
}
