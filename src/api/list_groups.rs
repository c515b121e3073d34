//! ListGroups (key 16), versions 0-5: the groups that this broker coordinates.
//!
//! v3 flexible; v4 filter by state (KIP-518); v5 filter by type (KIP-848).

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_protocol::messages::list_groups::{ListGroupsRequest, ListGroupsResponse};
use std::sync::Arc;

pub struct ListGroups;

impl Api for ListGroups {
    type Request = ListGroupsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;
    const NEEDS: Needs = &[
        (Operation::Describe, ResourceType::Cluster),
        (Operation::Describe, ResourceType::Group),
    ];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: ListGroupsRequest,
    ) -> Reply<ListGroupsResponse> {
        let caller = context.caller(&meta);
        let listed = context.groups.list(&request);
        // Who may see the cluster sees all of them; others see theirs.
        let sees_all = caller.could(Operation::Describe, Resource::Cluster);
        Reply::later(async move {
            let mut response = listed.await;
            if !sees_all {
                response.groups.retain(|group| {
                    caller.could(Operation::Describe, Resource::Group(&group.group_id))
                });
            }
            response
        })
    }
}
