//! Runs a scenario under many seeds, each twice.

use super::trace::Trace;
use ottla::logging::{Levels, Loggers};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What a scenario plays on.
pub trait Play {
    /// One in so many seeds is run twice, and must leave the same trace.
    const REPLAY_EVERY: u64;

    fn set(seed: u64) -> Self;
    /// Comes to the point where the scenario begins.
    fn begin(&mut self) {}
    fn trace(&self) -> Trace;
    /// Heals everything, and checks it.
    fn finish(&mut self);
}

/// The scenario says how many seeds are its own.
pub fn run<S: Play>(scenario: &str, seeds: u64, play: fn(&mut S)) {
    if let Some(seed) = number("OTTLA_SEED") {
        // What the network and the node say, by RUST_LOG.
        let levels = Levels::parse(&std::env::var("RUST_LOG").unwrap_or_default());
        let (_, gate) = Loggers::layer(levels.expect("RUST_LOG can be read"));
        let writing = tracing_subscriber::fmt::layer().without_time();
        let _ = tracing_subscriber::registry()
            .with(gate)
            .with(writing)
            .try_init();
        let trace = once(scenario, seed, play);
        return println!("{}", trace.tail());
    }
    let first = number("OTTLA_FIRST").unwrap_or(0);
    let count = match (number("OTTLA_SEEDS"), number("OTTLA_SIMULATE")) {
        (Some(count), _) => count,
        (None, Some(all)) => (seeds * all).div_ceil(100),
        (None, None) => seeds,
    };
    let replay_every = number("OTTLA_REPLAY").unwrap_or(S::REPLAY_EVERY);
    for seed in first..first + count {
        let trace = once(scenario, seed, play);
        if replay_every == 0 || seed % replay_every != 0 {
            continue;
        }
        let again = once(scenario, seed, play);
        if let Some((one, other)) = trace.first_difference(&again) {
            panic!("{scenario}, seed {seed}: two runs differ:\n  {one}\nand\n  {other}");
        }
    }
}

fn once<S: Play>(scenario: &str, seed: u64, play: fn(&mut S)) -> Trace {
    let mut stage = S::set(seed);
    let trace = stage.trace();
    let played = catch_unwind(AssertUnwindSafe(|| {
        stage.begin();
        play(&mut stage);
        stage.finish();
    }));
    if let Err(panic) = played {
        let what = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("a panic without words");
        panic!(
            "{scenario}, seed {seed}: {what}\n{}\nagain: OTTLA_SEED={seed} cargo test --test simulation",
            trace.tail()
        );
    }
    trace
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
