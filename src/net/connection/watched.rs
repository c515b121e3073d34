//! When a connection last moved, and the one timer that it has.

use super::{SHRINK_AFTER, Serving};
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// A peer that moves fewer bytes than this within `connections.max.idle.ms` is idle, in the middle of a frame or not.
const PROGRESS_BYTES: usize = 4 * 1024;

/// When something last moved.
pub(super) struct Watch {
    /// When the connection was made.
    pub began: Duration,
    pub last_progress: Duration,
    /// When the peer last took something of its answers, or answers were first held for it.
    pub last_taken: Duration,
    bytes_since: usize,
    pub timer: Pin<Box<Sleep>>,
    /// Whether the timer is set for [`SHRINK_AFTER`] and not for the end of the connection.
    pub is_set_to_shrink: bool,
    /// Whether it is set for the end of a stopping connection.
    pub is_set_to_drain: bool,
}

impl Watch {
    /// Of a connection that began now and whose peer may take this long for its first request.
    pub fn new(began: Duration, patience: Duration) -> Self {
        Self {
            began,
            last_progress: began,
            last_taken: began,
            bytes_since: 0,
            timer: Box::pin(tokio::time::sleep(patience)),
            is_set_to_shrink: false,
            is_set_to_drain: false,
        }
    }

    /// Something was completed.
    pub fn progress(&mut self, now: Duration) {
        self.last_progress = now;
        self.bytes_since = 0;
    }

    /// Bytes moved, which counts once they are enough.
    pub fn moved(&mut self, count: usize, now: Duration) {
        self.bytes_since += count;
        if self.bytes_since >= PROGRESS_BYTES {
            self.progress(now);
        }
    }

    pub fn received(&mut self, count: usize, serving: &Serving) {
        if self.bytes_since + count >= PROGRESS_BYTES {
            self.progress(serving.clock.elapsed());
        } else {
            self.bytes_since += count;
        }
        if !self.is_set_to_shrink && !self.is_set_to_drain {
            self.is_set_to_shrink = true;
            let rest = SHRINK_AFTER.min(serving.settings.idle);
            self.timer.as_mut().reset(Instant::now() + rest);
        }
    }
}
