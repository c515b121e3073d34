//! Metadata (key 3), versions 0-13.
//!
//! v1 controller, racks, null topics for all; v2 cluster id; v3 throttle time; v4 allow_auto_topic_creation; v5 offline
//! replicas; v7 leader epochs (KIP-320); v8 authorised operations (KIP-430); v9 flexible; v10 topic ids (KIP-516);
//! v11 no cluster operations; v12 topics by id; v13 top-level error for re-bootstrapping (KIP-1102).
//!
//! Differs from Kafka on purpose: a topic created on first use is waited for (bounded) and answered whole, where Kafka
//! answers UNKNOWN_TOPIC_OR_PARTITION and lets the client ask again.

use super::{Api, Caller, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use crate::auth::operations;
use crate::metadata::internal_topics;
use crate::metadata::sightings::{Doubted, Sightings};
use crate::metadata::view::{Rules, View};
use ottla_controller::decide::reason_invalid_topic_name;
use ottla_controller::ids::{BrokerId, TopicId};
use ottla_controller::image::{Image, Topic};
use ottla_protocol::messages::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use ottla_protocol::{ErrorCode, Str, Uuid};
use std::collections::BTreeSet;
use std::sync::Arc;

pub struct Metadata;

impl Api for Metadata {
    type Request = MetadataRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=13;
    const NEEDS: Needs = &[
        (Operation::Describe, ResourceType::Topic),
        (Operation::Create, ResourceType::Cluster),
        (Operation::Create, ResourceType::Topic),
    ];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: MetadataRequest,
    ) -> Reply<MetadataResponse> {
        let Some(mut wanted) = Wanted::of(&request, meta.api_version) else {
            return Reply::Now(refused(&request, ErrorCode::INVALID_REQUEST));
        };
        let mut image = context.metadata.image();
        let creates = request.allow_auto_topic_creation && context.values().topics.auto_create;
        let caller = context.caller(&meta);
        let hidden = wanted.hide(&caller, &image, creates);
        if let (Wanted::Names(names), true) = (&wanted, creates) {
            let layers = context.layers(&image);
            let is_lone = context.is_lone(&image);
            let creatable =
                |name: &Str| internal_topics::creatable(name, &layers.as_layers(), is_lone);
            image = context.auto_create.ensure(image, names, creatable).await;
            // So that the client's first produce finds the log open.
            context.logs_open(image.offset).await;
        }
        let names = |image: &Image, doubted: &Doubted| wanted.names_one(image, doubted);
        let (image, doubted) = context
            .sightings
            .settled(&context.metadata, image, names)
            .await;
        let asked = Asked {
            meta: &meta,
            caller: &caller,
            request: &request,
            wanted: &wanted,
        };
        let mut response = answer(&image, &asked, &context.sightings, &doubted);
        response.topics.extend(hidden);
        Reply::Now(response)
    }
}

/// A request and who asked.
struct Asked<'a> {
    meta: &'a Meta,
    caller: &'a Caller,
    request: &'a MetadataRequest,
    wanted: &'a Wanted,
}

/// Which topics a request is about.
enum Wanted {
    All,
    Names(BTreeSet<Str>),
    Ids(BTreeSet<Uuid>),
}

impl Wanted {
    /// `None` where a request is refused as a whole: ids, or no name, before version 12; a topic with neither in any.
    fn of(request: &MetadataRequest, version: i16) -> Option<Wanted> {
        let topics = match &request.topics {
            None => return Some(Wanted::All),
            Some(topics) if topics.is_empty() && version == 0 => return Some(Wanted::All),
            Some(topics) => topics,
        };
        if topics
            .iter()
            .any(|topic| topic.name.is_none() && topic.topic_id == Uuid::ZERO)
        {
            return None;
        }
        if version < 12
            && topics
                .iter()
                .any(|topic| topic.name.is_none() || topic.topic_id != Uuid::ZERO)
        {
            return None;
        }
        let ids: BTreeSet<Uuid> = topics
            .iter()
            .map(|topic| topic.topic_id)
            .filter(|id| *id != Uuid::ZERO)
            .collect();
        if ids.is_empty() {
            return Some(Wanted::Names(
                topics
                    .iter()
                    .filter_map(|topic| topic.name.clone())
                    .collect(),
            ));
        }
        Some(Wanted::Ids(ids))
    }

