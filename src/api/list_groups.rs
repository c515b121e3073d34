//! ListGroups (key 16), versions 0-5: the groups that this broker coordinates.
//!
//! v3 flexible; v4 filter by state (KIP-518); v5 filter by type (KIP-848).

use super::{Api, Context, Meta, Reply};
use ottla_protocol::messages::list_groups::{ListGroupsRequest, ListGroupsResponse};
use std::sync::Arc;

pub struct ListGroups;

impl Api for ListGroups {
    type Request = ListGroupsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=5;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: ListGroupsRequest,
    ) -> Reply<ListGroupsResponse> {
        Reply::later(context.groups.list(&request))
    }
}
