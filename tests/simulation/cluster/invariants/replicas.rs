//! What is committed is the same on all replicas, byte for byte.

use ottla_protocol::Bytes;

/// The log of one partition between the same offsets, by node.
pub fn are_equal(topic: &str, partition: i32, copies: &[(i32, Bytes)]) {
    for pair in copies.windows(2) {
        let ((one, first), (other, second)) = (&pair[0], &pair[1]);
        let parts_at =
            (0..first.len().max(second.len())).find(|at| first.get(*at) != second.get(*at));
        assert!(
            parts_at.is_none(),
            "{topic}-{partition} differs on nodes {one} and {other} at byte {parts_at:?} of {} and {}",
            first.len(),
            second.len()
        );
    }
}
