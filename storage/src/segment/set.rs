//! The segments of a log at one moment: immutable, ordered, never empty. A reader takes one and is never disturbed by what happens next.

use super::Segment;
use crate::offset::Offset;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct SegmentSet(Vec<Arc<Segment>>);

impl SegmentSet {
    /// # Panics
    /// Without a segment, or when they are out of order: a log always has one, and names decide the order.
    pub fn new(segments: Vec<Arc<Segment>>) -> SegmentSet {
        assert!(!segments.is_empty(), "a log has at least one segment");
        assert!(
            segments.is_sorted_by(|a, b| a.base_offset() < b.base_offset()),
            "segments are ordered by base offset"
        );
        SegmentSet(segments)
    }

    pub fn first(&self) -> &Arc<Segment> {
        &self.0[0]
    }

    /// The one that is written to.
    pub fn active(&self) -> &Arc<Segment> {
        &self.0[self.0.len() - 1]
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Arc<Segment>> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never: see the type.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The segment that would hold `offset`, and all after it. From the first one when `offset` lies before it.
    pub fn from(&self, offset: Offset) -> &[Arc<Segment>] {
        let after = self
            .0
            .partition_point(|segment| segment.base_offset() <= offset);
        &self.0[after.saturating_sub(1)..]
    }

    /// The segments that lie wholly before `offset`.
    pub fn before(&self, offset: Offset) -> &[Arc<Segment>] {
        &self.0[..self.0.len() - self.from(offset).len()]
    }

    pub fn with(&self, segment: Arc<Segment>) -> SegmentSet {
        let mut segments = self.0.clone();
        segments.push(segment);
        SegmentSet::new(segments)
    }

    pub fn without_first(&self, count: usize) -> SegmentSet {
        SegmentSet::new(self.0[count..].to_vec())
    }

    pub fn size_bytes(&self) -> u64 {
        self.0.iter().map(|segment| segment.size_bytes()).sum()
    }
}
