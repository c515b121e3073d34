//! The seams to the world: time, randomness and threads.
//!
//! Everything in `src/` that needs one of them takes it from here, so that a whole node runs under a deterministic
//! simulator from one seed. Files have their own seam (`ottla_storage::Disk`), sockets theirs (`net`).
//!
//! | seam | in production | under simulation |
//! |---|---|---|
//! | [`Clock`] | the system's wall and monotonic clocks | tokio's (paused or simulated) time |
//! | [`Rng`] | the operating system's entropy | a generator with a seed |
//! | [`Workers`] | named threads of their own | tasks on the same runtime |
//!
//! Beside them [`Quiet`], which keeps others from filling the log.
//!
//! Sleeping and timeouts go through `tokio::time` directly: the runtime is the seam there.

mod clock;
mod quiet;
mod rng;
mod workers;

pub use clock::Clock;
pub use quiet::Quiet;
pub use rng::Rng;
pub use workers::{Pace, Workers};
