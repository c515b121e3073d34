//! Where each leader epoch of a partition begins (`LeaderEpochFileCache`, KIP-101, KIP-279), and the answer to "where did epoch N end".
//!
//! Entries rise strictly in epoch and in start offset. The content of `leader-epoch-checkpoint`:
//! ```text
//!   0            version
//!   2            number of entries
//!   0 0          epoch, start offset
//!   3 1500
//! ```

use crate::checkpoint::lines;
use crate::error::Malformed;
use crate::offset::{LeaderEpoch, Offset};

/// The first offset that was written in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEntry {
    pub epoch: LeaderEpoch,
    pub start_offset: Offset,
}

/// See the module. One owner changes it; a change that returns `true` belongs into the checkpoint file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    entries: Vec<EpochEntry>,
}

impl Epochs {
    pub fn new() -> Epochs {
        Epochs::default()
    }

    /// Rising in epoch and start offset.
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn latest(&self) -> Option<EpochEntry> {
        self.entries.last().copied()
    }

    pub fn earliest(&self) -> Option<EpochEntry> {
        self.entries.first().copied()
    }

    /// The highest known epoch below `epoch`.
    pub fn previous(&self, epoch: LeaderEpoch) -> Option<EpochEntry> {
        self.entries[..self.entries.partition_point(|entry| entry.epoch < epoch)]
            .last()
            .copied()
    }

    /// The lowest known epoch above `epoch`.
    pub fn next(&self, epoch: LeaderEpoch) -> Option<EpochEntry> {
        self.entries
            .get(self.entries.partition_point(|entry| entry.epoch <= epoch))
            .copied()
    }

    /// A batch of `epoch` at `start_offset` is about to be written: notes it if the epoch is new, or if it begins earlier than known.
    /// Entries that contradict it (higher epoch or later start) are dropped. Negative numbers (batches of old formats have
    /// none) change nothing. Returns whether anything changed.
    pub fn assign(&mut self, epoch: LeaderEpoch, start_offset: Offset) -> bool {
        let is_known = self
            .latest()
            .is_some_and(|latest| latest.epoch == epoch && latest.start_offset <= start_offset);
        if is_known || epoch < LeaderEpoch(0) || start_offset < Offset::ZERO {
            return false;
        }
        while self
            .latest()
            .is_some_and(|latest| latest.epoch >= epoch || latest.start_offset >= start_offset)
        {
            self.entries.pop();
        }
        self.entries.push(EpochEntry {
            epoch,
            start_offset,
        });
        true
    }

    /// The largest known epoch that is not above `requested`, and the offset where it ended. `None` is Kafka's (−1, −1). A requested
    /// epoch below every known one answers itself, with the start of the first known (its data is gone).
    pub fn end_offset_for(
        &self,
        requested: LeaderEpoch,
        log_end: Offset,
    ) -> Option<(LeaderEpoch, Offset)> {
        if requested == LeaderEpoch::NONE {
            return None;
        }
        if self
            .latest()
            .is_some_and(|latest| latest.epoch == requested)
        {
            return Some((requested, log_end));
        }
        let higher = self.next(requested)?;
        let floor = self.entries[..self
            .entries
            .partition_point(|entry| entry.epoch <= requested)]
            .last();
        Some((
            floor.map_or(requested, |entry| entry.epoch),
            higher.start_offset,
        ))
    }

