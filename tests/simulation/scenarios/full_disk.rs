//! The disk fills up, and has room again.

use crate::simulation::seeds;
use crate::simulation::stage::Stage;

#[test]
fn a_full_disk_refuses_records_and_takes_them_again_once_there_is_room() {
    seeds::run("full disk", 3, |stage: &mut Stage| {
        stage.run_ms(stage.some_ms(300, 1_500));
        stage.leave_room_bytes(stage.some_ms(0, 20_000));
        stage.run_ms(stage.some_ms(1_000, 12_000));
        assert!(
            stage.ledger().total(|account| account.refused) > 0,
            "nothing was refused"
        );
    });
}

#[test]
fn a_node_that_dies_on_a_full_disk_starts_again_on_it() {
    seeds::run("restart on a full disk", 3, |stage: &mut Stage| {
        stage.run_ms(stage.some_ms(300, 1_500));
        stage.leave_room_bytes(0);
        stage.run_ms(stage.some_ms(100, 3_000));
        stage.kill();
        let lives = stage.lives();
        stage.start();
        stage.run_ms(5_000);
        assert_eq!(stage.lives(), lives + 1, "it stopped again");
    });
}
