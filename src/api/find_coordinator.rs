//! FindCoordinator (key 10), versions 0-6.
//!
//! v1 key types and error messages; v3 flexible; v4 several keys at once (KIP-699); v5 abortable errors (KIP-890); v6 share
//! partitions (KIP-932).
//!
//! Groups only, until transactions and share groups are built. Whoever looks for their coordinators is told so with an error that makes it
//! fail at once: UNSUPPORTED_VERSION and a sentence, which the Java client shows. Versions below 4 are librdkafka's, which retries
//! everything but authorisation errors until its time-out: for it, TRANSACTIONAL_ID_AUTHORIZATION_FAILED and the sentence.
//!
//! Differs from Kafka on purpose: when the internal topic does not exist yet, it is waited for (bounded) and the coordinator
//! named at once, where Kafka answers COORDINATOR_NOT_AVAILABLE and lets the client ask again.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use crate::coordinator::group::partition_of;
use crate::metadata::internal_topics::{self, CONSUMER_OFFSETS};
use crate::metadata::sightings::Doubted;
use crate::metadata::view::View;
use ottla_controller::ids::BrokerId;
use ottla_controller::image::Image;
use ottla_protocol::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const SHARE: i8 = 2;
/// From this version on keys and coordinators are lists.
const BATCHED_FROM: i16 = 4;
/// From this version on share partitions have coordinators.
const SHARE_FROM: i16 = 6;

/// How long the first client waits for a new coordinator to begin.
const SERVING_MAX: Duration = Duration::from_secs(1);

pub struct FindCoordinator;

impl Api for FindCoordinator {
    type Request = FindCoordinatorRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=6;
    const NEEDS: Needs = &[
        (Operation::Describe, ResourceType::Group),
        (Operation::Describe, ResourceType::TransactionalId),
        (Operation::ClusterAction, ResourceType::Cluster),
    ];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: FindCoordinatorRequest,
    ) -> Reply<FindCoordinatorResponse> {
        let caller = context.caller(&meta);
        let may_see = |key: &Str| match request.key_type {
            GROUP => caller.may(Operation::Describe, Resource::Group(key)),
            TRANSACTION => caller.may(Operation::Describe, Resource::TransactionalId(key)),
            SHARE => caller.may(Operation::ClusterAction, Resource::Cluster),
            _ => Ok(()),
        };
        let image = match request.key_type {
            // The topic is made for whoever may use it.
            GROUP if may_see(request.coordinator_keys.first().unwrap_or(&request.key)).is_ok() => {
                with_offsets_topic(
                    &context,
                    request.coordinator_keys.first().unwrap_or(&request.key),
                )
                .await
            }
            _ => context.metadata.image(),
        };
        let leads = |image: &Image, doubted: &Doubted| {
            let offsets = image.topics.by_name(CONSUMER_OFFSETS);
            let mut partitions = offsets.iter().flat_map(|topic| topic.partitions.iter());
            partitions.any(|(_, one)| one.leader.is_some_and(|leader| doubted.contains(&leader)))
        };
        let (image, doubted) = context
            .sightings
            .settled(&context.metadata, image, leads)
            .await;
        let view = View {
            image: &image,
            listener: &meta.peer.listener.name,
        };
        let find = |key: &Str| {
            let found =
                may_see(key).and_then(|()| find(view, meta.api_version, request.key_type, key));
            let found = match found {
                // It is about to be another.
                Ok((node, _, _)) if doubted.contains(&BrokerId(node)) => {
                    Err(ErrorCode::COORDINATOR_NOT_AVAILABLE)
                }
                found => found,
            };
            let found = answer(key, found);
            match request.key_type {
                GROUP => found,
                _ => explained(found),
            }
        };
        Reply::Now(match meta.api_version {
            BATCHED_FROM.. => FindCoordinatorResponse {
                coordinators: request.coordinator_keys.iter().map(find).collect(),
                ..Default::default()
            },
            _ => single(find(&request.key)),
        })
    }
}

