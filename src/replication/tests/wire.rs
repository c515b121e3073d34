//! The way between the nodes of a bench: requests are handed over as they are, late, or not at all.

use super::bench::{Bench, Node};
use crate::fetch::{self, PartitionKey, Reader, TopicKey, Wanted};
use crate::partition::{Isolation, Regions};
use crate::replication::{Leader, Leaders};
use crate::world::Rng;
use futures::future::{BoxFuture, FutureExt};
use ottla_controller::ids::{BrokerEpoch, BrokerId, TopicId};
use ottla_protocol::Records;
use ottla_protocol::messages::fetch::{
    FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData,
};
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use ottla_storage::offset::{LeaderEpoch, Offset};
use ottla_storage::segment::Patience;
use parking_lot::Mutex;
use std::any::Any;
use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// What may happen on the way. Node 0 is the controller.
pub struct Network {
    rng: Rng,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// From, to.
    cut: BTreeSet<(i32, i32)>,
    swallowed: BTreeSet<(i32, i32)>,
    /// Of a thousand messages.
    lost: u64,
    delay_max_ms: u64,
}

impl Network {
    pub fn new(rng: Rng) -> Arc<Self> {
        Arc::new(Self {
            rng,
            state: Mutex::default(),
        })
    }

    pub fn set(&self, lost: u64, delay_max_ms: u64) {
        let mut state = self.state.lock();
        (state.lost, state.delay_max_ms) = (lost, delay_max_ms);
    }

    pub fn cut(&self, from: i32, to: i32) {
        self.state.lock().cut.insert((from, to));
    }

    /// What goes this way is never heard of again.
    pub fn swallow(&self, from: i32, to: i32) {
        self.state.lock().swallowed.insert((from, to));
    }

    pub fn heal(&self) {
        let mut state = self.state.lock();
        state.cut.clear();
        state.swallowed.clear();
    }

    /// One message's way.
    pub async fn crosses(&self, from: i32, to: i32) -> Result<(), String> {
        if self.state.lock().swallowed.contains(&(from, to)) {
            std::future::pending::<()>().await;
        }
        let (is_lost, delay_ms) = {
            let state = self.state.lock();
            let is_lost = state.cut.contains(&(from, to)) || self.rng.below(1_000) < state.lost;
            (is_lost, self.rng.below(state.delay_max_ms + 1))
        };
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        match is_lost {
            true => {
                tokio::time::sleep(Duration::from_millis(200)).await;
                Err("lost".to_owned())
            }
            false => Ok(()),
        }
    }
}

/// How one node reaches the others.
pub struct Wire {
    pub bench: Weak<Bench>,
    pub from: i32,
}

struct Remote {
    bench: Weak<Bench>,
    from: i32,
    to: i32,
}

impl Leaders for Wire {
    fn find(&self, broker: BrokerId, _: u32) -> Option<Arc<dyn Leader>> {
        Some(Arc::new(Remote {
            bench: self.bench.clone(),
            from: self.from,
            to: broker.0,
        }))
    }
}

impl Remote {
    async fn reached(&self) -> Result<(Arc<Bench>, Arc<Node>), String> {
        let bench = self.bench.upgrade().ok_or("gone")?;
        bench.network.crosses(self.from, self.to).await?;
        let node = bench.node(self.to).ok_or("refused")?;
        Ok((bench, node))
    }
}

impl Leader for Remote {
    fn fetch(
        &self,
        request: FetchRequest,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<FetchResponse, String>> {
        let fetching = async move {
            let (bench, node) = self.reached().await?;
            let answer = serve_fetch(&bench, &node, request).await;
            if bench
                .node(self.to)
                .is_none_or(|now| !Arc::ptr_eq(&now, &node))
            {
                return Err("it died".to_owned());
            }
            bench.network.crosses(self.to, self.from).await?;
            Ok(answer)
        };
        let timed = tokio::time::timeout(timeout, fetching);
        timed
            .map(|answer| answer.unwrap_or_else(|_| Err("no answer in time".to_owned())))
            .boxed()
    }

    fn list_offsets(
        &self,
        request: ListOffsetsRequest,
        _: Duration,
    ) -> BoxFuture<'_, Result<ListOffsetsResponse, String>> {
        async move {
            let (bench, node) = self.reached().await?;
            let answer = serve_list_offsets(&bench, &node, &request).await;
            bench.network.crosses(self.to, self.from).await?;
            Ok(answer)
        }
        .boxed()
    }
}

