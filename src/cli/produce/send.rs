//! Batches sent to the leaders of their partitions until they are acknowledged.

use super::batches::Batch;
use crate::cli::catalog::{Catalog, Topic};
use crate::cli::client::{Client, ClientError};
use crate::cli::report::Failure;
use futures::future::join_all;
use ottla_protocol::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, TopicProduceData,
};
use ottla_protocol::{ErrorCode, Records, Str};
use std::collections::BTreeMap;
use std::time::Duration;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// See the module.
pub struct Sender<'a> {
    client: &'a Client,
    topic: Topic,
    acks: i16,
    patience: Duration,
    acknowledged: i64,
}

/// What became of one batch.
enum Fate {
    Written,
    /// Refused for now, or it never left.
    Again(String),
    Refused(String),
}

impl<'a> Sender<'a> {
    /// # Errors
    /// See [`Failure`]: without the topic, nothing can be sent.
    pub async fn open(
        client: &'a Client,
        topic: &str,
        acks: i16,
        patience: Duration,
    ) -> Result<Self, Failure> {
        Ok(Self {
            client,
            topic: Catalog::topic(client, topic).await?,
            acks,
            patience,
            acknowledged: 0,
        })
    }

    pub fn partitions(&self) -> i32 {
        i32::try_from(self.topic.partitions.len()).unwrap_or(i32::MAX)
    }

    /// Records, so far.
    pub fn acknowledged(&self) -> i64 {
        self.acknowledged
    }

    /// With what was written nonetheless.
    pub fn failed(&self, why: impl std::fmt::Display) -> Failure {
        Failure::of(format!(
            "{why}; {} records were acknowledged before",
            self.acknowledged
        ))
    }

    /// Sends them; those of one partition one after the other.
    ///
    /// # Errors
    /// See [`Failure`]: which records were not written is known only of those that were refused.
    pub async fn send(&mut self, batches: Vec<Batch>) -> Result<(), Failure> {
        let mut waiting: BTreeMap<i32, Vec<Batch>> = BTreeMap::new();
        for batch in batches {
            waiting.entry(batch.partition).or_default().push(batch);
        }
        let began = self.client.clock.elapsed();
        while !waiting.is_empty() {
            let first = waiting.values().filter_map(|queue| queue.first());
            let sending = first.map(|batch| self.deliver(batch));
            let mut again = None;
            let fates = join_all(sending).await;
            let partitions: Vec<i32> = waiting.keys().copied().collect();
            for (partition, fate) in partitions.into_iter().zip(fates) {
                let queue = waiting.get_mut(&partition).expect("it was just there");
                match fate {
                    Fate::Written => {
                        self.acknowledged += queue.remove(0).records;
                        if queue.is_empty() {
                            waiting.remove(&partition);
                        }
                    }
                    Fate::Again(why) => again = Some(why),
                    Fate::Refused(why) => {
                        return Err(self.failed(format!("partition {partition}: {why}")));
                    }
                }
            }
            if let Some(why) = again {
                if self.client.clock.elapsed() - began > self.patience {
                    return Err(self.failed(why));
                }
                tokio::time::sleep(PAUSE).await;
                self.look_again().await;
            }
        }
        Ok(())
    }

    /// The leaders as they are now; they stay what they were when nobody tells.
    async fn look_again(&mut self) {
        if let Ok(topic) = Catalog::topic(self.client, &self.topic.name).await {
            self.topic = topic;
        }
    }

    async fn deliver(&self, batch: &Batch) -> Fate {
        let mut partitions = self.topic.partitions.iter();
        let found = partitions.find(|one| one.index == batch.partition);
        let leader = match found {
            Some(partition) if partition.leader >= 0 => partition.leader,
            _ => return Fate::Again("the partition has no leader".to_owned()),
        };
        let timeout_ms = i32::try_from(self.client.times.answer.as_millis()).unwrap_or(i32::MAX);
        let request = ProduceRequest {
            transactional_id: None,
            acks: self.acks,
            timeout_ms,
            topic_data: vec![TopicProduceData {
                name: Str::from(&self.topic.name),
                topic_id: self.topic.id,
                partition_data: vec![PartitionProduceData {
                    index: batch.partition,
                    records: Records::Bytes(batch.bytes.clone()),
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        match self.client.ask_broker(leader, &request).await {
            Ok(response) => {
                let topics = response.responses.into_iter();
                let answer = topics.flat_map(|topic| topic.partition_responses).next();
                fate(answer.unwrap_or_default())
            }
            Err(error @ ClientError::UnknownBroker(_)) => Fate::Again(error.to_string()),
            Err(ClientError::Unreachable { address, error }) if error.is_before_sending() => {
                Fate::Again(format!("{address}: {error}"))
            }
            Err(error) => Fate::Refused(format!(
                "{error}; whether its last records were written is not known"
            )),
        }
    }
}

fn fate(answer: PartitionProduceResponse) -> Fate {
    let error = answer.error_code;
    let of_record = answer.record_errors.into_iter().next();
    let message = of_record
        .and_then(|one| one.batch_index_error_message)
        .or(answer.error_message);
    let why = match message {
        Some(message) => format!("{error}: {message}"),
        None => format!("{error}: {}", error.message()),
    };
    match error {
        ErrorCode::NONE => Fate::Written,
        // Nothing was appended.
        ErrorCode::NOT_LEADER_OR_FOLLOWER
        | ErrorCode::LEADER_NOT_AVAILABLE
        | ErrorCode::UNKNOWN_TOPIC_ID
        | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        | ErrorCode::FENCED_LEADER_EPOCH
        | ErrorCode::NOT_ENOUGH_REPLICAS
        | ErrorCode::KAFKA_STORAGE_ERROR => Fate::Again(why),
        _ => Fate::Refused(why),
    }
}
