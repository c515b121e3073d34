//! openraft and what it asks for: a log, a state machine, a network.
//!
//! ```text
//!   Controller ──▶ Raft ──▶ LogStore ──▶ Lane ──▶ LogFiles ──▶ Segment ──▶ Disk
//!                   │  └──▶ StateMachine ──▶ Publisher, snapshot file
//!                   └─────▶ Network ──▶ Wire (implemented in src/net)
//! ```
//! Everything that leaves the process, to disk or to a peer, is written by `format`, `snapshot` and `rpc`: no type of
//! openraft's is serialised, so its next version cannot change what is on disk.

mod bytes;
mod format;
mod frame;
mod lane;
mod log_files;
mod log_store;
mod network;
mod rpc;
mod runtime;
mod segment;
mod serve;
mod snapshot;
mod state_machine;
#[cfg(test)]
mod tests;
mod types;
mod vote_file;

pub use format::FormatError;
pub use lane::Blocking;
pub(crate) use log_store::LogStore;
pub(crate) use network::Network;
pub use network::{NoWire, Wire};
pub(crate) use serve::Server;
pub(crate) use state_machine::{DecidedMembers, SnapshotFiles, StateMachine};
pub use types::{Applied, Batch, Peer, PeerEndpoint, RaftId};
pub(crate) use types::{Runtime, Types};
