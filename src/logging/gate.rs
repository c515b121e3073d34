//! Lets events through by their logger's level. Asked once per place in the code and again after a change, not per event: an event that is
//! not logged costs a load.

use super::levels::Levels;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use tracing::metadata::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Targets that have been come by. As many as there are places in the code that log, at most.
pub(super) type Seen = Arc<Mutex<BTreeSet<&'static str>>>;

/// A layer that stands before all others.
pub(super) struct Gate {
    pub levels: Levels,
    pub seen: Seen,
}

impl Gate {
    fn lets_through(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.levels.of(metadata.target()).filter()
    }
}

impl<S: Subscriber> Layer<S> for Gate {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.seen.lock().insert(metadata.target());
        match self.lets_through(metadata) {
            true => Interest::always(),
            false => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        self.lets_through(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.levels.most().filter())
    }
}
