//! ListPartitionReassignments (key 46), version 0 (KIP-455). Answered from the controller's image.

use super::{Api, Context, Meta, Reply, Route};
use ottla_controller::{Outcome, decide};
use ottla_protocol::Str;
use ottla_protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};
use std::sync::Arc;

pub struct ListPartitionReassignments;

impl Api for ListPartitionReassignments {
    type Request = ListPartitionReassignmentsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: ListPartitionReassignmentsRequest,
    ) -> Reply<ListPartitionReassignmentsResponse> {
        let decided = context
            .decide(move |image, _| {
                Outcome::unchanged(decide::list_partition_reassignments(image, &request))
            })
            .await;
        Reply::Now(
            decided.unwrap_or_else(|error_code| ListPartitionReassignmentsResponse {
                error_code,
                error_message: Some(Str::from_static(error_code.message())),
                ..Default::default()
            }),
        )
    }
}
