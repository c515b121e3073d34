//! What is counted of TLS, by listener.

use super::definitions;
use prometheus::{IntCounterVec, IntGaugeVec, Registry};

/// How a handshake with a client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeOutcome {
    Done,
    /// One of the two refused the other, or the client left.
    Failed,
    TimedOut,
}

/// See the module.
pub struct TlsMetrics {
    handshakes: IntCounterVec,
    days_left: IntGaugeVec,
    reloads: IntCounterVec,
}

impl TlsMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            handshakes: definitions::TLS_HANDSHAKES.counters(registry),
            days_left: definitions::TLS_CERTIFICATE_DAYS_LEFT.gauges(registry),
            reloads: definitions::TLS_CERTIFICATE_RELOADS.counters(registry),
        }
    }

    pub fn handshake(&self, listener: &str, outcome: HandshakeOutcome) {
        let outcome = match outcome {
            HandshakeOutcome::Done => "done",
            HandshakeOutcome::Failed => "failed",
            HandshakeOutcome::TimedOut => "timed_out",
        };
        self.handshakes
            .with_label_values(&[listener, outcome])
            .inc();
    }

    /// Until the first certificate of a listener expires; below 0 once it has.
    pub fn days_left(&self, listener: &str, days: i64) {
        self.days_left.with_label_values(&[listener]).set(days);
    }

    pub fn reloaded(&self, listener: &str, is_used: bool) {
        let outcome = if is_used { "used" } else { "refused" };
        self.reloads.with_label_values(&[listener, outcome]).inc();
    }
}
