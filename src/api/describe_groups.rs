//! DescribeGroups (key 15), versions 0-6: classic groups.
//!
//! v3 authorised operations (KIP-430); v4 static members (KIP-345); v5 flexible; v6 an unknown group is GROUP_ID_NOT_FOUND, not a
//! dead group (KIP-1043).

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use ottla_protocol::messages::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup,
};
use std::sync::Arc;

pub struct DescribeGroups;

impl Api for DescribeGroups {
    type Request = DescribeGroupsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=6;
    const NEEDS: Needs = &[(Operation::Describe, ResourceType::Group)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DescribeGroupsRequest,
    ) -> Reply<DescribeGroupsResponse> {
        let caller = context.caller(&meta);
        let mut groups = request.groups;
        let refused = caller.take_refused(&mut groups, |group_id| {
            caller.may(Operation::Describe, Resource::Group(group_id))
        });
        let described = context.groups.describe(meta.api_version, groups);
        Reply::later(async move {
            let mut groups = described.await;
            if request.include_authorized_operations {
                let shown = groups
                    .iter_mut()
                    .filter(|group| !group.error_code.is_error());
                shown.for_each(|group| {
                    group.authorized_operations =
                        caller.operations(Resource::Group(&group.group_id));
                });
            }
            groups.extend(
                refused
                    .into_iter()
                    .map(|(group_id, error_code)| DescribedGroup {
                        group_id,
                        error_code,
                        ..Default::default()
                    }),
            );
            DescribeGroupsResponse {
                groups,
                ..Default::default()
            }
        })
    }
}
