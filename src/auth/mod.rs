//! Who may do what.
//!
//! ```text
//!   image.acls ─▶ rules (indexed by principal, type, name) ─▶ Authorizer::asker ─▶ Asker::may ─▶ Verdict
//! ```
//! Without an authorizer (`authorizer.class.name` is empty) everybody may do everything, and none of this runs, as in Kafka. Handlers ask
//! through `api::Caller`.

mod audit;
mod authorizer;
mod grants;
mod hashed;
pub mod operations;
mod ordered;
mod patterns;
mod resource;
mod rules;

pub use audit::{Action, Audit, AuditFile, Noted, rule};
pub use authorizer::{Asker, Authorizer, Rule, Verdict};
pub use resource::Resource;

use std::sync::Arc;

/// Who decides on a node, and who notes what was decided.
pub struct Authority {
    pub authorizer: Arc<Authorizer>,
    pub audit: Audit,
}
