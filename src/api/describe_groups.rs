//! DescribeGroups (key 15), versions 0-6: classic groups.
//!
//! v3 authorised operations (KIP-430); v4 static members (KIP-345); v5 flexible; v6 an unknown group is GROUP_ID_NOT_FOUND, not a
//! dead group (KIP-1043).

use super::{Api, Context, Meta, Reply};
use crate::auth::operations;
use ottla_protocol::messages::describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse};
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
        let described = context.groups.describe(meta.api_version, request.groups);
        Reply::later(async move {
            let mut groups = described.await;
            if request.include_authorized_operations {
                let shown = groups
                    .iter_mut()
                    .filter(|group| !group.error_code.is_error());
                shown.for_each(|group| group.authorized_operations = operations::GROUP);
            }
            DescribeGroupsResponse {
                groups,
                ..Default::default()
            }
        })
    }
}
