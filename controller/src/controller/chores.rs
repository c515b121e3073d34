//! When the active controller does what nobody asks it for.

use std::time::Duration;

/// How often to do it; part of the options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balancing {
    /// Between two looks for leaders that are not the preferred ones (`leader.imbalance.check.interval.seconds`); `None` never
    /// looks (`auto.leader.rebalance.enable=false`).
    pub preferred: Option<Duration>,
    /// Between two looks for leaderless partitions that may be led uncleanly (`unclean.leader.election.interval.ms`).
    pub leaderless: Duration,
}

impl Default for Balancing {
    fn default() -> Self {
        let five_minutes = Duration::from_secs(300);
        Balancing {
            preferred: Some(five_minutes),
            leaderless: five_minutes,
        }
    }
}

/// Something that comes again, or at once when there is more of it.
pub(super) struct Chore {
    period: Option<Duration>,
    due: Duration,
}

impl Chore {
    /// Due a period after `now`; never, without a period.
    pub fn new(period: Option<Duration>, now: Duration) -> Self {
        let due = now + period.unwrap_or_default();
        Chore { period, due }
    }

    /// Whether it is time; if so, the next time is a period later.
    pub fn is_due(&mut self, now: Duration) -> bool {
        let Some(period) = self.period.filter(|_| now >= self.due) else {
            return false;
        };
        self.due = now + period;
        true
    }

    /// It is time now.
    pub fn hurry(&mut self) {
        self.due = Duration::ZERO;
    }
}
