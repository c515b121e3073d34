//! The partitions of one fetcher: what to ask the leader next, what its session holds already, who pauses. Pure.
//!
//! Guarantees: a partition that changed nothing costs a fetch nothing, however many there are (KIP-227, the client's side:
//! `FetchSessionHandler`); one that failed pauses, longer each time up to `replica.fetch.backoff.ms`, and holds up no other. Does not
//! send and knows no logs: where a log ends is asked for when a request is made.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ottla_protocol::ErrorCode;
use ottla_storage::offset::{LeaderEpoch, Offset};

use super::assignment::Key;

/// The first pause; each further one is twice as long. Kafka's are all of the longest: a leader that is elected a moment before it
/// knows would be followed only then.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const INITIAL_EPOCH: i32 = 0;
const NO_SESSION: i32 = 0;

/// What a fetch says of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub epoch: LeaderEpoch,
    pub offset: Offset,
    pub log_start: Offset,
    /// `None` in an empty log.
    pub last_epoch: Option<LeaderEpoch>,
}

/// A fetch to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub session_id: i32,
    pub session_epoch: i32,
    pub named: Vec<(Key, Asked)>,
    pub forgotten: Vec<Key>,
    /// The answer may wait no longer than this, because another partition is due then.
    pub wait_max: Option<Duration>,
}

/// How long a fetch waits while something is written that will be asked for again right after.
const WAIT_WHILE_WRITING: Duration = Duration::from_millis(10);

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    Fetch(Planned),
    /// Nobody is to be asked for before this time has passed; `None`: until something is added.
    Wait(Option<Duration>),
}

/// See the module.
#[derive(Debug, Default)]
pub struct Tracked {
    entries: BTreeMap<Key, Entry>,
    /// What may have to be named in the next request.
    due: BTreeSet<Key>,
    /// By the end of their pause.
    paused: BTreeSet<(Duration, Key)>,
    /// The session holds them, and must not.
    forgotten: BTreeSet<Key>,
    /// How many are being written.
    writing: usize,
    session_id: i32,
    /// Of the next request; 0 opens a session, and closes the one named.
    session_epoch: i32,
}

#[derive(Debug)]
struct Entry {
    epoch: LeaderEpoch,
    /// What the session holds of it.
    held: Option<Asked>,
    paused_until: Option<Duration>,
    /// What was fetched is still being written.
    is_writing: bool,
    failures: u32,
}

impl Entry {
    fn is_ready(&self) -> bool {
        self.paused_until.is_none() && !self.is_writing
    }
}

impl Tracked {
    /// Follows a partition in a new leader epoch. Nothing changes when it is followed in that one.
    pub fn add(&mut self, key: Key, epoch: LeaderEpoch) {
        if self.epoch(key) == Some(epoch) {
            return;
        }
        let held = self.remove(key);
        if held.is_some() {
            // Named again before it could be forgotten, it replaces what the session holds.
            self.forgotten.remove(&key);
        }
        self.due.insert(key);
        self.entries.insert(
            key,
            Entry {
                epoch,
                held,
                paused_until: None,
                is_writing: false,
                failures: 0,
            },
        );
    }

