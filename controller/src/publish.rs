//! Publishing images: one writer, any number of readers, subscribers that miss nothing.
//!
//! ```text
//!   state machine ──publish(image, delta)──▶ ArcSwap<Image>      read by every handler, once per request
//!                                         ├▶ Level(offset)       awaited by `at_least`
//!                                         └▶ one slot per        taken by `Subscription::next`
//!                                            subscriber
//! ```
//! A subscriber's slot holds one update. An update that finds the slot full is merged into it: the older `before`, the newer
//! `image`, the union of the deltas. So a slow subscriber costs one slot and still learns of every change, in order. The first
//! update takes it from the empty image to the present one, and a snapshot that was loaded is an update like any other:
//! whoever can follow updates needs no second path.

use crate::delta::Delta;
use crate::ids::MetadataOffset;
use crate::image::Image;
use crate::level::Level;
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use tokio::sync::Notify;

/// The write half: owned by the one task that applies committed records.
pub struct Publisher {
    shared: Arc<Shared>,
}

/// The read half: clone it freely; call [`Metadata::image`] once per request and pass `&Image` down.
#[derive(Clone)]
pub struct Metadata {
    shared: Arc<Shared>,
}

/// A step from one image to a later one.
#[derive(Clone, Debug)]
pub struct Update {
    pub before: Arc<Image>,
    pub image: Arc<Image>,
    /// Everything in which the two differ; it may also name what changed and changed back.
    pub delta: Arc<Delta>,
}

/// Updates for one subscriber. Dropping it ends the subscription.
pub struct Subscription {
    slot: Arc<Slot>,
}

/// The publisher is gone: the controller has stopped, and no later image will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("the metadata is no longer published")
    }
}

impl std::error::Error for Stopped {}

struct Shared {
    image: ArcSwap<Image>,
    /// Locked while publishing and subscribing, so that a new subscriber's first image is followed by all later ones.
    slots: Mutex<Vec<Weak<Slot>>>,
    reached: Level<Reached>,
}

struct Reached {
    offset: MetadataOffset,
    /// No later offset will come.
    is_over: bool,
}

#[derive(Default)]
struct Slot {
    waiting: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Default)]
struct Waiting {
    update: Option<Update>,
    stopped: bool,
}

/// Both halves, at the empty image.
pub fn channel() -> (Publisher, Metadata) {
    let shared = Arc::new(Shared {
        image: ArcSwap::default(),
        slots: Mutex::default(),
        reached: Level::new(Reached {
            offset: MetadataOffset::NONE,
            is_over: false,
        }),
    });
    let publisher = Publisher {
        shared: shared.clone(),
    };
    (publisher, Metadata { shared })
}

impl Publisher {
    /// Makes `image` the current one. `delta` names everything in which it differs from the one before.
    pub fn publish(&self, image: Arc<Image>, delta: Arc<Delta>) {
        let mut slots = self.shared.slots.lock();
        let before = self.shared.image.swap(image.clone());
        let update = Update {
            before,
            image,
            delta,
        };
        slots.retain(|slot| match slot.upgrade() {
            Some(slot) => {
                slot.put(update.clone());
                true
            }
            None => false,
        });
        self.shared.reached.set(Reached {
            offset: update.image.offset,
            is_over: false,
        });
    }

    /// Makes `image` the current one, whatever the one before was: for a snapshot.
    pub fn load(&self, image: Arc<Image>) {
        let delta = Delta::between(&self.shared.image.load(), &image);
        self.publish(image, Arc::new(delta));
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        for slot in self.shared.slots.lock().drain(..) {
            if let Some(slot) = slot.upgrade() {
                slot.waiting.lock().stopped = true;
                slot.filled.notify_one();
            }
        }
        let offset = self.shared.reached.with(|reached| reached.offset);
        self.shared.reached.set(Reached {
            offset,
            is_over: true,
        });
    }
}

impl Metadata {
    /// The current image.
    pub fn image(&self) -> Arc<Image> {
        self.shared.image.load_full()
    }

    /// The first image at `offset` or later; fails only when the publisher is gone before.
    pub async fn at_least(&self, offset: MetadataOffset) -> Result<Arc<Image>, Stopped> {
        let reached = &self.shared.reached;
        reached
            .until(|reached| reached.offset >= offset || reached.is_over)
            .await;
        match reached.with(|reached| reached.offset >= offset) {
            true => Ok(self.image()),
            false => Err(Stopped),
        }
    }

