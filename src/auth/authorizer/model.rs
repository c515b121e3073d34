//! The authorizer as its definition reads: every entry is looked at, in no order. What the indexed one must agree with.

use super::{Policy, Resource};
use ottla_controller::acl::{Acl, Hosts, Operation, PatternType, Permission};
use std::net::IpAddr;

pub fn may(
    acls: &[Acl],
    policy: &Policy,
    (principal, address): (&str, IpAddr),
    operation: Operation,
    resource: Resource<'_>,
) -> bool {
    if policy.super_users.contains(principal) {
        return true;
    }
    let about: Vec<&Acl> = acls.iter().filter(|acl| is_about(acl, resource)).collect();
    let says = |permission: Permission| {
        about.iter().any(|acl| {
            acl.permission == permission
                && (&*acl.principal == principal || &*acl.principal == "User:*")
                && Hosts::parse(&acl.host).is_ok_and(|hosts| hosts.contain(address))
                && covers(acl, operation)
        })
    };
    match (says(Permission::Deny), says(Permission::Allow)) {
        (true, _) => false,
        (false, true) => true,
        (false, false) => about.is_empty() && policy.allows_if_no_acl,
    }
}

fn is_about(acl: &Acl, resource: Resource<'_>) -> bool {
    let own = &*acl.resource_name;
    acl.resource_type == resource.resource_type()
        && match acl.pattern_type {
            PatternType::Literal => own == "*" || own == resource.name(),
            PatternType::Prefixed => resource.name().starts_with(own),
        }
}

fn covers(acl: &Acl, operation: Operation) -> bool {
    use Operation::{All, Alter, AlterConfigs, Delete, Describe, DescribeConfigs, Read, Write};
    let is_implied = match operation {
        Describe => matches!(acl.operation, Read | Write | Delete | Alter),
        DescribeConfigs => acl.operation == AlterConfigs,
        _ => false,
    };
    acl.operation == operation
        || acl.operation == All
        || (acl.permission == Permission::Allow && is_implied)
}

/// Whether there is a name for which they may. Tried with all that could make a difference.
pub fn may_to_some(acls: &[Acl], may: impl Fn(&str) -> bool) -> bool {
    let names = acls.iter().map(|acl| acl.resource_name.to_string());
    let longer = acls
        .iter()
        .map(|acl| format!("{}-somewhere", acl.resource_name));
    names.chain(longer).any(|name| may(&name)) || may("hardcode")
}
