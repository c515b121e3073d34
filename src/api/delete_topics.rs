//! DeleteTopics (key 20), versions 1-6.
//!
//! v4 flexible; v5 error messages and quota errors (KIP-599); v6 topic ids (KIP-516).
//! Decided by the controller; the logs are removed as the image without the topics is applied.

use super::{Api, Context, Meta, Reply, Route};
use ottla_controller::decide;
use ottla_protocol::messages::delete_topics::{
    DeletableTopicResult, DeleteTopicsRequest, DeleteTopicsResponse,
};
use ottla_protocol::{ErrorCode, Str, Uuid};
use std::sync::Arc;

pub struct DeleteTopics;

impl Api for DeleteTopics {
    type Request = DeleteTopicsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=6;
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
        let request = Arc::new(request);
        let asked = request.clone();
        let decided = context
            .decide(move |image, _| decide::delete_topics(image, &asked))
            .await;
        Reply::Now(decided.unwrap_or_else(|error| refused(&request, error)))
    }
}

/// `DeleteTopicsRequest.getErrorResponse`: no messages, names before ids.
fn refused(request: &DeleteTopicsRequest, error_code: ErrorCode) -> DeleteTopicsResponse {
    let result = |name: Option<Str>, topic_id: Uuid| DeletableTopicResult {
        name,
        topic_id,
        error_code,
        ..Default::default()
    };
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