    /// All changes from now on; the first update goes from the empty image to the current one.
    pub fn subscribe(&self) -> Subscription {
        let slot = Arc::new(Slot::default());
        let mut slots = self.shared.slots.lock();
        let (before, image) = (Arc::<Image>::default(), self.image());
        let delta = Arc::new(Delta::between(&before, &image));
        slot.put(Update {
            before,
            image,
            delta,
        });
        slots.push(Arc::downgrade(&slot));
        Subscription { slot }
    }
}

impl Subscription {
    /// Waits for the next update; `None` once the publisher is gone and all updates were taken. Cancel safe.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            let filled = self.slot.filled.notified();
            {
                let mut waiting = self.slot.waiting.lock();
                if let Some(update) = waiting.update.take() {
                    return Some(update);
                }
                if waiting.stopped {
                    return None;
                }
            }
            filled.await;
        }
    }
}

impl Slot {
    fn put(&self, later: Update) {
        let mut waiting = self.waiting.lock();
        waiting.update = Some(match waiting.update.take() {
            None => later,
            Some(earlier) => earlier.followed_by(later),
        });
        drop(waiting);
        self.filled.notify_one();
    }
}

impl Update {
    fn followed_by(mut self, later: Update) -> Update {
        Arc::make_mut(&mut self.delta).merge(&later.delta);
        Update {
            before: self.before,
            image: later.image,
            delta: self.delta,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::feature_record;
    use ottla_protocol::records::metadata::MetadataRecord;

    fn raise(publisher: &Publisher, metadata: &Metadata, feature: &str) {
        let mut image = Image::clone(&metadata.image());
        let mut delta = Delta::default();
        image
            .apply(
                &MetadataRecord::FeatureLevel(feature_record(feature, 1)),
                &mut delta,
            )
            .unwrap();
        publisher.publish(Arc::new(image), Arc::new(delta));
    }

    #[tokio::test]
    async fn a_reader_keeps_its_image_while_a_new_one_is_published() {
        let (publisher, metadata) = channel();
        let before = metadata.image();
        raise(&publisher, &metadata, "a");
        assert_eq!(before.features.level("a"), 0);
        assert_eq!(
            metadata
                .at_least(MetadataOffset(0))
                .await
                .unwrap()
                .features
                .level("a"),
            1
        );
    }

    #[tokio::test]
    async fn a_subscriber_that_lags_sees_every_change_in_one_update() {
        let (publisher, metadata) = channel();
        raise(&publisher, &metadata, "a");
        let mut subscription = metadata.subscribe();
        let first = subscription.next().await.unwrap();
        assert_eq!((first.before.offset.0, first.image.offset.0), (-1, 0));
        raise(&publisher, &metadata, "b");
        raise(&publisher, &metadata, "c");
        let second = subscription.next().await.unwrap();
        assert_eq!((second.before.offset.0, second.image.offset.0), (0, 2));
        let names: Vec<_> = second.delta.features.iter().map(|name| &**name).collect();
        assert_eq!(names, ["b", "c"]);
    }

    #[tokio::test]
    async fn a_loaded_snapshot_is_an_update_like_any_other() {
        let (publisher, metadata) = channel();
        raise(&publisher, &metadata, "a");
        let mut subscription = metadata.subscribe();
        subscription.next().await.unwrap();
        let record = MetadataRecord::FeatureLevel(feature_record("b", 2));
        let snapshot = Image::from_records(MetadataOffset(9), [&record]).unwrap();
        publisher.load(Arc::new(snapshot));
        let update = subscription.next().await.unwrap();
        let names: Vec<_> = update.delta.features.iter().map(|name| &**name).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[tokio::test]
    async fn waiting_ends_when_the_publisher_is_gone() {
        let (publisher, metadata) = channel();
        let mut subscription = metadata.subscribe();
        drop(publisher);
        assert!(subscription.next().await.is_some());
        assert!(subscription.next().await.is_none());
        assert_eq!(
            metadata.at_least(MetadataOffset(0)).await.unwrap_err(),
            Stopped
        );
    }
}
