//! DeleteTopics (key 20), versions 1-6.
//!
//! v4 flexible; v5 error messages and quota errors (KIP-599); v6 topic ids (KIP-516).
//! Decided by the controller; the logs are removed as the image without the topics is applied.

use super::charged::mutations;
use super::{Api, Caller, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::decide;
use ottla_controller::ids::TopicId;
use ottla_controller::image::Image;
use ottla_protocol::messages::delete_topics::{
    DeletableTopicResult, DeleteTopicsRequest, DeleteTopicsResponse,
};
use ottla_protocol::{ErrorCode, Str, Uuid};
use std::sync::Arc;

/// Clients of this version and later know of the quota: they are refused, others wait.
const QUOTA_ERROR_FROM: i16 = 5;

pub struct DeleteTopics;

impl Api for DeleteTopics {
    type Request = DeleteTopicsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=6;
    const NEEDS: Needs = &[
        (Operation::Delete, ResourceType::Cluster),
        (Operation::Delete, ResourceType::Topic),
        (Operation::Describe, ResourceType::Topic),
    ];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DeleteTopicsRequest,
    ) -> Reply<DeleteTopicsResponse> {
        if !context.values().topics.can_delete {
            // `ControllerApis.deleteTopics`: clients before version 3 do not know the special error.
            let error = match meta.api_version {
                ..3 => ErrorCode::INVALID_REQUEST,
                _ => ErrorCode::TOPIC_DELETION_DISABLED,
            };
            return Reply::Now(refused(&request, error));
        }
        let caller = context.caller(&meta);
        let request = Arc::new(request);
        let mut asked = DeleteTopicsRequest::clone(&request);
        let mut permits = mutations(&context, &meta, QUOTA_ERROR_FROM);
        // With the image that is decided on: a topic may just have been created.
        let decided = context
            .decide(move |image, _| {
                let hidden = hide(&caller, image, &mut asked);
                let mut take = |partitions| permits.take(partitions);
                decide::delete_topics_within(image, &asked, &mut take).map(|mut response| {
                    response.responses.extend(hidden);
                    response.throttle_time_ms = permits.throttle_time_ms();
                    response
                })
            })
            .await;
        Reply::Now(decided.unwrap_or_else(|error| refused(&request, error)))
    }
}

/// Takes out the topics that the caller may not delete, and answers them. Whether a topic exists learns only who may see it
/// (`ControllerApis.deleteTopics`).
fn hide(
    caller: &Caller,
    image: &Image,
    request: &mut DeleteTopicsRequest,
) -> Vec<DeletableTopicResult> {
    if caller.could(Operation::Delete, Resource::Cluster) {
        return Vec::new();
    }
    let named = |name: &str| {
        caller.may(Operation::Describe, Resource::Topic(name))?;
        match image.topics.by_name(name) {
            Some(_) => caller.may(Operation::Delete, Resource::Topic(name)),
            None => Ok(()),
        }
    };
    let name_of = |id: Uuid| {
        image
            .topics
            .by_id(TopicId(id))
            .map(|topic| topic.name.clone())
    };
    let by_name = caller.take_refused(&mut request.topic_names, |name| named(name));
    let by_either = caller.take_refused(&mut request.topics, |topic| match &topic.name {
        Some(name) => named(name),
        None => name_of(topic.topic_id).map_or(Ok(()), |name| {
            caller.may(Operation::Delete, Resource::Topic(&name))
        }),
    });
    let by_name = by_name
        .into_iter()
        .map(|(name, error)| not_deleted(Some(name), Uuid::ZERO, error));
    let by_either = by_either.into_iter().map(|(topic, error)| {
        let seen = name_of(topic.topic_id)
            .filter(|name| caller.could(Operation::Describe, Resource::Topic(name)));
        let name = topic.name.or_else(|| seen.as_deref().map(Str::from));
        not_deleted(name, topic.topic_id, error)
    });
    by_name.chain(by_either).collect()
}

fn not_deleted(name: Option<Str>, topic_id: Uuid, error_code: ErrorCode) -> DeletableTopicResult {
    DeletableTopicResult {
        name,
        topic_id,
        error_code,
        ..Default::default()
    }
}

/// `DeleteTopicsRequest.getErrorResponse`: no messages, names before ids.
fn refused(request: &DeleteTopicsRequest, error_code: ErrorCode) -> DeleteTopicsResponse {
    let result = |name, topic_id| not_deleted(name, topic_id, error_code);
    let by_name = request
        .topic_names
        .iter()
        .map(|name| result(Some(name.clone()), Uuid::ZERO));
    let by_either = request
        .topics
        .iter()
        .map(|topic| result(topic.name.clone(), topic.topic_id));
    DeleteTopicsResponse {
        responses: by_name.chain(by_either).collect(),
        ..Default::default()
    }
}
