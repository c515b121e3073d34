//! The `ottla` broker; see ARCHITECTURE.md for the map.
