//! Everything that the other scenarios do, in any order and mixture.

use crate::simulation::seeds;
use crate::simulation::stage::Stage;

const STEPS: u64 = 8;

#[test]
fn no_mixture_of_faults_breaks_a_promise() {
    seeds::run("anything", 10, |stage: &mut Stage| {
        stage.run_ms(stage.some_ms(50, 1_000));
        for _ in 0..STEPS {
            something(stage);
            stage.run_ms(stage.some_ms(1, 800));
        }
    });
}

fn something(stage: &mut Stage) {
    match stage.some_ms(0, 9) {
        0..=1 => again(stage, Stage::kill),
        2..=3 => again(stage, Stage::lose_power),
        4 => stage.fail_syncs("/b"),
        5 => stage.slow_down("disk0", stage.some_ms(20, 500)),
        6 => stage.slow_down("disk1", stage.some_ms(20, 2_000)),
        7 => stage.leave_room_bytes(stage.some_ms(0, 50_000)),
        _ => stage.heal(),
    }
}

/// Down, and up again: at once, or after a while.
fn again(stage: &mut Stage, down: fn(&mut Stage)) {
    down(stage);
    stage.run_ms(stage.some_ms(0, 200));
    stage.start();
}
