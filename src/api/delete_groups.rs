//! DeleteGroups (key 42), versions 0-2: groups without members, with their offsets (KIP-229).
//!
//! v2 flexible. v3 (error messages) is of Kafka 4.4 and not served.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_protocol::messages::delete_groups::{
    DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse,
};
use std::collections::BTreeSet;
use std::sync::Arc;

pub struct DeleteGroups;

impl Api for DeleteGroups {
    type Request = DeleteGroupsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const NEEDS: Needs = &[(Operation::Delete, ResourceType::Group)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DeleteGroupsRequest,
    ) -> Reply<DeleteGroupsResponse> {
        let distinct: BTreeSet<_> = request.groups_names.into_iter().collect();
        let caller = context.caller(&meta);
        let mut groups: Vec<_> = distinct.into_iter().collect();
        let refused = caller.take_refused(&mut groups, |group_id| {
            caller.may(Operation::Delete, Resource::Group(group_id))
        });
        let deleted = context.groups.delete_groups(groups);
        Reply::later(async move {
            let mut results = deleted.await;
            let refused = refused.into_iter();
            results.extend(refused.map(|(group_id, error_code)| DeletableGroupResult {
                group_id,
                error_code,
                ..Default::default()
            }));
            DeleteGroupsResponse {
                results,
                ..Default::default()
            }
        })
    }
}
