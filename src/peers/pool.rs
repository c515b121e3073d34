//! All links of a node, by where they go and what for.

use super::dial::{Destination, Dial};
use super::link::{Link, Shared};
use crate::world::{Clock, Rng};
use ottla_protocol::Str;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What a connection is for: requests of one lane wait for each other's answers, those of different lanes do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    pub purpose: &'static str,
    /// Tells several of one purpose apart.
    pub number: u32,
}

impl Lane {
    pub const fn of(purpose: &'static str) -> Self {
        Self { purpose, number: 0 }
    }
}

/// The pause before the next dial, after one that failed: doubles from `first` to `longest`, less up to a fifth
/// (`reconnect.backoff.ms`, KIP-144).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    pub first: Duration,
    pub longest: Duration,
}

impl Backoff {
    /// After this many failures in a row; `chance` is in 0..1000.
    pub fn after(self, failures: u32, chance: u64) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1 << failures.saturating_sub(1).min(16));
        let pause = doubled.min(self.longest);
        pause - pause.mul_f64(chance as f64 / 5_000.0)
    }
}

/// Limits and times of links.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// What this node calls itself in request headers.
    pub client_id: Str,
    /// The longest answer taken.
    pub answer_max_bytes: usize,
    /// How long one dial may take.
    pub connect_max: Duration,
    pub backoff: Backoff,
    /// A connection on which a request's time ran out, and nothing came for this long, is given up.
    pub silence_max: Duration,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            client_id: Str::from_static("ottla"),
            answer_max_bytes: 128 * 1024 * 1024,
            connect_max: Duration::from_secs(10),
            backoff: Backoff {
                first: Duration::from_millis(50),
                longest: Duration::from_secs(1),
            },
            silence_max: Duration::from_secs(2),
        }
    }
}

/// The links of a node, or of one of its runtimes: a link's task runs on the runtime that it is first asked for on. They live as long as
/// this does; those beyond [`LINKS_MAX`] that nobody holds are let go of.
#[derive(Clone)]
pub struct Peers {
    tools: Arc<Tools>,
    links: Arc<Mutex<Links>>,
}

type Links = BTreeMap<(Destination, Lane), Arc<Shared>>;

/// What every link needs.
pub(super) struct Tools {
    pub dial: Arc<dyn Dial>,
    pub clock: Clock,
    pub rng: Rng,
    pub settings: LinkSettings,
}

/// More than a large cluster needs: what is left of addresses that nodes have moved away from.
const LINKS_MAX: usize = 1024;

impl Peers {
    pub fn new(dial: Arc<dyn Dial>, clock: Clock, rng: Rng, settings: LinkSettings) -> Self {
        Self {
            tools: Arc::new(Tools {
                dial,
                clock,
                rng,
                settings,
            }),
            links: Arc::default(),
        }
    }

    /// The link to there for this; the same one at every call. Connects at the first request. Call within a runtime.
    pub fn link(&self, to: Destination, lane: Lane) -> Link {
        let mut links = self.links.lock();
        if links.len() > LINKS_MAX {
            links.retain(|_, shared| Arc::strong_count(shared) > 1);
        }
        let shared = links
            .entry((to.clone(), lane))
            .or_insert_with(|| Shared::start(&self.tools, to));
        Link::new(shared.clone())
    }
}
