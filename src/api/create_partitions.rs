//! CreatePartitions (key 37), versions 0-3 (KIP-195).
//!
//! v2 flexible; v3 quota errors (KIP-599). Only grows a topic. Decided by the controller.

use super::{Api, Context, Meta, Reply, Route};
use ottla_controller::decide;
use ottla_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopicResult,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

pub struct CreatePartitions;

impl Api for CreatePartitions {
    type Request = CreatePartitionsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=3;
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: CreatePartitionsRequest,
    ) -> Reply<CreatePartitionsResponse> {
        let request = Arc::new(request);
        let asked = request.clone();
        let decided = context
            .decide(move |image, turn| decide::create_partitions(image, &asked, turn.dice))
            .await;
        Reply::Now(decided.unwrap_or_else(|error| refused(&request, error)))
    }
}

fn refused(request: &CreatePartitionsRequest, error_code: ErrorCode) -> CreatePartitionsResponse {
    let results = request
        .topics
        .iter()
        .map(|topic| CreatePartitionsTopicResult {
            name: topic.name.clone(),
            error_code,
            error_message: Some(Str::from_static(error_code.message())),
            ..Default::default()
        });
    CreatePartitionsResponse {
        results: results.collect(),
        ..Default::default()
    }
}
