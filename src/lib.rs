//! The `ottla` broker; see ARCHITECTURE.md for the map.

pub mod metrics;
