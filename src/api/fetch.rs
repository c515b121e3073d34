//! Fetch (key 1), versions 4-18.
//!
//! v4 isolation levels (KIP-98); v5 log start offset; v7 sessions (KIP-227); v9 leader epochs (KIP-320); v11 racks (KIP-392);
//! v12 flexible, divergence (KIP-595); v13 topic ids (KIP-516); v15 replica state (KIP-903); v16 endpoints of the current
//! leader (KIP-951); v17 directory ids (KIP-853); v18 follower high watermarks (KIP-1166).
//!
//! Records leave as regions of files, unread. From version 11 on a consumer may be answered by a follower.

use super::{
    Api, Caller, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, throttled,
};
use crate::config::ReplicationValues;
use crate::fetch::{self, Answer, PartitionKey, Reader, TopicKey, Wanted};
use crate::metadata::leader_hint::{LeaderEndpoint, LeaderHints};
use crate::metadata::view::View;
use crate::partition::{Isolation, Partition, ReadAnswer};
use crate::quota::{Kind, wire_ms};
use ottla_controller::ids::{BrokerEpoch, BrokerId, TopicId};
use ottla_controller::image::Image;
use ottla_protocol::messages::fetch::{
    AbortedTransaction, FetchRequest, FetchResponse, FetchTopic, FetchableTopicResponse,
    ForgottenTopic, NodeEndpoint, PartitionData,
};
use ottla_protocol::{ErrorCode, Records, Str, Uuid};
use ottla_storage::offset::{LeaderEpoch, Offset};
use std::sync::Arc;
use std::time::Duration;

const TOPIC_IDS_FROM: i16 = 13;
const READ_COMMITTED: i8 = 1;
const RACKS_FROM: i16 = 11;
const REPLICA_STATE_FROM: i16 = 15;
/// A replica that does not say which process of the broker it is.
const NO_EPOCH: i64 = -1;

pub struct Fetch;

impl Api for Fetch {
    type Request = FetchRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 4..=18;
    const NEEDS: Needs = &[
        (Operation::ClusterAction, ResourceType::Cluster),
        (Operation::Read, ResourceType::Topic),
    ];

    /// A replica's.
    fn is_exempt(request: &FetchRequest) -> bool {
        request.replica_id >= 0 || request.replica_state.replica_id >= 0
    }

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: FetchRequest,
    ) -> Reply<FetchResponse> {
        let metadata = context.metadata.clone();
        let request = asked(&context, &meta, request);
        let caller = context.caller(&meta);
        let may = MayRead::of(&caller, request.reader);
        let may_read = |key: &PartitionKey| find(&context, &metadata.image(), &may, key);
        let is_follower = matches!(request.reader, Reader::Follower(..));
        let mut throttle = Duration::ZERO;
        let admits = |size_bytes| {
            throttle = match is_follower {
                true => Duration::ZERO,
                false => charge(&context, &meta, size_bytes),
            };
            throttle.is_zero()
        };
        let fetched = fetch::fetch_within(&context.fetches, request, may_read, admits).await;
        Reply::Now(match fetched {
            Ok(answer) => {
                if is_follower {
                    throttled::sent(&context, &answer);
                }
                FetchResponse {
                    throttle_time_ms: wire_ms(throttle),
                    ..answered(&context, &meta, answer)
                }
            }
            Err(error_code) => FetchResponse {
                error_code,
                ..Default::default()
            },
        })
    }
}

/// How long the client has to wait for this answer: then it gets an empty one now, and nothing is counted.
fn charge(context: &Context, meta: &Meta, size_bytes: usize) -> Duration {
    let throttle = context.quotas.bytes(Kind::Fetch, meta.client(), size_bytes);
    if !throttle.is_zero() {
        let client = meta.client();
        context.quotas.unrecord(Kind::Fetch, client, size_bytes);
    }
    throttle
}

