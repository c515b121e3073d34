//! How many partitions a client may still create or delete (KIP-599). Who counts is the caller's business.

use super::Refusal;
use ottla_protocol::ErrorCode;

/// Takes as many permits; whether there were any left. Called once per topic, in order, for what would otherwise be done.
pub type Permits<'a> = &'a mut dyn FnMut(usize) -> bool;

/// Takes permits for one topic.
///
/// # Errors
/// THROTTLING_QUOTA_EXCEEDED.
pub(super) fn take(permits: Permits<'_>, partitions: usize) -> Result<(), Refusal> {
    match permits(partitions) {
        true => Ok(()),
        false => Err(Refusal::plain(ErrorCode::THROTTLING_QUOTA_EXCEEDED)),
    }
}
