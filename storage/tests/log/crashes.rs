//! Whatever was done before and whatever the crash took: what should be there is there, and nothing else.

use super::model::Machine;

/// `OTTLA_SEEDS` asks for more.
fn seeds() -> std::ops::Range<u64> {
    0..std::env::var("OTTLA_SEEDS").map_or(60, |count| count.parse().expect("a number"))
}

#[test]
fn process_death_loses_nothing_that_was_answered() {
    for seed in seeds() {
        let mut machine = Machine::new(seed);
        for _ in 0..3 {
            machine.work(25);
            machine.die();
        }
    }
}

#[test]
fn power_loss_takes_an_unflushed_suffix_and_nothing_else() {
    for seed in seeds() {
        let mut machine = Machine::new(seed);
        for _ in 0..3 {
            machine.work(25);
            machine.lose_power();
        }
    }
}

#[test]
fn crashes_of_every_kind_may_follow_each_other() {
    for seed in seeds() {
        let mut machine = Machine::new(seed);
        for _ in 0..6 {
            machine.work(12);
            match machine.random.below(3) {
                0 => machine.die(),
                1 => machine.lose_power(),
                _ => machine.stop(),
            }
        }
    }
}
