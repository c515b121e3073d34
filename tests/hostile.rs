//! Clients that behave as badly as they can, over real sockets against a real process. After each of them the node answers a well-behaved
//! client within its usual time, its memory and descriptors are back at their level, and its log has grown by no more than it may.
//!
//! One module per way to be bad; `host.rs` says what a node must be like afterwards.

#[path = "cluster/host.rs"]
#[allow(dead_code, reason = "shared with the tests of clusters")]
mod cluster;
#[path = "cluster/network.rs"]
#[allow(dead_code, reason = "shared with the tests of clusters")]
mod network;
#[path = "wire/mod.rs"]
mod wire;

#[path = "hostile/bombs.rs"]
mod bombs;
#[path = "hostile/crowds.rs"]
mod crowds;
#[path = "hostile/encrypted.rs"]
mod encrypted;
#[path = "hostile/framing.rs"]
mod framing;
#[path = "hostile/host.rs"]
mod host;
#[path = "hostile/names.rs"]
mod names;
#[path = "hostile/secured.rs"]
mod secured;
#[path = "hostile/sizes.rs"]
mod sizes;
#[path = "hostile/strangers.rs"]
mod strangers;
#[path = "hostile/unread.rs"]
mod unread;
