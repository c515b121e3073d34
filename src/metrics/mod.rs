//! What the broker measures about itself, for Prometheus.
//!
//! `definitions` is the one list: every metric with its name, kind, labels and a sentence. Hot paths hold child handles (a
//! counter costs 5 ns, a lookup by label 28); what exists per partition or per group is computed at scrape by a [`Source`].
//! Nothing here decides anything.

mod clients;
mod connections;
mod coordinators;
pub mod definitions;
#[cfg(test)]
mod documentation;
mod process;
mod requests;
mod sampled;
mod tls;

pub use clients::ClientMetrics;
pub use connections::{CloseReason, ConnectionMetrics, ListenerMetrics, RefuseReason};
pub use coordinators::{CoordinatorMetrics, ShardMetrics};
pub use definitions::{DEFINITIONS, Definition, Kind};
pub use requests::{ApiLabels, ApiMetrics, RequestMetrics};
pub use sampled::{Samples, Source};
pub use tls::{HandshakeOutcome, TlsMetrics};

use futures::future::join_all;
use parking_lot::Mutex;
use prometheus::{Encoder, Registry, TextEncoder};
use std::sync::Arc;
use std::time::Duration;

/// How long a scrape waits for what is counted elsewhere.
const REFRESH_MAX: Duration = Duration::from_secs(1);

/// Every metric of one node. Several nodes in one process have one each.
pub struct Metrics {
    registry: Registry,
    /// By API.
    pub requests: RequestMetrics,
    /// By listener.
    pub connections: ConnectionMetrics,
    pub coordinators: CoordinatorMetrics,
    pub clients: ClientMetrics,
    /// By listener.
    pub tls: Arc<TlsMetrics>,
    /// In the order registered.
    sources: Mutex<Vec<Arc<dyn Source>>>,
}

impl Metrics {
    /// `apis` is the table of served APIs, in the order that [`RequestMetrics::api`] is indexed by.
    pub fn new(apis: impl IntoIterator<Item = ApiLabels>) -> Self {
        let registry = Registry::new();
        let metrics = Self {
            requests: RequestMetrics::new(&registry, apis),
            connections: ConnectionMetrics::new(&registry),
            coordinators: CoordinatorMetrics::new(&registry),
            clients: ClientMetrics::new(&registry),
            tls: Arc::new(TlsMetrics::new(&registry)),
            sources: Mutex::default(),
            registry,
        };
        metrics.register(Arc::new(process::Process));
        metrics
    }

    /// Adds values that are computed at each scrape.
    pub fn register(&self, source: Arc<dyn Source>) {
        self.sources.lock().push(source.clone());
        self.registry
            .register(Box::new(sampled::Sampled::new(source)))
            .expect("a source's metrics are registered once");
    }

    /// [`Metrics::text`] with the values of this moment; a source that does not answer in time shows what it had.
    pub async fn fresh_text(&self) -> String {
        let sources = self.sources.lock().clone();
        let refreshing = join_all(sources.iter().map(|source| source.refresh()));
        drop(tokio::time::timeout(REFRESH_MAX, refreshing).await);
        self.text()
    }

    /// Everything in Prometheus' text format.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .expect("writing to memory cannot fail");
        String::from_utf8(text).expect("the text encoder writes UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_scraped_that_the_list_lacks() {
        let metrics = Metrics::new([ApiLabels {
            name: "Produce",
            versions: 3..=13,
        }]);
        metrics.requests.api(0).begin(3, 1);
        metrics.requests.error(0, "CORRUPT_MESSAGE", 1);
        metrics.connections.listener("PLAINTEXT");
        let families = metrics.registry.gather();
        assert!(families.len() >= 10, "{}", families.len());
        for family in families {
            let listed = DEFINITIONS
                .iter()
                .any(|definition| definition.name == family.name());
            assert!(listed, "{}", family.name());
        }
    }
}
