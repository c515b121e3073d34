//! Disks become slow: the controller's, a leader's, a follower's.

use crate::simulation::cluster::stage::Cluster;
use crate::simulation::seeds;

#[test]
fn a_controller_with_a_slow_disk_loses_nothing() {
    seeds::run("slow controller", 2, |cluster: &mut Cluster| {
        cluster.run_ms(cluster.some(100, 1_000));
        let controller = cluster.controller();
        cluster.slow_down(controller, "metadata", cluster.some(20, 1_000));
        cluster.run_ms(cluster.some(1_000, 5_000));
        if cluster.some(0, 1) == 0 {
            cluster.kill(controller);
        }
    });
}

#[test]
fn a_slow_disk_under_the_records_loses_nothing() {
    seeds::run("slow records", 2, |cluster: &mut Cluster| {
        cluster.run_ms(cluster.some(100, 1_000));
        let slow = if cluster.some(0, 1) == 0 {
            cluster.leader()
        } else {
            cluster.follower()
        };
        cluster.slow_down(slow, "disk0", cluster.some(20, 2_000));
        cluster.run_ms(cluster.some(1_000, 5_000));
        if cluster.some(0, 1) == 0 {
            cluster.kill(slow);
        }
    });
}
