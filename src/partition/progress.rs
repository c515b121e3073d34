//! How far one follower has come, as its leader knows it from its fetches: pure (`Replica`, `ReplicaState`).
//!
//! A follower is *caught up* at the time of a fetch that asked for the leader's end of that time, or for the end at the time of
//! the fetch before: so a follower that is always one small produce behind is in sync.
//!
//! A fetch session does not name partitions that did not change, and costs nothing for them; so whoever waits at the log's end
//! counts as having asked with every fetch of its session. [`LastFetch`] is that time, shared by a session's partitions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ottla_controller::ids::{BrokerEpoch, BrokerId};
use ottla_storage::offset::Offset;

/// When a follower's session last asked for anything; by the monotonic clock.
#[derive(Debug, Default)]
pub struct LastFetch(AtomicU64);

impl LastFetch {
    pub fn at(now: Duration) -> Arc<Self> {
        let last = Arc::new(Self::default());
        last.note(now);
        last
    }

    pub fn note(&self, now: Duration) {
        let nanoseconds = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_max(nanoseconds, Ordering::Relaxed);
    }

    fn time(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// What a follower's fetch says of one partition, and what the leader's log was then.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Where the follower's log ends: all before it is there (and synced, where the topic asks for that).
    pub offset: Offset,
    pub log_start: Offset,
    /// The leader's end before the fetch was served.
    pub leader_end: Offset,
    /// The registration of the broker that fetches; `None` from brokers that do not say (KIP-903).
    pub broker_epoch: Option<BrokerEpoch>,
    pub now: Duration,
    pub session: Arc<LastFetch>,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct FollowerProgress {
    pub broker: BrokerId,
    pub log_start: Offset,
    /// −1 until it has fetched.
    pub end: Offset,
    /// The leader's end at the last fetch, and its time; `None` before the first.
    leader_end: Offset,
    last_fetch: Option<Duration>,
    /// `None`: never in this leader's time.
    caught_up: Option<Duration>,
    /// `None` until it has fetched; inside, as [`Fetched::broker_epoch`].
    pub broker_epoch: Option<Option<BrokerEpoch>>,
    session: Option<Arc<LastFetch>>,
}

impl FollowerProgress {
    /// Of a follower that has not fetched from this leader. One in sync gets the whole allowed lag to do so.
    pub fn unknown(broker: BrokerId, is_in_sync: bool, now: Duration) -> Self {
        Self {
            broker,
            log_start: Offset::NONE,
            end: Offset::NONE,
            leader_end: Offset::NONE,
            last_fetch: None,
            caught_up: is_in_sync.then_some(now),
            broker_epoch: None,
            session: None,
        }
    }

    /// The same leader goes on in a new epoch that begins at `epoch_start` (`Replica.resetReplicaState`).
    pub fn renew(&mut self, epoch_start: Offset, is_in_sync: bool, now: Duration) {
        self.leader_end = epoch_start;
        self.last_fetch = is_in_sync.then_some(now);
        self.caught_up = is_in_sync.then_some(now);
        self.session = None;
    }

    /// It has fetched. A broker that was registered anew, or has less than it had, was caught up at no time: acknowledgements would wait
    /// until a lost disk is filled again, for up to `replica.lag.time.max.ms` (as they do in Kafka, whose `Replica` keeps the time).
    pub fn fetched(&mut self, fetched: Fetched) {
        let is_another = self
            .broker_epoch
            .is_some_and(|epoch| epoch != fetched.broker_epoch);
        if is_another || fetched.offset < self.end {
            self.forget_times();
        }
        if fetched.offset >= fetched.leader_end {
            self.caught_up = self.caught_up.max(Some(fetched.now));
        } else if fetched.offset >= self.leader_end {
            self.caught_up = self.caught_up.max(self.last_fetch);
        }
        self.log_start = fetched.log_start;
        self.end = fetched.offset;
        self.leader_end = self.leader_end.max(fetched.leader_end);
        self.last_fetch = Some(fetched.now);
        self.broker_epoch = Some(fetched.broker_epoch);
        self.session = Some(fetched.session);
    }

    /// It counts as caught up only with what it fetches from now on: it left the ISR, and may not come back. With a failed directory it lives
    /// on and fetches nothing.
    pub fn forget_times(&mut self) {
        (self.leader_end, self.last_fetch, self.caught_up) = (Offset::NONE, None, None);
        self.session = None;
    }

    /// The leader's log, which this follower may have been waiting at the end of, has grown from `end`.
    pub fn end_moved_from(&mut self, end: Offset) {
        if self.end < end {
            return;
        }
        if let Some(session) = &self.session {
            self.last_fetch = self.last_fetch.max(Some(session.time()));
            self.caught_up = self.caught_up.max(self.last_fetch);
        }
    }

    /// Whether it is at the leader's end, or was within the last `lag_max` (`ReplicaState.isCaughtUp`).
    pub fn is_caught_up(&self, leader_end: Offset, now: Duration, lag_max: Duration) -> bool {
        self.end == leader_end
            || self
                .caught_up
                .is_some_and(|at| now.saturating_sub(at) <= lag_max)
    }

    /// For how long it has not been caught up; `None` when it never was.
    pub fn lag(&self, now: Duration) -> Option<Duration> {
        self.caught_up.map(|at| now.saturating_sub(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG: Duration = Duration::from_secs(30);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn fetch(
        follower: &mut FollowerProgress,
        offset: i64,
        leader_end: i64,
        at: u64,
    ) -> Arc<LastFetch> {
        let session = LastFetch::at(seconds(at));
        follower.fetched(Fetched {
            offset: Offset(offset),
            log_start: Offset(0),
            leader_end: Offset(leader_end),
            broker_epoch: Some(BrokerEpoch(7)),
            now: seconds(at),
            session: session.clone(),
        });
        session
    }

    #[test]
    fn a_follower_always_one_produce_behind_is_caught_up() {
        let mut follower = FollowerProgress::unknown(BrokerId(2), false, seconds(0));
        fetch(&mut follower, 10, 10, 100);
        for step in 1..100 {
            let behind = i64::try_from(step).unwrap();
            fetch(&mut follower, 9 + behind, 10 + behind, 100 + step);
        }
        assert!(follower.is_caught_up(Offset(200), seconds(199), seconds(2)));
        assert!(!follower.is_caught_up(Offset(200), seconds(203), seconds(2)));
    }

    #[test]
    fn one_that_falls_behind_more_and_more_is_not() {
        let mut follower = FollowerProgress::unknown(BrokerId(2), false, seconds(0));
        fetch(&mut follower, 10, 10, 100);
        for step in 1..40 {
            let produced = i64::try_from(step).unwrap() * 10;
            fetch(&mut follower, 10 + produced / 2, 10 + produced, 100 + step);
        }
        assert!(!follower.is_caught_up(Offset(500), seconds(140), LAG));
    }

    #[test]
    fn waiting_at_the_end_counts_for_as_long_as_the_session_asks() {
        let mut follower = FollowerProgress::unknown(BrokerId(2), true, seconds(0));
        let session = fetch(&mut follower, 10, 10, 1);
        session.note(seconds(500));
        follower.end_moved_from(Offset(10));
        assert!(follower.is_caught_up(Offset(11), seconds(520), LAG));
        assert!(!follower.is_caught_up(Offset(11), seconds(531), LAG));
        session.note(seconds(600));
        follower.end_moved_from(Offset(11));
        assert!(
            !follower.is_caught_up(Offset(12), seconds(601), LAG),
            "it was behind already when the log grew again"
        );
    }

    #[test]
    fn in_sync_from_the_start_only_for_the_allowed_lag() {
        let in_sync = FollowerProgress::unknown(BrokerId(2), true, seconds(50));
        assert!(in_sync.is_caught_up(Offset(9), seconds(80), LAG));
        assert!(!in_sync.is_caught_up(Offset(9), seconds(81), LAG));
        let behind = FollowerProgress::unknown(BrokerId(2), false, seconds(50));
        assert!(!behind.is_caught_up(Offset(9), seconds(50), LAG));
    }

    #[test]
    fn a_first_fetch_from_behind_does_not_count_as_caught_up_at_the_beginning_of_time() {
        let mut follower = FollowerProgress::unknown(BrokerId(2), false, seconds(0));
        fetch(&mut follower, 3, 10, 1);
        assert!(!follower.is_caught_up(Offset(10), seconds(1), LAG));
    }

    #[test]
    fn one_that_returns_without_what_it_had_was_caught_up_at_no_time() {
        let mut follower = FollowerProgress::unknown(BrokerId(2), true, seconds(0));
        fetch(&mut follower, 10, 10, 100);
        assert!(follower.is_caught_up(Offset(12), seconds(101), LAG));
        fetch(&mut follower, 0, 12, 102);
        assert!(!follower.is_caught_up(Offset(12), seconds(102), LAG));
        fetch(&mut follower, 11, 12, 103);
        assert!(!follower.is_caught_up(Offset(12), seconds(103), LAG));
        fetch(&mut follower, 12, 13, 104);
        assert!(follower.is_caught_up(Offset(14), seconds(105), LAG));
    }

    #[test]
    fn one_that_left_the_isr_is_caught_up_again_with_a_fetch_of_the_end() {
        let mut follower = FollowerProgress::unknown(BrokerId(2), true, seconds(0));
        fetch(&mut follower, 10, 10, 100);
        follower.forget_times();
        follower.end_moved_from(Offset(10));
        assert!(!follower.is_caught_up(Offset(12), seconds(101), LAG));
        fetch(&mut follower, 12, 12, 102);
        assert!(follower.is_caught_up(Offset(13), seconds(103), LAG));
    }

    #[test]
    fn a_broker_that_was_registered_anew_was_caught_up_at_no_time() {
        let mut follower = FollowerProgress::unknown(BrokerId(2), true, seconds(0));
        fetch(&mut follower, 10, 10, 100);
        follower.fetched(Fetched {
            offset: Offset(10),
            log_start: Offset(0),
            leader_end: Offset(12),
            broker_epoch: Some(BrokerEpoch(8)),
            now: seconds(101),
            session: LastFetch::at(seconds(101)),
        });
        assert!(!follower.is_caught_up(Offset(12), seconds(101), LAG));
    }

    #[test]
    fn a_new_epoch_of_the_same_leader_keeps_the_position_and_starts_the_time_anew() {
        let mut follower = FollowerProgress::unknown(BrokerId(2), false, seconds(0));
        fetch(&mut follower, 9, 10, 100);
        follower.renew(Offset(12), false, seconds(200));
        assert_eq!(follower.end, Offset(9));
        assert!(!follower.is_caught_up(Offset(12), seconds(200), LAG));
        fetch(&mut follower, 10, 12, 201);
        assert!(
            !follower.is_caught_up(Offset(12), seconds(201), LAG),
            "it reached the end of an earlier epoch only"
        );
    }
}
