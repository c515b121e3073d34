//! Random lives of a cluster, against a model of what each replica's log holds.
//!
//! Brokers come, go, crash and lose disks; leaders shrink and expand their ISR; replicas are reassigned; settings change. After every
//! step the image is checked against the rules, and the logs against the one promise: what was committed is in the log of
//! whoever is elected cleanly.

#[path = "model/rules.rs"]
mod rules;
#[path = "model/step.rs"]
mod step;
#[path = "model/world.rs"]
mod world;

use proptest::prelude::*;
use step::step;
use world::World;

/// `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").map_or(Ok(200), |cases| cases.parse());
    ProptestConfig {
        cases: cases.expect("a number"),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_happens_no_rule_is_broken_and_nothing_committed_is_lost(
        steps in proptest::collection::vec(step(), 1..120)
    ) {
        let mut world = World::new(true);
        for step in &steps {
            world.take(step);
        }
    }

    #[test]
    fn without_eligible_replicas_no_rule_is_broken_either(
        steps in proptest::collection::vec(step(), 1..120)
    ) {
        let mut world = World::new(false);
        for step in &steps {
            world.take(step);
        }
    }
}
