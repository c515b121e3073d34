//! Group commit: one sync answers every produce that waits for one.
//!
//! ```text
//!   append ▶ due? ▶ sync under way? ─ no ─▶ start it on a sync thread ─▶ done: position, high watermark, waits advance
//!                        └─ yes ─▶ note "again"                     └── again? start the next, for all that came meanwhile
//! ```
//! Guarantees: at most one sync per partition at a time; a sync that is asked for begins after the asking, so it covers what
//! was written before. A failed sync is never retried: it takes the directory offline (architecture 9).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ottla_protocol::ErrorCode;
use ottla_storage::log::FlushScope;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::replica::Partition;

/// The sync under way, and who asked for the next one.
#[derive(Debug, Default)]
pub(super) struct GroupCommit {
    state: Mutex<State>,
    /// When the oldest append was made that no sync has begun for; milliseconds on the monotonic clock plus one, 0 for none.
    dirty_since_ms: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    is_under_way: bool,
    /// What the next sync must cover, if one was asked for since the present one began.
    next: Option<FlushScope>,
    /// Answered by the sync that is under way, and by the one after it.
    waiting_now: Vec<oneshot::Sender<()>>,
    waiting_next: Vec<oneshot::Sender<()>>,
}

impl GroupCommit {
    /// Something was appended at this time: milliseconds on the monotonic clock plus one.
    pub fn note_dirty(&self, now_ms: u64) {
        // Only the first append since the last sync counts; losing a race against another one costs a moment.
        let _ =
            self.dirty_since_ms
                .compare_exchange(0, now_ms, Ordering::Relaxed, Ordering::Relaxed);
    }
}

impl Partition {
    /// Makes everything written so far survive power loss.
    ///
    /// # Errors
    /// KAFKA_STORAGE_ERROR when the directory has failed, by this very sync perhaps.
    pub async fn flush(self: &Arc<Self>, scope: FlushScope) -> Result<(), ErrorCode> {
        let (done, synced) = oneshot::channel();
        self.ask_for_sync(scope, Some(done));
        // An error means that the sync panicked; the directory says what became of it.
        drop(synced.await);
        if self.directory().is_offline() {
            Err(ErrorCode::KAFKA_STORAGE_ERROR)
        } else {
            Ok(())
        }
    }

    /// Starts a sync when `flush.messages` demands one, or when a segment was closed.
    pub(super) fn flush_if_due(self: &Arc<Self>) {
        let offsets = self.offsets();
        if offsets.end.since(offsets.flushed) >= self.topic.in_force().flush_messages {
            self.ask_for_sync(FlushScope::Data, None);
        }
        if self.reader().has_unflushed_segments() && !self.commit.state.lock().is_under_way {
            self.ask_for_sync(FlushScope::Rolled, None);
        }
    }

    /// Whether the oldest unflushed append has waited for `flush.ms`.
    pub(super) fn is_flush_overdue(&self, now: Duration) -> bool {
        let Some(interval) = self.topic.in_force().config.flush_interval else {
            return false;
        };
        match self.commit.dirty_since_ms.load(Ordering::Relaxed) {
            0 => false,
            since => now.saturating_sub(Duration::from_millis(since - 1)) >= interval,
        }
    }

    pub(super) fn ask_for_sync(
        self: &Arc<Self>,
        scope: FlushScope,
        done: Option<oneshot::Sender<()>>,
    ) {
        let mut state = self.commit.state.lock();
        if state.is_under_way {
            state.next = Some(state.next.map_or(scope, |other| both(scope, other)));
            state.waiting_next.extend(done);
            return;
        }
        state.is_under_way = true;
        state.waiting_now.extend(done);
        drop(state);
        self.start_sync(scope);
    }

    fn start_sync(self: &Arc<Self>, scope: FlushScope) {
        let partition = self.clone();
        self.directory()
            .threads()
            .syncs
            .submit(move || partition.sync(scope));
    }

    /// On a sync thread.
    fn sync(self: &Arc<Self>, scope: FlushScope) {
        let _ending = Ending(self);
        // What is appended from here on may miss this sync and counts as dirty again.
        self.commit.dirty_since_ms.store(0, Ordering::Relaxed);
        let store = self.store();
        let task = if store.directory.is_offline() {
            None
        } else {
            store.reader.flush_task(scope)
        };
        let Some(task) = task else { return };
        match store.reader.flushed(task.run()) {
            Ok(()) => self.progress(),
            // The files of a deleted partition, or of one that moved, are gone; that says nothing about the directory.
            Err(_) if self.role().ended.is_some() || !self.is_in(&store) => {}
            Err(failure) => store.directory.fail(&failure.to_string()),
        }
    }

    fn sync_ended(self: &Arc<Self>) {
        let (answered, next) = {
            let mut state = self.commit.state.lock();
            let waiting = std::mem::take(&mut state.waiting_next);
            let answered = std::mem::replace(&mut state.waiting_now, waiting);
            let next = state.next.take();
            state.is_under_way = next.is_some();
            (answered, next)
        };
        for done in answered {
            let _ = done.send(());
        }
        if let Some(scope) = next {
            self.start_sync(scope);
        }
    }
}

/// Ends a sync however it ends: who waits must not wait for ever.
struct Ending<'a>(&'a Arc<Partition>);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0
                .directory()
                .fail("a sync panicked: what it covered is unknown");
        }
        self.0.sync_ended();
    }
}

/// The scope that covers both.
fn both(one: FlushScope, other: FlushScope) -> FlushScope {
    if one == other {
        one
    } else {
        FlushScope::Everything
    }
}
