//! The entries of the cluster, indexed so that a decision does not depend on how many there are: by principal, then by type and name.
//!
//! Pure and persistent: the rules after a change share all but the changed principals' with those before.

use super::grants::Bits;
use super::hashed::hash;
use super::patterns::Patterns;
use super::resource::Resource;
use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use ottla_controller::acl::{Acl, EVERYBODY, PatternType, ResourceType};
use ottla_controller::image::Acls;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// The entries of one principal.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    /// By [`place`].
    by_type: [Patterns; ResourceType::ALL.len()],
}

impl Entries {
    fn of(acls: &Acls, principal: &str) -> Self {
        let acls: Vec<_> = acls.of(principal).collect();
        Self {
            by_type: std::array::from_fn(|place| {
                let resource_type = ResourceType::ALL[place];
                let own = acls.iter().filter(|acl| acl.resource_type == resource_type);
                Patterns::of(own.map(|acl| &***acl))
            }),
        }
    }

    /// What they say about a resource to a client at `address`.
    pub fn about(&self, resource: Resource<'_>, address: IpAddr) -> Bits {
        self.of_type(resource.resource_type())
            .about(resource.name(), address)
    }

    /// Those of one type.
    pub fn of_type(&self, resource_type: ResourceType) -> &Patterns {
        &self.by_type[place(resource_type)]
    }
}

fn place(resource_type: ResourceType) -> usize {
    resource_type as usize - ResourceType::ALL[0] as usize
}

/// The principals of one hash, with what entries say of them.
type OfHash = Arc<[(Arc<str>, Arc<Entries>)]>;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// By the principal's hash, for the reason that [`super::hashed`] gives.
    by_principal: OrdMap<u64, OfHash>,
    named: Named,
}

impl Rules {
    /// The rules that follow these, which are those of `before`.
    pub fn after(&self, before: &Acls, after: &Acls) -> Self {
        let mut next = self.clone();
        let mut touched: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut note = |acl: &Acl| {
            touched.insert(acl.principal.clone());
        };
        for item in before.diff(after) {
            let (gone, come) = match item {
                DiffItem::Add(_, acl) => (None, Some(acl)),
                DiffItem::Remove(_, acl) => (Some(acl), None),
                DiffItem::Update { old, new } => (Some(old.1), Some(new.1)),
            };
            if let Some(acl) = gone {
                next.named.remove(acl);
                note(acl);
            }
            if let Some(acl) = come {
                next.named.add(acl);
                note(acl);
            }
        }
        for principal in touched {
            next.renew(principal, after);
        }
        next
    }

    fn renew(&mut self, principal: Arc<str>, acls: &Acls) {
        let key = hash(&principal);
        let known = self.by_principal.get(&key).into_iter();
        let others = known.flat_map(|those| those.iter().filter(|(other, _)| *other != principal));
        let mut those: Vec<_> = others.cloned().collect();
        if acls.of(&principal).next().is_some() {
            let entries = Arc::new(Entries::of(acls, &principal));
            those.push((principal, entries));
        }
        match those.is_empty() {
            true => self.by_principal.remove(&key),
            false => self.by_principal.insert(key, those.into()),
        };
    }

    /// The entries of one principal, as in `User:alice`.
    pub fn of(&self, principal: &str) -> Option<&Arc<Entries>> {
        let those = self.by_principal.get(&hash(principal))?;
        let (_, entries) = those.iter().find(|(own, _)| **own == *principal)?;
        Some(entries)
    }

    /// The entries for everybody.
    pub fn of_everybody(&self) -> Option<&Arc<Entries>> {
        self.of(EVERYBODY)
    }

    /// Whether any entry, of whomever, is about a resource.
    pub fn has_any_about(&self, resource: Resource<'_>) -> bool {
        self.named.has(resource)
    }
}

/// How many entries there are for each pattern.
#[derive(Clone, Debug, Default)]
struct Named {
    literal: [OrdMap<Arc<str>, usize>; ResourceType::ALL.len()],
    prefixed: [OrdMap<Arc<str>, usize>; ResourceType::ALL.len()],
}

impl Named {
    fn of(&mut self, acl: &Acl) -> &mut OrdMap<Arc<str>, usize> {
        let place = place(acl.resource_type);
        match acl.pattern_type {
            PatternType::Literal => &mut self.literal[place],
            PatternType::Prefixed => &mut self.prefixed[place],
        }
    }

    fn add(&mut self, acl: &Acl) {
        *self.of(acl).entry(acl.resource_name.clone()).or_insert(0) += 1;
    }

    fn remove(&mut self, acl: &Acl) {
        let names = self.of(acl);
        let left = names.get(&acl.resource_name).map_or(0, |count| count - 1);
        match left {
            0 => names.remove(&acl.resource_name),
            left => names.insert(acl.resource_name.clone(), left),
        };
    }

    fn has(&self, resource: Resource<'_>) -> bool {
        let (place, name) = (place(resource.resource_type()), resource.name());
        let literal = &self.literal[place];
        literal.contains_key("*") || literal.contains_key(name) || self.has_prefix_of(place, name)
    }

    /// From the last prefix that is not after the name to what both begin with, and so on (`StandardAuthorizerData.checkSection`).
    fn has_prefix_of(&self, place: usize, name: &str) -> bool {
        let mut rest = name;
        while let Some((prefix, _)) = self.prefixed[place].get_prev(rest) {
            if rest.starts_with(&**prefix) {
                return true;
            }
            let mut common = std::iter::zip(prefix.bytes(), rest.bytes())
                .take_while(|(own, other)| own == other)
                .count();
            while !rest.is_char_boundary(common) {
                common -= 1;
            }
            rest = &rest[..common];
        }
        false
    }
}