    /// Follows it no longer. Answers what the session holds of it.
    pub fn remove(&mut self, key: Key) -> Option<Asked> {
        let entry = self.entries.remove(&key)?;
        self.due.remove(&key);
        self.writing -= usize::from(entry.is_writing);
        if let Some(until) = entry.paused_until {
            self.paused.remove(&(until, key));
        }
        if entry.held.is_some() {
            self.forgotten.insert(key);
        }
        entry.held
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The leader epoch in which it is followed.
    pub fn epoch(&self, key: Key) -> Option<LeaderEpoch> {
        self.entries.get(&key).map(|entry| entry.epoch)
    }

    /// What was asked for it, if it was.
    pub fn asked(&self, key: Key) -> Option<Asked> {
        self.entries.get(&key)?.held
    }

    /// The next request. `position` says what to ask for a partition in this epoch; `None` when it cannot be said.
    pub fn plan(
        &mut self,
        now: Duration,
        position: impl Fn(Key, LeaderEpoch) -> Option<Asked>,
    ) -> Plan {
        self.end_pauses(now);
        if self.entries.len() == self.paused.len() + self.writing {
            // The next request opens a new session, and closes this one.
            self.start_over();
            let next = self.paused.first().map(|(until, _)| *until);
            return Plan::Wait(next.map(|until| until.saturating_sub(now)));
        }
        let is_full = self.session_epoch == INITIAL_EPOCH;
        let looked_at: Vec<Key> = match is_full {
            true => self.entries.keys().copied().collect(),
            false => self.due.iter().copied().collect(),
        };
        self.due.clear();
        if is_full {
            self.forgotten.clear();
        }
        let mut named = Vec::new();
        for key in looked_at {
            let Some(entry) = self.entries.get_mut(&key) else {
                continue;
            };
            if !entry.is_ready() {
                continue;
            }
            let asked = position(key, entry.epoch);
            if let Some(asked) = asked.filter(|asked| is_full || entry.held != Some(*asked)) {
                entry.held = Some(asked);
                self.forgotten.remove(&key);
                named.push((key, asked));
            }
        }
        Plan::Fetch(Planned {
            session_id: self.session_id,
            session_epoch: self.session_epoch,
            named,
            forgotten: std::mem::take(&mut self.forgotten).into_iter().collect(),
            wait_max: self.next_due(now),
        })
    }

    /// In how long a partition will be due that is not now.
    fn next_due(&self, now: Duration) -> Option<Duration> {
        let paused = self.paused.first();
        let paused = paused.map(|(until, _)| until.saturating_sub(now));
        let written = (self.writing > 0).then_some(WAIT_WHILE_WRITING);
        paused.into_iter().chain(written).min()
    }

    fn end_pauses(&mut self, now: Duration) {
        while let Some((until, key)) = self.paused.first().copied()
            && until <= now
        {
            self.paused.pop_first();
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.paused_until = None;
                self.due.insert(key);
            }
        }
    }

    /// The leader answered the last request; `session_id` as it says, 0 for none.
    pub fn answered(&mut self, session_id: i32) {
        if session_id == NO_SESSION {
            return self.start_over_without_session();
        }
        self.session_epoch = match self.session_epoch {
            i32::MAX => 1,
            epoch => epoch + 1,
        };
        self.session_id = session_id;
    }

    /// The leader refused the last request as a whole, or there was no answer. Returns whether asking again at once makes sense.
    pub fn refused(&mut self, error: Option<ErrorCode>) -> bool {
        let was_full = self.session_epoch == INITIAL_EPOCH;
        match error {
            Some(ErrorCode::FETCH_SESSION_ID_NOT_FOUND) => self.start_over_without_session(),
            _ => self.start_over(),
        }
        let is_about_session = matches!(
            error,
            Some(
                ErrorCode::FETCH_SESSION_ID_NOT_FOUND
                    | ErrorCode::INVALID_FETCH_SESSION_EPOCH
                    | ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR
            )
        );
        is_about_session && !was_full
    }

    /// The next request names everything and opens a new session in place of this one.
    pub fn start_over(&mut self) {
        self.session_epoch = INITIAL_EPOCH;
        self.forgotten.clear();
        self.entries
            .values_mut()
            .for_each(|entry| entry.held = None);
    }

    fn start_over_without_session(&mut self) {
        self.session_id = NO_SESSION;
        self.session_epoch = INITIAL_EPOCH;
    }

    /// The leader's answer for it was carried out: its position may be another.
    pub fn went_on(&mut self, key: Key) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.failures = 0;
            self.due.insert(key);
        }
    }

    /// Its position is another, though it cannot be said that all is well: it is asked for again at once.
    pub fn look_again(&mut self, key: Key) {
        if self.entries.contains_key(&key) {
            self.due.insert(key);
        }
    }

    /// Writing what was fetched for it takes long: the others do not wait.
    pub fn hold(&mut self, key: Key) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        if !entry.is_ready() {
            return;
        }
        entry.is_writing = true;
        self.writing += 1;
        self.due.remove(&key);
        if entry.held.take().is_some() {
            self.forgotten.insert(key);
        }
    }

    /// What was held is written, or was not.
    pub fn release(&mut self, key: Key) {
        if let Some(entry) = self.entries.get_mut(&key)
            && std::mem::take(&mut entry.is_writing)
        {
            self.writing -= 1;
            self.due.insert(key);
        }
    }

    /// It could not go on: it pauses.
    pub fn pause(&mut self, key: Key, now: Duration, longest: Duration) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        if !entry.is_ready() {
            return;
        }
        let until = now + pause(entry.failures, longest);
        entry.failures = entry.failures.saturating_add(1);
        self.rest(key, until);
    }

    /// It is not asked for until then.
    pub fn rest(&mut self, key: Key, until: Duration) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        if !entry.is_ready() {
            return;
        }
        entry.paused_until = Some(until);
        if entry.held.take().is_some() {
            self.forgotten.insert(key);
        }
        self.paused.insert((until, key));
        self.due.remove(&key);
    }

    /// Nobody could go on.
    pub fn pause_all(&mut self, now: Duration, longest: Duration) {
        let keys: Vec<Key> = self.entries.keys().copied().collect();
        keys.into_iter()
            .for_each(|key| self.pause(key, now, longest));
    }
}

