//! What handlers may touch. Made once by `broker.rs` and shared by all requests of a node.

use crate::metrics::Metrics;
use crate::world::Clock;
use ottla_controller::Metadata;
use std::sync::Arc;

/// The parts of a node that handlers use.
pub struct Context {
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub metadata: Metadata,
}
