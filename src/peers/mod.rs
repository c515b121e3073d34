//! Connections that this node makes to others: requests out in order, answers matched to them, again connected when lost.
//!
//! ```text
//!   Peers ── link(destination, lane) ──▶ Link ── request, deadline ──▶ its task: dial, write, match answers ── answer ──▶ whoever asked
//!                                                                      │ Dial, implemented in src/net for every Net
//! ```
//! Answers come in the order of the requests, so whatever must not wait for something else has a [`Lane`] of its own: a long-polling
//! fetch, say, never holds up a heartbeat. Everything has a limit: requests under way, bytes unsent, the size of an answer, and the time of
//! each request. What a failure proves is kept apart ([`LinkError`]): only *refused* is evidence that nobody serves there (architecture 11).
//! Does not authenticate yet, and asks for no versions: both ends of a cluster's own traffic know theirs.

mod dial;
mod error;
mod inbox;
mod link;
mod pool;
mod task;
#[cfg(test)]
mod tests;

pub use dial::{Destination, Dial, Stream};
pub use error::LinkError;
pub use link::{Ask, Link};
pub use pool::{Backoff, Lane, LinkSettings, Peers};
