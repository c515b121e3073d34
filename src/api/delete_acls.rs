//! DeleteAcls (key 31), versions 1-3.
//!
//! v1 pattern types (KIP-290); v2 flexible; v3 user resources (KIP-373). Decided by the controller; in force on this broker when answered,
//! on the others as soon as they have the metadata.

use super::create_acls::no_authorizer;
use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::decide::{self, Refusal};
use ottla_protocol::messages::delete_acls::{DeleteAclsRequest, DeleteAclsResponse};
use std::sync::Arc;

pub struct DeleteAcls;

impl Api for DeleteAcls {
    type Request = DeleteAclsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    const NEEDS: Needs = &[(Operation::Alter, ResourceType::Cluster)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DeleteAclsRequest,
    ) -> Reply<DeleteAclsResponse> {
        let request = Arc::new(request);
        let deleted = delete(&context, &meta, request.clone()).await;
        Reply::Now(deleted.unwrap_or_else(|refusal| decide::acls_not_deleted(&request, &refusal)))
    }
}

async fn delete(
    context: &Context,
    meta: &Meta,
    request: Arc<DeleteAclsRequest>,
) -> Result<DeleteAclsResponse, Refusal> {
    let caller = context.caller(meta);
    caller
        .may(Operation::Alter, Resource::Cluster)
        .map_err(Refusal::plain)?;
    if caller.is_anybody() {
        return Err(no_authorizer());
    }
    let decided = context.decide(move |image, _| decide::delete_acls(image, &request));
    decided.await.map_err(Refusal::plain)
}
