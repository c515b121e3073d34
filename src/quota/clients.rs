//! Client quotas at work: what was used by whom, and how long it has to wait (`ClientQuotaManager`, `ClientRequestQuotaManager`).

use super::bucket::Bucket;
use super::entities::Entities;
use super::limits::{Kind, Limits, Tags};
use super::rate::{Rate, Window};
use crate::metrics::definitions::{CLIENT_QUOTA_RATE, CLIENT_QUOTA_THROTTLE};
use crate::metrics::{Definition, Samples, Source};
use crate::world::Clock;
use arc_swap::ArcSwap;
use ottla_controller::image;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// Names beyond this length are told apart by their beginning only, so that they take no memory to speak of.
const NAME_MAX_BYTES: usize = 255;
/// Entities shown in a scrape, of each kind.
const SHOWN_MAX: usize = 500;
const NANOS_TO_PERCENT: f64 = 100.0 / 1e9;

/// Who is limited.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// The principal's name.
    pub user: &'a str,
    pub id: &'a str,
}

/// All of a node. Shared by its requests.
pub struct ClientQuotas {
    clock: Clock,
    /// `quota.window.…`.
    window: Window,
    /// `controller.quota.window.…`.
    mutation_window: Window,
    /// The kinds that have any limit, as bits.
    enabled: AtomicU8,
    limits: ArcSwap<[Limits; 4]>,
    used: [Mutex<Entities<Used>>; 4],
}

/// What one entity used.
#[derive(Debug, Default)]
pub(super) struct Used {
    rate: Rate,
    pub bucket: Bucket,
    pub throttled: Duration,
}

impl ClientQuotas {
    pub fn new(clock: Clock, window: Window, mutation_window: Window) -> Self {
        Self {
            clock,
            window,
            mutation_window,
            enabled: AtomicU8::new(0),
            limits: ArcSwap::default(),
            used: Default::default(),
        }
    }

    /// Puts the limits of the metadata in force. What was used stays known.
    pub fn set(&self, quotas: &image::ClientQuotas) {
        let limits = Kind::ALL.map(|kind| Limits::of(quotas, kind));
        let mut enabled = 0;
        for (kind, limits) in Kind::ALL.into_iter().zip(&limits) {
            if limits.is_empty() {
                self.used[kind as usize].lock().clear();
            } else {
                enabled |= 1 << kind as u8;
            }
        }
        self.limits.store(limits.into());
        self.enabled.store(enabled, Ordering::Relaxed);
    }

    /// Whether anybody is limited in this: if not, nothing needs to be recorded.
    #[inline]
    pub fn limits_any(&self, kind: Kind) -> bool {
        self.enabled.load(Ordering::Relaxed) & (1 << kind as u8) != 0
    }

    /// Counts a produce request or a fetch answer; how long the client has to wait.
    #[inline]
    pub fn bytes(&self, kind: Kind, client: Client<'_>, size_bytes: usize) -> Duration {
        match self.limits_any(kind) {
            false => Duration::ZERO,
            true => self.record(kind, client, size_bytes as f64),
        }
    }

    /// Takes back what was counted for an answer that is not given.
    pub fn unrecord(&self, kind: Kind, client: Client<'_>, size_bytes: usize) {
        let now = self.clock.elapsed();
        self.with(kind, client, now, |used, window, _| {
            used.rate.record(window, -(size_bytes as f64), now);
        });
    }

    /// Counts the time that a thread worked on a request; how long the client has to wait, at most one sample's length.
    pub fn worked(&self, client: Client<'_>, time: Duration) -> Duration {
        let percent = time.as_nanos() as f64 * NANOS_TO_PERCENT;
        self.record(Kind::Request, client, percent)
            .min(self.window.size)
    }

    /// What a client may fetch within its window (`maxValueInQuotaWindow`): a larger answer could never be let through.
    pub fn most_in_window(&self, kind: Kind, client: Client<'_>) -> Option<u64> {
        if !self.limits_any(kind) {
            return None;
        }
        let limits = self.limits.load();
        let (_, limit) = limits[kind as usize].find(client.user, short(client.id))?;
        let window = self.window.size * self.window.samples.saturating_sub(1).max(1);
        Some((limit * window.as_secs_f64()) as u64)
    }

    fn record(&self, kind: Kind, client: Client<'_>, value: f64) -> Duration {
        let now = self.clock.elapsed();
        let wait = self.with(kind, client, now, |used, window, limit| {
            used.rate.record(window, value, now);
            let wait = used.rate.wait(window, limit, now);
            used.throttled += wait.min(window.whole());
            wait
        });
        wait.unwrap_or_default()
    }

