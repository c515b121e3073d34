//! Incremental fetch sessions: what a client asked for once and need not repeat (KIP-227, with topic ids KIP-516).
//!
//! ```text
//!   request (id, epoch)            what opens
//!   (0 or n, -1)                   nothing is kept; session n is closed
//!   (0 or n,  0)                   a new session; n is closed
//!   (n, e > 0)                     session n, if its next epoch is e: the named partitions change it, the rest stays
//! ```
//! A session is also a subscription (architecture 7): each of its partitions has a [`Slot`], registered once with the
//! partition, and only slots on the ready list are read. Here are the rules and the bookkeeping; `fetch/mod.rs` reads.
//!
//! Guarantees: an answer leaves out a partition only if nothing about it changed since the last answer. Does not lock:
//! the owner does. Source: `FetchSession.scala`.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_protocol::{Str, Uuid};
use ottla_storage::offset::{LeaderEpoch, Offset};

use crate::partition::{LastFetch, ReadyList, Slot, Subscription};

/// How a request names a partition: by id from version 13, by name before. A session never mixes them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartitionKey {
    pub topic: TopicKey,
    pub index: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicKey {
    Id(Uuid),
    Name(Str),
}

/// What a request wants of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub fetch_offset: Offset,
    pub partition_max_bytes: i32,
    /// The leader epoch that the client believes in; `None` skips the check.
    pub current_leader_epoch: Option<LeaderEpoch>,
    /// The epoch of the last record the client has; `None` skips the check for divergence (KIP-595).
    pub last_fetched_epoch: Option<LeaderEpoch>,
    /// Where a follower's log starts.
    pub log_start: Offset,
}

/// What an answer says of a partition besides records, as the client last heard it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    pub high_watermark: Offset,
    pub log_start: Offset,
}

/// One partition of a session.
#[derive(Debug)]
pub struct Entry {
    pub key: PartitionKey,
    pub wanted: Wanted,
    pub slot: Arc<Slot>,
    /// Set once the partition could be found; dropping it ends the registration.
    pub subscription: Option<Subscription>,
    /// `None` until the client has been told, and after an error.
    heard: Option<Heard>,
}

/// The partitions that a client is fetching, and what it knows of them.
#[derive(Debug, Default)]
pub struct Session {
    pub id: i32,
    /// Epoch of the request that must come next.
    pub epoch: i32,
    pub uses_topic_ids: bool,
    /// By slot number; `None` where a partition was forgotten.
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
    by_key: BTreeMap<PartitionKey, usize>,
    ready: Arc<ReadyList>,
    /// When it last asked: what the leaders of a follower's partitions go by.
    last_fetch: Arc<LastFetch>,
}

/// The epoch that opens a session, and the one that closes it.
pub const INITIAL_EPOCH: i32 = 0;
pub const FINAL_EPOCH: i32 = -1;
/// What an answer says when no session is kept.
pub const NO_SESSION: i32 = 0;

/// The epoch after `epoch`: from the largest back to 1, because 0 would open a new session.
pub fn next_epoch(epoch: i32) -> i32 {
    match epoch {
        i32::MAX => 1,
        negative if negative < 0 => FINAL_EPOCH,
        _ => epoch + 1,
    }
}

impl Session {
    pub fn new(uses_topic_ids: bool) -> Self {
        Self {
            uses_topic_ids,
            epoch: next_epoch(INITIAL_EPOCH),
            ..Self::default()
        }
    }

    /// Adopts what a request names: new partitions, new positions, and those to forget. All that is named becomes ready.
    pub fn update(
        &mut self,
        named: impl IntoIterator<Item = (PartitionKey, Wanted)>,
        forgotten: &[PartitionKey],
    ) {
        for (key, wanted) in named {
            let number = match self.by_key.get(&key) {
                Some(number) => *number,
                None => self.add(key, wanted),
            };
            if let Some(entry) = self.entries[number].as_mut() {
                entry.wanted = wanted;
                self.ready.push(&entry.slot);
            }
        }
        for key in forgotten {
            if let Some(number) = self.by_key.remove(key) {
                self.entries[number] = None;
                self.free.push(number);
            }
        }
    }

    /// The partition in a slot; `None` if it was forgotten after it became ready.
    pub fn entry(&mut self, number: usize) -> Option<&mut Entry> {
        self.entries.get_mut(number)?.as_mut()
    }

    /// Every partition, in slot order.
    pub fn entries(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut().flatten()
    }

    pub fn ready(&self) -> &Arc<ReadyList> {
        &self.ready
    }

