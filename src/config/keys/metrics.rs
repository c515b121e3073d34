//! Metrics, and what can be set on a client metrics subscription (`MetricConfigs`, `ClientMetricsConfigs`).

use super::key::{Check, Key, Kind};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("kafka.metrics.polling.interval.secs", Kind::Int, Some("10"))
        .check(Check::AtLeast(1))
        .says("Polling interval of Kafka's own metric reporters."),
    Key::broker("kafka.metrics.reporters", Kind::List, Some(""))
        .says("Java classes that report Kafka's older metrics; Ottla serves Prometheus on `admin.listeners`."),
    Key::broker("metric.reporters", Kind::List, Some("org.apache.kafka.common.metrics.JmxReporter"))
        .cluster_wide()
        .says("Java classes that report metrics; Ottla serves Prometheus on `admin.listeners`."),
    Key::broker("metrics.num.samples", Kind::Int, Some("2"))
        .check(Check::AtLeast(1))
        .says("Number of samples kept for Kafka's rates and averages."),
    Key::broker("metrics.recording.level", Kind::String, Some("INFO"))
        .says("How detailed Kafka's metrics are: INFO, DEBUG or TRACE."),
    Key::broker("metrics.sample.window.ms", Kind::Long, Some("30000"))
        .check(Check::AtLeast(1))
        .says("Length of one sample of Kafka's rates and averages."),
    Key::broker("telemetry.max.bytes", Kind::Int, Some("1048576"))
        .check(Check::AtLeast(1))
        .says("Largest metrics report accepted from a client."),
    Key::client_metrics("interval.ms", Kind::Int, Some("300000"))
        .says("How often matching clients push their metrics."),
    Key::client_metrics("match", Kind::List, Some(""))
        .says("Which clients a metrics subscription is for, as `selector=pattern` pairs."),
    Key::client_metrics("metrics", Kind::List, Some(""))
        .says("Prefixes of the client metrics that are asked for; `*` is all of them."),
];
