//! Derive macro of `ottla-protocol`.
