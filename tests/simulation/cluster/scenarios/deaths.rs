//! Processes die, one after another and all at once.

use crate::simulation::cluster::stage::{Cluster, NODES};
use crate::simulation::seeds;

#[test]
fn a_leader_that_dies_takes_no_acknowledged_record_with_it() {
    seeds::run("leader dies", 4, |cluster: &mut Cluster| {
        for _ in 0..3 {
            cluster.run_ms(cluster.some(100, 1_500));
            let leader = cluster.leader();
            cluster.kill(leader);
            cluster.run_ms(cluster.some(0, 1_500));
            cluster.start(leader);
        }
    });
}

#[test]
fn the_active_controller_may_die_at_any_moment() {
    seeds::run("controller dies", 3, |cluster: &mut Cluster| {
        for _ in 0..3 {
            cluster.run_ms(cluster.some(100, 1_500));
            let controller = cluster.controller();
            cluster.kill(controller);
            cluster.run_ms(cluster.some(0, 1_500));
            cluster.start(controller);
        }
    });
}

#[test]
fn all_may_die_at_once() {
    seeds::run("all die", 3, |cluster: &mut Cluster| {
        for _ in 0..2 {
            cluster.run_ms(cluster.some(100, 1_500));
            for id in NODES {
                cluster.kill(id);
            }
            for id in NODES {
                cluster.run_ms(cluster.some(0, 500));
                cluster.start(id);
            }
        }
    });
}

/// Topics come and go meanwhile.
#[test]
fn a_node_that_was_away_follows_what_it_missed() {
    seeds::run("away", 2, |cluster: &mut Cluster| {
        let away = cluster.some_node();
        cluster.run_ms(cluster.some(100, 1_000));
        cluster.kill(away);
        cluster.run_ms(cluster.some(3_000, 8_000));
        cluster.start(away);
        cluster.run_ms(cluster.some(0, 500));
        let other = cluster.leader();
        cluster.kill(other);
        cluster.run_ms(cluster.some(0, 1_000));
        cluster.start(other);
    });
}
