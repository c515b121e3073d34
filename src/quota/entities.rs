//! What is remembered of those who are limited: never more than so many of them, and nobody for long who does nothing. Pure.
//!
//! Two generations: who is used moves to the young one; when that is full, or old, the old one is forgotten. So forgetting costs nothing
//! per entry, and a client that changes its name with every request pushes out its own former selves before anybody who is active.

use super::limits::Tags;
use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

/// Of one generation.
const ENTITIES_MAX: usize = 5_000;
/// Kafka forgets after an hour without use.
const GENERATION: Duration = Duration::from_secs(3600);

#[derive(Debug)]
pub(super) struct Entities<T> {
    young: BTreeMap<Tags, T>,
    old: BTreeMap<Tags, T>,
    since: Duration,
}

impl<T> Default for Entities<T> {
    fn default() -> Self {
        Self {
            young: BTreeMap::new(),
            old: BTreeMap::new(),
            since: Duration::ZERO,
        }
    }
}

impl<T: Default> Entities<T> {
    /// The entity of these tags, new if it was not there.
    pub fn of(&mut self, tags: Tags, now: Duration) -> &mut T {
        let is_old = now.saturating_sub(self.since) >= GENERATION;
        if is_old || self.young.len() >= ENTITIES_MAX {
            self.old = mem::take(&mut self.young);
            self.since = now;
        }
        let known = self.old.remove(&tags).unwrap_or_default();
        match self.young.entry(tags) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(known),
        }
    }

    /// The most recently used first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Tags, &mut T)> {
        self.young.iter_mut().chain(self.old.iter_mut())
    }

    /// Forgets everybody.
    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(name: &str) -> Tags {
        Tags {
            user: "".into(),
            client_id: name.into(),
        }
    }

    #[test]
    fn who_is_active_is_remembered_while_names_without_end_come_and_go() {
        let mut entities = Entities::<u32>::default();
        for number in 0..50_000 {
            *entities.of(tags("active"), Duration::ZERO) += 1;
            *entities.of(tags(&format!("{number}")), Duration::ZERO) += 1;
        }
        assert_eq!(*entities.of(tags("active"), Duration::ZERO), 50_000);
        assert!(entities.iter_mut().count() <= 2 * ENTITIES_MAX);
    }

    #[test]
    fn who_does_nothing_for_two_hours_is_forgotten() {
        let mut entities = Entities::<u32>::default();
        *entities.of(tags("idle"), Duration::ZERO) = 7;
        for hour in 1..=2 {
            entities.of(tags("other"), GENERATION * hour);
        }
        assert_eq!(*entities.of(tags("idle"), GENERATION * 2), 0);
    }
}
