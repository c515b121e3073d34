//! Nodes are restarted in good order, one after the other.

use crate::simulation::cluster::stage::{Cluster, NODES};
use crate::simulation::seeds;

#[test]
fn a_rolling_restart_loses_nothing() {
    seeds::run("rolling restart", 3, |cluster: &mut Cluster| {
        for id in NODES {
            cluster.run_ms(cluster.some(0, 500));
            cluster.stop(id);
            cluster.until_stopped(id);
            cluster.run_ms(cluster.some(0, 300));
            cluster.start(id);
            cluster.until_in_sync();
        }
    });
}

/// SIGTERM, and then SIGKILL.
#[test]
fn a_node_that_dies_while_it_stops_loses_nothing() {
    seeds::run("death while stopping", 2, |cluster: &mut Cluster| {
        for _ in 0..2 {
            cluster.run_ms(cluster.some(100, 1_000));
            let leader = cluster.leader();
            cluster.stop(leader);
            cluster.run_ms(cluster.some(1, 150));
            cluster.kill(leader);
            cluster.run_ms(cluster.some(0, 500));
            cluster.start(leader);
        }
    });
}
