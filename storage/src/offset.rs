//! The numbers of a partition log, each with its own type so that they cannot be swapped.
//!
//! All are Kafka's wire types; −1 means "none" everywhere (`NONE`). Arithmetic saturates nowhere and checks nowhere except
//! where Kafka wraps: a [`Sequence`] goes from `i32::MAX` to 0 (`DefaultRecordBatch.incrementSequence`).

use std::fmt;

/// Position of a record in a partition: 0, 1, 2, … Ends of ranges are exclusive unless a name says `last`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub i64);

/// Term of a partition's leadership; starts at 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderEpoch(pub i32);

/// Cluster-wide id of an idempotent or transactional producer (KIP-98).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerId(pub i64);

/// Incarnation of a [`ProducerId`]; an older one is fenced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerEpoch(pub i16);

/// Number of a record among those of one producer in one partition; after `i32::MAX` comes 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub i32);

impl Offset {
    pub const ZERO: Offset = Offset(0);
    pub const NONE: Offset = Offset(-1);

    /// The offset after this one.
    pub fn next(self) -> Offset {
        self.plus(1)
    }

    /// `self + count`. Wraps like Java's `long`: callers reject what a peer sent before they add to it.
    pub fn plus(self, count: i64) -> Offset {
        Offset(self.0.wrapping_add(count))
    }

    /// How many offsets lie between `earlier` and this one (negative when it is later).
    pub fn since(self, earlier: Offset) -> i64 {
        self.0.wrapping_sub(earlier.0)
    }
}

impl LeaderEpoch {
    pub const NONE: LeaderEpoch = LeaderEpoch(-1);
}

impl ProducerId {
    pub const NONE: ProducerId = ProducerId(-1);

    /// Ids count up from 0; any negative one means that the batch has no producer state (`hasProducerId`).
    pub fn is_some(self) -> bool {
        self.0 > Self::NONE.0
    }
}

impl ProducerEpoch {
    pub const NONE: ProducerEpoch = ProducerEpoch(-1);
}

impl Sequence {
    pub const NONE: Sequence = Sequence(-1);

    /// The sequence `count` after this one; `count` is not negative.
    pub fn plus(self, count: i32) -> Sequence {
        if self.0 > i32::MAX - count {
            Sequence(count - (i32::MAX - self.0) - 1)
        } else {
            Sequence(self.0 + count)
        }
    }

    /// The sequence `count` before this one; `count` is not negative.
    pub fn minus(self, count: i32) -> Sequence {
        if self.0 < count {
            Sequence((i64::from(i32::MAX) - (i64::from(count) - i64::from(self.0)) + 1) as i32)
        } else {
            Sequence(self.0 - count)
        }
    }

    /// Whether a batch that starts here may come right after one that ended at `last` (`ProducerAppendInfo.inSequence`).
    pub fn follows(self, last: Sequence) -> bool {
        i64::from(self.0) == i64::from(last.0) + 1 || (self.0 == 0 && last.0 == i32::MAX)
    }
}

macro_rules! shown_as_its_number {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}
shown_as_its_number!(Offset LeaderEpoch ProducerId ProducerEpoch Sequence);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sequence_wraps_from_its_maximum_to_zero() {
        assert_eq!(Sequence(i32::MAX).plus(1), Sequence(0));
        assert_eq!(Sequence(i32::MAX - 1).plus(3), Sequence(1));
        assert_eq!(Sequence(0).minus(1), Sequence(i32::MAX));
        assert!(Sequence(0).follows(Sequence(i32::MAX)));
        assert!(!Sequence(1).follows(Sequence(i32::MAX)));
        assert!(Sequence(0).follows(Sequence::NONE));
    }

    proptest! {
        #[test]
        fn minus_undoes_plus(start in 0..=i32::MAX, count in 0..=i32::MAX) {
            prop_assert_eq!(Sequence(start).plus(count).minus(count), Sequence(start));
        }
    }
}
