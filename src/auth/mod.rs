//! Who somebody is, and what they may do.
//!
//! - [`sasl`]: the mechanisms, pure; [`settings`], [`jaas`]: what is configured; [`users`], [`files`], [`delegation`]: where secrets come
//!   from; [`logins`]: all that together, for the SASL pair of APIs; [`outbound`]: this node's own logins at others.
//! - [`operations`]: the operations that exist per kind of resource; the rest is who may do them:
//!
//! ```text
//!   image.acls ─▶ rules (indexed by principal, type, name) ─▶ Authorizer::asker ─▶ Asker::may ─▶ Verdict
//! ```
//! Without an authorizer (`authorizer.class.name` is empty) everybody may do everything, and none of this runs, as in Kafka. Handlers ask
//! through `api::Caller`.

mod audit;
mod authorizer;
pub mod delegation;
pub mod files;
mod grants;
mod hashed;
pub mod jaas;
pub mod logins;
pub mod operations;
mod ordered;
pub mod outbound;
mod patterns;
mod resource;
mod rules;
pub mod sasl;
pub mod settings;
pub mod users;

pub use audit::{Action, Audit, AuditFile, Noted, rule};
pub use authorizer::{Asker, Authorizer, Rule, Verdict};
pub use resource::Resource;

use std::sync::Arc;

/// Who decides on a node, and who notes what was decided.
pub struct Authority {
    pub authorizer: Arc<Authorizer>,
    pub audit: Audit,
}
