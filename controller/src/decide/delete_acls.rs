//! DeleteAcls (31): removes the access control entries that filters mean. Source: `AclControlManager.deleteAcls`.

use super::{MAX_RECORDS_PER_REQUEST, Refusal};
use crate::acl::{Acl, AclFilter, AclId};
use crate::image::Image;
use crate::outcome::Outcome;
use ottla_protocol::Str;
use ottla_protocol::messages::delete_acls::{
    DeleteAclsFilter, DeleteAclsFilterResult, DeleteAclsMatchingAcl, DeleteAclsRequest,
    DeleteAclsResponse,
};
use ottla_protocol::records::metadata::{MetadataRecord, RemoveAccessControlEntryRecord};
use std::collections::BTreeSet;

/// Decides a request, with one answer per filter in the request's order. An entry that two filters mean is in both answers.
pub fn delete_acls(image: &Image, request: &DeleteAclsRequest) -> Outcome<DeleteAclsResponse> {
    let mut removed = BTreeSet::new();
    let mut results = Vec::with_capacity(request.filters.len());
    for filter in &request.filters {
        results.push(delete(image, filter, &mut removed));
        // All or nothing: that only some were removed would easily be missed.
        if removed.len() > MAX_RECORDS_PER_REQUEST {
            let refusal = Refusal::invalid_request(format!(
                "Cannot remove more than {MAX_RECORDS_PER_REQUEST} acls in a single delete operation."
            ));
            return Outcome::unchanged(acls_not_deleted(request, &refusal));
        }
    }
    let record = |AclId(id)| {
        MetadataRecord::RemoveAccessControlEntry(RemoveAccessControlEntryRecord {
            id,
            ..Default::default()
        })
    };
    Outcome {
        records: removed.into_iter().map(record).collect(),
        response: DeleteAclsResponse {
            filter_results: results,
            ..Default::default()
        },
    }
}

/// The answer that refuses all of a request.
pub fn acls_not_deleted(request: &DeleteAclsRequest, refusal: &Refusal) -> DeleteAclsResponse {
    let filters = request.filters.iter();
    DeleteAclsResponse {
        filter_results: filters.map(|_| refused(refusal.clone())).collect(),
        ..Default::default()
    }
}

fn delete(
    image: &Image,
    asked: &DeleteAclsFilter,
    removed: &mut BTreeSet<AclId>,
) -> DeleteAclsFilterResult {
    let numbers = [
        asked.resource_type_filter,
        asked.pattern_type_filter,
        asked.operation,
        asked.permission_type,
    ];
    let texts = [
        asked.resource_name_filter.as_deref(),
        asked.principal_filter.as_deref(),
        asked.host_filter.as_deref(),
    ];
    let Some(filter) = AclFilter::from_wire(numbers, texts) else {
        return refused(Refusal::invalid_request("The filter has unknown elements."));
    };
    let matching = image.acls.iter().filter(|(acl, _)| filter.matches(acl));
    let matching_acls = matching.map(|(acl, id)| {
        removed.insert(id);
        matching_acl(acl)
    });
    DeleteAclsFilterResult {
        matching_acls: matching_acls.collect(),
        ..Default::default()
    }
}

fn matching_acl(acl: &Acl) -> DeleteAclsMatchingAcl {
    DeleteAclsMatchingAcl {
        resource_type: acl.resource_type.to_wire(),
        resource_name: Str::from(&*acl.resource_name),
        pattern_type: acl.pattern_type.to_wire(),
        principal: Str::from(&*acl.principal),
        host: Str::from(&*acl.host),
        operation: acl.operation.to_wire(),
        permission_type: acl.permission.to_wire(),
        ..Default::default()
    }
}

fn refused(refusal: Refusal) -> DeleteAclsFilterResult {
    DeleteAclsFilterResult {
        error_code: refusal.code,
        error_message: refusal.message,
        ..Default::default()
    }
}
