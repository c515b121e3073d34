//! DescribeGroups (key 15), versions 0-6: classic groups.
//!
//! v3 authorised operations (KIP-430); v4 static members (KIP-345); v5 flexible; v6 an unknown group is GROUP_ID_NOT_FOUND, not a
//! dead group (KIP-1043).

use super::{Api, Context, Meta, Reply};
use crate::auth::Resource::Group;
use ottla_controller::acl::Operation::Describe;
use ottla_protocol::Str;
use ottla_protocol::messages::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup,
};
use std::sync::Arc;

pub struct DescribeGroups;

impl Api for DescribeGroups {
    type Request = DescribeGroupsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=6;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DescribeGroupsRequest,
    ) -> Reply<DescribeGroupsResponse> {
        let caller = context.caller(&meta);
        let mut refused = Vec::new();
        let may_see = |group_id: &Str| {
            let seen = caller.may(Describe, Group(group_id));
            let refuse = |error_code| {
                refused.push(DescribedGroup {
                    group_id: group_id.clone(),
                    error_code,
                    ..Default::default()
                });
            };
            seen.map_err(refuse).is_ok()
        };
        let mut groups = request.groups;
        groups.retain(may_see);
        let described = context.groups.describe(meta.api_version, groups);
        Reply::later(async move {
            let mut groups = described.await;
            if request.include_authorized_operations {
                let shown = groups
                    .iter_mut()
                    .filter(|group| !group.error_code.is_error());
                shown.for_each(|group| {
                    group.authorized_operations = caller.operations(Group(&group.group_id));
                });
            }
            groups.extend(refused);
            DescribeGroupsResponse {
                groups,
                ..Default::default()
            }
        })
    }
}
