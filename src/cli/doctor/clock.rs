//! Judgements about clocks. Pure.
//!
//! The active controller tells its time by the wire (it is always caught up with itself: DescribeQuorum); other nodes in the `Date` of their
//! HTTP answers, to the second, where their admin listeners are given.

use super::finding::{Check, Finding};

/// Beyond this, times in records and logs mislead.
const WARNING_MS: i64 = 5_000;
/// Beyond this, retention, certificates and tokens are judged wrongly.
const PROBLEM_MS: i64 = 60_000;

/// A clock that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// As in `the active controller, node 2`.
    pub whose: String,
    pub told_ms: i64,
    /// This machine's time before it was asked, and when it had answered.
    pub asked_ms: i64,
    pub answered_ms: i64,
    /// How coarsely it was told.
    pub grain_ms: i64,
}

impl Reading {
    /// How far it is ahead of this machine's, at least; below 0 when it is behind.
    pub fn ahead_ms(&self) -> i64 {
        if self.told_ms > self.answered_ms {
            self.told_ms - self.answered_ms
        } else if self.told_ms + self.grain_ms < self.asked_ms {
            self.told_ms + self.grain_ms - self.asked_ms
        } else {
            0
        }
    }
}

pub fn judge(readings: &[Reading]) -> Vec<Finding> {
    let finding = |reading: &Reading| {
        let ahead = reading.ahead_ms();
        let says = format!(
            "the clock of {} is {} s {} that of this machine",
            reading.whose,
            ahead.abs() / 1_000,
            if ahead > 0 { "ahead of" } else { "behind" }
        );
        let remedy = "let both follow a time server (chrony, systemd-timesyncd)";
        match ahead.abs() {
            ..WARNING_MS => None,
            WARNING_MS..PROBLEM_MS => Some(Finding::warning(Check::Clock, says, remedy)),
            PROBLEM_MS.. => Some(Finding::problem(Check::Clock, says, remedy)),
        }
    };
    readings.iter().filter_map(finding).collect()
}

/// Milliseconds since 1970 of a date as HTTP has it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110).
pub fn http_date_ms(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let parts: Vec<&str> = text.split_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = parts.as_slice() else {
        return None;
    };
    let (day, year): (i64, i64) = (day.parse().ok()?, year.parse().ok()?);
    let month = MONTHS.iter().position(|one| one == month)? as i64 + 1;
    let time: Vec<i64> = time.split(':').filter_map(|one| one.parse().ok()).collect();
    let [hours, minutes, seconds] = time.as_slice() else {
        return None;
    };
    // Days since 1970 of the civil calendar, years beginning in March.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    let days = era * 146_097 + of_era - 719_468;
    Some((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(told_ms: i64) -> Reading {
        Reading {
            whose: "node 1".to_owned(),
            told_ms,
            asked_ms: 1_000_000,
            answered_ms: 1_003_000,
            grain_ms: 0,
        }
    }

    #[test]
    fn a_clock_is_wrong_only_by_what_asking_cannot_explain() {
        for (told, ahead, findings) in [
            (1_000_000, 0, 0),
            (1_003_000, 0, 0),
            (1_009_000, 6_000, 1),
            (993_000, -7_000, 1),
            (1_007_000, 4_000, 0),
        ] {
            let reading = reading(told);
            assert_eq!(reading.ahead_ms(), ahead);
            assert_eq!(judge(&[reading]).len(), findings, "{told}");
        }
        let says = &judge(&[reading(2_000_000)])[0];
        let expected = "PROBLEM  clock: the clock of node 1 is 997 s ahead of that of this machine; let both follow a time server (chrony, systemd-timesyncd).";
        assert_eq!(says.to_string(), expected);
    }

    #[test]
    fn dates_of_http_are_read() {
        for (text, ms) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777_000)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Thu, 29 Feb 2024 12:00:00 GMT", Some(1_709_208_000_000)),
            ("yesterday", None),
        ] {
            assert_eq!(http_date_ms(text), ms, "{text}");
        }
    }
}
