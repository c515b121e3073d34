//! Stands in for the crate `base2histogram`, in which openraft keeps statistics about itself.
//!
//! The real one computes lookup tables for sixteen resolutions at first use: 26 MB resident for ever and some milliseconds of every
//! start, for figures that openraft shows only with its feature `runtime-stats`, which we do not use. Here nothing is counted: what is
//! recorded is forgotten, and everything reads as empty. Exactly what openraft 0.10 calls is here and nothing else, so that a version
//! that calls more does not compile rather than lie. In force by `[patch.crates-io]` of the workspace.

use std::fmt;
use std::marker::PhantomData;

/// Forgets what it is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram<T = ()>(PhantomData<T>);

impl<T> Histogram<T> {
    pub fn new() -> Self {
        Self(PhantomData)
    }

    /// Does nothing.
    pub fn record(&mut self, _value: u64) {}

    /// Does nothing.
    pub fn record_n(&mut self, _value: u64, _count: u64) {}

    /// Of nothing: all zero.
    pub fn percentile_stats(&self) -> PercentileStats {
        PercentileStats::default()
    }
}

/// What openraft prints of a histogram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PercentileStats {
    pub samples: u64,
    pub p0_1: u64,
    pub p1: u64,
    pub p5: u64,
    pub p10: u64,
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub p99_9: u64,
}

impl fmt::Display for PercentileStats {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("[not counted]")
    }
}

/// An empty chart.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsciiChart;

impl AsciiChart {
    pub fn new() -> Self {
        Self
    }

    /// Leaves it empty.
    #[must_use]
    pub fn add<T>(self, _name: &str, _histogram: Histogram<T>) -> Self {
        self
    }
}

impl fmt::Display for AsciiChart {
    fn fmt(&self, _to: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
