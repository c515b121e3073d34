//! Everything that the other scenarios do, in any order and mixture. Only one machine of a run ever loses power.

use crate::simulation::cluster::stage::{Cluster, NODES};
use crate::simulation::seeds;

const STEPS: u64 = 8;

#[test]
fn no_mixture_of_faults_breaks_a_promise_of_the_cluster() {
    seeds::run("any fault of three", 6, |cluster: &mut Cluster| {
        let without_power = cluster.some_node();
        for _ in 0..STEPS {
            something(cluster, without_power);
            cluster.run_ms(cluster.some(1, 1_500));
        }
    });
}

fn something(cluster: &mut Cluster, without_power: i32) {
    let id = match cluster.some(0, 3) {
        0 => cluster.leader(),
        1 => cluster.controller(),
        _ => cluster.some_node(),
    };
    match cluster.some(0, 11) {
        0..=1 => cluster.kill(id),
        2 => cluster.lose_power(without_power),
        3..=5 => NODES.into_iter().for_each(|id| cluster.start(id)),
        6 => cluster.isolate(id),
        7 => cluster.isolate_one_way(id, cluster.some(0, 1) == 0),
        8 => cluster.isolate_from_clients(id),
        9 => cluster.slow_down(id, "metadata", cluster.some(20, 500)),
        10 => cluster.slow_down(id, "disk0", cluster.some(20, 1_000)),
        _ => cluster.heal(),
    }
}
