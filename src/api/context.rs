//! What handlers may touch. Made once by `broker.rs` and shared by all requests of a node.

use crate::metrics::Metrics;
use crate::world::Clock;
use std::sync::Arc;

/// The parts of a node that handlers use.
pub struct Context {
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub features: Arc<dyn Features>,
}

/// Where ApiVersions finds feature levels (KIP-584).
pub trait Features: Send + Sync {
    /// Name, lowest and highest level that this build supports.
    fn supported(&self) -> Vec<(&'static str, i16, i16)>;
    /// The finalised levels, and the offset of the image that they are from, which only grows.
    fn finalized(&self) -> (i64, Vec<(Arc<str>, i16)>);
}
