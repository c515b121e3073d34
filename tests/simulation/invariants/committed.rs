//! A committed offset never goes back, and is one that was sent. Power loss may take a suffix of the commits.

/// Nothing was committed.
pub const NONE: i64 = -1;

pub fn check(found: i64, acknowledged: i64, sent: i64, may_have_lost: bool) {
    assert!(found <= sent, "{found} was never sent, the last was {sent}");
    assert!(
        may_have_lost || found >= acknowledged,
        "the offset went back from {acknowledged} to {found}"
    );
}
