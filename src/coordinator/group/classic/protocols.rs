//! Which protocol a group uses, and which topics its members read. Pure.

use super::group::{ClassicGroup, State};
use super::member::Protocol;
use ottla_protocol::records::consumer_protocol::ConsumerProtocolSubscription;
use ottla_protocol::{Decoder, Message, Str};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The protocol type of consumers; `connect` and others are as good.
pub const CONSUMER: &str = "consumer";

/// Whether somebody with these protocols fits into the group (`supportsProtocols`).
pub fn fits(group: &ClassicGroup, protocol_type: &str, protocols: &[Protocol]) -> bool {
    if group.state == State::Empty {
        return !protocol_type.is_empty() && !protocols.is_empty();
    }
    let is_common = |protocol: &Protocol| {
        group.offered().get(&protocol.name).copied().unwrap_or(0) == group.len()
    };
    group.protocol_type.as_deref() == Some(protocol_type) && protocols.iter().any(is_common)
}

/// The protocol with the most votes among those that all members offer. Of equals, the first by name.
pub fn select(group: &ClassicGroup) -> Option<Str> {
    let common = group
        .offered()
        .iter()
        .filter(|(_, count)| **count == group.len());
    let candidates: BTreeSet<Str> = common.map(|(name, _)| name.clone()).collect();
    let mut votes: BTreeMap<&Str, usize> = BTreeMap::new();
    for vote in group
        .members()
        .filter_map(|member| member.vote(&candidates))
    {
        *votes.entry(vote).or_default() += 1;
    }
    let winner = votes.into_iter().rev().max_by_key(|(_, count)| *count);
    winner.map(|(name, _)| name.clone())
}

/// The topics that the members of a consumers' group read; `None` when that cannot be known (`computeSubscribedTopics`).
pub fn subscribed_topics(group: &ClassicGroup) -> Option<Arc<BTreeSet<Str>>> {
    if !group.uses_consumer_protocol() {
        return None;
    }
    if group.is_empty() {
        return Some(Arc::default());
    }
    let protocol = group.protocol.as_ref()?;
    let mut topics = BTreeSet::new();
    for member in group.members() {
        let mut from = Decoder::new(member.metadata(protocol));
        // Every version begins as version 0 does.
        from.i16().ok()?;
        let subscription = ConsumerProtocolSubscription::decode(&mut from, 0).ok()?;
        topics.extend(subscription.topics.iter().map(Str::detached));
    }
    Some(Arc::new(topics))
}
