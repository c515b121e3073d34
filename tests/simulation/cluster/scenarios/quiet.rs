//! Nothing happens.

use crate::simulation::cluster::stage::Cluster;
use crate::simulation::seeds;

#[test]
fn a_cluster_left_alone_serves() {
    seeds::run("quiet cluster", 2, |cluster: &mut Cluster| {
        cluster.run_ms(1_000);
    });
}
