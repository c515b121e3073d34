//! The deadlines of one shard, by name. Pure: somebody else sleeps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Each timer is armed at most once.
#[derive(Debug)]
pub struct Timers<T> {
    armed: BTreeMap<T, Duration>,
    by_time: BTreeSet<(Duration, T)>,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self {
            armed: BTreeMap::new(),
            by_time: BTreeSet::new(),
        }
    }
}

impl<T: Clone + Ord> Timers<T> {
    /// Arms the timer for another time, or disarms it.
    pub fn set(&mut self, timer: T, at: Option<Duration>) {
        let before = match at {
            Some(at) => self.armed.insert(timer.clone(), at),
            None => self.armed.remove(&timer),
        };
        if let Some(before) = before {
            self.by_time.remove(&(before, timer.clone()));
        }
        if let Some(at) = at {
            self.by_time.insert((at, timer));
        }
    }

    /// When the first one is due.
    pub fn next(&self) -> Option<Duration> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Disarms and returns one that is due at `now`.
    pub fn pop_due(&mut self, now: Duration) -> Option<T> {
        self.next().filter(|at| *at <= now)?;
        let (_, timer) = self.by_time.pop_first()?;
        self.armed.remove(&timer);
        Some(timer)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.armed.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_fires_once_at_the_time_it_was_armed_for_last() {
        let at = Duration::from_secs;
        let mut timers = Timers::default();
        timers.set("a", Some(at(5)));
        timers.set("b", Some(at(3)));
        timers.set("a", Some(at(2)));
        timers.set("c", Some(at(1)));
        timers.set("c", None);
        assert_eq!(timers.next(), Some(at(2)));
        assert_eq!(timers.pop_due(at(1)), None);
        assert_eq!(timers.pop_due(at(9)), Some("a"));
        assert_eq!(timers.pop_due(at(9)), Some("b"));
        assert_eq!((timers.pop_due(at(9)), timers.len()), (None, 0));
    }
}
