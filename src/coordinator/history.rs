//! The versions of a shard's durable state between the committed offset and the end of its log.
//!
//! Writes decide on the latest version, reads see the committed one. A version is a few pointers: persistent maps.

use ottla_storage::offset::Offset;
use std::collections::VecDeque;

/// Never empty; offsets rise.
#[derive(Debug)]
pub struct History<D> {
    versions: VecDeque<(Offset, D)>,
}

impl<D> History<D> {
    /// `state` is that of the committed log up to `end`.
    pub fn new(end: Offset, state: D) -> Self {
        Self {
            versions: VecDeque::from([(end, state)]),
        }
    }

    /// What writes decide on: may include records not yet committed.
    pub fn latest(&self) -> &D {
        &self.versions.back().expect("never empty").1
    }

    /// Where the log ended after the latest version's records.
    pub fn end(&self) -> Offset {
        self.versions.back().expect("never empty").0
    }

    /// What reads see.
    pub fn committed(&self) -> &D {
        &self.versions.front().expect("never empty").1
    }

    /// Where the log ended after the committed version's records.
    pub fn committed_end(&self) -> Offset {
        self.versions.front().expect("never empty").0
    }

    /// The log now ends at `end`, and that is the state there.
    pub fn append(&mut self, end: Offset, state: D) {
        assert!(end > self.end(), "a log grows");
        self.versions.push_back((end, state));
    }

    /// Everything before `offset` is committed.
    pub fn commit(&mut self, offset: Offset) {
        while self.versions.get(1).is_some_and(|(end, _)| *end <= offset) {
            self.versions.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_sees_uncommitted_state_and_a_read_does_not() {
        let mut history = History::new(Offset(0), "a");
        history.append(Offset(2), "b");
        history.append(Offset(5), "c");
        assert_eq!((*history.latest(), history.end()), ("c", Offset(5)));
        assert_eq!(*history.committed(), "a");
        history.commit(Offset(4));
        assert_eq!(
            (*history.committed(), history.committed_end()),
            ("b", Offset(2))
        );
        history.commit(Offset(5));
        assert_eq!(*history.committed(), "c");
        assert_eq!(*history.latest(), "c");
    }
}
