//! The offsets by which a log is known, and the one place where they change.

use crate::offset::Offset;

/// `start ≤ stable ≤ high_watermark ≤ end` and `flushed ≤ end`, in every value of this type that a log shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOffsets {
    /// The first offset that may be read (`logStartOffset`).
    pub start: Offset,
    /// The end for readers of committed records (`lastStableOffset`).
    pub stable: Offset,
    /// The end for consumers.
    pub high_watermark: Offset,
    /// Where the next record goes (`logEndOffset`).
    pub end: Offset,
    /// What power loss cannot take: all before it is on the device.
    pub flushed: Offset,
}

impl LogOffsets {
    /// An empty log that starts here.
    pub fn empty_at(start: Offset) -> LogOffsets {
        LogOffsets {
            start,
            stable: start,
            high_watermark: start,
            end: start,
            flushed: start,
        }
    }

    /// `self` after `change`.
    ///
    /// # Panics
    /// When `change` breaks the order: then the log cannot be believed, and going on would spread it.
    #[must_use]
    pub(super) fn changed(mut self, change: impl FnOnce(&mut LogOffsets)) -> LogOffsets {
        let before = self;
        change(&mut self);
        let is_ordered = self.start <= self.stable
            && self.stable <= self.high_watermark
            && self.high_watermark <= self.end
            && self.flushed <= self.end;
        assert!(
            is_ordered,
            "offsets out of order: {before:?} became {self:?}"
        );
        self
    }
}
