//! What the fetch sessions show of themselves at a scrape.

use super::Fetches;
use crate::metrics::definitions::{
    FETCH_SESSION_EVICTIONS, FETCH_SESSION_PARTITIONS, FETCH_SESSIONS,
};
use crate::metrics::{Definition, Samples, Source};

impl Source for Fetches {
    fn definitions(&self) -> &'static [&'static Definition] {
        &[
            &FETCH_SESSIONS,
            &FETCH_SESSION_PARTITIONS,
            &FETCH_SESSION_EVICTIONS,
        ]
    }

    fn sample(&self, into: &mut Samples) {
        let (sessions, partitions, evictions) = self.totals();
        into.set(&FETCH_SESSIONS, &[], sessions as f64);
        into.set(&FETCH_SESSION_PARTITIONS, &[], partitions as f64);
        into.set(&FETCH_SESSION_EVICTIONS, &[], evictions as f64);
    }
}
