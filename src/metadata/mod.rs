//! What the broker does with the cluster's metadata: answering from the current image, registering itself, creating topics on
//! first use.
//!
//! The image itself and every decision about it live in `controller/`; here are the broker's views of it and the tasks that
//! keep the broker part of the cluster. A handler takes one image at its top and passes it down.

pub mod auto_create;
pub mod controller_link;
pub mod controller_requests;
pub mod evidence;
pub mod forming;
pub mod internal_topics;
pub mod joining;
pub mod leader_hint;
pub mod lifecycle;
pub mod producer_ids;
pub mod quorum_messages;
pub mod raft_wire;
pub mod seat;
pub mod sightings;
pub mod succession;
pub mod view;
