//! Syncs fail in one log directory.

use crate::simulation::seeds;
use crate::simulation::stage::Stage;

/// The directory goes offline, the other one serves on, and a restart on a mended disk brings everything back.
#[test]
fn a_sync_that_fails_takes_its_directory_offline_and_loses_nothing() {
    seeds::run("failing syncs", 4, |stage: &mut Stage| {
        stage.run_ms(stage.some_ms(300, 1_500));
        stage.fail_syncs("/b");
        stage.run_ms(stage.some_ms(500, 3_000));
        stage.heal();
        stage.kill();
        stage.start();
        stage.run_ms(500);
    });
}

/// The metadata log cannot be trusted any more: the process ends, and a supervisor starts it again.
#[test]
fn a_sync_that_fails_under_the_metadata_log_ends_the_process() {
    seeds::run("failing metadata syncs", 3, |stage: &mut Stage| {
        stage.run_ms(stage.some_ms(300, 1_500));
        stage.fail_syncs("/a");
        stage.run_ms(stage.some_ms(500, 2_000));
        assert!(stage.lives() > 1, "the node went on");
    });
}
