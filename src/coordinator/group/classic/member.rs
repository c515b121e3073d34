//! A member of a classic group.

use super::super::record::RecordedMember;
use crate::coordinator::Ticket;
use bytes::Bytes;
use ottla_protocol::Str;
use std::collections::BTreeSet;

/// What a member offers: a protocol and its own data for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    pub name: Str,
    pub metadata: Bytes,
}

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub id: Str,
    /// Set for a static member (KIP-345).
    pub instance_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    pub rebalance_timeout_ms: i32,
    pub session_timeout_ms: i32,
    /// In the order of preference.
    pub protocols: Vec<Protocol>,
    pub assignment: Bytes,
    /// Its JoinGroup, while it is parked.
    pub joining: Option<Ticket>,
    /// Its SyncGroup, while it is parked.
    pub syncing: Option<Ticket>,
    /// It has not seen a generation yet: it may be lost even while its request is parked.
    pub is_new: bool,
}

impl Member {
    /// A member as the group's record has it, with the one protocol that was chosen.
    pub fn loaded(member: &RecordedMember, protocol: &Str) -> Self {
        Self {
            id: member.id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            session_timeout_ms: member.session_timeout_ms,
            protocols: vec![Protocol {
                name: protocol.clone(),
                metadata: member.subscription.clone(),
            }],
            assignment: member.assignment.clone(),
            joining: None,
            syncing: None,
            is_new: false,
        }
    }

    pub fn recorded(&self, protocol: &str) -> RecordedMember {
        RecordedMember {
            id: self.id.clone(),
            instance_id: self.instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            session_timeout_ms: self.session_timeout_ms,
            subscription: self.metadata(protocol),
            assignment: self.assignment.clone(),
        }
    }

    /// Its data for a protocol; nothing for one that it does not offer.
    pub fn metadata(&self, protocol: &str) -> Bytes {
        let mut offered = self.protocols.iter();
        let found = offered.find(|offered| offered.name == *protocol);
        found.map_or_else(Bytes::new, |found| found.metadata.clone())
    }

    /// The first of its protocols that is a candidate.
    pub fn vote(&self, candidates: &BTreeSet<Str>) -> Option<&Str> {
        let mut names = self.protocols.iter().map(|protocol| &protocol.name);
        names.find(|name| candidates.contains(*name))
    }

    /// Whether silence is no sign of loss: it waits for us.
    pub fn is_waiting(&self) -> bool {
        !self.is_new && (self.joining.is_some() || self.syncing.is_some())
    }
}
