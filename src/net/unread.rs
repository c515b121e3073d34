//! Who has to go when answers that clients do not take are too much in all: whoever has taken nothing for the longest time.
//!
//! ```text
//!   the memory for answers is used up  ──▶ everybody gets one answer at a time          (connection.rs)
//!   … and somebody takes nothing       ──▶ put out after some seconds                   (connection.rs)
//!   the limit here is reached          ──▶ the first in the queue is put out at once
//! ```
//! So what such answers take is bounded, however many connections ask however fast, and a client that reads is served meanwhile. Records
//! are not counted: they stay in their files until the socket takes them. Frees nothing itself: the connection that is put out does.

use futures::task::AtomicWaker;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task;
use std::time::Duration;

/// The connections of a node that hold answers, by when their clients last took something.
pub struct Unread {
    limit_bytes: usize,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// Ids tell apart who last moved at the same time.
    by_age: BTreeMap<(Duration, u64), Place>,
    held_bytes: usize,
}

struct Place {
    held_bytes: usize,
    notice: Arc<Notice>,
}

/// How a connection is told to go.
#[derive(Default)]
struct Notice {
    is_given: AtomicBool,
    waker: AtomicWaker,
}

/// A connection's place; dropping it gives it up.
pub struct Hold {
    unread: Arc<Unread>,
    id: u64,
    since: Duration,
    held_bytes: usize,
    notice: Arc<Notice>,
}

impl Unread {
    pub fn new(limit_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            limit_bytes,
            queue: Mutex::default(),
        })
    }

    /// A place for a connection that holds nothing yet. `id` is its own.
    pub fn enter(self: &Arc<Self>, id: u64, now: Duration) -> Hold {
        Hold {
            unread: self.clone(),
            id,
            since: now,
            held_bytes: 0,
            notice: Arc::default(),
        }
    }
}

impl Queue {
    fn insert(&mut self, key: (Duration, u64), place: Place) {
        self.held_bytes += place.held_bytes;
        self.by_age.insert(key, place);
    }

    fn remove(&mut self, key: (Duration, u64)) {
        if let Some(place) = self.by_age.remove(&key) {
            self.held_bytes -= place.held_bytes;
        }
    }

    /// Whoever has to go. The last one may stay, however much it holds: nobody needs its place.
    fn shrink(&mut self, limit_bytes: usize) -> Vec<Arc<Notice>> {
        let mut put_out = Vec::new();
        while self.held_bytes > limit_bytes && self.by_age.len() > 1 {
            let Some((_, place)) = self.by_age.pop_first() else {
                break;
            };
            self.held_bytes -= place.held_bytes;
            put_out.push(place.notice);
        }
        put_out
    }
}

impl Hold {
    /// Says how much is held now, and when something was last taken of it; who has to go for it is told.
    pub fn keep(&mut self, held_bytes: usize, since: Duration) {
        if (held_bytes, since) == (self.held_bytes, self.since) || self.is_put_out() {
            return;
        }
        let place = Place {
            held_bytes,
            notice: self.notice.clone(),
        };
        let put_out = {
            let mut queue = self.unread.queue.lock();
            queue.remove((self.since, self.id));
            (self.held_bytes, self.since) = (held_bytes, since);
            queue.insert((since, self.id), place);
            queue.shrink(self.unread.limit_bytes)
        };
        for notice in put_out {
            notice.is_given.store(true, Ordering::Release);
            notice.waker.wake();
        }
    }

    /// Whether the connection has to go; wakes the task once it has.
    pub fn poll_put_out(&self, context: &task::Context<'_>) -> bool {
        self.notice.waker.register(context.waker());
        self.is_put_out()
    }

    fn is_put_out(&self) -> bool {
        self.notice.is_given.load(Ordering::Acquire)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.unread.queue.lock().remove((self.since, self.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn holds(unread: &Arc<Unread>, id: u64, held_bytes: usize, since: Duration) -> Hold {
        let mut hold = unread.enter(id, since);
        hold.keep(held_bytes, since);
        hold
    }

    #[test]
    fn who_has_taken_nothing_for_the_longest_time_goes_first() {
        let unread = Unread::new(100);
        let mut first = holds(&unread, 1, 40, seconds(1));
        let second = holds(&unread, 2, 40, seconds(2));
        first.keep(30, seconds(3));
        let third = holds(&unread, 3, 40, seconds(4));
        assert!(second.is_put_out());
        assert!(!first.is_put_out() && !third.is_put_out());
    }

    #[test]
    fn as_many_go_as_it_takes_and_the_last_one_stays() {
        let unread = Unread::new(100);
        let crowd: Vec<Hold> = (0..10)
            .map(|id| holds(&unread, id, 10, seconds(1)))
            .collect();
        assert!(!crowd.iter().any(Hold::is_put_out), "the limit is theirs");
        let vast = holds(&unread, 99, 1_000, seconds(2));
        assert!(crowd.iter().all(Hold::is_put_out));
        assert!(!vast.is_put_out());
    }

    #[test]
    fn what_was_given_up_counts_for_nobody() {
        let unread = Unread::new(100);
        for id in 0..50 {
            drop(holds(&unread, id, 90, seconds(id)));
        }
        let mut out = holds(&unread, 50, 90, seconds(50));
        let other = holds(&unread, 51, 90, seconds(51));
        assert!(out.is_put_out());
        out.keep(5, seconds(60));
        drop(out);
        assert_eq!(unread.queue.lock().held_bytes, 90);
        drop(other);
        assert_eq!(unread.queue.lock().held_bytes, 0);
    }
}
