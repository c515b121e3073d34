//! Machines lose power, and with it any part of what was not synced: never more than a minority within what is not replicated again.

use crate::simulation::cluster::stage::Cluster;
use crate::simulation::seeds;

#[test]
fn a_machine_that_loses_its_unsynced_tail_costs_no_acknowledged_record() {
    seeds::run("power loss of one", 4, |cluster: &mut Cluster| {
        for _ in 0..2 {
            cluster.run_ms(cluster.some(100, 1_500));
            let leader = cluster.leader();
            cluster.lose_power(leader);
            cluster.run_ms(cluster.some(0, 5_000));
            cluster.start(leader);
            cluster.until_in_sync();
        }
    });
}

/// Also while it starts, and while it catches up.
#[test]
fn one_machine_may_lose_power_again_and_again() {
    seeds::run("power loss of the same", 3, |cluster: &mut Cluster| {
        cluster.run_ms(cluster.some(100, 1_500));
        let victim = cluster.some_node();
        for _ in 0..4 {
            cluster.lose_power(victim);
            cluster.run_ms(cluster.some(0, 1_500));
            cluster.start(victim);
            cluster.run_ms(cluster.some(10, 1_500));
        }
    });
}

/// What a machine without power does not have, a process that dies still has.
#[test]
fn the_others_may_die_after_one_has_lost_power() {
    seeds::run("power loss and deaths", 3, |cluster: &mut Cluster| {
        cluster.run_ms(cluster.some(100, 1_500));
        let victim = cluster.leader();
        cluster.lose_power(victim);
        cluster.run_ms(cluster.some(0, 1_000));
        cluster.start(victim);
        for _ in 0..2 {
            cluster.run_ms(cluster.some(0, 1_000));
            let other = cluster.leader();
            cluster.kill(other);
            cluster.run_ms(cluster.some(0, 1_000));
            cluster.start(other);
        }
    });
}
