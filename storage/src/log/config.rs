//! What a log needs of its topic's configuration.

use crate::segment::SegmentLimits;

/// Kafka's defaults, unless a field says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`.
    pub segment_bytes: u32,
    /// `segment.ms`.
    pub segment_ms: i64,
    /// `segment.jitter.ms`: each segment rolls earlier by up to this much, so that partitions created together do not roll together.
    pub segment_jitter_ms: i64,
    /// `index.interval.bytes`.
    pub index_interval_bytes: u32,
    /// `segment.index.bytes`.
    pub segment_index_bytes: u32,
    /// `preallocate`.
    pub preallocate: bool,
    /// `producer.id.expiration.ms`.
    pub producer_expiration_ms: i64,
    /// Producers remembered per partition at most; the longest idle ones go first (Kafka has no such limit).
    pub max_producers: usize,
}

impl Default for LogConfig {
    fn default() -> Self {
        LogConfig {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3600 * 1000,
            segment_jitter_ms: 0,
            index_interval_bytes: 4096,
            segment_index_bytes: 10 << 20,
            preallocate: false,
            producer_expiration_ms: 24 * 3600 * 1000,
            max_producers: 100_000,
        }
    }
}

impl LogConfig {
    /// The limits of one segment. `salt` differs from segment to segment and picks its share of the jitter.
    pub(super) fn limits(&self, salt: u64) -> SegmentLimits {
        let jitter_ms = self.segment_jitter_ms.clamp(0, self.segment_ms.max(0));
        let spread = salt.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let share_ms =
            i64::try_from((u128::from(spread) * u128::from(jitter_ms.unsigned_abs())) >> 32)
                .unwrap_or(0);
        SegmentLimits {
            segment_bytes: self.segment_bytes,
            segment_ms: self.segment_ms - share_ms,
            index_interval_bytes: self.index_interval_bytes,
            segment_index_bytes: self.segment_index_bytes,
            preallocate: self.preallocate,
        }
    }
}
