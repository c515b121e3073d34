//! Who sent a request, and whether they may: the one word that handlers ask with.
//!
//! ```ignore
//! let caller = context.caller(&meta);
//! caller.may(Write, Topic(&name))?;              // authorise, do, answer
//! ```
//! Without an authorizer there is nobody to ask: everything is allowed, at the price of one branch. Source: `AuthHelper`.

use super::{Meta, Principal};
use crate::auth::{Asker, Authorizer, Resource, Rule, Verdict, operations};
use crate::logging::DECISIONS;
use ottla_controller::acl::{Operation, ResourceType};
use ottla_controller::image::Image;
use ottla_protocol::ErrorCode;
use std::net::IpAddr;
use std::sync::Arc;

/// See the module. Good for one request: it holds the entries of the moment it was made. Cheap to clone.
#[derive(Clone)]
pub struct Caller(Option<Arc<Known>>);

/// Somebody who is asked after.
struct Known {
    asker: Asker,
    principal: Principal,
    address: IpAddr,
    api: &'static str,
}

impl Caller {
    /// Somebody where everybody may do everything.
    pub const ANYBODY: Self = Self(None);

    /// Who sent a request, by the entries of `image`.
    pub fn of(authorizer: Option<&Arc<Authorizer>>, image: &Image, meta: &Meta) -> Self {
        let Some(authorizer) = authorizer else {
            return Self::ANYBODY;
        };
        let address = meta.peer.address.ip().to_canonical();
        let principal = meta.principal.to_string();
        Self(Some(Arc::new(Known {
            asker: authorizer.asker(&image.acls, &principal, address),
            principal: meta.principal.clone(),
            address,
            api: meta.api,
        })))
    }

    /// Whether anybody is asked after at all: without an authorizer there are no lists either.
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
        let verdict = known.asker.may(operation, resource);
        known.log(operation, resource, verdict);
        match verdict.is_allowed {
            true => Ok(()),
            false => Err(resource.refusal()),
        }
    }

    /// Whether they could, where a "no" is no refusal: what is filtered from a list, or allowed in another way. Not logged.
    pub fn could(&self, operation: Operation, resource: Resource<'_>) -> bool {
        let Some(known) = &self.0 else {
            return true;
        };
        known.asker.may(operation, resource).is_allowed
    }

    /// Whether there is some resource of a type to which they could.
    pub fn could_to_some(&self, operation: Operation, resource_type: ResourceType) -> bool {
        let Some(known) = &self.0 else {
            return true;
        };
        known.asker.may_to_some(operation, resource_type)
    }

    /// Everything they may do to a resource, as `*_authorized_operations` fields have it.
    pub fn operations(&self, resource: Resource<'_>) -> i32 {
        let exist = operations::of(resource.resource_type());
        let mine = exist
            .iter()
            .filter(|operation| self.could(**operation, resource));
        operations::bits(mine)
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
    /// In the words of Kafka's authorizer, but for the entry that it quotes.
    fn log(&self, operation: Operation, resource: Resource<'_>, verdict: Verdict) {
        tracing::debug!(
            target: DECISIONS,
            "Principal = {} is {} operation = {operation} from host = {} on resource = {}:LITERAL:{} for request = {} based on rule {}",
            self.principal,
            if verdict.is_allowed { "Allowed" } else { "Denied" },
            self.address,
            resource.resource_type().camel_case(),
            resource.name(),
            self.api,
            match (verdict.rule, verdict.is_allowed) {
                (Rule::SuperUser, _) => "SuperUser",
                (Rule::Acl, _) => "MatchingAcl",
                (Rule::Default, true) => "DefaultAllow",
                (Rule::Default, false) => "DefaultDeny",
            },
        );
    }
}
