//! Stories of groups, on the pure operations: no log, no clock, no runtime.

mod classic;
mod membership;
mod offsets;
mod random;
pub mod stage;
