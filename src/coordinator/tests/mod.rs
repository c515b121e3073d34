//! The runtime with a toy shard on a journal in memory: what every coordinator may rely on.

mod life;
mod replay;
mod toy;