/// An image with `__consumer_offsets`, if that can be had in time.
async fn with_offsets_topic(context: &Context, key: &str) -> Arc<Image> {
    let image = context.metadata.image();
    if image.topics.by_name(CONSUMER_OFFSETS).is_some() {
        return image;
    }
    tracing::warn!(
        topic = CONSUMER_OFFSETS,
        "creating the topic of group coordinators; until compaction is built it only grows"
    );
    let layers = context.layers(&image);
    let is_lone = context.is_lone(&image);
    let creatable = |name: &Str| internal_topics::creatable(name, &layers.as_layers(), is_lone);
    let names = BTreeSet::from([Str::from_static(CONSUMER_OFFSETS)]);
    let image = context.auto_create.ensure(image, &names, creatable).await;
    // So that the client's next request finds the coordinator at work.
    context.logs_open(image.offset).await;
    let serving = context
        .groups
        .runtime
        .serving(context.groups.partition(key));
    drop(tokio::time::timeout(SERVING_MAX, serving).await);
    image
}

/// The broker that coordinates `key`, by id and address.
fn find(
    view: View<'_>,
    version: i16,
    key_type: i8,
    key: &str,
) -> Result<(i32, Str, u16), ErrorCode> {
    match key_type {
        GROUP => {}
        SHARE if version < SHARE_FROM => return Err(ErrorCode::INVALID_REQUEST),
        TRANSACTION if version < BATCHED_FROM => {
            return Err(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
        }
        TRANSACTION | SHARE => return Err(ErrorCode::UNSUPPORTED_VERSION),
        _ => return Err(ErrorCode::INVALID_REQUEST),
    }
    let topic = view.image.topics.by_name(CONSUMER_OFFSETS);
    let partition =
        topic.and_then(|topic| topic.partition(partition_of(key, topic.partition_count())));
    let leader = partition.and_then(|partition| partition.leader);
    let (broker, endpoint) = leader
        .and_then(|leader| view.endpoint(leader))
        .ok_or(ErrorCode::COORDINATOR_NOT_AVAILABLE)?;
    if broker.fenced {
        return Err(ErrorCode::COORDINATOR_NOT_AVAILABLE);
    }
    Ok((broker.id.0, Str::from(&*endpoint.host), endpoint.port))
}

fn answer(key: &Str, found: Result<(i32, Str, u16), ErrorCode>) -> Coordinator {
    match found {
        Ok((node_id, host, port)) => Coordinator {
            key: key.clone(),
            node_id,
            host,
            port: port.into(),
            ..Default::default()
        },
        Err(error_code) => Coordinator {
            key: key.clone(),
            node_id: -1,
            port: -1,
            error_code,
            ..Default::default()
        },
    }
}

/// With a text that clients may show.
fn explained(coordinator: Coordinator) -> Coordinator {
    let explanation = match coordinator.error_code {
        ErrorCode::NONE => "NONE",
        ErrorCode::COORDINATOR_NOT_AVAILABLE => "The coordinator is not available.",
        ErrorCode::GROUP_AUTHORIZATION_FAILED => ErrorCode::GROUP_AUTHORIZATION_FAILED.message(),
        ErrorCode::UNSUPPORTED_VERSION | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED => {
            "This broker has neither transactions nor share groups yet."
        }
        _ => "The request is malformed, or was sent to an incompatible broker.",
    };
    Coordinator {
        error_message: Some(Str::from_static(explanation)),
        ..coordinator
    }
}

/// Before version 4 there is one coordinator, explained.
fn single(coordinator: Coordinator) -> FindCoordinatorResponse {
    let found = explained(coordinator);
    FindCoordinatorResponse {
        error_code: found.error_code,
        error_message: found.error_message,
        node_id: found.node_id,
        host: found.host,
        port: found.port,
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_looks_for_a_coordinator_that_is_not_built_fails_at_once() {
        let image = Image::default();
        let view = View {
            image: &image,
            listener: "PLAINTEXT",
        };
        for (kind, version, error) in [
            (
                TRANSACTION,
                2,
                ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            ),
            (TRANSACTION, 6, ErrorCode::UNSUPPORTED_VERSION),
            (SHARE, 6, ErrorCode::UNSUPPORTED_VERSION),
            (SHARE, 5, ErrorCode::INVALID_REQUEST),
        ] {
            let found = find(view, version, kind, "t");
            assert_eq!(found, Err(error), "kind {kind}, version {version}");
            let told = explained(answer(&"t".into(), found)).error_message;
            assert_eq!(
                told.is_some_and(|told| told.contains("yet")),
                error != ErrorCode::INVALID_REQUEST
            );
        }
    }
}
