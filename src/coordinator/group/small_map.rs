//! A sorted map that is cheap to clone, and small while it holds little.
//!
//! imbl's nodes have room for 64 entries from the first on: kilobytes in each of many groups, most of which have a member or two
//! and offsets of one topic. Up to [`FEW`] entries are a shared vector here, copied when changed; beyond, an imbl map takes over.

use imbl::OrdMap;
use std::borrow::Borrow;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

/// How many entries are copied rather than held in a tree.
const FEW: usize = 8;

/// See the module. A map that has shrunk to half of [`FEW`] is a vector again.
pub struct SmallMap<K, V>(Kept<K, V>);

enum Kept<K, V> {
    /// Sorted; `None` is the empty map.
    Few(Option<Arc<Vec<(K, V)>>>),
    Many(OrdMap<K, V>),
}

impl<K: Ord + Clone, V: Clone> SmallMap<K, V> {
    pub fn new() -> Self {
        Self(Kept::Few(None))
    }

    pub fn len(&self) -> usize {
        match &self.0 {
            Kept::Few(few) => few.as_ref().map_or(0, |few| few.len()),
            Kept::Many(many) => many.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        match &self.0 {
            Kept::Few(few) => {
                let few = few.as_ref()?;
                let (key, value) = &few[place(few, key).ok()?];
                Some((key, value))
            }
            Kept::Many(many) => many.get_key_value(key),
        }
    }

    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key).map(|(_, value)| value)
    }

    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key).is_some()
    }

    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        match &mut self.0 {
            Kept::Few(few) => {
                let few = few.as_mut()?;
                let index = place(few, key).ok()?;
                Some(&mut Arc::make_mut(few)[index].1)
            }
            Kept::Many(many) => many.get_mut(key),
        }
    }

    /// Returns the value that was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let few = match &mut self.0 {
            Kept::Many(many) => return many.insert(key, value),
            Kept::Few(few) => Arc::make_mut(few.get_or_insert_default()),
        };
        match place(few, &key) {
            Ok(index) => Some(std::mem::replace(&mut few[index].1, value)),
            Err(index) if few.len() < FEW => {
                few.reserve_exact(1);
                few.insert(index, (key, value));
                None
            }
            Err(_) => {
                let mut many: OrdMap<K, V> = few.drain(..).collect();
                many.insert(key, value);
                self.0 = Kept::Many(many);
                None
            }
        }
    }

    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        if !self.contains_key(&key) {
            self.insert(key.clone(), V::default());
        }
        self.get_mut(&key).expect("inserted above")
    }

    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        match &mut self.0 {
            Kept::Few(few) => {
                let entries = few.as_mut()?;
                let index = place(entries, key).ok()?;
                let (_, removed) = Arc::make_mut(entries).remove(index);
                if entries.is_empty() {
                    *few = None;
                }
                Some(removed)
            }
            Kept::Many(many) => {
                let removed = many.remove(key);
                if many.len() <= FEW / 2 {
                    let few = std::mem::take(many).into_iter().collect();
                    self.0 = Kept::Few(Some(Arc::new(few)));
                }
                removed
            }
        }
    }

    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// In the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (few, many) = match &self.0 {
            Kept::Few(few) => (few.as_ref(), None),
            Kept::Many(many) => (None, Some(many)),
        };
        let few = few.into_iter().flat_map(|few| few.iter());
        few.map(|(key, value)| (key, value))
            .chain(many.into_iter().flatten())
    }

    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

/// Where the key is, or would be.
fn place<K: Borrow<Q>, Q: Ord + ?Sized, V>(few: &[(K, V)], key: &Q) -> Result<usize, usize> {
    few.binary_search_by(|(known, _)| known.borrow().cmp(key))
}

impl<K, V> Clone for SmallMap<K, V> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Kept::Few(few) => Kept::Few(few.clone()),
            Kept::Many(many) => Kept::Many(many.clone()),
        })
    }
}

impl<K: Ord + Clone, V: Clone> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> PartialEq for SmallMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K: Ord + Clone + Debug, V: Clone + Debug> Debug for SmallMap<K, V> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_what_a_sorted_map_is(changes in prop::collection::vec((any::<bool>(), 0..20u8, any::<u8>()), 0..200)) {
            let mut wanted = BTreeMap::new();
            let mut found = SmallMap::new();
            for (inserts, key, value) in changes {
                let before = found.clone();
                let copy: Vec<(u8, u8)> = before.iter().map(|(key, value)| (*key, *value)).collect();
                if inserts {
                    prop_assert_eq!(found.insert(key, value), wanted.insert(key, value));
                } else {
                    prop_assert_eq!(found.remove(&key), wanted.remove(&key));
                }
                prop_assert!(found.iter().eq(wanted.iter()));
                prop_assert_eq!(found.len(), wanted.len());
                prop_assert_eq!(found.get(&value), wanted.get(&value));
                prop_assert_eq!(found.get_mut(&key), wanted.get_mut(&key));
                prop_assert!(before.iter().eq(copy.iter().map(|(key, value)| (key, value))), "a clone does not change");
            }
        }
    }

    #[test]
    fn a_default_is_put_where_nothing_was() {
        let mut map: SmallMap<u8, Vec<u8>> = SmallMap::new();
        map.get_or_default(1).push(7);
        map.get_or_default(1).push(8);
        assert_eq!(map.get(&1), Some(&vec![7, 8]));
    }

    #[test]
    fn maps_are_equal_by_what_they_hold() {
        let grown = |to: u8| {
            let mut map = SmallMap::new();
            (0..to).for_each(|key| assert_eq!(map.insert(key, ()), None));
            map
        };
        let mut shrunk = grown(20);
        (6..20).for_each(|key| assert_eq!(shrunk.remove(&key), Some(())));
        assert!(shrunk == grown(6) && shrunk != grown(7));
    }
}