async fn serve_fetch(bench: &Bench, node: &Node, request: FetchRequest) -> FetchResponse {
    let follower = Reader::Follower(
        BrokerId(request.replica_state.replica_id),
        Some(BrokerEpoch(request.replica_state.replica_epoch)),
    );
    let key = |id, index| PartitionKey {
        topic: TopicKey::Id(id),
        index,
    };
    let named = request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|asked| {
            let wanted = Wanted {
                fetch_offset: Offset(asked.fetch_offset),
                partition_max_bytes: asked.partition_max_bytes,
                current_leader_epoch: Some(LeaderEpoch(asked.current_leader_epoch)),
                last_fetched_epoch: Some(LeaderEpoch(asked.last_fetched_epoch))
                    .filter(|epoch| epoch.0 >= 0),
                log_start: Offset(asked.log_start_offset),
            };
            (key(topic.topic_id, asked.partition), wanted)
        })
    });
    let forgotten = request.forgotten_topics_data.iter().flat_map(|topic| {
        topic
            .partitions
            .iter()
            .map(|index| key(topic.topic_id, *index))
    });
    let asked = fetch::Request {
        session_id: request.session_id,
        session_epoch: request.session_epoch,
        uses_topic_ids: true,
        reader: follower,
        nearby: Arc::default(),
        isolation: Isolation::Replica,
        max_wait: Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap()),
        min_bytes: request.min_bytes,
        max_bytes: request.max_bytes,
        named: named.collect(),
        forgotten: forgotten.collect(),
        brake: None,
    };
    let resolve = |key: &PartitionKey| match &key.topic {
        TopicKey::Id(id) => node.table.by_id(&bench.image(), TopicId(*id), key.index),
        TopicKey::Name(_) => panic!("followers go by ids"),
    };
    match fetch::fetch(&node.fetches, asked, resolve).await {
        Err(error_code) => FetchResponse {
            error_code,
            ..Default::default()
        },
        Ok(answer) => FetchResponse {
            session_id: answer.session_id,
            responses: answer.partitions.into_iter().map(told).collect(),
            ..Default::default()
        },
    }
}

fn told((key, read): (PartitionKey, crate::partition::ReadAnswer)) -> FetchableTopicResponse {
    let TopicKey::Id(topic_id) = key.topic else {
        panic!("followers go by ids")
    };
    let mut data = PartitionData {
        partition_index: key.index,
        error_code: read.error,
        high_watermark: read.high_watermark.0,
        log_start_offset: read.log_start.0,
        ..Default::default()
    };
    if let Some((epoch, end)) = read.diverging {
        (data.diverging_epoch.epoch, data.diverging_epoch.end_offset) = (epoch.0, end.0);
    }
    data.records = Records::Bytes(match read.into_records() {
        Records::Deferred(deferred) => {
            let source: &dyn Any = &*deferred.source;
            let Regions(regions) = source.downcast_ref().unwrap();
            // A log that was cut meanwhile gives an error, which ends the connection.
            let read = regions.iter().map(|region| region.to_vec(Patience::Wait));
            let read = read.collect::<Result<Vec<_>, _>>();
            read.map_or_else(|_| Default::default(), |pieces| pieces.concat().into())
        }
        _ => Default::default(),
    });
    FetchableTopicResponse {
        topic_id,
        partitions: vec![data],
        ..Default::default()
    }
}

async fn serve_list_offsets(
    bench: &Bench,
    node: &Node,
    request: &ListOffsetsRequest,
) -> ListOffsetsResponse {
    let topic = &request.topics[0];
    let asked = &topic.partitions[0];
    let mut answer = ListOffsetsPartitionResponse {
        partition_index: asked.partition_index,
        ..Default::default()
    };
    let found = node
        .table
        .by_name(&bench.image(), &topic.name, asked.partition_index);
    let listed = match found {
        Ok(partition) => {
            let epoch = Some(LeaderEpoch(asked.current_leader_epoch));
            partition
                .list_offset(asked.timestamp, Isolation::Replica, epoch)
                .await
        }
        Err(error) => Err(error),
    };
    match listed {
        Ok(listed) => answer.offset = listed.offset.0,
        Err(error) => answer.error_code = error,
    }
    ListOffsetsResponse {
        topics: vec![ListOffsetsTopicResponse {
            name: topic.name.clone(),
            partitions: vec![answer],
            ..Default::default()
        }],
        ..Default::default()
    }
}
