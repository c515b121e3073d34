//! What a controller needs from its node.

use super::chores::Balancing;
use crate::decide::ConfigRules;
use crate::raft::{Blocking, Peer, RaftId, Wire};
use ottla_storage::disk::Disk;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Everything a controller is given. Nothing is taken from the environment: no clock, no randomness, no thread.
#[derive(Clone)]
pub struct ControllerOptions {
    /// This node and the id of the directory that holds its log.
    pub id: RaftId,
    /// Where the other members reach this node.
    pub peer: Peer,
    pub bootstrap: Bootstrap,
    /// The directory of the metadata log; created when missing, and nobody else's.
    pub directory: PathBuf,
    pub disk: Arc<dyn Disk>,
    /// Runs the writes and syncs of the log, one after another: one thread of its own in production.
    pub log_thread: Blocking,
    /// Writes and reads snapshots; another thread, so that a large snapshot does not hold up the log.
    pub snapshot_thread: Blocking,
    pub wire: Arc<dyn Wire>,
    pub rules: Arc<dyn ConfigRules>,
    /// The time since an arbitrary start, never going back.
    pub clock: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// From the operating system's entropy in production, from the scenario's seed in a simulation.
    pub seed: u64,
    /// How long a broker may be silent before it is fenced (`broker.session.timeout.ms`).
    pub session_timeout: Duration,
    pub timing: Timing,
    pub balancing: Balancing,
    pub limits: Limits,
}

/// What a node does that finds its directory empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bootstrap {
    /// It names no peer: it is a cluster of its own, with this id.
    Alone { cluster_id: String },
    /// It waits for a leader to take it in, or founds a cluster together with others. Should it be the first leader then, the cluster gets
    /// this id, or a new one.
    Join { cluster_id: Option<String> },
}

/// The quorum's timing, all in milliseconds. A leader's lease lasts for the longer election timeout; an election starts when it has run out and
/// a random time between the two has passed. Long enough for a starved machine: a leader whose process is gone is succeeded at once
/// ([`Controller::succeed`](super::Controller::succeed)), so only a machine that is gone or cut off takes that long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    pub heartbeat_ms: u64,
    pub election_min_ms: u64,
    pub election_max_ms: u64,
    /// How often the active controller looks for silent brokers, and any controller for work on its log.
    pub housekeeping_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            heartbeat_ms: 100,
            election_min_ms: 500,
            election_max_ms: 1000,
            housekeeping_ms: 500,
        }
    }
}

/// Bounds on what grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A segment of the log is closed when it has reached this.
    pub segment_bytes: u64,
    /// A snapshot is taken when this much was logged since the last one; the log, in memory too, stays near it.
    pub snapshot_bytes: u64,
    /// A snapshot is also taken after this many entries, because restarting applies them again.
    pub snapshot_entries: u64,
    /// How many entries that a snapshot covers are kept for members that are slightly behind.
    pub kept_entries: u64,
    /// How many proposals may wait, and how many may be decided and not yet committed.
    pub proposals: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            segment_bytes: 4 << 20,
            snapshot_bytes: 16 << 20,
            snapshot_entries: 20_000,
            kept_entries: 500,
            proposals: 4096,
        }
    }
}
