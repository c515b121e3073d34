//! Following: what this node does for the partitions that other brokers lead (architecture 1, 9).
//!
//! ```text
//!   metadata update, after the table ─▶ assignment ─▶ Fetcher per (leader, number) ── Fetch ──▶ the leader
//!                                                       │ tracked: what to ask, session, pauses      (pure)
//!                                                       │ truncation: where histories part           (pure)
//!                                                       └▶ Partition::follow, Table::cut_back: the single writer
//!   leaders' proposals (partition/proposals) ─▶ isr ── AlterPartition ──▶ the active controller
//!   where replicas lie (partition/placements) ─▶ directories ── AssignReplicasToDirs ──▶ the same
//!   replicas between directories ─▶ moving ─▶ Table::carry_out
//! ```
//! Guarantees: what is fetched in one leader epoch is written in no other, because the partition's writer checks; a partition that
//! cannot follow pauses by itself and stops no other. Does not decide who leads, nor who is in sync: leaders do, with the controller.
//! Source: `ReplicaFetcherThread`, `AbstractFetcherThread`, `AlterPartitionManager`.

mod assignment;
mod directories;
mod fetcher;
mod followers;
mod inbox;
mod isr;
mod leaders;
mod moving;
mod request;
#[cfg(test)]
mod tests;
mod tracked;
mod truncation;

pub use directories::tell_placements;
pub use followers::{Followers, FollowersOptions};
pub use isr::{AskController, propose_isrs};
pub use leaders::{Leader, Leaders, RemoteLeaders};
pub use moving::move_replicas;
