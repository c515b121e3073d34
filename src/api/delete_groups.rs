//! DeleteGroups (key 42), versions 0-2: groups without members, with their offsets (KIP-229).
//!
//! v2 flexible. v3 (error messages) is of Kafka 4.4 and not served.

use super::{Api, Context, Meta, Reply};
use ottla_protocol::messages::delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse};
use std::collections::BTreeSet;
use std::sync::Arc;

pub struct DeleteGroups;

impl Api for DeleteGroups {
    type Request = DeleteGroupsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;

    async fn handle(
        context: Arc<Context>,
        _meta: Meta,
        request: DeleteGroupsRequest,
    ) -> Reply<DeleteGroupsResponse> {
        let distinct: BTreeSet<_> = request.groups_names.into_iter().collect();
        let deleted = context.groups.delete_groups(distinct.into_iter().collect());
        Reply::later(async move {
            DeleteGroupsResponse {
                results: deleted.await,
                ..Default::default()
            }
        })
    }
}
