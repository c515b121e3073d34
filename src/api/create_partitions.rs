//! CreatePartitions (key 37), versions 0-3 (KIP-195).
//!
//! v2 flexible; v3 quota errors (KIP-599). Only grows a topic. Decided by the controller.

use super::charged::mutations;
use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::Outcome;
use ottla_controller::decide::{self, Refusal};
use ottla_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopicResult,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

/// Clients of this version and later know of the quota: they are refused, others wait.
const QUOTA_ERROR_FROM: i16 = 3;

pub struct CreatePartitions;

impl Api for CreatePartitions {
    type Request = CreatePartitionsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=3;
    const NEEDS: Needs = &[(Operation::Alter, ResourceType::Topic)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        mut request: CreatePartitionsRequest,
    ) -> Reply<CreatePartitionsResponse> {
        let caller = context.caller(&meta);
        let hidden = caller.take_refused(&mut request.topics, |topic| {
            caller.may(Operation::Alter, Resource::Topic(&topic.name))
        });
        let request = Arc::new(request);
        let asked = request.clone();
        let mut permits = mutations(&context, &meta, QUOTA_ERROR_FROM);
        let decided = context
            .decide(move |image, turn| {
                if let Err(full) = turn.rules.metadata_room() {
                    return Outcome::unchanged(refused_because(&asked, &full));
                }
                let mut take = |partitions| permits.take(partitions);
                let mut outcome =
                    decide::create_partitions_within(image, &asked, turn.dice, &mut take);
                outcome.response.throttle_time_ms = permits.throttle_time_ms();
                outcome
            })
            .await;
        let mut response = decided.unwrap_or_else(|error| refused(&request, error));
        let hidden = hidden.iter();
        response
            .results
            .extend(hidden.map(|(topic, error)| not_grown(&topic.name, *error)));
        Reply::Now(response)
    }
}

fn refused(request: &CreatePartitionsRequest, error_code: ErrorCode) -> CreatePartitionsResponse {
    refused_because(request, &Refusal::plain(error_code))
}

fn refused_because(
    request: &CreatePartitionsRequest,
    refusal: &Refusal,
) -> CreatePartitionsResponse {
    let topics = request.topics.iter();
    CreatePartitionsResponse {
        results: topics
            .map(|topic| CreatePartitionsTopicResult {
                error_message: refusal.message.clone(),
                ..not_grown(&topic.name, refusal.code)
            })
            .collect(),
        ..Default::default()
    }
}

fn not_grown(name: &Str, error_code: ErrorCode) -> CreatePartitionsTopicResult {
    CreatePartitionsTopicResult {
        name: name.clone(),
        error_code,
        error_message: Some(Str::from_static(error_code.message())),
        ..Default::default()
    }
}
