//! AlterPartitionReassignments (key 45), versions 0-1 (KIP-455).
//!
//! v1 may forbid another replication factor (KIP-860). Decided by the controller. A reassignment is complete when the new replicas are
//! in sync, not when this is answered.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::decide;
use ottla_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
};
use std::sync::Arc;

pub struct AlterPartitionReassignments;

impl Api for AlterPartitionReassignments {
    type Request = AlterPartitionReassignmentsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const NEEDS: Needs = &[(Operation::Alter, ResourceType::Cluster)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: AlterPartitionReassignmentsRequest,
    ) -> Reply<AlterPartitionReassignmentsResponse> {
        if let Err(error) = context
            .caller(&meta)
            .may(Operation::Alter, Resource::Cluster)
        {
            return Reply::Now(decide::reassignments_refused(
                &request,
                &decide::Refusal::plain(error),
            ));
        }
        let request = Arc::new(request);
        let asked = request.clone();
        let decided = context
            .decide(move |image, turn| {
                decide::alter_partition_reassignments(image, turn.rules, &asked)
            })
            .await;
        Reply::Now(decided.unwrap_or_else(|error| {
            decide::reassignments_refused(&request, &decide::Refusal::bare(error))
        }))
    }
}
