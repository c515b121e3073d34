//! Who may do what: Kafka's `StandardAuthorizer` over the entries in the metadata.
//!
//! Guarantees: a decision is made on the entries of the image that it is given, so that what was revoked is refused as soon as a node shows
//! it; what is denied is denied whatever allows it; super users may do everything. Does not log (`audit`), and does not authenticate.
//!
//! The entries' index ([`Rules`]) is brought up to date by whoever first asks with a newer image: no task, and nothing to be late.

use super::patterns::Pattern;
use super::resource::Resource;
use super::rules::{Entries, Rules};
use crate::config::AuthorizationPolicy as Policy;
use arc_swap::ArcSwap;
use ottla_controller::acl::{Operation, ResourceType};
use ottla_controller::image::Acls;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// See the module.
pub struct Authorizer {
    policy: Policy,
    indexed: ArcSwap<Indexed>,
    /// Held while the index is brought up to date.
    indexing: Mutex<()>,
}

#[derive(Default)]
struct Indexed {
    acls: Acls,
    rules: Rules,
}

/// Somebody who asks, with the entries that concern them: good for as many questions as one request has.
#[derive(Clone)]
pub struct Asker {
    authorizer: Arc<Authorizer>,
    indexed: Arc<Indexed>,
    own: Option<Arc<Entries>>,
    everybodys: Option<Arc<Entries>>,
    address: IpAddr,
    is_super: bool,
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub is_allowed: bool,
    pub rule: Rule,
}

/// What a decision rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    SuperUser,
    /// An entry.
    Acl,
    /// No entry speaks of it.
    Default,
}

impl Authorizer {
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            indexed: ArcSwap::default(),
            indexing: Mutex::new(()),
        }
    }

    /// Somebody by principal, as in `User:alice`, who asks from `address`.
    pub fn asker(self: &Arc<Self>, acls: &Acls, principal: &str, address: IpAddr) -> Asker {
        let indexed = self.indexed(acls);
        Asker {
            own: indexed.rules.of(principal).cloned(),
            everybodys: indexed.rules.of_everybody().cloned(),
            is_super: self.policy.super_users.contains(principal),
            address: address.to_canonical(),
            authorizer: self.clone(),
            indexed,
        }
    }

    fn indexed(&self, acls: &Acls) -> Arc<Indexed> {
        let known = self.indexed.load();
        if known.acls.is_same(acls) {
            return Arc::clone(&known);
        }
        let _indexing = self.indexing.lock();
        let known = self.indexed.load();
        if known.acls.is_same(acls) {
            return Arc::clone(&known);
        }
        let indexed = Arc::new(Indexed {
            rules: known.rules.after(&known.acls, acls),
            acls: acls.clone(),
        });
        self.indexed.store(indexed.clone());
        indexed
    }
}

impl Asker {
    /// Whether they may.
    pub fn may(&self, operation: Operation, resource: Resource<'_>) -> Verdict {
        if self.is_super {
            return Verdict {
                is_allowed: true,
                rule: Rule::SuperUser,
            };
        }
        let mut denied = 0;
        let mut allowed = 0;
        for entries in self.entries() {
            let bits = entries.about(resource, self.address);
            denied |= bits.denied;
            allowed |= bits.allowed;
        }
        let (is_denied, is_allowed) = (
            denied & operation.bit() != 0,
            allowed & operation.bit() != 0,
        );
        if is_denied || is_allowed {
            return Verdict {
                is_allowed: !is_denied,
                rule: Rule::Acl,
            };
        }
        let allows_all = self.authorizer.policy.allows_if_no_acl;
        Verdict {
            is_allowed: allows_all && !self.indexed.rules.has_any_about(resource),
            rule: Rule::Default,
        }
    }

    /// Whether there is some resource of a type to which they may: what an idempotent producer is asked for (`authorizeByResourceType`).
    pub fn may_to_some(&self, operation: Operation, resource_type: ResourceType) -> bool {
        if self.may(operation, any_of(resource_type)).is_allowed {
            return true;
        }
        let patterns = || {
            let entries = self.entries();
            entries.flat_map(|entries| entries.of_type(resource_type).each(self.address))
        };
        let is_denied = |(pattern, bits): (_, super::grants::Bits)| {
            (bits.denied & operation.bit() != 0).then_some(pattern)
        };
        let denied: BTreeSet<Pattern<'_>> = patterns().filter_map(is_denied).collect();
        if denied.contains(&Pattern::All) {
            return false;
        }
        let is_prefix_denied = |name: &str| {
            let prefixes = name
                .char_indices()
                .map(|(at, one)| &name[..at + one.len_utf8()]);
            let mut prefixes = prefixes.map(Pattern::Prefixed);
            prefixes.any(|prefix| denied.contains(&prefix))
        };
        let is_left = |pattern: Pattern<'_>| match pattern {
            Pattern::All => true,
            Pattern::Literal(name) => !denied.contains(&pattern) && !is_prefix_denied(name),
            Pattern::Prefixed(name) => !is_prefix_denied(name),
        };
        patterns().any(|(pattern, bits)| bits.allowed & operation.bit() != 0 && is_left(pattern))
    }

    /// Whether they may do everything.
    pub fn is_super(&self) -> bool {
        self.is_super
    }

    fn entries(&self) -> impl Iterator<Item = &Entries> {
        self.own
            .iter()
            .chain(&self.everybodys)
            .map(|entries| &**entries)
    }
}

/// A resource of which no entry is expected to speak by name: as in Kafka, to find super users and wildcards.
const fn any_of(resource_type: ResourceType) -> Resource<'static> {
    const NAME: &str = "hardcode";
    match resource_type {
        ResourceType::Topic => Resource::Topic(NAME),
        ResourceType::Group => Resource::Group(NAME),
        ResourceType::Cluster => Resource::Cluster,
        ResourceType::TransactionalId => Resource::TransactionalId(NAME),
        ResourceType::DelegationToken => Resource::DelegationToken(NAME),
        ResourceType::User => Resource::User(NAME),
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
