//! Which sessions are kept, and which must go for a new one (`max.incremental.fetch.session.cache.slots`).
//!
//! A new session may take the place of one that has been idle for two minutes, of a consumer's if it is a follower's, or
//! of a smaller one that is at least two minutes old (`FetchSessionCacheShard.tryEvict`). Who finds no place fetches
//! without a session, which is always legal.
//!
//! Guarantees: never more sessions than slots, nor more partitions in all of them than [`PARTITIONS_MAX`]; ids are positive and
//! unique. Does not look into a session.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ottla_protocol::ErrorCode;
use parking_lot::Mutex;

use super::session::{FINAL_EPOCH, INITIAL_EPOCH, NO_SESSION, Session, next_epoch};

/// A session younger or more recently used than this keeps its place (`MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS`).
const SHIELDED_FOR: Duration = Duration::from_secs(120);

/// Partitions that all sessions may hold together, about 200 bytes each (Kafka has no limit). A session that would exceed it
/// is not kept: its client fetches without one.
const PARTITIONS_MAX: usize = 1_000_000;

pub type Shared = Arc<Mutex<Session>>;

/// The sessions of one broker.
#[derive(Debug)]
pub struct Cache {
    slots: usize,
    kept: BTreeMap<i32, Kept>,
    /// The sum of all sizes.
    partitions: usize,
    evictions: u64,
}

#[derive(Debug)]
struct Kept {
    session: Shared,
    /// A follower's.
    is_privileged: bool,
    size: usize,
    created: Duration,
    last_used: Duration,
}

/// What a request's session id and epoch mean.
#[derive(Debug)]
pub enum Opening {
    /// Answer the request as it stands; keep nothing.
    Sessionless,
    /// Answer everything it names, then try to keep it.
    Create,
    /// Change this session by what the request names and answer what is ready.
    Continue(Shared),
}

impl Cache {
    pub fn new(slots: usize) -> Self {
        Self {
            slots,
            kept: BTreeMap::new(),
            partitions: 0,
            evictions: 0,
        }
    }

    /// Looks at a request's session id and epoch (`FetchManager.newContext`). The session's own epoch is checked and
    /// advanced here, so that of two requests with the same epoch only one gets in.
    ///
    /// # Errors
    /// FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR.
    pub fn open(
        &mut self,
        id: i32,
        epoch: i32,
        uses_topic_ids: bool,
        now: Duration,
    ) -> Result<Opening, ErrorCode> {
        if epoch == INITIAL_EPOCH || epoch == FINAL_EPOCH {
            self.forget(id);
            return Ok(if epoch == FINAL_EPOCH {
                Opening::Sessionless
            } else {
                Opening::Create
            });
        }
        let kept = self
            .kept
            .get_mut(&id)
            .ok_or(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)?;
        {
            let mut session = kept.session.lock();
            if session.epoch != epoch {
                return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
            }
            if session.uses_topic_ids != uses_topic_ids {
                return Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
            }
            session.epoch = next_epoch(epoch);
        }
        kept.last_used = now;
        Ok(Opening::Continue(kept.session.clone()))
    }

    /// Keeps a new session if there is a place for it, and gives it the id `draw` yields; returns the id, or
    /// [`NO_SESSION`].
    pub fn keep(
        &mut self,
        session: Shared,
        is_privileged: bool,
        now: Duration,
        mut draw: impl FnMut() -> i32,
    ) -> i32 {
        let size = session.lock().len();
        let has_place = self.kept.len() < self.slots || self.evict_for(is_privileged, size, now);
        if !has_place || self.partitions + size > PARTITIONS_MAX {
            return NO_SESSION;
        }
        let id = loop {
            let id = draw() & i32::MAX;
            if id != NO_SESSION && !self.kept.contains_key(&id) {
                break id;
            }
        };
        session.lock().id = id;
        self.partitions += size;
        self.kept.insert(
            id,
            Kept {
                session,
                is_privileged,
                size,
                created: now,
                last_used: now,
            },
        );
        id
    }

    /// A session changed its size. An empty one goes, and one that has grown beyond all measure.
    pub fn resized(&mut self, id: i32, size: usize) {
        let Some(kept) = self.kept.get_mut(&id) else {
            return;
        };
        self.partitions = self.partitions - kept.size + size;
        kept.size = size;
        if size == 0 || self.partitions > PARTITIONS_MAX {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: i32) {
        if let Some(kept) = self.kept.remove(&id) {
            self.partitions -= kept.size;
        }
    }

    /// Sessions kept, their partitions, and how many lost their place so far: for metrics.
    pub fn totals(&self) -> (usize, usize, u64) {
        (self.kept.len(), self.partitions, self.evictions)
    }

    fn evict_for(&mut self, is_privileged: bool, size: usize, now: Duration) -> bool {
        let chosen = self
            .stale(now)
            .or_else(|| self.less_valuable(is_privileged, size, now));
        if let Some(id) = chosen {
            self.forget(id);
            self.evictions += 1;
        }
        chosen.is_some()
    }

    fn stale(&self, now: Duration) -> Option<i32> {
        let (id, kept) = self
            .kept
            .iter()
            .min_by_key(|(id, kept)| (kept.last_used, **id))?;
        is_past(kept.last_used, now).then_some(*id)
    }

    fn less_valuable(&self, is_privileged: bool, size: usize, now: Duration) -> Option<i32> {
        let evictable =
            |kept: &Kept| is_past(kept.created, now) || (is_privileged && !kept.is_privileged);
        let (id, least) = self
            .kept
            .iter()
            .filter(|(_, kept)| evictable(kept))
            .min_by_key(|(id, kept)| (kept.is_privileged, kept.size, **id))?;
        // Equal ones: Kafka compares the id too, and a new session counts as id 0, which is always smaller.
        ((is_privileged, size) > (least.is_privileged, least.size)).then_some(*id)
    }
}

fn is_past(since: Duration, now: Duration) -> bool {
    now.saturating_sub(since) > SHIELDED_FOR
}

#[cfg(test)]
mod tests {
    use super::super::session::{PartitionKey, TopicKey, Wanted};
    use super::*;
    use ottla_protocol::Str;
    use ottla_storage::offset::Offset;

