//! How much each partition may contribute to one fetch answer, and whether the answer is worth sending: pure.
//!
//! Kafka's rules (`ReplicaManager.readFromLog`, `DelayedFetch`): partitions are read in order, each up to the smaller of
//! its own limit and what is left of the answer's; the first batch of the first partition that has one is always
//! returned, however large, so that a consumer makes progress. Order is the caller's: a session serves what it could not
//! serve last time first.

/// What is left of an answer's byte limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    remaining_bytes: usize,
    has_records: bool,
}

/// How much one partition may contribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub max_bytes: usize,
    /// Return the first batch even if it is larger than `max_bytes`.
    pub at_least_one_batch: bool,
}

impl Allowance {
    /// No records.
    pub const NOTHING: Self = Self {
        max_bytes: 0,
        at_least_one_batch: false,
    };

    /// Nothing may be read; offsets and errors are still worth asking for.
    pub fn is_empty(self) -> bool {
        self.max_bytes == 0 && !self.at_least_one_batch
    }
}

impl Budget {
    /// `max_bytes`: the smaller of the request's limit and the broker's `fetch.max.bytes`; negative counts as 0.
    pub fn new(max_bytes: i32) -> Self {
        Self {
            remaining_bytes: usize::try_from(max_bytes).unwrap_or(0),
            has_records: false,
        }
    }

    /// What the next partition, whose own limit is `partition_max_bytes`, may contribute.
    pub fn allowance(self, partition_max_bytes: i32) -> Allowance {
        let own = usize::try_from(partition_max_bytes).unwrap_or(0);
        Allowance {
            max_bytes: own.min(self.remaining_bytes),
            at_least_one_batch: !self.has_records,
        }
    }

    /// A partition contributed `size_bytes`.
    pub fn took(&mut self, size_bytes: usize) {
        self.remaining_bytes = self.remaining_bytes.saturating_sub(size_bytes);
        self.has_records |= size_bytes > 0;
    }
}

/// What one pass over the partitions found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub size_bytes: usize,
    /// Any partition answered with an error, a diverging epoch or another replica to read from.
    pub must_answer: bool,
}

/// Whether to answer now rather than wait for more. Without a single partition to hope for, it is due at once.
pub fn is_due(found: Found, min_bytes: i32, hopeful: usize) -> bool {
    let enough = i64::try_from(found.size_bytes).is_ok_and(|size| size >= i64::from(min_bytes));
    enough || found.must_answer || hopeful == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_partition_with_records_may_exceed_every_limit_and_no_other() {
        let mut budget = Budget::new(100);
        assert_eq!(
            budget.allowance(10),
            Allowance {
                max_bytes: 10,
                at_least_one_batch: true
            }
        );
        budget.took(0);
        assert!(
            budget.allowance(10).at_least_one_batch,
            "an empty partition does not use the exception up"
        );
        budget.took(500);
        assert!(budget.allowance(10).is_empty());
    }

    #[test]
    fn a_partition_gets_the_smaller_of_its_own_limit_and_what_is_left() {
        let mut budget = Budget::new(100);
        budget.took(70);
        assert_eq!(budget.allowance(50).max_bytes, 30);
        assert_eq!(budget.allowance(20).max_bytes, 20);
        assert_eq!(budget.allowance(-1).max_bytes, 0);
        assert!(Budget::new(0).allowance(1_000).at_least_one_batch);
    }

    #[test]
    fn an_answer_is_due_when_it_has_enough_or_cannot_get_better() {
        let found = |size_bytes, must_answer| Found {
            size_bytes,
            must_answer,
        };
        let cases = [
            (found(0, false), 1, 1, false),
            (found(1, false), 1, 1, true),
            (found(9, false), 10, 1, false),
            (found(0, true), 10, 1, true),
            (found(0, false), 1, 0, true),
            (found(0, false), 0, 1, true),
        ];
        for (found, min_bytes, hopeful, due) in cases {
            assert_eq!(
                is_due(found, min_bytes, hopeful),
                due,
                "{found:?} {min_bytes} {hopeful}"
            );
        }
    }
}
