//! When each broker was last heard, and how far it has followed the metadata: the part of a broker's state that is not in
//! the log. Only the active controller has it; a new one starts by taking every broker as heard just now.
//!
//! Time is passed in as a duration since an arbitrary start that never goes back.

use crate::ids::{BrokerId, MetadataOffset};
use crate::image::Image;
use std::collections::BTreeMap;
use std::time::Duration;

/// The brokers' sessions.
#[derive(Clone, Debug)]
pub struct Liveness {
    /// How long a broker that is not fenced may be silent (`broker.session.timeout.ms`).
    session_timeout: Duration,
    heard: BTreeMap<BrokerId, Contact>,
}

#[derive(Clone, Copy, Debug)]
struct Contact {
    at: Duration,
    /// The offset that the broker's image had reached.
    metadata_offset: MetadataOffset,
    /// While it shuts down: the offset that every other broker must reach before it may go.
    leaves_at: Option<MetadataOffset>,
}

impl Liveness {
    /// Nobody heard yet.
    pub fn new(session_timeout: Duration) -> Self {
        Liveness {
            session_timeout,
            heard: BTreeMap::new(),
        }
    }

    /// Starts over as a new active controller: every registered broker counts as heard now.
    pub fn restart(&mut self, image: &Image, now: Duration) {
        self.heard.clear();
        for broker in image.brokers.iter() {
            self.hear(broker.id, MetadataOffset::NONE, now);
        }
    }

    /// A broker was heard, at this offset of the metadata.
    pub fn hear(&mut self, broker: BrokerId, metadata_offset: MetadataOffset, now: Duration) {
        let leaves_at = self
            .heard
            .get(&broker)
            .and_then(|contact| contact.leaves_at);
        self.heard.insert(
            broker,
            Contact {
                at: now,
                metadata_offset,
                leaves_at,
            },
        );
    }

    /// Its session is over: fenced, unregistered, or replaced by a new incarnation.
    pub fn forget(&mut self, broker: BrokerId) {
        self.heard.remove(&broker);
    }

    /// Whether it was heard within the session timeout.
    pub fn has_session(&self, broker: BrokerId, now: Duration) -> bool {
        self.heard
            .get(&broker)
            .is_some_and(|contact| now.saturating_sub(contact.at) < self.session_timeout)
    }

    /// The brokers that are not fenced and whose session ended, longest silent first.
    pub fn silent(&self, image: &Image, now: Duration) -> Vec<BrokerId> {
        let unfenced = image.brokers.iter().filter(|broker| !broker.fenced);
        let mut silent: Vec<(Duration, BrokerId)> = unfenced
            .filter(|broker| !self.has_session(broker.id, now))
            .map(|broker| {
                (
                    self.heard
                        .get(&broker.id)
                        .map_or(Duration::ZERO, |contact| contact.at),
                    broker.id,
                )
            })
            .collect();
        silent.sort_unstable();
        silent.into_iter().map(|(_, broker)| broker).collect()
    }

    /// A shutdown began: the broker may go once every other one has seen `offset`. Keeps the first offset it was given.
    pub fn start_shutdown(&mut self, broker: BrokerId, offset: MetadataOffset) {
        if let Some(contact) = self.heard.get_mut(&broker) {
            contact.leaves_at.get_or_insert(offset);
        }
    }

    /// Whether every active broker has followed the metadata to where this one's leadership had moved.
    pub fn may_leave(&self, image: &Image, broker: BrokerId) -> bool {
        let Some(leaves_at) = self
            .heard
            .get(&broker)
            .and_then(|contact| contact.leaves_at)
        else {
            return true;
        };
        let active = image
            .brokers
            .iter()
            .filter(|other| other.is_active() && other.id != broker);
        active
            .filter_map(|other| self.heard.get(&other.id))
            .all(|contact| contact.metadata_offset >= leaves_at)
    }
}