fn pause(failures: u32, longest: Duration) -> Duration {
    FIRST_PAUSE
        .saturating_mul(1 << failures.min(16))
        .min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_controller::ids::TopicId;
    use ottla_protocol::Uuid;

    const LONGEST: Duration = Duration::from_secs(1);
    const NOW: Duration = Duration::from_secs(100);

    fn key(index: i32) -> Key {
        (TopicId(Uuid([1; 16])), index)
    }

    fn at(offset: i64) -> impl Fn(Key, LeaderEpoch) -> Option<Asked> {
        move |_, epoch| {
            Some(Asked {
                epoch,
                offset: Offset(offset),
                log_start: Offset(0),
                last_epoch: None,
            })
        }
    }

    fn following(count: i32) -> Tracked {
        let mut tracked = Tracked::default();
        (0..count).for_each(|index| tracked.add(key(index), LeaderEpoch(1)));
        tracked
    }

    fn planned(tracked: &mut Tracked, now: Duration, offset: i64) -> Planned {
        match tracked.plan(now, at(offset)) {
            Plan::Fetch(planned) => planned,
            wait => panic!("{wait:?}"),
        }
    }

    fn named(planned: &Planned) -> Vec<i32> {
        planned.named.iter().map(|(key, _)| key.1).collect()
    }

    fn forgotten(planned: &Planned) -> Vec<i32> {
        planned.forgotten.iter().map(|key| key.1).collect()
    }

    #[test]
    fn a_session_is_told_once_and_then_only_what_changed() {
        let mut tracked = following(3);
        let opening = planned(&mut tracked, NOW, 5);
        assert_eq!((opening.session_id, opening.session_epoch), (0, 0));
        assert_eq!(named(&opening), [0, 1, 2]);
        tracked.answered(77);
        let idle = planned(&mut tracked, NOW, 5);
        assert_eq!((idle.session_id, idle.session_epoch), (77, 1));
        assert_eq!(named(&idle), [0; 0]);
        tracked.answered(77);
        tracked.went_on(key(1));
        tracked.went_on(key(2));
        let next = planned(&mut tracked, NOW, 6);
        assert_eq!((next.session_epoch, named(&next)), (2, vec![1, 2]));
        tracked.answered(77);
        tracked.went_on(key(1));
        assert_eq!(
            named(&planned(&mut tracked, NOW, 6)),
            [0; 0],
            "where it was"
        );
    }

    #[test]
    fn a_fetch_waits_no_longer_than_until_another_partition_is_due() {
        let mut tracked = following(3);
        assert_eq!(planned(&mut tracked, NOW, 5).wait_max, None);
        tracked.pause(key(0), NOW, LONGEST);
        let later = NOW + FIRST_PAUSE / 4;
        assert_eq!(
            planned(&mut tracked, later, 5).wait_max,
            Some(FIRST_PAUSE - FIRST_PAUSE / 4)
        );
        tracked.hold(key(1));
        assert_eq!(
            planned(&mut tracked, later, 5).wait_max,
            Some(WAIT_WHILE_WRITING)
        );
        tracked.release(key(1));
        let over = NOW + FIRST_PAUSE;
        assert_eq!(planned(&mut tracked, over, 5).wait_max, None);
    }

    #[test]
    fn without_a_session_every_request_names_everything() {
        let mut tracked = following(2);
        for _ in 0..3 {
            let request = planned(&mut tracked, NOW, 5);
            assert_eq!((request.session_id, request.session_epoch), (0, 0));
            assert_eq!(named(&request), [0, 1]);
            tracked.answered(NO_SESSION);
        }
    }

    #[test]
    fn a_partition_that_fails_pauses_longer_each_time_and_holds_up_no_other() {
        let mut tracked = following(2);
        planned(&mut tracked, NOW, 5);
        tracked.answered(77);
        tracked.pause(key(0), NOW, LONGEST);
        let request = planned(&mut tracked, NOW, 5);
        assert_eq!((named(&request), forgotten(&request)), (vec![], vec![0]));
        let later = NOW + FIRST_PAUSE;
        assert_eq!(named(&planned(&mut tracked, later, 5)), [0]);
        let mut pauses = Vec::new();
        let mut now = later;
        for _ in 0..8 {
            tracked.pause(key(0), now, LONGEST);
            tracked.pause(key(1), now, Duration::from_secs(9));
            let Plan::Wait(Some(pause)) = tracked.plan(now, at(5)) else {
                panic!("both pause")
            };
            pauses.push(pause.as_millis());
            now += Duration::from_secs(10);
            tracked.end_pauses(now);
        }
        assert_eq!(
            &pauses[..3],
            [20, 40, 80],
            "the other is one failure behind"
        );
        tracked.went_on(key(0));
        tracked.pause(key(0), now, LONGEST);
        assert_eq!(named(&planned(&mut tracked, now + FIRST_PAUSE, 5)), [0, 1]);
    }

    #[test]
    fn one_that_is_still_written_is_left_out_until_it_is_not() {
        let mut tracked = following(2);
        planned(&mut tracked, NOW, 5);
        tracked.answered(77);
        tracked.hold(key(0));
        let request = planned(&mut tracked, NOW, 5);
        assert_eq!((named(&request), forgotten(&request)), (vec![], vec![0]));
        tracked.answered(77);
        tracked.release(key(0));
        assert_eq!(named(&planned(&mut tracked, NOW, 6)), [0]);
        tracked.answered(77);
        tracked.hold(key(0));
        tracked.hold(key(1));
        assert_eq!(tracked.plan(NOW, at(6)), Plan::Wait(None));
        tracked.remove(key(0));
        tracked.add(key(1), LeaderEpoch(2));
        assert_eq!(named(&planned(&mut tracked, NOW, 6)), [1], "another epoch");
        tracked.release(key(1));
        assert_eq!(tracked.writing, 0);
    }

    #[test]
    fn a_lost_session_is_opened_anew_at_once_and_a_lost_leader_after_a_pause() {
        let mut tracked = following(2);
        planned(&mut tracked, NOW, 5);
        tracked.answered(77);
        planned(&mut tracked, NOW, 5);
        assert!(tracked.refused(Some(ErrorCode::INVALID_FETCH_SESSION_EPOCH)));
        let request = planned(&mut tracked, NOW, 5);
        assert_eq!((request.session_id, request.session_epoch), (77, 0));
        assert_eq!(named(&request), [0, 1]);
        assert!(
            !tracked.refused(Some(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)),
            "not for ever"
        );
        assert_eq!(planned(&mut tracked, NOW, 5).session_id, 0);
        assert!(!tracked.refused(None));
        tracked.pause_all(NOW, LONGEST);
        assert_eq!(tracked.plan(NOW, at(5)), Plan::Wait(Some(FIRST_PAUSE)));
        let again = planned(&mut tracked, NOW + FIRST_PAUSE, 5);
        assert_eq!((again.session_epoch, named(&again)), (0, vec![0, 1]));
    }

    #[test]
    fn a_new_leader_epoch_is_named_and_ends_the_pause() {
        let mut tracked = following(2);
        planned(&mut tracked, NOW, 5);
        tracked.answered(77);
        tracked.pause(key(0), NOW, LONGEST);
        tracked.add(key(0), LeaderEpoch(2));
        tracked.add(key(1), LeaderEpoch(2));
        let request = planned(&mut tracked, NOW, 5);
        assert_eq!((named(&request), forgotten(&request)), (vec![0, 1], vec![]));
        assert!(
            request
                .named
                .iter()
                .all(|(_, asked)| asked.epoch == LeaderEpoch(2))
        );
    }

    #[test]
    fn what_is_left_is_forgotten_and_the_last_one_ends_the_session() {
        let mut tracked = following(2);
        planned(&mut tracked, NOW, 5);
        tracked.answered(77);
        tracked.remove(key(0));
        assert_eq!(forgotten(&planned(&mut tracked, NOW, 5)), [0]);
        tracked.answered(77);
        tracked.remove(key(1));
        assert_eq!(tracked.plan(NOW, at(5)), Plan::Wait(None));
        tracked.add(key(1), LeaderEpoch(3));
        let request = planned(&mut tracked, NOW, 5);
        assert_eq!((request.session_id, request.session_epoch), (77, 0));
    }
}
