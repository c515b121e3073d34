//! Produce (key 0), versions 3-13.
//!
//! v3 transactional id, record batches only (KIP-98); v5 log start offset; v7 zstd (KIP-110); v8 record errors (KIP-467);
//! v9 flexible; v10 the current leader in NOT_LEADER_OR_FOLLOWER (KIP-951); v11 TRANSACTION_ABORTABLE; v12 implicit
//! transactions (KIP-890); v13 topic ids (KIP-516). Advertised from 0 for librdkafka (KAFKA-18659); 0-2 are refused.
//!
//! The order of appends is decided before this returns; the answer waits for what `acks` asks.

use super::{Api, Caller, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use crate::metadata::internal_topics;
use crate::metadata::leader_hint::{LeaderEndpoint, LeaderHints};
use crate::partition::{Acks, AppendOptions, Appending, Refused};
use crate::quota::{Kind, wire_ms};
use futures::future::join_all;
use ottla_controller::ids::TopicId;
use ottla_controller::image::{Image, Topic};
use ottla_protocol::messages::produce::{
    BatchIndexAndErrorMessage, NodeEndpoint, PartitionProduceData, PartitionProduceResponse,
    ProduceRequest, ProduceResponse, TopicProduceData, TopicProduceResponse,
};
use ottla_protocol::{Bytes, ErrorCode, Records, Str, Uuid};
use ottla_storage::batch::BatchHeader;
use ottla_storage::log::Appended;
use ottla_storage::producers::Proof;
use std::sync::Arc;
use std::time::Duration;

/// The one client that may write to internal topics (`AdminUtils.ADMIN_CLIENT_ID`).
const ADMIN_CLIENT_ID: &str = "__admin_client";

/// From this version on an answer says who leads (KIP-951).
const LEADERS_FROM: i16 = 10;

pub struct Produce;

impl Api for Produce {
    type Request = ProduceRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 3..=13;
    const NEEDS: Needs = &[
        (Operation::Write, ResourceType::TransactionalId),
        (Operation::Write, ResourceType::Topic),
    ];
    const ADVERTISED_FROM: i16 = 0;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: ProduceRequest,
    ) -> Reply<ProduceResponse> {
        let image = context.metadata.image();
        let caller = context.caller(&meta);
        let started = match may_be_transactional(&caller, &request) {
            Err(error) => refuse(request.topic_data, error),
            Ok(()) => start(
                &context,
                &image,
                &meta,
                &caller,
                request.topic_data,
                request.acks,
                request.timeout_ms,
            ),
        };
        if request.acks != 0 {
            return Reply::later(async move {
                let mut response = answer(&context, &meta, finish(started).await);
                response.throttle_time_ms = wire_ms(charge(&context, &meta));
                response
            });
        }
        match finish(started).await.iter().any(has_error) {
            // No answer is expected: closing makes the client look for a new leader.
            true => Reply::Close("a produce with acks=0 failed"),
            false => Reply::Never(charge(&context, &meta)),
        }
    }
}

/// How long the client has to wait for having produced this much.
fn charge(context: &Context, meta: &Meta) -> Duration {
    context
        .quotas
        .bytes(Kind::Produce, meta.client(), meta.size_bytes)
}

/// Transactional batches belong to a transactional id, and nobody may use the absence of one (`KafkaApis.handleProduceRequest`).
fn may_be_transactional(caller: &Caller, request: &ProduceRequest) -> Result<(), ErrorCode> {
    let is_transactional = |asked: &PartitionProduceData| match &asked.records {
        Records::Bytes(records) => {
            BatchHeader::parse(records).is_some_and(|header| header.is_transactional())
        }
        Records::Null | Records::Deferred(_) => false,
    };
    let transactional = request
        .topic_data
        .iter()
        .flat_map(|topic| &topic.partition_data)
        .any(is_transactional);
    match &request.transactional_id {
        _ if !transactional => Ok(()),
        Some(id) => caller.may(Operation::Write, Resource::TransactionalId(id)),
        None => Err(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
    }
}

fn refuse(topics: Vec<TopicProduceData>, error: ErrorCode) -> Vec<Started> {
    let refuse_topic = |topic: TopicProduceData| Started {
        partitions: topic
            .partition_data
            .iter()
            .map(|asked| (asked.index, Err(Refused::new(error))))
            .collect(),
        name: topic.name,
        topic_id: topic.topic_id,
    };
    topics.into_iter().map(refuse_topic).collect()
}

/// A topic of the request with its appends under way.
struct Started {
    name: Str,
    topic_id: Uuid,
    partitions: Vec<(i32, Result<Appending, Refused>)>,
}

fn start(
    context: &Context,
    image: &Image,
    meta: &Meta,
    caller: &Caller,
    topics: Vec<TopicProduceData>,
    acks: i16,
    timeout_ms: i32,
) -> Vec<Started> {
    let options = Acks::from_wire(acks).map(|acks| AppendOptions {
        acks,
        timeout: Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0)),
        produce_version: meta.api_version,
        proof: Proof::Nothing,
    });
    let may_write_internal = meta.client_id.as_deref() == Some(ADMIN_CLIENT_ID);
    let start_topic = |asked: TopicProduceData| {
        let topic = find(image, caller, &asked, meta.api_version);
        let check = |topic: &Topic| match &options {
            _ if internal_topics::is_internal(&topic.name) && !may_write_internal => {
                Err(Refused::new(ErrorCode::INVALID_TOPIC_EXCEPTION))
            }
            None => Err(Refused::new(ErrorCode::INVALID_REQUIRED_ACKS)),
            Some(options) => Ok(*options),
        };
        let partitions = asked.partition_data.into_iter().map(|partition| {
            let index = partition.index;
            let appending = topic
                .as_ref()
                .map_err(|error| Refused::new(*error))
                .and_then(|topic| {
                    if topic.partition(index).is_none() {
                        return Err(Refused::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
                    }
                    append(context, image, topic, partition, &check(topic)?)
                });
            (index, appending)
        });
        Started {
            name: asked.name,
            topic_id: asked.topic_id,
            partitions: partitions.collect(),
        }
    };
    topics.into_iter().map(start_topic).collect()
}

