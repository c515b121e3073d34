//! The checker can fail: with one of the broker's rules broken on purpose it does, within few seeds.
//!
//! The rule is named by the environment of a process (`ottla_storage::broken`), so the scenario runs in another one.

use std::process::Command;

/// A rule, and a scenario that needs it.
const RULES: &[(&str, &str)] = &[
    (
        "answer-before-replication",
        "partitions::an_isolated_leader_acknowledges_nothing_that_is_lost",
    ),
    (
        "skip-truncation",
        "partitions::an_isolated_leader_acknowledges_nothing_that_is_lost",
    ),
    (
        "forget-producer-state",
        "deaths::a_leader_that_dies_takes_no_acknowledged_record_with_it",
    ),
];

#[test]
fn a_rule_that_is_broken_is_missed() {
    for (rule, scenario) in RULES {
        let scenario = format!("simulation::cluster::scenarios::{scenario}");
        let output = Command::new(std::env::current_exe().unwrap())
            .args([scenario.as_str(), "--exact"])
            .env("OTTLA_BROKEN_RULE", rule)
            .env("OTTLA_REPLAY", "0")
            .env("OTTLA_SEEDS", "20")
            .env_remove("OTTLA_SEED")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("running 1 test"), "{scenario} is not there");
        assert!(!output.status.success(), "nobody missed {rule}: {said}");
        println!(
            "{rule}: {}",
            said.lines()
                .find(|line| line.contains(", seed "))
                .unwrap_or_default()
        );
    }
}
