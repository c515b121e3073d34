//! The `ottla` broker; see ARCHITECTURE.md for the map.

pub mod admin;
pub mod api;
pub mod auth;
pub mod background;
pub mod broker;
pub mod cli;
pub mod config;
pub mod coordinator;
pub mod fetch;
pub mod logging;
pub mod metadata;
pub mod metrics;
pub mod net;
pub mod partition;
pub mod peers;
pub mod quota;
pub mod replication;
pub mod world;
