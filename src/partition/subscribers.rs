//! Who wants to hear that something a reader can see has changed: the fetches' side of waiting.
//!
//! ```text
//!   partition ── Subscribers::notify ──▶ ReadyList of a session: slot 17 ── take() ──▶ the fetch reads slot 17 only
//! ```
//! A fetch (or a session, for its whole life) owns a [`ReadyList`] and registers each of its partitions once under a
//! slot number. A change of the visible end, the high watermark, the log start or the role puts the slot on the list,
//! once however many changes there are.
//!
//! Guarantees: whoever subscribes and *then* looks misses no change; notifying costs one lock per subscriber that has
//! not been told yet, one atomic for those that have. Does not say what changed: the reader looks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// The partitions (by slot number) that a reader should look at again, in the order in which they became so.
#[derive(Debug, Default)]
pub struct ReadyList {
    slots: Mutex<VecDeque<Arc<Slot>>>,
    arrived: Notify,
}

/// One partition's place on a ready list.
#[derive(Debug)]
pub struct Slot {
    number: usize,
    queued: AtomicBool,
}

impl Slot {
    pub fn new(number: usize) -> Arc<Self> {
        Arc::new(Self {
            number,
            queued: AtomicBool::new(false),
        })
    }

    pub fn number(&self) -> usize {
        self.number
    }
}

impl ReadyList {
    /// Puts a slot at the end, unless it is on the list already.
    pub fn push(&self, slot: &Arc<Slot>) {
        if !slot.queued.swap(true, Ordering::AcqRel) {
            self.slots.lock().push_back(slot.clone());
            self.arrived.notify_one();
        }
    }

    /// Puts slots back at the front, in their order: they were taken but not served.
    pub fn return_unserved<'a>(&self, unserved: impl DoubleEndedIterator<Item = &'a Arc<Slot>>) {
        let mut slots = self.slots.lock();
        for slot in unserved.rev() {
            if !slot.queued.swap(true, Ordering::AcqRel) {
                slots.push_front(slot.clone());
            }
        }
    }

    /// Takes everything that is ready. What changes from now on is put on the list anew.
    pub fn take(&self) -> Vec<Arc<Slot>> {
        let taken: Vec<_> = std::mem::take(&mut *self.slots.lock()).into();
        for slot in &taken {
            // A swap, so that whoever found the flag still set has its change seen by what is read after this.
            slot.queued.swap(false, Ordering::AcqRel);
        }
        taken
    }

    pub fn is_empty(&self) -> bool {
        self.slots.lock().is_empty()
    }

    /// Resolves when there may be something to take. One reader at a time.
    pub async fn ready(&self) {
        while self.is_empty() {
            self.arrived.notified().await;
        }
    }
}

/// The readers that a partition tells about changes. An idle partition without readers owns no memory for them.
#[derive(Debug, Default)]
pub struct Subscribers {
    places: Mutex<Vec<Place>>,
}

#[derive(Debug, Clone)]
struct Place {
    list: Arc<ReadyList>,
    slot: Arc<Slot>,
    view: View,
}

/// How far a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// What is committed.
    Committed,
    /// To the end of the log: followers.
    End,
}

/// Ends the subscription when dropped.
#[derive(Debug)]
pub struct Subscription {
    subscribers: Arc<Subscribers>,
    slot: Arc<Slot>,
}

impl Subscribers {
    /// Registers a reader's slot. Look at the partition after this, not before.
    pub fn subscribe(
        self: &Arc<Self>,
        list: &Arc<ReadyList>,
        slot: &Arc<Slot>,
        view: View,
    ) -> Subscription {
        self.places.lock().push(Place {
            list: list.clone(),
            slot: slot.clone(),
            view,
        });
        Subscription {
            subscribers: self.clone(),
            slot: slot.clone(),
        }
    }

    /// Tells every reader that something visible has changed.
    pub fn notify(&self) {
        for place in self.places.lock().iter() {
            place.list.push(&place.slot);
        }
    }

    /// Tells those who see it that the log's end has moved.
    pub fn notify_end(&self) {
        let places = self.places.lock();
        for place in places.iter().filter(|place| place.view == View::End) {
            place.list.push(&place.slot);
        }
    }

    /// How many readers there are.
    pub fn len(&self) -> usize {
        self.places.lock().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Subscription {
    /// Whether it is one with these subscribers.
    pub fn is_with(&self, subscribers: &Arc<Subscribers>) -> bool {
        Arc::ptr_eq(&self.subscribers, subscribers)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut places = self.subscribers.places.lock();
        if let Some(at) = places
            .iter()
            .position(|place| Arc::ptr_eq(&place.slot, &self.slot))
        {
            places.swap_remove(at);
        }
        if places.is_empty() {
            places.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn numbers(taken: &[Arc<Slot>]) -> Vec<usize> {
        taken.iter().map(|slot| slot.number()).collect()
    }

    #[test]
    fn many_changes_put_a_slot_on_the_list_once() {
        let (list, slot) = (Arc::new(ReadyList::default()), Slot::new(17));
        let subscribers = Arc::new(Subscribers::default());
        let subscription = subscribers.subscribe(&list, &slot, View::Committed);
        subscribers.notify();
        subscribers.notify();
        assert_eq!(numbers(&list.take()), [17]);
        subscribers.notify_end();
        assert!(list.is_empty(), "it does not see that far");
        assert!(list.is_empty());
        subscribers.notify();
        assert_eq!(
            numbers(&list.take()),
            [17],
            "a change after taking counts anew"
        );
        drop(subscription);
        subscribers.notify();
        assert!(list.is_empty(), "nobody is told after unsubscribing");
        assert!(subscribers.is_empty());
    }

    #[test]
    fn what_was_not_served_comes_first_next_time() {
        let list = ReadyList::default();
        let slots = [Slot::new(0), Slot::new(1), Slot::new(2)];
        list.push(&slots[2]);
        list.return_unserved([&slots[0], &slots[1]].into_iter());
        assert_eq!(numbers(&list.take()), [0, 1, 2]);
    }

    #[test]
    fn a_waiting_reader_wakes_on_a_change_and_not_before() {
        let (list, slot) = (Arc::new(ReadyList::default()), Slot::new(0));
        let mut ready = Box::pin(list.ready());
        assert_eq!(ready.as_mut().now_or_never(), None);
        list.push(&slot);
        assert_eq!(ready.as_mut().now_or_never(), Some(()));
    }
}
