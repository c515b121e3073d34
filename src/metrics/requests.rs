//! What is counted per request. The handles of an API are made at its first request, so that a scrape lists what is used
//! and not ninety APIs at rest.

use super::definitions;
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, Registry};
use std::ops::RangeInclusive;
use std::sync::OnceLock;
use std::time::Duration;

/// An API as its metrics name it.
pub struct ApiLabels {
    pub name: &'static str,
    pub versions: RangeInclusive<i16>,
}

/// All APIs' handles.
pub struct RequestMetrics {
    requests: IntCounterVec,
    errors: IntCounterVec,
    request_bytes: IntCounterVec,
    response_bytes: IntCounterVec,
    seconds: HistogramVec,
    apis: Vec<(ApiLabels, OnceLock<ApiMetrics>)>,
}

/// One API's handles.
pub struct ApiMetrics {
    /// Index 0 is the lowest version served.
    by_version: Vec<IntCounter>,
    lowest_version: i16,
    pub request_bytes: IntCounter,
    pub response_bytes: IntCounter,
    handle: Histogram,
    wait: Histogram,
    send: Histogram,
}

impl RequestMetrics {
    pub(super) fn new(registry: &Registry, apis: impl IntoIterator<Item = ApiLabels>) -> Self {
        Self {
            requests: definitions::REQUESTS.counters(registry),
            errors: definitions::REQUEST_ERRORS.counters(registry),
            request_bytes: definitions::REQUEST_BYTES.counters(registry),
            response_bytes: definitions::RESPONSE_BYTES.counters(registry),
            seconds: definitions::REQUEST_SECONDS.latencies(registry),
            apis: apis
                .into_iter()
                .map(|labels| (labels, OnceLock::new()))
                .collect(),
        }
    }

    /// The handles of the API at `index` of the table that the metrics were made with.
    pub fn api(&self, index: usize) -> &ApiMetrics {
        let (labels, metrics) = &self.apis[index];
        metrics.get_or_init(|| self.handles(labels))
    }

    /// Counts an error that an answer of the API at `index` carried `count` times.
    pub fn error(&self, index: usize, error: &str, count: u64) {
        let name = self.apis[index].0.name;
        self.errors.with_label_values(&[name, error]).inc_by(count);
    }

    fn handles(&self, labels: &ApiLabels) -> ApiMetrics {
        let name = labels.name;
        let version = |version: i16| {
            self.requests
                .with_label_values(&[name, &version.to_string()])
        };
        let stage = |stage| self.seconds.with_label_values(&[name, stage]);
        ApiMetrics {
            by_version: labels.versions.clone().map(version).collect(),
            lowest_version: *labels.versions.start(),
            request_bytes: self.request_bytes.with_label_values(&[name]),
            response_bytes: self.response_bytes.with_label_values(&[name]),
            handle: stage("handle"),
            wait: stage("wait"),
            send: stage("send"),
        }
    }
}

impl ApiMetrics {
    /// Counts a request begun.
    pub fn begin(&self, version: i16, size_bytes: usize) {
        let index = usize::from(
            version
                .saturating_sub(self.lowest_version)
                .max(0)
                .unsigned_abs(),
        );
        if let Some(counter) = self.by_version.get(index) {
            counter.inc();
        }
        self.request_bytes.inc_by(size_bytes as u64);
    }

    /// The handler returned after `elapsed`.
    pub fn handled(&self, elapsed: Duration) {
        self.handle.observe(elapsed.as_secs_f64());
    }

    /// What the answer waited for took `elapsed`.
    pub fn waited(&self, elapsed: Duration) {
        self.wait.observe(elapsed.as_secs_f64());
    }

    /// The socket took the last byte of the answer `elapsed` after it was ready.
    pub fn sent(&self, size_bytes: usize, elapsed: Duration) {
        self.send.observe(elapsed.as_secs_f64());
        self.response_bytes.inc_by(size_bytes as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_is_scraped_once_it_was_used_and_by_version() {
        let registry = Registry::new();
        let labels = |name| ApiLabels {
            name,
            versions: 3..=5,
        };
        let metrics = RequestMetrics::new(&registry, [labels("Produce"), labels("Fetch")]);
        metrics.api(0).begin(4, 10);
        metrics.api(0).begin(99, 10);
        metrics.api(0).handled(Duration::from_millis(1));
        metrics.error(0, "CORRUPT_MESSAGE", 1);
        let text = prometheus::TextEncoder::new()
            .encode_to_string(&registry.gather())
            .expect("encodes");
        assert!(
            text.contains(r#"ottla_requests_total{api="Produce",version="4"} 1"#),
            "{text}"
        );
        assert!(
            text.contains(r#"ottla_request_bytes_total{api="Produce"} 20"#),
            "{text}"
        );
        assert!(
            text.contains(r#"ottla_request_errors_total{api="Produce",error="CORRUPT_MESSAGE"} 1"#)
        );
        assert!(!text.contains("Fetch"), "{text}");
    }
}
