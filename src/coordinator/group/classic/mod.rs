//! Classic groups: the protocol in which the client that leads a group assigns (`JoinGroup`, `SyncGroup`, `Heartbeat`,
//! `LeaveGroup`).
//!
//! ```text
//!   Empty ─join─▶ PreparingRebalance ─all joined, or time over─▶ CompletingRebalance ─leader syncs─▶ Stable
//!     ▲                  ▲  └──── nobody left ────▶ Empty             │                               │
//!     └── record         └──────────── member joins, leaves, changes, is lost ────────────────────────┘
//! ```
//! Metadata and assignments are opaque, whatever the protocol type; only the subscriptions of type `consumer` are looked at, for
//! the expiry of offsets. Pure: a request and a draft in, a changed draft out.
//!
//! Differs from Kafka on purpose: when the leader's assignment cannot be stored, the group stays in CompletingRebalance and the
//! leader may sync again, where Kafka begins a new rebalance.

mod group;
mod heartbeat;
mod join;
mod join_static;
mod leave;
mod member;
mod protocols;
mod rebalance;
mod sync;
pub mod timeouts;
mod work;

pub use group::{ClassicGroup, State};
pub use heartbeat::{heartbeat, keep};
pub use join::{Joining, join};
pub use leave::leave;
pub use member::{Member, Protocol};
pub use sync::sync;
pub use work::{Work, existing};
