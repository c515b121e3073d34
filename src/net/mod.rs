//! Sockets: accepting them, framing what comes, answering in order. Knows no API and no log.
//!
//! ```text
//!   Listener ── accept, limits ──▶ one task per connection
//!                                   │ Inbox   bytes → frames (length checked before memory is taken)
//!                                   │ dispatch → handler → answers, in request order
//!                                   │ Outbox  answers → bytes, file regions by sendfile or small reads
//! ```
//! Everything a peer can grow has a limit: connections ([`limits`]), frames and requests ([`inbox`], [`memory`]), answers under way
//! ([`connection`]), records read ahead of a slow reader ([`outbox`]). The kernel is reached through [`world::Net`], so that a whole node
//! runs on a simulated network.

pub mod bind;
pub mod connection;
pub mod dial;
pub mod inbox;
pub mod limits;
pub mod listener;
pub mod memory;
pub mod outbox;
mod pace;
pub mod records;
pub mod server;
pub mod settings;
#[cfg(feature = "simulation")]
pub mod simulated;
pub mod tcp;
pub mod tls;
pub mod unread;
pub mod world;

pub use settings::Settings;
