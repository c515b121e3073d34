//! The network comes apart, both ways or one way only, and is whole again.

use crate::simulation::cluster::stage::Cluster;
use crate::simulation::seeds;

#[test]
fn an_isolated_leader_acknowledges_nothing_that_is_lost() {
    seeds::run("leader isolated", 4, |cluster: &mut Cluster| {
        cluster.run_ms(cluster.some(100, 1_500));
        let leader = cluster.leader();
        isolate(cluster, leader);
    });
}

#[test]
fn an_isolated_controller_decides_nothing_that_is_lost() {
    seeds::run("controller isolated", 4, |cluster: &mut Cluster| {
        cluster.run_ms(cluster.some(100, 1_500));
        let controller = cluster.controller();
        isolate(cluster, controller);
    });
}

#[test]
fn an_isolated_follower_comes_back_in_sync() {
    seeds::run("follower isolated", 3, |cluster: &mut Cluster| {
        cluster.run_ms(cluster.some(100, 1_500));
        let follower = cluster.follower();
        isolate(cluster, follower);
    });
}

/// Two nodes do not hear each other, and the third hears both.
#[test]
fn a_triangle_with_one_side_missing_goes_on() {
    seeds::run("one side missing", 2, |cluster: &mut Cluster| {
        cluster.run_ms(cluster.some(100, 1_500));
        let (one, other) = (cluster.leader(), cluster.follower());
        cluster.cut(one, other);
        if cluster.some(0, 1) == 0 {
            cluster.cut(other, one);
        }
        cluster.run_ms(cluster.some(500, 6_000));
        cluster.heal_network();
        cluster.run_ms(cluster.some(0, 1_000));
    });
}

/// Twice, in one way or both; clients reach it, or do not.
fn isolate(cluster: &mut Cluster, id: i32) {
    for _ in 0..2 {
        match cluster.some(0, 3) {
            0 => cluster.isolate_one_way(id, true),
            1 => cluster.isolate_one_way(id, false),
            _ => cluster.isolate(id),
        }
        if cluster.some(0, 2) == 0 {
            cluster.isolate_from_clients(id);
        }
        cluster.run_ms(cluster.some(200, 5_000));
        cluster.heal_network();
        cluster.run_ms(cluster.some(0, 1_500));
    }
}