    /// The epoch in which the record at `offset` was written; `None` below the first entry.
    pub fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.entries[..self
            .entries
            .partition_point(|entry| entry.start_offset <= offset)]
            .last()
            .map(|entry| entry.epoch)
    }

    /// The log now ends at `end_offset`: drops epochs that began there or later. Returns whether anything changed.
    pub fn truncate_from_end(&mut self, end_offset: Offset) -> bool {
        let before = self.entries.len();
        if end_offset >= Offset::ZERO {
            self.entries.truncate(
                self.entries
                    .partition_point(|entry| entry.start_offset < end_offset),
            );
        }
        self.entries.len() != before
    }

    /// The log now starts at `start_offset`: drops epochs that ended before it; the one that spans it begins there. Returns whether
    /// anything changed.
    pub fn truncate_from_start(&mut self, start_offset: Offset) -> bool {
        let spanning = self
            .entries
            .partition_point(|entry| entry.start_offset <= start_offset);
        let Some(last) = spanning.checked_sub(1) else {
            return false;
        };
        let is_changed = last > 0 || self.entries[last].start_offset != start_offset;
        self.entries.drain(..last);
        self.entries[0].start_offset = start_offset;
        is_changed
    }

    /// Returns whether there was anything.
    pub fn clear(&mut self) -> bool {
        let was_empty = self.entries.is_empty();
        self.entries.clear();
        !was_empty
    }

    /// The content of `leader-epoch-checkpoint`.
    pub fn encode(&self) -> String {
        lines::encode(
            self.entries
                .iter()
                .map(|entry| format!("{} {}", entry.epoch, entry.start_offset)),
        )
    }

    /// Reads `leader-epoch-checkpoint`. Entries are assigned one after another as Kafka does, so that a file which contradicts
    /// itself yields its consistent part.
    pub fn parse(content: &str) -> Result<Epochs, Malformed> {
        const WHAT: &str = "leader epoch checkpoint";
        let mut epochs = Epochs::new();
        for line in lines::parse(WHAT, content)? {
            let (epoch, start_offset) = line
                .split_once(' ')
                .and_then(|(epoch, offset)| {
                    Some((epoch.parse().ok()?, offset.trim_end().parse().ok()?))
                })
                .filter(|(epoch, offset): &(i32, i64)| *epoch >= 0 && *offset >= 0)
                .ok_or_else(|| {
                    Malformed::new(
                        WHAT,
                        format!("the line {line:?} is not an epoch and an offset"),
                    )
                })?;
            epochs.assign(LeaderEpoch(epoch), Offset(start_offset));
        }
        Ok(epochs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn epochs(entries: &[(i32, i64)]) -> Epochs {
        let mut epochs = Epochs::new();
        for (epoch, start) in entries {
            assert!(
                epochs.assign(LeaderEpoch(*epoch), Offset(*start)),
                "{epoch} {start} changes nothing"
            );
        }
        epochs
    }

    fn pairs(epochs: &Epochs) -> Vec<(i32, i64)> {
        epochs
            .entries()
            .iter()
            .map(|entry| (entry.epoch.0, entry.start_offset.0))
            .collect()
    }

    #[test]
    fn an_epoch_is_noted_once_and_can_only_begin_earlier() {
        let mut known = epochs(&[(0, 0), (2, 10)]);
        assert!(!known.assign(LeaderEpoch(2), Offset(11)));
        assert!(!known.assign(LeaderEpoch(-1), Offset(20)));
        assert!(known.assign(LeaderEpoch(2), Offset(9)));
        assert_eq!(pairs(&known), [(0, 0), (2, 9)]);
    }

    #[test]
    fn an_entry_drops_those_that_contradict_it() {
        let mut known = epochs(&[(0, 0), (2, 10), (5, 20)]);
        assert!(known.assign(LeaderEpoch(3), Offset(15)));
        assert_eq!(pairs(&known), [(0, 0), (2, 10), (3, 15)]);
        assert!(known.assign(LeaderEpoch(4), Offset(10)));
        assert_eq!(pairs(&known), [(0, 0), (4, 10)]);
    }

    #[test]
    fn the_end_of_an_epoch_is_the_start_of_the_next_known_one() {
        let known = epochs(&[(2, 10), (4, 20), (6, 30)]);
        let end = |epoch| {
            known
                .end_offset_for(LeaderEpoch(epoch), Offset(42))
                .map(|(epoch, offset)| (epoch.0, offset.0))
        };
        assert_eq!(end(-1), None);
        assert_eq!(
            end(1),
            Some((1, 10)),
            "below all: itself, with the first known start"
        );
        assert_eq!(end(2), Some((2, 20)));
        assert_eq!(end(3), Some((2, 20)), "between: the one below");
        assert_eq!(end(5), Some((4, 30)));
        assert_eq!(end(6), Some((6, 42)), "the latest ends at the log's end");
        assert_eq!(end(7), None);
        assert_eq!(
            Epochs::new().end_offset_for(LeaderEpoch(0), Offset(5)),
            None
        );
    }

    #[test]
    fn truncation_keeps_the_epoch_that_spans_the_start() {
        let mut known = epochs(&[(2, 10), (4, 20), (6, 30)]);
        assert!(!known.truncate_from_start(Offset(9)));
        assert!(!known.truncate_from_start(Offset(10)));
        assert!(known.truncate_from_start(Offset(25)));
        assert_eq!(pairs(&known), [(4, 25), (6, 30)]);
        assert!(!known.truncate_from_end(Offset(31)));
        assert!(!known.truncate_from_end(Offset(-1)));
        assert!(known.truncate_from_end(Offset(30)));
        assert_eq!(pairs(&known), [(4, 25)]);
        assert_eq!(known.epoch_at(Offset(24)), None);
        assert_eq!(known.epoch_at(Offset(1000)), Some(LeaderEpoch(4)));
    }

    #[test]
    fn neighbours_are_strictly_below_and_above() {
        let known = epochs(&[(2, 10), (4, 20)]);
        assert_eq!(known.previous(LeaderEpoch(2)), None);
        assert_eq!(
            known.previous(LeaderEpoch(3)).map(|entry| entry.epoch.0),
            Some(2)
        );
        assert_eq!(
            known.next(LeaderEpoch(2)).map(|entry| entry.epoch.0),
            Some(4)
        );
        assert_eq!(known.next(LeaderEpoch(4)), None);
    }

    proptest! {
        #[test]
        fn any_assignments_keep_the_order_and_survive_the_file(entries in proptest::collection::vec((0..20i32, 0..50i64), 0..30)) {
            let mut known = Epochs::new();
            for (epoch, start) in entries {
                known.assign(LeaderEpoch(epoch), Offset(start));
                prop_assert!(known.entries().windows(2).all(|pair| pair[0].epoch < pair[1].epoch && pair[0].start_offset < pair[1].start_offset));
            }
            prop_assert_eq!(Epochs::parse(&known.encode()), Ok(known));
        }

        #[test]
        fn any_text_is_read_or_refused(content in ".{0,200}") {
            let _ = Epochs::parse(&content);
        }
    }
}
