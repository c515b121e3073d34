//! CreateAcls (30): adds access control entries. An entry that exists already is answered as created and adds nothing.
//!
//! Beyond `AclControlManager`, a host that looks like a network must be one: Kafka would keep an entry that never matches.

use super::{MAX_RECORDS_PER_REQUEST, Refusal};
use crate::acl::{
    Acl, AclId, CLUSTER_NAME, Hosts, Operation, PatternType, Permission, ResourceType,
};
use crate::dice::Dice;
use crate::image::{Image, acl_record};
use crate::outcome::Outcome;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::create_acls::{
    AclCreation, AclCreationResult, CreateAclsRequest, CreateAclsResponse,
};
use ottla_protocol::records::metadata::MetadataRecord;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Decides a request, with one answer per entry in the request's order.
pub fn create_acls(
    image: &Image,
    request: &CreateAclsRequest,
    dice: &mut Dice,
) -> Outcome<CreateAclsResponse> {
    let mut records = Vec::new();
    let mut added = BTreeSet::new();
    let mut results = Vec::with_capacity(request.creations.len());
    for creation in &request.creations {
        let checked = check(creation);
        if let Ok(acl) = &checked
            && !image.acls.contains(acl)
            && added.insert(acl.clone())
        {
            let record = acl_record(new_id(image, dice), acl);
            records.push(MetadataRecord::AccessControlEntry(record));
        }
        results.push(checked.err());
    }
    if records.len() > MAX_RECORDS_PER_REQUEST {
        let refusal = Refusal::new(
            ErrorCode::POLICY_VIOLATION,
            format!("Cannot add more than {MAX_RECORDS_PER_REQUEST} acls in a single request."),
        );
        return Outcome::unchanged(acls_not_created(request, &refusal));
    }
    let results = results.into_iter().map(result).collect();
    Outcome {
        records,
        response: CreateAclsResponse {
            results,
            ..Default::default()
        },
    }
}

/// The answer that refuses all of a request.
pub fn acls_not_created(request: &CreateAclsRequest, refusal: &Refusal) -> CreateAclsResponse {
    let refused = |_: &AclCreation| result(Some(refusal.clone()));
    CreateAclsResponse {
        results: request.creations.iter().map(refused).collect(),
        ..Default::default()
    }
}

fn result(refusal: Option<Refusal>) -> AclCreationResult {
    match refusal {
        None => AclCreationResult::default(),
        Some(refusal) => AclCreationResult {
            error_code: refusal.code,
            error_message: refusal.message,
            ..Default::default()
        },
    }
}

fn new_id(image: &Image, dice: &mut Dice) -> AclId {
    loop {
        let id = AclId(dice.uuid());
        if image.acls.get(id).is_none() {
            return id;
        }
    }
}

/// `AclApis.handleCreateAcls` and `AclControlManager.validateNewAcl`.
fn check(creation: &AclCreation) -> Result<Acl, Refusal> {
    let invalid =
        |what: &str, number: i8| Refusal::invalid_request(format!("Invalid {what} {number}"));
    let resource_type = ResourceType::from_wire(creation.resource_type)
        .ok_or_else(|| invalid("resourceType", creation.resource_type))?;
    if resource_type == ResourceType::Cluster && &*creation.resource_name != CLUSTER_NAME {
        return Err(Refusal::invalid_request(format!(
            "The only valid name for the CLUSTER resource is {CLUSTER_NAME}"
        )));
    }
    let pattern_type = PatternType::from_wire(creation.resource_pattern_type)
        .ok_or_else(|| invalid("patternType", creation.resource_pattern_type))?;
    let operation = Operation::from_wire(creation.operation)
        .ok_or_else(|| invalid("operation", creation.operation))?;
    let permission = Permission::from_wire(creation.permission_type)
        .ok_or_else(|| invalid("permissionType", creation.permission_type))?;
    if creation.resource_name.is_empty() {
        return Err(Refusal::invalid_request(
            "Resource name should not be empty",
        ));
    }
    if !creation.principal.contains(':') {
        return Err(Refusal::invalid_request(format!(
            "Could not parse principal from `{}` (no colon is present separating the principal type from the principal name)",
            &*creation.principal
        )));
    }
    Hosts::parse(&creation.host).map_err(|_| {
        Refusal::invalid_request(format!(
            "`{}` is neither an address nor a network as in 10.0.0.0/8",
            &*creation.host
        ))
    })?;
    Ok(Acl {
        principal: Arc::from(&*creation.principal),
        resource_type,
        pattern_type,
        resource_name: Arc::from(&*creation.resource_name),
        host: Arc::from(&*creation.host),
        operation,
        permission,
    })
}
