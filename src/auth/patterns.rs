//! The resources of one type that one principal has entries for, found by a resource's name.
//!
//! Pure; made once from entries in their order, then only read. Prefixes that contain a name are found without trying any length: in the
//! order of names, whatever lies between a prefix and a name that begins with it begins with it too. So the last prefix that is not after
//! the name, or one of the prefixes that it begins with itself, is the longest.

use super::grants::{Bits, Grants};
use super::hashed::Places;
use super::ordered::Ordered;
use ottla_controller::acl::{Acl, PatternType};
use std::net::IpAddr;
use std::sync::Arc;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    /// For the literal name `*`.
    all: Grants,
    /// By name, ascending.
    literal: Vec<(Arc<str>, Grants)>,
    /// Where names stand in it.
    places: Places,
    /// By name, ascending.
    prefixes: Vec<Prefix>,
    order: Ordered,
}

#[derive(Clone, Debug)]
struct Prefix {
    name: Arc<str>,
    grants: Grants,
    /// Where the longest other prefix stands that this one begins with.
    shorter: Option<usize>,
}

impl Patterns {
    /// From entries in the order of [`Acl`].
    pub fn of<'a>(acls: impl IntoIterator<Item = &'a Acl>) -> Self {
        let mut patterns = Self::default();
        acls.into_iter().for_each(|acl| patterns.add(acl));
        patterns.places = Places::of(patterns.literal.iter().map(|(name, _)| &**name));
        patterns.order = Ordered::of(patterns.prefixes.iter().map(|prefix| &*prefix.name));
        patterns
    }

    fn add(&mut self, acl: &Acl) {
        match acl.pattern_type {
            PatternType::Literal if acl.is_for_all_names() => self.all.add(acl),
            PatternType::Literal => self.add_literal(acl),
            PatternType::Prefixed => self.add_prefix(acl),
        }
    }

    fn add_literal(&mut self, acl: &Acl) {
        match self.literal.last_mut() {
            Some((name, grants)) if *name == acl.resource_name => grants.add(acl),
            _ => {
                let mut grants = Grants::default();
                grants.add(acl);
                self.literal.push((acl.resource_name.clone(), grants));
            }
        }
    }

    fn add_prefix(&mut self, acl: &Acl) {
        if let Some(last) = self.prefixes.last_mut()
            && last.name == acl.resource_name
        {
            return last.grants.add(acl);
        }
        let mut grants = Grants::default();
        grants.add(acl);
        let shorter = self.longest(self.prefixes.len(), &acl.resource_name);
        self.prefixes.push(Prefix {
            name: acl.resource_name.clone(),
            grants,
            shorter,
        });
    }

    /// What is said about the resource of this name to a client at `address`.
    pub fn about(&self, name: &str, address: IpAddr) -> Bits {
        let mut bits = self.all.at(address);
        for place in self.places.candidates(name) {
            let (own, grants) = &self.literal[place];
            if **own == *name {
                bits |= grants.at(address);
            }
        }
        let before = self
            .order
            .not_after(name, |place| *self.prefixes[place].name > *name);
        let mut next = self.longest(before, name);
        while let Some(found) = next {
            let prefix = &self.prefixes[found];
            bits |= prefix.grants.at(address);
            next = prefix.shorter;
        }
        bits
    }

    /// Of the first `before` prefixes, none of which is after `name`, the longest that it begins with.
    fn longest(&self, before: usize, name: &str) -> Option<usize> {
        let mut next = before.checked_sub(1);
        while let Some(found) = next {
            let prefix = &self.prefixes[found];
            if name.starts_with(&*prefix.name) {
                return Some(found);
            }
            next = prefix.shorter;
        }
        None
    }

    /// What is said to a client at `address` about each pattern: the wildcard has none, the others have a type and a name.
    pub fn each(&self, address: IpAddr) -> impl Iterator<Item = (Pattern<'_>, Bits)> {
        let all = std::iter::once((Pattern::All, self.all.at(address)));
        let literal = self
            .literal
            .iter()
            .map(move |(name, grants)| (Pattern::Literal(name), grants.at(address)));
        let prefixed = self
            .prefixes
            .iter()
            .map(move |prefix| (Pattern::Prefixed(&prefix.name), prefix.grants.at(address)));
        all.chain(literal).chain(prefixed)
    }
}

/// What an entry is about, within a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern<'a> {
    All,
    Literal(&'a str),
    Prefixed(&'a str),
}