    /// Takes out the topics that the caller may not see, or not create, and answers those that were named. What is not there is refused
    /// like what is: nobody learns what exists. An id says nothing, and is returned.
    fn hide(
        &mut self,
        caller: &Caller,
        image: &Image,
        creates: bool,
    ) -> Vec<MetadataResponseTopic> {
        let mut hidden = Vec::new();
        if caller.is_anybody() {
            return hidden;
        }
        let mut hide = |error_code: ErrorCode, name: Option<Str>, topic_id: Uuid| {
            hidden.push(MetadataResponseTopic {
                error_code,
                is_internal: creates && name.as_deref().is_some_and(internal_topics::is_internal),
                name,
                topic_id,
                ..Default::default()
            });
        };
        match self {
            // Left out when they are listed.
            Wanted::All => {}
            Wanted::Ids(ids) => ids.retain(|id| {
                let topic = image.topics.by_id(TopicId(*id));
                let seen = topic.map_or(Ok(()), |topic| {
                    caller.may(Operation::Describe, Resource::Topic(&topic.name))
                });
                seen.map_err(|error| hide(error, None, *id)).is_ok()
            }),
            Wanted::Names(names) => names.retain(|name| {
                let is_new = creates && image.topics.by_name(name).is_none();
                let seen = caller.may(Operation::Describe, Resource::Topic(name));
                let created = seen.and_then(|()| {
                    match is_new && !caller.could(Operation::Create, Resource::Cluster) {
                        true => caller.may(Operation::Create, Resource::Topic(name)),
                        false => Ok(()),
                    }
                });
                let refused = created.map_err(|error| hide(error, Some(name.clone()), Uuid::ZERO));
                refused.is_ok()
            }),
        }
        hidden
    }

    /// Whether the answer would name one of these brokers as a leader.
    fn names_one(&self, image: &Image, leaders: &Doubted) -> bool {
        let named = |topic: &Topic| {
            let mut led = topic.partitions.iter().filter_map(|(_, one)| one.leader);
            led.any(|leader| leaders.contains(&leader))
        };
        let named = |topic: Option<&Arc<Topic>>| topic.is_some_and(|topic| named(topic));
        match self {
            Wanted::All => image.topics.iter().any(|topic| named(Some(topic))),
            Wanted::Names(names) => names.iter().any(|name| named(image.topics.by_name(name))),
            Wanted::Ids(ids) => ids.iter().any(|id| named(image.topics.by_id(TopicId(*id)))),
        }
    }
}

/// What a request that Kafka refuses as a whole is answered (`MetadataRequest.getErrorResponse`).
fn refused(request: &MetadataRequest, error: ErrorCode) -> MetadataResponse {
    let topics = request.topics.iter().flatten();
    MetadataResponse {
        topics: topics
            .map(|topic| MetadataResponseTopic {
                error_code: error,
                name: Some(topic.name.clone().unwrap_or_default()),
                topic_id: topic.topic_id,
                ..Default::default()
            })
            .collect(),
        error_code: error,
        ..Default::default()
    }
}

