//! Work that nobody asked for: retention, checkpoints, flushing, deletion, expiry, watching the disks.
//!
//! All of it has one shape ([`Loop`]): a name, a period with jitter, a trigger, a tick that says whether there is more to
//! do, and a stop. What is due is decided by pure functions in `partition/` and in the storage crate; a tick carries it out.

mod logs;
mod periodic;

pub use logs::look_after_logs;
pub use periodic::{Loop, More, Stop, Stopper, stop};
