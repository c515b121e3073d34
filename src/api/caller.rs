//! Who sent a request, and whether they may: the one word that handlers ask with.
//!
//! ```ignore
//! let caller = context.caller(&meta);
//! caller.may(Write, Topic(&name))?;              // authorise, do, answer
//! ```
//! Without an authorizer there is nobody to ask: everything is allowed, at the price of one branch. Source: `AuthHelper`.

use super::Meta;
use crate::auth::{Action, Asker, Authority, Noted, Resource, Verdict, operations, rule};
use crate::logging::DECISIONS;
use ottla_controller::acl::{Operation, ResourceType};
use ottla_controller::ids::MetadataOffset;
use ottla_controller::image::Image;
use ottla_protocol::ErrorCode;
use std::sync::Arc;

/// See the module. Good for one request: it holds the entries of the moment it was made. Cheap to clone.
#[derive(Clone)]
pub struct Caller(Option<Arc<Known>>);

/// Somebody who is asked after.
struct Known {
    asker: Asker,
    authority: Arc<Authority>,
    meta: Meta,
    principal: String,
    /// The node has no entries yet, and cannot know of whom they speak.
    is_too_early: bool,
}

impl Caller {
    /// Somebody where everybody may do everything.
    pub const ANYBODY: Self = Self(None);

    /// Who sent a request, by the entries of `image`. While a node has no metadata, super users alone may do something.
    pub fn of(authority: Option<&Arc<Authority>>, image: &Image, meta: &Meta) -> Self {
        let Some(authority) = authority else {
            return Self::ANYBODY;
        };
        let address = meta.peer.address.ip();
        let principal = meta.principal.to_string();
        let authorizer = &authority.authorizer;
        Self(Some(Arc::new(Known {
            asker: authorizer.asker(&image.acls, &principal, address),
            authority: authority.clone(),
            meta: meta.clone(),
            principal,
            is_too_early: image.offset == MetadataOffset::NONE,
        })))
    }

    /// Whether nobody is asked after: without an authorizer there are no lists either.
    pub fn is_anybody(&self) -> bool {
        self.0.is_none()
    }

    /// Whether they may; a refusal is logged.
    ///
    /// # Errors
    /// What the client is told: TOPIC_AUTHORIZATION_FAILED, and so on by the kind of resource.
    pub fn may(&self, operation: Operation, resource: Resource<'_>) -> Result<(), ErrorCode> {
        let Some(known) = &self.0 else {
            return Ok(());
        };
        let verdict = known.decide(operation, resource);
        known.note(operation, resource, verdict);
        match verdict.is_allowed {
            true => Ok(()),
            false => Err(resource.refusal()),
        }
    }

    /// Whether they could, where a "no" is no refusal and is not logged: what is filtered from a list, or may be allowed in another way.
    pub fn could(&self, operation: Operation, resource: Resource<'_>) -> bool {
        let Some(known) = &self.0 else {
            return true;
        };
        let verdict = known.decide(operation, resource);
        if verdict.is_allowed {
            known.note(operation, resource, verdict);
        }
        verdict.is_allowed
    }

    /// Whether there is some resource of a type to which they could.
    pub fn could_to_some(&self, operation: Operation, resource_type: ResourceType) -> bool {
        let Some(known) = &self.0 else {
            return true;
        };
        known.asker.may_to_some(operation, resource_type)
    }

    /// Takes out of a list what `may` refuses, and answers it with the errors.
    pub fn take_refused<T>(
        &self,
        items: &mut Vec<T>,
        may: impl Fn(&T) -> Result<(), ErrorCode>,
    ) -> Vec<(T, ErrorCode)> {
        if self.is_anybody() {
            return Vec::new();
        }
        let mut refused = Vec::new();
        let all = std::mem::take(items);
        for item in all {
            match may(&item) {
                Ok(()) => items.push(item),
                Err(error) => refused.push((item, error)),
            }
        }
        refused
    }

    /// Everything they may do to a resource, as `*_authorized_operations` fields have it.
    pub fn operations(&self, resource: Resource<'_>) -> i32 {
        let exist = operations::of(resource.resource_type());
        let Some(known) = &self.0 else {
            return operations::bits(exist);
        };
        let is_mine = |operation: &&Operation| known.decide(**operation, resource).is_allowed;
        operations::bits(exist.iter().filter(is_mine))
    }

    /// Everything they may do to the cluster, if they may see it; otherwise nothing (`KafkaApis.handleTopicMetadataRequest`).
    pub fn operations_on_cluster(&self) -> i32 {
        match self.may(Operation::Describe, Resource::Cluster) {
            Ok(()) => self.operations(Resource::Cluster),
            Err(_) => 0,
        }
    }
}

impl Known {
    fn decide(&self, operation: Operation, resource: Resource<'_>) -> Verdict {
        let verdict = self.asker.may(operation, resource);
        match self.is_too_early && !self.asker.is_super() {
            true => Verdict {
                is_allowed: false,
                ..verdict
            },
            false => verdict,
        }
    }

    /// To the audit log, and to the logger: refusals at INFO, within the rate of the audit log, everything else at DEBUG.
    fn note(&self, operation: Operation, resource: Resource<'_>, verdict: Verdict) {
        let peer = &self.meta.peer;
        let noted = self.authority.audit.note(&Action {
            principal: &self.principal,
            address: peer.address.ip().to_canonical(),
            client_id: self.meta.client_id.as_deref(),
            listener: &peer.listener.name,
            api: self.meta.api,
            operation,
            resource,
            verdict,
        });
        match (verdict.is_allowed, noted) {
            (true, _) => {
                tracing::debug!(target: DECISIONS, "{}", self.sentence(operation, resource, verdict))
            }
            (false, Noted::Yes(0)) => {
                tracing::info!(target: DECISIONS, "{}", self.sentence(operation, resource, verdict))
            }
            (false, Noted::Yes(left_out)) => {
                tracing::info!(target: DECISIONS, left_out, "{}", self.sentence(operation, resource, verdict));
            }
            (false, Noted::LeftOut) => {}
        }
    }

    /// In the words of Kafka's authorizer, but for the entry that it quotes.
    fn sentence(&self, operation: Operation, resource: Resource<'_>, verdict: Verdict) -> String {
        format!(
            "Principal = {} is {} operation = {operation} from host = {} on resource = {}:LITERAL:{} for request = {} based on rule {}",
            self.principal,
            if verdict.is_allowed {
                "Allowed"
            } else {
                "Denied"
            },
            self.meta.peer.address.ip().to_canonical(),
            resource.resource_type().camel_case(),
            resource.name(),
            self.meta.api,
            rule(verdict),
        )
    }
}
