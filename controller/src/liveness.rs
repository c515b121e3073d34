//! When each broker was last heard, and how far it has followed the metadata: the part of a broker's state that is not in
//! the log. Only the active controller has it; a new one starts by taking every broker as heard just now.
//!
//! Time is passed in as a duration since an arbitrary start that never goes back.

use crate::ids::{BrokerId, MetadataOffset};
use crate::image::{Broker, Image};
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

    /// Whether its process may still be there: another incarnation must wait. A fenced broker has no session, as in Kafka.
    pub fn has_session(&self, broker: &Broker, now: Duration) -> bool {
        let contact = self.heard.get(&broker.id);
        !broker.fenced && contact.is_some_and(|contact| !self.is_silent(contact, now))
    }

    fn is_silent(&self, contact: &Contact, now: Duration) -> bool {
        now.saturating_sub(contact.at) >= self.session_timeout
    }

    /// The brokers that are not fenced and whose session ended, longest silent first.
    pub fn silent(&self, image: &Image, now: Duration) -> Vec<BrokerId> {
        let unfenced = image.brokers.iter().filter(|broker| !broker.fenced);
        let since = |broker: BrokerId| match self.heard.get(&broker) {
            Some(contact) if !self.is_silent(contact, now) => None,
            Some(contact) => Some((contact.at, broker)),
            None => Some((Duration::ZERO, broker)),
        };
        let mut silent: Vec<(Duration, BrokerId)> =
            unfenced.filter_map(|broker| since(broker.id)).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::Delta;
    use ottla_protocol::records::metadata::{MetadataRecord, RegisterBrokerRecord};

    const TIMEOUT: Duration = Duration::from_secs(9);

    fn image(brokers: &[i32]) -> Image {
        let mut image = Image::default();
        for broker_id in brokers.iter().copied() {
            let record = RegisterBrokerRecord {
                broker_id,
                fenced: false,
                ..Default::default()
            };
            image
                .apply(
                    &MetadataRecord::RegisterBroker(record),
                    &mut Delta::default(),
                )
                .unwrap();
        }
        image
    }

    fn has_session(liveness: &Liveness, image: &Image, broker: i32, now: Duration) -> bool {
        liveness.has_session(image.brokers.get(BrokerId(broker)).unwrap(), now)
    }

    #[test]
    fn a_session_lasts_as_long_as_the_timeout() {
        let image = image(&[1]);
        let mut liveness = Liveness::new(TIMEOUT);
        liveness.hear(BrokerId(1), MetadataOffset(0), Duration::ZERO);
        let last = TIMEOUT - Duration::from_millis(1);
        assert!(
            has_session(&liveness, &image, 1, last) && liveness.silent(&image, last).is_empty()
        );
        assert_eq!(liveness.silent(&image, TIMEOUT), [BrokerId(1)]);
    }

    #[test]
    fn a_new_controller_gives_everyone_a_full_session() {
        let image = image(&[1, 2]);
        let mut liveness = Liveness::new(TIMEOUT);
        liveness.restart(&image, Duration::from_secs(100));
        let last = Duration::from_secs(100) + TIMEOUT - Duration::from_millis(1);
        assert!(has_session(&liveness, &image, 1, last) && has_session(&liveness, &image, 2, last));
        assert!(liveness.silent(&image, last).is_empty());
    }

    #[test]
    fn the_longest_silent_broker_comes_first() {
        let image = image(&[1, 2]);
        let mut liveness = Liveness::new(TIMEOUT);
        liveness.hear(BrokerId(2), MetadataOffset(0), Duration::ZERO);
        liveness.hear(BrokerId(1), MetadataOffset(0), Duration::from_secs(1));
        assert_eq!(
            liveness.silent(&image, Duration::from_secs(60)),
            [BrokerId(2), BrokerId(1)]
        );
    }

    #[test]
    fn a_broker_may_leave_once_all_others_know_it() {
        let image = image(&[1, 2]);
        let mut liveness = Liveness::new(TIMEOUT);
        for broker in [1, 2] {
            liveness.hear(BrokerId(broker), MetadataOffset(3), Duration::ZERO);
        }
        liveness.start_shutdown(BrokerId(1), MetadataOffset(7));
        assert!(!liveness.may_leave(&image, BrokerId(1)));
        liveness.hear(BrokerId(2), MetadataOffset(7), Duration::ZERO);
        assert!(liveness.may_leave(&image, BrokerId(1)));
    }
}
