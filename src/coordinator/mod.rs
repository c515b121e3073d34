//! Coordinators: state machines replayed from partitions of internal topics.
//!
//! ```text
//!   api ─▶ runtime.write(partition, operation) ─▶ seat (one task per loaded partition)
//!                                                   │ Draft: private copy; emit(record) applies and queues
//!                                                   ▼
//!          answers ◀─ committed ◀─ journal.append ◀─ Outcome { records, next, timers, answers }
//! ```
//! [`shard`] says what a coordinator is, [`draft`] what an operation sees, [`seat`](self) what happens with its outcome. The
//! coordinators themselves (`group/`) are pure: they know no log, no clock and no channel.
//!
//! Guarantees: what is answered is committed; an operation whose append failed has changed nothing; a shard that was loaded in
//! one leader epoch writes in no other; replaying the log gives the durable state. Idle shards hold one resting task each.

mod draft;
pub mod group;
mod history;
mod journal;
mod loader;
mod outcome;
mod runtime;
mod seat;
mod shard;
#[cfg(test)]
mod tests;
mod tickets;
mod timers;

pub use draft::Draft;
pub use journal::{Journal, Piece};
pub use outcome::Outcome;
pub use runtime::Runtime;
pub use shard::{Encoded, Found, Shard, Turn, View};
pub use tickets::Ticket;
