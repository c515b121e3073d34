//! Elections in batches, which nobody asks for.

use crate::cluster::Cluster;
use crate::support::Lenient;
use ottla_controller::decide;
use ottla_protocol::ErrorCode;

#[test]
fn preferred_leaders_come_back_in_batches_until_none_is_missing() {
    let partitions: Vec<&[i32]> = vec![&[1, 2]; 2500];
    let mut cluster = Cluster::of(2).with_assigned("t", &partitions);
    cluster.heartbeat(1, true);
    cluster.heartbeat(1, false);
    for index in 0..2400 {
        assert_eq!(cluster.alter_isr("t", index, &[2, 1]), ErrorCode::NONE);
    }
    let mut batches = Vec::new();
    loop {
        let outcome = decide::elect_preferred_leaders(&cluster.image, &Lenient);
        batches.push(outcome.records.len());
        if !cluster.take(outcome) {
            break;
        }
    }
    assert_eq!(batches, [1000, 1000, 400]);
    let led_by_first = (0..2500).filter(|index| cluster.leader("t", *index) == 1);
    assert_eq!(led_by_first.count(), 2400, "100 replicas are not in sync");
}

#[test]
fn a_leaderless_partition_waits_for_its_data_unless_its_topic_says_otherwise() {
    let mut cluster = Cluster::of(2).with_assigned("t", &[&[1, 2]]);
    cluster.alter_isr("t", 0, &[1]);
    cluster.heartbeat(1, true);
    let outcome = decide::elect_for_leaderless(&cluster.image, &Lenient);
    assert!(outcome.records.is_empty());
    cluster.set_topic_config("t", "unclean.leader.election.enable", "true");
    let outcome = decide::elect_for_leaderless(&cluster.image, &Lenient);
    cluster.take(outcome);
    assert_eq!((cluster.leader("t", 0), cluster.isr("t", 0)), (2, vec![2]));
}