/// The request with its limits applied.
fn asked(context: &Context, meta: &Meta, request: FetchRequest) -> fetch::Request {
    let uses_topic_ids = meta.api_version >= TOPIC_IDS_FROM;
    let ceiling = i32::try_from(context.values().requests.fetch_max_bytes).unwrap_or(i32::MAX);
    let reader = reader(meta.api_version, &request);
    let max_bytes = match reader {
        // Its own configuration bounds it.
        Reader::Follower(..) => request.max_bytes,
        Reader::OfLeaders | Reader::OfReplicas => {
            let most = context.quotas.most_in_window(Kind::Fetch, meta.client());
            let most = most.map_or(ceiling, |most| i32::try_from(most).unwrap_or(i32::MAX));
            request.max_bytes.min(ceiling).min(most)
        }
    };
    fetch::Request {
        session_id: request.session_id,
        session_epoch: request.session_epoch,
        uses_topic_ids,
        reader,
        nearby: match reader == Reader::OfReplicas && !request.rack_id.is_empty() {
            true => nearby(context, meta, &request.rack_id),
            false => Arc::default(),
        },
        isolation: match (reader, request.isolation_level) {
            (Reader::Follower(..), _) => Isolation::Replica,
            (_, READ_COMMITTED) => Isolation::ReadCommitted,
            _ => Isolation::ReadUncommitted,
        },
        max_wait: Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)),
        min_bytes: request.min_bytes.min(max_bytes),
        max_bytes,
        named: request
            .topics
            .into_iter()
            .flat_map(|topic| named(topic, uses_topic_ids))
            .collect(),
        forgotten: request
            .forgotten_topics_data
            .into_iter()
            .flat_map(|topic| forgotten(topic, uses_topic_ids))
            .collect(),
        brake: match reader {
            Reader::Follower(..) => throttled::brake(context),
            Reader::OfLeaders | Reader::OfReplicas => None,
        },
    }
}

fn reader(version: i16, request: &FetchRequest) -> Reader {
    let (replica, epoch) = match version {
        REPLICA_STATE_FROM.. => {
            let state = &request.replica_state;
            (state.replica_id, state.replica_epoch)
        }
        _ => (request.replica_id, NO_EPOCH),
    };
    let epoch = Some(BrokerEpoch(epoch)).filter(|epoch| epoch.0 > NO_EPOCH);
    match replica {
        0.. => Reader::Follower(BrokerId(replica), epoch),
        _ if version >= RACKS_FROM => Reader::OfReplicas,
        _ => Reader::OfLeaders,
    }
}

/// Who serves in the rack of a consumer, on its listener; nobody unless consumers are sent to replicas near them.
fn nearby(context: &Context, meta: &Meta, rack: &str) -> Arc<[BrokerId]> {
    let image = context.metadata.image();
    let view = View {
        image: &image,
        listener: &meta.peer.listener.name,
    };
    in_rack(view, rack, &context.values().replication)
}

fn in_rack(view: View<'_>, rack: &str, values: &ReplicationValues) -> Arc<[BrokerId]> {
    if !values.prefers_own_rack {
        return Arc::default();
    }
    let near = view
        .alive_brokers()
        .filter(|(broker, _)| broker.rack.as_deref() == Some(rack));
    near.map(|(broker, _)| broker.id).collect()
}

/// Detached names: a session outlives the request's frame.
fn topic_key(name: &Str, id: Uuid, uses_topic_ids: bool) -> TopicKey {
    if uses_topic_ids {
        TopicKey::Id(id)
    } else {
        TopicKey::Name(name.detached())
    }
}

fn named(topic: FetchTopic, uses_topic_ids: bool) -> impl Iterator<Item = (PartitionKey, Wanted)> {
    let key = topic_key(&topic.topic, topic.topic_id, uses_topic_ids);
    topic.partitions.into_iter().map(move |partition| {
        let epoch = |epoch: i32| Some(LeaderEpoch(epoch)).filter(|epoch| epoch.0 >= 0);
        let wanted = Wanted {
            fetch_offset: Offset(partition.fetch_offset),
            partition_max_bytes: partition.partition_max_bytes,
            current_leader_epoch: epoch(partition.current_leader_epoch),
            last_fetched_epoch: epoch(partition.last_fetched_epoch),
            log_start: Offset(partition.log_start_offset),
        };
        (
            PartitionKey {
                topic: key.clone(),
                index: partition.partition,
            },
            wanted,
        )
    })
}

