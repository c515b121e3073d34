//! The power fails: the disk keeps any part of what was not synced.

use crate::simulation::seeds;
use crate::simulation::stage::Stage;

#[test]
fn power_loss_takes_only_a_suffix_and_nothing_that_was_synced() {
    seeds::run("power loss", 10, |stage: &mut Stage| {
        for _ in 0..3 {
            stage.run_ms(stage.some_ms(200, 2_000));
            stage.lose_power();
            stage.run_ms(stage.some_ms(0, 300));
            stage.start();
        }
        stage.run_ms(500);
    });
}

#[test]
fn power_loss_amid_recovery_takes_no_more() {
    seeds::run("power loss amid recovery", 5, |stage: &mut Stage| {
        stage.run_ms(stage.some_ms(500, 2_000));
        stage.lose_power();
        for _ in 0..3 {
            stage.start();
            stage.run_ms(stage.some_ms(1, 60));
            if stage.some_ms(0, 1) == 0 {
                stage.kill();
            } else {
                stage.lose_power();
            }
        }
        stage.start();
        stage.run_ms(stage.some_ms(300, 1_000));
    });
}
