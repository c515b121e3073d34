//! Values computed at scrape: what exists per partition or group costs nothing between scrapes and needs no clean-up when
//! its subject goes.

use super::definitions::{Definition, Kind};
use futures::future::{BoxFuture, FutureExt, ready};
use prometheus::core::{Collector, Desc};
use prometheus::proto;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something that can say its values when asked.
pub trait Source: Send + Sync + 'static {
    /// The metrics that [`Source::sample`] may set.
    fn definitions(&self) -> &'static [&'static Definition];
    /// Brings up to date what [`Source::sample`] reads, where that lies with another task.
    fn refresh(&self) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }
    /// Sets the values of this moment. Called on the scraping task: reads snapshots, never waits.
    fn sample(&self, into: &mut Samples);
}

/// The values of one scrape.
#[derive(Default)]
pub struct Samples {
    families: BTreeMap<&'static str, proto::MetricFamily>,
}

impl Samples {
    /// Sets one value; `labels` in the order of the definition.
    pub fn set(&mut self, definition: &'static Definition, labels: &[&str], value: f64) {
        debug_assert_eq!(labels.len(), definition.labels.len(), "{}", definition.name);
        let family = self.families.entry(definition.name).or_insert_with(|| {
            let mut family = proto::MetricFamily::default();
            family.set_name(definition.name.to_owned());
            family.set_help(definition.help.to_owned());
            family.set_field_type(match definition.kind {
                Kind::Counter => proto::MetricType::COUNTER,
                Kind::Gauge | Kind::Histogram => proto::MetricType::GAUGE,
            });
            family
        });
        let pairs = definition.labels.iter().zip(labels);
        let mut metric =
            proto::Metric::from_label(pairs.map(|(name, value)| pair(name, value)).collect());
        match definition.kind {
            Kind::Counter => {
                let mut counter = proto::Counter::default();
                counter.set_value(value);
                metric.set_counter(counter);
            }
            Kind::Gauge | Kind::Histogram => {
                let mut gauge = proto::Gauge::default();
                gauge.set_value(value);
                metric.set_gauge(gauge);
            }
        }
        family.mut_metric().push(metric);
    }
}

fn pair(name: &str, value: &str) -> proto::LabelPair {
    let mut pair = proto::LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

/// Makes a [`Source`] a collector of the registry.
pub(super) struct Sampled {
    source: Arc<dyn Source>,
    descriptions: Vec<Desc>,
}

impl Sampled {
    pub fn new(source: Arc<dyn Source>) -> Self {
        let describe = |definition: &&Definition| {
            let labels = definition.labels.iter().map(|label| (*label).to_owned());
            Desc::new(
                definition.name.to_owned(),
                definition.help.to_owned(),
                labels.collect(),
                Default::default(),
            )
            .expect("the list's names are valid")
        };
        let descriptions = source.definitions().iter().map(describe).collect();
        Self {
            source,
            descriptions,
        }
    }
}

impl Collector for Sampled {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        let mut samples = Samples::default();
        self.source.sample(&mut samples);
        samples.families.into_values().collect()
    }
}