    pub fn last_fetch(&self) -> &Arc<LastFetch> {
        &self.last_fetch
    }

    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    fn add(&mut self, key: PartitionKey, wanted: Wanted) -> usize {
        let number = self.free.pop().unwrap_or(self.entries.len());
        let entry = Entry {
            key: key.clone(),
            wanted,
            slot: Slot::new(number),
            subscription: None,
            heard: None,
        };
        match self.entries.get_mut(number) {
            Some(place) => *place = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        self.by_key.insert(key, number);
        number
    }
}

impl Entry {
    /// Whether an incremental answer must carry this partition, given what it would say
    /// (`CachedPartition.maybeUpdateResponseData`). Remembers it as said.
    pub fn must_say(
        &mut self,
        saying: Heard,
        has_records: bool,
        is_error: bool,
        is_special: bool,
    ) -> bool {
        let changed = self.heard != Some(saying);
        // After an error the next answer without one must reach the client; so must one after a divergence, with which a follower adopts
        // nothing else.
        self.heard = (!is_error && !is_special).then_some(saying);
        changed || has_records || is_error || is_special
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(index: i32) -> PartitionKey {
        PartitionKey {
            topic: TopicKey::Name(Str::from("t")),
            index,
        }
    }

    fn wanted(offset: i64) -> Wanted {
        Wanted {
            fetch_offset: Offset(offset),
            partition_max_bytes: 1,
            current_leader_epoch: None,
            last_fetched_epoch: None,
            log_start: Offset::NONE,
        }
    }

    fn heard(high_watermark: i64, log_start: i64) -> Heard {
        Heard {
            high_watermark: Offset(high_watermark),
            log_start: Offset(log_start),
        }
    }

    fn take(session: &Session) -> Vec<usize> {
        session
            .ready()
            .take()
            .iter()
            .map(|slot| slot.number())
            .collect()
    }

    #[test]
    fn epochs_skip_the_opening_one_when_they_wrap() {
        assert_eq!(next_epoch(INITIAL_EPOCH), 1);
        assert_eq!(next_epoch(7), 8);
        assert_eq!(next_epoch(i32::MAX), 1);
        assert_eq!(next_epoch(FINAL_EPOCH), FINAL_EPOCH);
    }

    #[test]
    fn only_what_a_request_names_becomes_ready() {
        let mut session = Session::new(false);
        session.update([(key(0), wanted(5)), (key(1), wanted(6))], &[]);
        assert_eq!(take(&session), [0, 1]);
        session.update([(key(1), wanted(7))], &[]);
        assert_eq!(take(&session), [1]);
        assert_eq!(session.entry(1).unwrap().wanted.fetch_offset, Offset(7));
        assert_eq!(
            session.entry(0).unwrap().wanted.fetch_offset,
            Offset(5),
            "the rest stays as it was"
        );
    }

    #[test]
    fn a_forgotten_partition_leaves_and_its_slot_is_used_again() {
        let mut session = Session::new(false);
        session.update([(key(0), wanted(0)), (key(1), wanted(0))], &[]);
        session.update([], &[key(0), key(9)]);
        assert_eq!(session.len(), 1);
        assert!(session.entry(0).is_none());
        session.update([(key(2), wanted(0))], &[]);
        assert_eq!(session.entry(0).unwrap().key, key(2));
    }

    #[test]
    fn an_unchanged_partition_is_left_out_and_a_changed_one_is_not() {
        let mut session = Session::new(true);
        session.update([(key(0), wanted(0))], &[]);
        let entry = session.entry(0).unwrap();
        assert!(
            entry.must_say(heard(5, 0), false, false, false),
            "never told"
        );
        assert!(
            !entry.must_say(heard(5, 0), false, false, false),
            "nothing new"
        );
        assert!(entry.must_say(heard(5, 0), true, false, false), "records");
        assert!(
            entry.must_say(heard(6, 0), false, false, false),
            "high watermark"
        );
        assert!(
            entry.must_say(heard(6, 2), false, false, false),
            "log start"
        );
        assert!(entry.must_say(heard(6, 2), false, true, false), "an error");
        assert!(
            entry.must_say(heard(6, 2), false, true, false),
            "the same error again"
        );
        assert!(
            entry.must_say(heard(6, 2), false, false, false),
            "well again after an error"
        );
        assert!(
            entry.must_say(heard(6, 2), false, false, true),
            "diverging epoch"
        );
        assert!(
            entry.must_say(heard(6, 2), false, false, false),
            "after it the rest is news again"
        );
    }
}
