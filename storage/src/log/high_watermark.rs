//! Moving the high watermark, and the last stable offset with it.

use super::shared::{LogReader, Shared};
use super::writer::LogWriter;
use crate::offset::Offset;

impl Shared {
    /// `stable` is the high watermark or the first offset of the oldest transaction that is open or not yet replicated.
    fn settle(&self, move_to: impl FnOnce(Offset, Offset, Offset) -> Offset) -> bool {
        let mut state = self.producers.lock();
        let offsets = self.offsets();
        let high_watermark = move_to(offsets.start, offsets.high_watermark, offsets.end);
        if let Some(producers) = state.loaded() {
            producers.high_watermark_reached(high_watermark);
        }
        let unstable = state.first_unstable_offset().unwrap_or(high_watermark);
        let stable = unstable.min(high_watermark).max(offsets.start);
        let before = offsets;
        let after = self.change_offsets(|offsets| {
            offsets.high_watermark = high_watermark;
            offsets.stable = stable;
        });
        before != after
    }
}

impl LogReader {
    /// Moves the high watermark forward, at most to the end; never back. Returns whether it, or the last stable offset, moved. Needs no writer, so
    /// that a slow append holds nobody back.
    pub fn advance_high_watermark(&self, high_watermark: Offset) -> bool {
        self.shared
            .settle(|_, current, end| high_watermark.clamp(current, end))
    }
}

impl LogWriter {
    /// Sets the high watermark, backwards too (a follower's, or that of a new role), within start and end. Returns whether anything moved.
    pub fn set_high_watermark(&mut self, high_watermark: Offset) -> bool {
        self.shared()
            .settle(|start, _, end| high_watermark.clamp(start, end))
    }
}
