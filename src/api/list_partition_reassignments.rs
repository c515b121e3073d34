//! ListPartitionReassignments (key 46), version 0 (KIP-455). Answered from the controller's image.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::{Outcome, decide};
use ottla_protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

pub struct ListPartitionReassignments;

impl Api for ListPartitionReassignments {
    type Request = ListPartitionReassignmentsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=0;
    const NEEDS: Needs = &[(Operation::Describe, ResourceType::Cluster)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: ListPartitionReassignmentsRequest,
    ) -> Reply<ListPartitionReassignmentsResponse> {
        if let Err(error) = context
            .caller(&meta)
            .may(Operation::Describe, Resource::Cluster)
        {
            return Reply::Now(refused(error));
        }
        let decided = context
            .decide(move |image, _| {
                Outcome::unchanged(decide::list_partition_reassignments(image, &request))
            })
            .await;
        Reply::Now(decided.unwrap_or_else(refused))
    }
}

fn refused(error_code: ErrorCode) -> ListPartitionReassignmentsResponse {
    ListPartitionReassignmentsResponse {
        error_code,
        error_message: Some(Str::from_static(error_code.message())),
        ..Default::default()
    }
}
