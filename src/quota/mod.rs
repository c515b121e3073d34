//! Quotas: how much a client, or a replica that catches up, may use (KIP-13, KIP-73, KIP-124, KIP-219, KIP-546, KIP-599).
//!
//! ```text
//!   metadata ─▶ Limits (whose limit holds for whom)      rate, bucket (pure: time is an argument)
//!                        └────────────▶ ClientQuotas::record(kind, who, how much, now) ─▶ how long to wait
//! ```
//! Guarantees: without any limit set, a request costs one load of an integer; what is kept is bounded, whatever names clients give
//! themselves. Nothing here waits: the connection of a client that is over its limit is answered at once and then not read for a time
//! (`net/connection`). Source: `ClientQuotaManager`, `ControllerMutationQuotaManager`, `ReplicationQuotaManager`.

mod bucket;
mod clients;
mod entities;
mod limits;
mod mutations;
mod rate;
mod replication;

pub use clients::{Client, ClientQuotas};
pub use limits::{Kind, Limits, connection_rates};
pub use mutations::{Mode, Mutations};
pub use rate::{Rate, Window};
pub use replication::{ReplicationQuota, Throttles, is_listed};

use std::time::Duration;

/// How long a client is asked to wait, as answers say it.
pub fn wire_ms(wait: Duration) -> i32 {
    i32::try_from(wait.as_millis()).unwrap_or(i32::MAX)
}
