//! A search in names that are in order, by the eight bytes that follow what they all begin with: numbers side by side are compared, and only
//! names that agree so far are looked at.
//!
//! Pure.

/// See the module. Knows the names' order, not the names.
#[derive(Clone, Debug, Default)]
pub struct Ordered {
    /// What all of them begin with.
    stem: Vec<u8>,
    keys: Vec<u64>,
}

impl Ordered {
    /// Of names in ascending order.
    pub fn of<'a>(names: impl DoubleEndedIterator<Item = &'a str> + Clone) -> Self {
        let (first, last) = (names.clone().next(), names.clone().next_back());
        let ends = std::iter::zip(
            first.unwrap_or_default().bytes(),
            last.unwrap_or_default().bytes(),
        );
        let stem: Vec<u8> = ends
            .take_while(|(one, other)| one == other)
            .map(|(one, _)| one)
            .collect();
        let keys = names
            .map(|name| key(&name.as_bytes()[stem.len()..]))
            .collect();
        Self { stem, keys }
    }

    /// How many of the names are not after `name`; `is_after` says of one by its place whether it is.
    pub fn not_after(&self, name: &str, is_after: impl Fn(usize) -> bool) -> usize {
        let Some(rest) = name.as_bytes().strip_prefix(&*self.stem) else {
            // All are on one side of it.
            return match name.as_bytes() < &*self.stem {
                true => 0,
                false => self.keys.len(),
            };
        };
        let wanted = key(rest);
        let mut first = self.keys.partition_point(|key| *key < wanted);
        let mut end = first + self.keys[first..].partition_point(|key| *key == wanted);
        while first < end {
            let middle = first.midpoint(end);
            match is_after(middle) {
                true => end = middle,
                false => first = middle + 1,
            }
        }
        first
    }
}

/// In the order of the bytes; what is shorter is filled up with the least.
fn key(bytes: &[u8]) -> u64 {
    let mut key = [0; 8];
    let length = bytes.len().min(key.len());
    key[..length].copy_from_slice(&bytes[..length]);
    u64::from_be_bytes(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_search_finds_what_comparing_all_names_finds(
            names in proptest::collection::btree_set("p[ab\0]{0,12}", 0..40),
            wanted in "p?[ab\0c]{0,13}",
        ) {
            let names: Vec<String> = names.into_iter().collect();
            let ordered = Ordered::of(names.iter().map(String::as_str));
            let found = ordered.not_after(&wanted, |place| names[place] > wanted);
            let expected = names.iter().filter(|name| **name <= wanted).count();
            prop_assert_eq!(found, expected);
        }
    }
}