fn forgotten(topic: ForgottenTopic, uses_topic_ids: bool) -> impl Iterator<Item = PartitionKey> {
    let key = topic_key(&topic.topic, topic.topic_id, uses_topic_ids);
    topic.partitions.into_iter().map(move |index| PartitionKey {
        topic: key.clone(),
        index,
    })
}

/// Whose partitions somebody may read: a broker that follows those of all topics, anybody else's by topic.
enum MayRead<'a> {
    All(Result<(), ErrorCode>),
    ByTopic(&'a Caller),
}

impl<'a> MayRead<'a> {
    fn of(caller: &'a Caller, reader: Reader) -> Self {
        match reader {
            Reader::Follower(..) => {
                let may = caller.may(Operation::ClusterAction, Resource::Cluster);
                Self::All(may.map_err(|_| ErrorCode::TOPIC_AUTHORIZATION_FAILED))
            }
            Reader::OfLeaders | Reader::OfReplicas => Self::ByTopic(caller),
        }
    }

    fn topic(&self, name: &str) -> Result<(), ErrorCode> {
        match self {
            Self::All(may) => *may,
            Self::ByTopic(caller) => caller.may(Operation::Read, Resource::Topic(name)),
        }
    }
}

/// The partition, or why there is nothing to read for this client. A name that they may not read is refused whether it exists or not.
fn find(
    context: &Context,
    image: &Image,
    may_read: &MayRead<'_>,
    key: &PartitionKey,
) -> Result<Arc<Partition>, ErrorCode> {
    let topic = match &key.topic {
        TopicKey::Id(id) => {
            let topic = image.topics.by_id(TopicId(*id));
            let topic = topic.ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
            may_read.topic(&topic.name)?;
            topic
        }
        TopicKey::Name(name) => {
            may_read.topic(name)?;
            let topic = image.topics.by_name(name);
            topic.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?
        }
    };
    if topic.partition(key.index).is_none() {
        return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    }
    context.partitions.by_id(image, topic.id, key.index)
}

fn answered(context: &Context, meta: &Meta, answer: Answer) -> FetchResponse {
    let mut hints = LeaderHints::new(&context.metadata, &meta.peer.listener.name);
    let mut responses: Vec<FetchableTopicResponse> = Vec::new();
    let mut last: Option<TopicKey> = None;
    for (key, read) in answer.partitions {
        let data = partition_data(meta.api_version, &key, read, &mut hints);
        // Partitions come in the order they were read; those of one topic that follow each other share an entry.
        if last.as_ref() != Some(&key.topic) {
            let (topic, topic_id) = name_and_id(&key.topic);
            responses.push(FetchableTopicResponse {
                topic,
                topic_id,
                ..Default::default()
            });
            last = Some(key.topic);
        }
        if let Some(topic) = responses.last_mut() {
            topic.partitions.push(data);
        }
    }
    let endpoint = |leader: LeaderEndpoint| NodeEndpoint {
        node_id: leader.node_id,
        host: leader.host,
        port: leader.port,
        rack: leader.rack,
        ..Default::default()
    };
    let node_endpoints = hints.endpoints().into_iter().map(endpoint).collect();
    FetchResponse {
        session_id: answer.session_id,
        responses,
        node_endpoints,
        ..Default::default()
    }
}

fn name_and_id(topic: &TopicKey) -> (Str, Uuid) {
    match topic {
        TopicKey::Id(id) => (Str::EMPTY, *id),
        TopicKey::Name(name) => (name.clone(), Uuid::ZERO),
    }
}

