//! The process dies, as often as it likes.

use crate::simulation::seeds;
use crate::simulation::stage::Stage;

#[test]
fn nothing_acknowledged_is_lost_when_the_process_dies() {
    seeds::run("process death", 10, |stage: &mut Stage| {
        for _ in 0..3 {
            stage.run_ms(stage.some_ms(100, 2_000));
            stage.kill();
            stage.run_ms(stage.some_ms(0, 300));
            stage.start();
        }
        stage.run_ms(500);
        assert_eq!(stage.ledger().total(|account| account.lost), 0);
    });
}

/// Dying before it serves: recovery is interrupted, and starts again.
#[test]
fn dying_while_starting_loses_nothing() {
    seeds::run("death while starting", 4, |stage: &mut Stage| {
        stage.run_ms(stage.some_ms(300, 1_500));
        for _ in 0..4 {
            stage.kill();
            stage.start();
            stage.run_ms(stage.some_ms(1, 60));
        }
        stage.run_ms(stage.some_ms(300, 1_000));
    });
}
