//! The metadata controller of Ottla: what the cluster knows about itself, and how it comes to know it.
//!
//! ```text
//!   request ──▶ Controller::propose ──decide(&Image)──▶ records ──▶ raft log ──▶ committed ──▶ state machine
//!                    ▲                                                                           │ apply
//!                    └───── answered when applied ◀── Metadata (image, at_least, subscribe) ◀────┘ publish
//! ```
//! - [`image`]: all metadata as one immutable value; [`delta`]: what changed; [`publish`]: how readers get at it.
//! - [`acl`]: access control entries as values.
//! - [`decide`]: the rules, as pure functions from image and request to records and answer.
//!
//! No sockets, no TLS, no listeners; files only through `ottla_storage::disk`.

pub mod acl;
pub mod controller;
pub mod decide;
pub mod delta;
pub mod dice;
pub mod ids;
pub mod image;
mod level;
pub mod liveness;
pub mod outcome;
pub mod placement;
pub mod publish;
pub mod raft;
pub mod watch;

pub use controller::{Controller, ControllerOptions, ProposeError, Turn};
pub use dice::Dice;
pub use ids::{BrokerEpoch, BrokerId, LeaderEpoch, MetadataOffset, PartitionEpoch, TopicId};
pub use image::Image;
pub use level::Level;
pub use liveness::Liveness;
pub use outcome::Outcome;
pub use publish::{Metadata, Publisher, Stopped, Subscription, Update};
