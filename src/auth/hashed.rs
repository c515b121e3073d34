//! Places of names, found by hash: a search compares numbers that lie side by side, and looks at one name in the end.
//!
//! Pure. The hash is the same on every node and in every run; names that collide are told apart by themselves, only slower.

/// After FNV-1a, with words of eight bytes.
pub fn hash(name: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(PRIME).rotate_left(23);
    let (words, rest) = name.as_bytes().as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let rest = rest.iter().map(|byte| u64::from(*byte));
    words.chain(rest).fold(BASIS, mix)
}

/// The places of names in a list of theirs.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Ascending.
    hashes: Vec<(u64, u32)>,
}

impl Places {
    /// Of names in the order of their list.
    pub fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut hashes: Vec<_> = (0..)
            .zip(names)
            .map(|(place, name)| (hash(name), place))
            .collect();
        hashes.sort_unstable();
        Self { hashes }
    }

    /// Where `name` may stand, mostly one place or none.
    pub fn candidates(&self, name: &str) -> impl Iterator<Item = usize> + '_ {
        let wanted = hash(name);
        let first = self.hashes.partition_point(|(hash, _)| *hash < wanted);
        let equal = self.hashes[first..]
            .iter()
            .take_while(move |(hash, _)| *hash == wanted);
        equal.map(|(_, place)| *place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_it_stands_and_others_are_not() {
        let names: Vec<String> = (0..1_000).map(|number| format!("topic-{number}")).collect();
        let places = Places::of(names.iter().map(String::as_str));
        for (place, name) in names.iter().enumerate() {
            let found = places.candidates(name).find(|found| names[*found] == *name);
            assert_eq!(found, Some(place));
        }
        assert_eq!(
            places
                .candidates("topic-1000")
                .find(|found| names[*found] == "topic-1000"),
            None
        );
    }
}