fn partition_data(
    version: i16,
    key: &PartitionKey,
    read: ReadAnswer,
    hints: &mut LeaderHints,
) -> PartitionData {
    let mut data = PartitionData {
        partition_index: key.index,
        error_code: read.error,
        high_watermark: read.high_watermark.0,
        last_stable_offset: read.last_stable_offset.0,
        log_start_offset: read.log_start.0,
        preferred_read_replica: read.preferred.unwrap_or(BrokerId::NONE).0,
        ..Default::default()
    };
    if version <= 5 && read.error == ErrorCode::KAFKA_STORAGE_ERROR {
        // Clients of that age take it for a fatal error (`maybeDownConvertStorageError`).
        data.error_code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    }
    let is_elsewhere = [
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ErrorCode::FENCED_LEADER_EPOCH,
    ]
    .contains(&read.error);
    if version >= 16 && is_elsewhere {
        let (name, id) = name_and_id(&key.topic);
        (
            data.current_leader.leader_id,
            data.current_leader.leader_epoch,
        ) = hints.of(&name, id, key.index);
    }
    if let Some((epoch, end)) = read.diverging {
        (data.diverging_epoch.epoch, data.diverging_epoch.end_offset) = (epoch.0, end.0);
    }
    data.aborted_transactions = read.aborted.as_ref().map(|aborted| {
        let to_wire = |one: &ottla_storage::producers::AbortedTransaction| AbortedTransaction {
            producer_id: one.producer_id.0,
            first_offset: one.first_offset.0,
            ..Default::default()
        };
        aborted.iter().map(to_wire).collect()
    });
    data.records = match read.error {
        ErrorCode::NONE => read.into_records(),
        _ => Records::Bytes(Default::default()),
    };
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{BrokerValues, Layers, StaticConfig, Unset};
    use ottla_controller::delta::Delta;
    use ottla_protocol::records::metadata::{BrokerEndpoint, MetadataRecord, RegisterBrokerRecord};

    /// Brokers 1 to 4; 1 and 2 are in rack a, 3 in b, 4 in a and fenced.
    fn image() -> Image {
        let (mut image, mut delta) = (Image::default(), Delta::default());
        for (broker_id, rack, fenced) in [
            (1, "a", false),
            (2, "a", false),
            (3, "b", false),
            (4, "a", true),
        ] {
            let record = MetadataRecord::RegisterBroker(RegisterBrokerRecord {
                broker_id,
                rack: Some(rack.into()),
                fenced,
                end_points: vec![BrokerEndpoint {
                    name: "CLIENTS".into(),
                    host: "h".into(),
                    port: 9092,
                    ..Default::default()
                }],
                ..Default::default()
            });
            image.apply(&record, &mut delta).unwrap();
        }
        image
    }

    #[test]
    fn a_consumer_is_sent_to_a_replica_in_its_rack_only_where_that_is_configured() {
        let near = |selector: &str, listener: &str, rack: &str| {
            let node = StaticConfig::of(&[("replica.selector.class", selector)]);
            let values = BrokerValues::resolve(&Layers {
                broker: &Unset,
                cluster: &Unset,
                node: &node,
            });
            let image = image();
            let view = View {
                image: &image,
                listener,
            };
            let near = in_rack(view, rack, &values.replication);
            near.iter().map(|broker| broker.0).collect::<Vec<_>>()
        };
        let (aware, leader) = (
            "org.apache.kafka.common.replica.RackAwareReplicaSelector",
            "org.apache.kafka.common.replica.LeaderSelector",
        );
        assert_eq!(near(aware, "CLIENTS", "a"), [1, 2]);
        assert_eq!(near(aware, "CLIENTS", "b"), [3]);
        assert_eq!(near(aware, "CLIENTS", "c"), [0; 0]);
        assert_eq!(near(aware, "OTHERS", "a"), [0; 0]);
        assert_eq!(near(leader, "CLIENTS", "a"), [0; 0]);
    }
}