    const MINUTE: Duration = Duration::from_secs(60);

    fn session(partitions: i32) -> Shared {
        let mut session = Session::new(false);
        let wanted = Wanted {
            fetch_offset: Offset(0),
            partition_max_bytes: 1,
            current_leader_epoch: None,
            last_fetched_epoch: None,
            log_start: Offset::NONE,
        };
        session.update(
            (0..partitions).map(|index| {
                (
                    PartitionKey {
                        topic: TopicKey::Name(Str::from("t")),
                        index,
                    },
                    wanted,
                )
            }),
            &[],
        );
        Arc::new(Mutex::new(session))
    }

    fn keep(
        cache: &mut Cache,
        partitions: i32,
        is_privileged: bool,
        now: Duration,
        id: i32,
    ) -> i32 {
        cache.keep(session(partitions), is_privileged, now, || id)
    }

    #[test]
    fn a_request_continues_only_the_session_and_epoch_it_names() {
        let mut cache = Cache::new(10);
        let now = MINUTE;
        assert_eq!(keep(&mut cache, 1, false, now, 5), 5);
        assert_eq!(
            cache.open(6, 1, false, now).err(),
            Some(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)
        );
        assert_eq!(
            cache.open(5, 2, false, now).err(),
            Some(ErrorCode::INVALID_FETCH_SESSION_EPOCH)
        );
        assert_eq!(
            cache.open(5, 1, true, now).err(),
            Some(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR)
        );
        assert!(matches!(
            cache.open(5, 1, false, now),
            Ok(Opening::Continue(_))
        ));
        assert_eq!(
            cache.open(5, 1, false, now).err(),
            Some(ErrorCode::INVALID_FETCH_SESSION_EPOCH),
            "only once"
        );
        assert!(matches!(
            cache.open(5, 2, false, now),
            Ok(Opening::Continue(_))
        ));
    }

    #[test]
    fn opening_anew_or_closing_ends_the_named_session() {
        for (epoch, creates) in [(INITIAL_EPOCH, true), (FINAL_EPOCH, false)] {
            let mut cache = Cache::new(10);
            keep(&mut cache, 1, false, MINUTE, 5);
            let opening = cache.open(5, epoch, false, MINUTE).unwrap();
            assert_eq!(matches!(opening, Opening::Create), creates);
            assert_eq!(cache.totals().0, 0);
        }
    }

    #[test]
    fn a_full_cache_gives_a_place_up_only_by_kafkas_rules() {
        // (name, kept size, kept privileged, new size, new privileged, minutes later, used in between, gets a place)
        let cases = [
            ("young and equal", 5, false, 5, false, 1, false, false),
            ("young though smaller", 5, false, 9, false, 1, false, false),
            ("stale", 9, false, 1, false, 3, false, true),
            ("old, smaller, in use", 5, false, 9, false, 3, true, true),
            ("old, larger, in use", 9, false, 5, false, 3, true, false),
            (
                "a follower takes a consumer's at once",
                9,
                false,
                1,
                true,
                1,
                false,
                true,
            ),
            (
                "a consumer never takes an active follower's",
                1,
                true,
                9,
                false,
                3,
                true,
                false,
            ),
        ];
        for (name, kept_size, kept_privileged, size, privileged, minutes, used, expected) in cases {
            let mut cache = Cache::new(1);
            keep(&mut cache, kept_size, kept_privileged, MINUTE, 5);
            let now = MINUTE + MINUTE * minutes;
            if used {
                cache.open(5, 1, false, now).unwrap();
            }
            let id = keep(&mut cache, size, privileged, now, 6);
            assert_eq!(id, if expected { 6 } else { NO_SESSION }, "{name}");
            assert_eq!(cache.totals().0, 1, "{name}");
        }
    }

    #[test]
    fn a_session_that_becomes_empty_goes() {
        let mut cache = Cache::new(1);
        keep(&mut cache, 1, false, MINUTE, 5);
        cache.resized(5, 0);
        assert_eq!(cache.totals(), (0, 0, 0));
    }

    #[test]
    fn the_partitions_of_all_sessions_together_are_limited() {
        let mut cache = Cache::new(10);
        keep(&mut cache, 5, false, MINUTE, 5);
        keep(&mut cache, 3, false, MINUTE, 6);
        assert_eq!(cache.totals(), (2, 8, 0));
        cache.resized(6, PARTITIONS_MAX - 5);
        assert_eq!(cache.totals(), (2, PARTITIONS_MAX, 0));
        assert_eq!(keep(&mut cache, 1, false, MINUTE, 7), NO_SESSION);
        cache.resized(6, PARTITIONS_MAX);
        assert_eq!(cache.totals(), (1, 5, 0), "it grew too large");
    }

    #[test]
    fn no_slots_means_no_sessions() {
        assert_eq!(keep(&mut Cache::new(0), 1, false, MINUTE, 5), NO_SESSION);
    }
}
