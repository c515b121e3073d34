//! CreateAcls (key 30), versions 1-3.
//!
//! v1 pattern types (KIP-290); v2 flexible; v3 user resources (KIP-373). Decided by the controller; in force on this broker when answered,
//! on the others as soon as they have the metadata.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use ottla_controller::decide::{self, Refusal};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::create_acls::{CreateAclsRequest, CreateAclsResponse};
use std::sync::Arc;

pub struct CreateAcls;

impl Api for CreateAcls {
    type Request = CreateAclsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    const NEEDS: Needs = &[(Operation::Alter, ResourceType::Cluster)];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: CreateAclsRequest,
    ) -> Reply<CreateAclsResponse> {
        let request = Arc::new(request);
        let created = create(&context, &meta, request.clone()).await;
        Reply::Now(created.unwrap_or_else(|refusal| decide::acls_not_created(&request, &refusal)))
    }
}

async fn create(
    context: &Context,
    meta: &Meta,
    request: Arc<CreateAclsRequest>,
) -> Result<CreateAclsResponse, Refusal> {
    let caller = context.caller(meta);
    caller
        .may(Operation::Alter, Resource::Cluster)
        .map_err(Refusal::plain)?;
    if caller.is_anybody() {
        return Err(no_authorizer());
    }
    let decided =
        context.decide(move |image, turn| decide::create_acls(image, &request, turn.dice));
    decided.await.map_err(Refusal::plain)
}

/// There are no lists where nobody would look at them (`AclApis`).
pub(super) fn no_authorizer() -> Refusal {
    Refusal::new(ErrorCode::SECURITY_DISABLED, "No Authorizer is configured.")
}
