//! What software clients name when they begin (KIP-511), counted by name and version.
//!
//! Anybody may name anything before a login, so the number of series is bounded: what comes later counts as `other`.

use super::definitions;
use parking_lot::Mutex;
use prometheus::{IntCounterVec, Registry};
use std::collections::BTreeSet;

const PAIRS_MAX: usize = 64;
/// Names of clients are short; what is cut is no known client's.
const TEXT_MAX_BYTES: usize = 40;
const OTHER: &str = "other";

/// See the module.
pub struct ClientMetrics {
    connections: IntCounterVec,
    seen: Mutex<BTreeSet<(String, String)>>,
}

impl ClientMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            connections: definitions::CLIENT_SOFTWARE.counters(registry),
            seen: Mutex::default(),
        }
    }

    /// A connection whose client has named its software. Both are ASCII.
    pub fn named(&self, name: &str, version: &str) {
        let cut = |text: &str| text.chars().take(TEXT_MAX_BYTES).collect::<String>();
        let pair = (cut(name), cut(version));
        let mut seen = self.seen.lock();
        let is_counted = seen.contains(&pair) || seen.len() < PAIRS_MAX;
        let labels = match is_counted {
            true => [&*pair.0, &*pair.1],
            false => [OTHER, OTHER],
        };
        self.connections.with_label_values(&labels).inc();
        if is_counted {
            seen.insert(pair);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    #[test]
    fn software_is_counted_by_name_and_version_and_no_stranger_makes_series_without_end() {
        let metrics = Metrics::new([]);
        for number in 0..PAIRS_MAX + 100 {
            metrics.clients.named("librdkafka", &number.to_string());
            metrics.clients.named("librdkafka", "0");
        }
        let text = metrics.text();
        let of_name = |labels: &str| format!("ottla_client_software_connections_total{{{labels}}}");
        let first = of_name("name=\"librdkafka\",version=\"0\"");
        assert!(
            text.contains(&format!("{first} {}", PAIRS_MAX + 101)),
            "{text}"
        );
        let rest = of_name("name=\"other\",version=\"other\"");
        assert!(text.contains(&format!("{rest} 100")), "{text}");
        let series = text
            .matches("ottla_client_software_connections_total{")
            .count();
        assert_eq!(series, PAIRS_MAX + 1);
    }
}
