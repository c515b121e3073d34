//! DescribeAcls (key 29), versions 1-3. Answered from this node's own image.
//!
//! v1 pattern types (KIP-290); v2 flexible; v3 user resources (KIP-373).

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Scope};
use ottla_controller::acl::{Acl, AclFilter, PatternType};
use ottla_controller::decide::Refusal;
use ottla_controller::image::Image;
use ottla_protocol::messages::describe_acls::{
    AclDescription, DescribeAclsRequest, DescribeAclsResource, DescribeAclsResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeMap;
use std::sync::Arc;

pub struct DescribeAcls;

impl Api for DescribeAcls {
    type Request = DescribeAclsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    const NEEDS: Needs = &[(Operation::Describe, ResourceType::Cluster)];
    const SCOPE: Scope = Scope::Everywhere;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DescribeAclsRequest,
    ) -> Reply<DescribeAclsResponse> {
        let resources = describe(&context, &meta, &request);
        Reply::Now(match resources {
            Ok(resources) => DescribeAclsResponse {
                resources,
                ..Default::default()
            },
            Err(refusal) => DescribeAclsResponse {
                error_code: refusal.code,
                error_message: refusal.message,
                ..Default::default()
            },
        })
    }
}

fn describe(
    context: &Context,
    meta: &Meta,
    request: &DescribeAclsRequest,
) -> Result<Vec<DescribeAclsResource>, Refusal> {
    let caller = context.caller(meta);
    caller
        .may(Operation::Describe, Resource::Cluster)
        .map_err(Refusal::plain)?;
    if caller.is_anybody() {
        let message = "No Authorizer is configured on the broker";
        return Err(Refusal::new(ErrorCode::SECURITY_DISABLED, message));
    }
    let filter = filter(request)
        .ok_or_else(|| Refusal::invalid_request("The filter has unknown elements."))?;
    Ok(by_resource(&context.metadata.image(), &filter))
}

fn filter(request: &DescribeAclsRequest) -> Option<AclFilter<'_>> {
    let numbers = [
        request.resource_type_filter,
        request.pattern_type_filter,
        request.operation,
        request.permission_type,
    ];
    let texts = [
        request.resource_name_filter.as_deref(),
        request.principal_filter.as_deref(),
        request.host_filter.as_deref(),
    ];
    AclFilter::from_wire(numbers, texts)
}

fn by_resource(image: &Image, filter: &AclFilter<'_>) -> Vec<DescribeAclsResource> {
    let mut found: BTreeMap<(ResourceType, &str, PatternType), Vec<AclDescription>> =
        BTreeMap::new();
    let matching = image.acls.iter().filter(|(acl, _)| filter.matches(acl));
    for (acl, _) in matching {
        let resource = (acl.resource_type, &*acl.resource_name, acl.pattern_type);
        found.entry(resource).or_default().push(description(acl));
    }
    let resource = |((kind, name, pattern), acls): ((ResourceType, &str, PatternType), _)| {
        DescribeAclsResource {
            resource_type: kind.to_wire(),
            resource_name: Str::from(name),
            pattern_type: pattern.to_wire(),
            acls,
            ..Default::default()
        }
    };
    found.into_iter().map(resource).collect()
}

fn description(acl: &Acl) -> AclDescription {
    AclDescription {
        principal: Str::from(&*acl.principal),
        host: Str::from(&*acl.host),
        operation: acl.operation.to_wire(),
        permission_type: acl.permission.to_wire(),
        ..Default::default()
    }
}