    /// Works on what a limited client used; `None` for one that is not.
    pub(super) fn with<T>(
        &self,
        kind: Kind,
        client: Client<'_>,
        now: Duration,
        work: impl FnOnce(&mut Used, Window, f64) -> T,
    ) -> Option<T> {
        let limits = self.limits.load();
        let (tags, limit) = limits[kind as usize].find(client.user, short(client.id))?;
        let window = self.window_of(kind);
        let mut used = self.used[kind as usize].lock();
        Some(work(used.of(tags, now), window, limit))
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    fn window_of(&self, kind: Kind) -> Window {
        match kind {
            Kind::Mutation => self.mutation_window,
            _ => self.window,
        }
    }
}

/// The beginning of a long name.
fn short(name: &str) -> &str {
    match name.len() {
        ..=NAME_MAX_BYTES => name,
        _ => {
            let is_whole = |end: &usize| name.is_char_boundary(*end);
            let end = (0..=NAME_MAX_BYTES).rev().find(is_whole).unwrap_or(0);
            &name[..end]
        }
    }
}

impl Source for ClientQuotas {
    fn definitions(&self) -> &'static [&'static Definition] {
        &[&CLIENT_QUOTA_RATE, &CLIENT_QUOTA_THROTTLE]
    }

    fn sample(&self, into: &mut Samples) {
        let now = self.clock.elapsed();
        for kind in Kind::ALL {
            if !self.limits_any(kind) {
                continue;
            }
            let window = self.window_of(kind);
            let mut used = self.used[kind as usize].lock();
            for (tags, used) in used.iter_mut().take(SHOWN_MAX) {
                let Tags { user, client_id } = tags;
                let labels: [&str; 3] = [kind.name(), user, client_id];
                let rate = used.rate.per_second(window, now);
                into.set(&CLIENT_QUOTA_RATE, &labels, rate);
                let throttled = used.throttled.as_secs_f64();
                into.set(&CLIENT_QUOTA_THROTTLE, &labels, throttled);
            }
        }
    }
}

impl Used {
    pub(super) fn count(&mut self, window: Window, value: f64, now: Duration) {
        self.rate.record(window, value, now);
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::tests::quotas;
    use super::*;

    const WINDOW: Window = Window {
        samples: 11,
        size: Duration::from_secs(1),
    };
    const APP: Client<'_> = Client {
        user: "ann",
        id: "app",
    };

    fn limited(set: &[(&str, &str, &str, f64)]) -> ClientQuotas {
        let limited = ClientQuotas::new(Clock::system(), WINDOW, WINDOW);
        limited.set(&quotas(set));
        limited
    }

    #[test]
    fn nobody_waits_where_nothing_is_limited() {
        let quotas = limited(&[("ann", "-", "producer_byte_rate", 10.0)]);
        assert!(quotas.limits_any(Kind::Produce) && !quotas.limits_any(Kind::Fetch));
        assert_eq!(quotas.bytes(Kind::Fetch, APP, 1 << 30), Duration::ZERO);
        let bob = Client {
            user: "bob",
            id: "app",
        };
        assert_eq!(quotas.bytes(Kind::Produce, bob, 1 << 30), Duration::ZERO);
        assert_eq!(quotas.most_in_window(Kind::Produce, bob), None);
        quotas.set(&Default::default());
        assert!(!quotas.limits_any(Kind::Produce));
    }

    #[test]
    fn clients_of_one_user_share_the_users_limit_and_not_each_clients() {
        let other = Client {
            user: "ann",
            id: "other",
        };
        let shared = limited(&[("ann", "-", "producer_byte_rate", 100.0)]);
        assert_eq!(shared.bytes(Kind::Produce, APP, 900), Duration::ZERO);
        assert!(!shared.bytes(Kind::Produce, other, 900).is_zero());
        let apart = limited(&[("ann", "*", "producer_byte_rate", 100.0)]);
        assert_eq!(apart.bytes(Kind::Produce, APP, 900), Duration::ZERO);
        assert_eq!(apart.bytes(Kind::Produce, other, 900), Duration::ZERO);
    }

    #[test]
    fn a_new_limit_holds_at_once_for_what_was_used_before() {
        let quotas_of = |rate| quotas(&[("-", "app", "consumer_byte_rate", rate)]);
        let limited = ClientQuotas::new(Clock::system(), WINDOW, WINDOW);
        limited.set(&quotas_of(1_000.0));
        assert_eq!(limited.bytes(Kind::Fetch, APP, 9_000), Duration::ZERO);
        limited.set(&quotas_of(10.0));
        assert!(limited.bytes(Kind::Fetch, APP, 1) > Duration::from_secs(100));
        limited.unrecord(Kind::Fetch, APP, 9_001);
        assert_eq!(limited.bytes(Kind::Fetch, APP, 1), Duration::ZERO);
        assert_eq!(limited.most_in_window(Kind::Fetch, APP), Some(100));
    }

    #[test]
    fn a_client_that_uses_threads_too_much_waits_for_a_sample_at_most() {
        let limited = limited(&[("*", "*", "request_percentage", 1.0)]);
        assert_eq!(
            limited.worked(APP, Duration::from_millis(1)),
            Duration::ZERO
        );
        assert_eq!(limited.worked(APP, Duration::from_secs(60)), WINDOW.size);
    }

    #[test]
    fn long_names_are_cut_and_not_within_a_letter() {
        let name = "é".repeat(400);
        assert!(short(&name).len() <= NAME_MAX_BYTES);
        assert_eq!(short("app"), "app");
    }
}