/// The topic, if the caller may write to it. A name that they may not write to is refused whether it exists or not.
fn find<'a>(
    image: &'a Image,
    caller: &Caller,
    asked: &TopicProduceData,
    version: i16,
) -> Result<&'a Arc<Topic>, ErrorCode> {
    let may_write = |name: &str| caller.may(Operation::Write, Resource::Topic(name));
    if version >= 13 {
        let topic = image.topics.by_id(TopicId(asked.topic_id));
        let topic = topic.ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
        may_write(&topic.name)?;
        return Ok(topic);
    }
    may_write(&asked.name)?;
    image
        .topics
        .by_name(&asked.name)
        .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
}

fn append(
    context: &Context,
    image: &Image,
    topic: &Topic,
    asked: PartitionProduceData,
    options: &AppendOptions,
) -> Result<Appending, Refused> {
    let records = match asked.records {
        Records::Bytes(records) => records,
        Records::Null | Records::Deferred(_) => Bytes::new(),
    };
    let partition = context
        .partitions
        .by_id(image, topic.id, asked.index)
        .map_err(Refused::new)?;
    Ok(partition.append(records, options))
}

/// A topic of the answer.
struct Finished {
    name: Str,
    topic_id: Uuid,
    partitions: Vec<(i32, Result<Appended, Refused>)>,
}

async fn finish(started: Vec<Started>) -> Vec<Finished> {
    join_all(started.into_iter().map(finish_topic)).await
}

async fn finish_topic(topic: Started) -> Finished {
    Finished {
        name: topic.name,
        topic_id: topic.topic_id,
        partitions: join_all(topic.partitions.into_iter().map(finish_partition)).await,
    }
}

async fn finish_partition(
    (index, appending): (i32, Result<Appending, Refused>),
) -> (i32, Result<Appended, Refused>) {
    match appending {
        Ok(appending) => (index, appending.acknowledged().await),
        Err(refused) => (index, Err(refused)),
    }
}

fn has_error(topic: &Finished) -> bool {
    topic.partitions.iter().any(|(_, result)| result.is_err())
}

fn answer(context: &Context, meta: &Meta, finished: Vec<Finished>) -> ProduceResponse {
    let mut hints = LeaderHints::new(&context.metadata, &meta.peer.listener.name);
    let responses = finished.into_iter().map(|topic| TopicProduceResponse {
        partition_responses: topic
            .partitions
            .into_iter()
            .map(|(index, result)| match result {
                Ok(appended) => appended_response(index, &appended),
                Err(refused) => {
                    let is_elsewhere = refused.error == ErrorCode::NOT_LEADER_OR_FOLLOWER;
                    let mut response = refused_response(index, refused);
                    if is_elsewhere && meta.api_version >= LEADERS_FROM {
                        let leader = &mut response.current_leader;
                        (leader.leader_id, leader.leader_epoch) =
                            hints.of(&topic.name, topic.topic_id, index);
                    }
                    response
                }
            })
            .collect(),
        name: topic.name,
        topic_id: topic.topic_id,
        ..Default::default()
    });
    let responses = responses.collect();
    let endpoint = |leader: LeaderEndpoint| NodeEndpoint {
        node_id: leader.node_id,
        host: leader.host,
        port: leader.port,
        rack: leader.rack,
        ..Default::default()
    };
    let node_endpoints = hints.endpoints().into_iter().map(endpoint).collect();
    ProduceResponse {
        responses,
        node_endpoints,
        ..Default::default()
    }
}

fn appended_response(index: i32, appended: &Appended) -> PartitionProduceResponse {
    PartitionProduceResponse {
        index,
        base_offset: appended.base_offset.0,
        log_append_time_ms: appended.append_time,
        log_start_offset: appended.log_start.0,
        ..Default::default()
    }
}

fn refused_response(index: i32, refused: Refused) -> PartitionProduceResponse {
    let mut response = PartitionProduceResponse {
        index,
        error_code: refused.error,
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: refused.log_start.0,
        error_message: refused.message.map(Str::from),
        ..Default::default()
    };
    response.record_errors = refused
        .record_errors
        .into_iter()
        .map(|error| BatchIndexAndErrorMessage {
            batch_index: error.batch_index,
            batch_index_error_message: Some(Str::from(error.message)),
            ..Default::default()
        })
        .collect();
    response
}
