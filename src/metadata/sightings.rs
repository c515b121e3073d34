//! Which of the other brokers this node has just lost sight of: their connection closed, or refused, and the controller has not said so yet.
//!
//! A client whose leader dies asks another broker at once. An answer that still names the dead one costs it a second: librdkafka asks twice
//! within a millisecond, and then only every second. So an answer that would name a doubted leader waits a moment for the controller's decision, and
//! says LEADER_NOT_AVAILABLE when it takes longer, upon which clients ask again; and every answer of a cluster takes the millisecond in which a
//! doubt that began with the question is heard of.
//!
//! Guarantees: the wait is bounded, and counts from when the doubt began. Doubts are this node's own and decide nothing.

use crate::world::Clock;
use ottla_controller::Metadata;
use ottla_controller::ids::{BrokerId, MetadataOffset};
use ottla_controller::image::{Broker, Image};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long after the loss an answer waits for another leader; what comes after it on its connection waits as well. librdkafka that is told
/// LEADER_NOT_AVAILABLE in this answer looks again only with its timer of a second (`topic_scan_all`, seen with 2.16.0), so that waiting for an
/// election, which takes a few milliseconds on a quiet machine, is the smaller evil.
const WAIT_MAX: Duration = Duration::from_millis(250);
/// The client and this node lose a broker at the same moment, and the client may ask before this node has read its own connection's end.
const LOOK: Duration = Duration::from_millis(1);
/// How long a broker that was lost sight of is still listed after it was fenced, so that librdkafka moves its partitions away before it
/// takes it down. In the other order they wait a second without a broker (seen with 2.16.0).
const LISTED_AFTER: Duration = Duration::from_secs(5);

/// See the module. Changed by [`super::evidence`].
pub struct Sightings {
    clock: Clock,
    /// Since when.
    lost: Mutex<BTreeMap<BrokerId, Duration>>,
    /// Whether `lost` is not empty: most answers look no further.
    has_lost: AtomicBool,
}

/// The brokers that are not fenced and cannot be seen.
pub type Doubted = BTreeSet<BrokerId>;

impl Sightings {
    pub fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            clock,
            lost: Mutex::default(),
            has_lost: AtomicBool::new(false),
        })
    }

    /// Its connection closed, or it refuses one, or it was fenced.
    pub(super) fn lose(&self, broker: BrokerId) {
        let now = self.clock.elapsed();
        self.lost.lock().entry(broker).or_insert(now);
        self.has_lost.store(true, Ordering::Release);
    }

    /// It is there, or it is not looked after any more.
    pub(super) fn find(&self, broker: BrokerId) {
        let mut lost = self.lost.lock();
        lost.remove(&broker);
        self.has_lost.store(!lost.is_empty(), Ordering::Release);
    }

    /// The doubted ones of an image.
    pub fn doubted(&self, image: &Image) -> Doubted {
        if !self.has_lost.load(Ordering::Acquire) {
            return Doubted::new();
        }
        let is_fenced =
            |broker: &BrokerId| image.brokers.get(*broker).is_none_or(|found| found.fenced);
        let lost = self.lost.lock();
        lost.keys()
            .filter(|broker| !is_fenced(broker))
            .copied()
            .collect()
    }

    /// Whether a broker is listed: it serves, or served until just now.
    pub fn lists(&self, broker: &Broker) -> bool {
        !broker.fenced
            || self
                .lost_for(broker.id)
                .is_some_and(|lost| lost < LISTED_AFTER)
    }

    fn lost_for(&self, broker: BrokerId) -> Option<Duration> {
        if !self.has_lost.load(Ordering::Acquire) {
            return None;
        }
        let since = *self.lost.lock().get(&broker)?;
        Some(self.clock.elapsed().saturating_sub(since))
    }

    /// The image to answer from, and whom of it not to name: waits a moment while one of `named` is doubted.
    pub async fn settled(
        &self,
        metadata: &Metadata,
        mut image: Arc<Image>,
        named: impl Fn(&Image, &Doubted) -> bool,
    ) -> (Arc<Image>, Doubted) {
        if image.brokers.iter().nth(1).is_some() {
            tokio::time::sleep(LOOK).await;
        }
        loop {
            let doubted = self.doubted(&image);
            if doubted.is_empty() || !named(&image, &doubted) {
                return (image, doubted);
            }
            let waited = doubted.iter().filter_map(|broker| self.lost_for(*broker));
            let left = WAIT_MAX.saturating_sub(waited.min().unwrap_or_default());
            let next = metadata.at_least(MetadataOffset(image.offset.0 + 1));
            match tokio::time::timeout(left, next).await {
                Ok(Ok(newer)) => image = newer,
                Ok(Err(_)) | Err(_) => {
                    let doubted = self.doubted(&image);
                    return (image, doubted);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_controller::delta::Delta;
    use ottla_protocol::records::metadata::{MetadataRecord, RegisterBrokerRecord};

    fn image(fenced: bool) -> Image {
        let mut image = Image::default();
        let broker = RegisterBrokerRecord {
            broker_id: 2,
            fenced,
            ..Default::default()
        };
        image
            .apply(
                &MetadataRecord::RegisterBroker(broker),
                &mut Delta::default(),
            )
            .unwrap();
        image
    }

    #[test]
    fn a_broker_is_doubted_from_its_loss_until_it_is_found_or_fenced() {
        let (sightings, broker) = (Sightings::new(Clock::system()), BrokerId(2));
        assert!(sightings.doubted(&image(false)).is_empty());
        sightings.lose(broker);
        assert_eq!(sightings.doubted(&image(false)), Doubted::from([broker]));
        assert!(sightings.doubted(&image(true)).is_empty());
        sightings.find(broker);
        assert!(sightings.doubted(&image(false)).is_empty());
    }

    #[test]
    fn a_broker_that_was_lost_just_now_is_listed_though_it_is_fenced() {
        let (sightings, fenced) = (Sightings::new(Clock::system()), image(true));
        let broker = fenced.brokers.get(BrokerId(2)).unwrap();
        assert!(!sightings.lists(broker));
        sightings.lose(broker.id);
        assert!(sightings.lists(broker));
    }
}
