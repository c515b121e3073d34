//! The `ottla` broker; see ARCHITECTURE.md for the map.

pub mod admin;
pub mod api;
pub mod background;
pub mod cli;
pub mod config;
pub mod fetch;
pub mod metrics;
pub mod net;
pub mod partition;
pub mod world;