fn answer(
    image: &Image,
    asked: &Asked<'_>,
    sightings: &Sightings,
    doubted: &Doubted,
) -> MetadataResponse {
    let Asked {
        meta,
        caller,
        request,
        wanted,
    } = asked;
    let view = View {
        image,
        listener: &meta.peer.listener.name,
    };
    let rules = Rules {
        drop_unavailable: meta.api_version == 0,
        listener_error: meta.api_version >= 6,
    };
    let mut topics: Vec<MetadataResponseTopic> = match wanted {
        Wanted::All => image
            .topics
            .iter()
            .filter(|topic| caller.could(Operation::Describe, Resource::Topic(&topic.name)))
            .map(|topic| describe(view, topic, rules))
            .collect(),
        Wanted::Names(names) => names
            .iter()
            .map(|name| by_name(view, name, rules))
            .collect(),
        Wanted::Ids(ids) => ids.iter().map(|id| by_id(view, *id, rules)).collect(),
    };
    if request.include_topic_authorized_operations {
        for topic in &mut topics {
            if let Some(name) = &topic.name {
                topic.topic_authorized_operations = caller.operations(Resource::Topic(name));
            }
        }
    }
    hide_doubted(&mut topics, doubted);
    let brokers: Vec<MetadataResponseBroker> = view
        .all_brokers()
        .filter(|(broker, _)| sightings.lists(broker))
        .map(|(broker, endpoint)| MetadataResponseBroker {
            node_id: broker.id.0,
            host: Str::from(&*endpoint.host),
            port: i32::from(endpoint.port),
            rack: broker.rack.as_deref().map(Str::from),
            ..Default::default()
        })
        .collect();
    MetadataResponse {
        // Any serving broker forwards what belongs to the controller (`getRandomAliveBrokerId`).
        controller_id: view
            .alive_brokers()
            .find(|(broker, _)| !doubted.contains(&broker.id))
            .map_or(-1, |(broker, _)| broker.id.0),
        brokers,
        cluster_id: image.cluster_id.as_deref().map(Str::from),
        topics,
        cluster_authorized_operations: match request.include_cluster_authorized_operations {
            true => caller.operations_on_cluster(),
            false => operations::NOT_ASKED,
        },
        ..Default::default()
    }
}

/// A leader that cannot be seen is not named: its partitions are about to get another.
fn hide_doubted(topics: &mut [MetadataResponseTopic], doubted: &Doubted) {
    if doubted.is_empty() {
        return;
    }
    for topic in topics {
        let hidden = topic
            .partitions
            .iter_mut()
            .filter(|partition| doubted.contains(&BrokerId(partition.leader_id)));
        for partition in hidden {
            partition.error_code = ErrorCode::LEADER_NOT_AVAILABLE;
            partition.leader_id = BrokerId::NONE.0;
        }
    }
}

fn by_name(view: View<'_>, name: &Str, rules: Rules) -> MetadataResponseTopic {
    if let Some(topic) = view.image.topics.by_name(name) {
        return describe(view, topic, rules);
    }
    let error_code = match reason_invalid_topic_name(name) {
        None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Some(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
    };
    let is_internal = internal_topics::is_internal(name);
    MetadataResponseTopic {
        error_code,
        name: Some(name.clone()),
        is_internal,
        ..Default::default()
    }
}

fn by_id(view: View<'_>, id: Uuid, rules: Rules) -> MetadataResponseTopic {
    match view.image.topics.by_id(TopicId(id)) {
        Some(topic) => describe(view, topic, rules),
        None => MetadataResponseTopic {
            error_code: ErrorCode::UNKNOWN_TOPIC_ID,
            topic_id: id,
            name: None,
            ..Default::default()
        },
    }
}

fn describe(view: View<'_>, topic: &Topic, rules: Rules) -> MetadataResponseTopic {
    let partitions = topic.partitions.iter().map(|(index, partition)| {
        let seen = view.partition(partition, rules);
        MetadataResponsePartition {
            error_code: seen.error,
            partition_index: *index,
            leader_id: seen.leader.0,
            leader_epoch: seen.leader_epoch,
            replica_nodes: seen.replicas,
            isr_nodes: seen.in_sync,
            offline_replicas: seen.offline,
            ..Default::default()
        }
    });
    MetadataResponseTopic {
        error_code: ErrorCode::NONE,
        name: Some(Str::from(&*topic.name)),
        topic_id: topic.id.0,
        is_internal: internal_topics::is_internal(&topic.name),
        partitions: partitions.collect(),
        ..Default::default()
    }
}
