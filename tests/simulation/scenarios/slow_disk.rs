//! One log directory becomes slow: its syncs, cold reads and slow writes take seconds.

use crate::simulation::seeds;
use crate::simulation::stage::Stage;

/// Changes of the metadata do not wait for the slow directory.
const USUAL_MS: u64 = 400;

#[test]
fn a_slow_directory_holds_up_neither_metadata_nor_acknowledged_records() {
    seeds::run("slow disk", 3, |stage: &mut Stage| {
        stage.run_ms(stage.some_ms(500, 1_500));
        let _ = stage.ledger().longest_admin_ms();
        stage.slow_down("disk1-sync", 3_000);
        stage.run_ms(stage.some_ms(3_000, 8_000));
        let longest_ms = stage.ledger().longest_admin_ms();
        assert!(
            longest_ms < USUAL_MS,
            "a change of the metadata took {longest_ms} ms"
        );
        if stage.some_ms(0, 1) == 0 {
            stage.kill();
        } else {
            stage.lose_power();
        }
        stage.start();
    });
}
