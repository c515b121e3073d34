//! What a heartbeat says of a broker's directories (KIP-858, KIP-1066), and what follows.

use crate::cluster::Cluster;
use ottla_controller::BrokerId;
use ottla_protocol::Uuid;
use ottla_protocol::messages::broker_heartbeat::BrokerHeartbeatRequest;

/// Partition 0 of "t" on brokers 1 and 2, led by 1, which has one more directory.
fn cluster() -> (Cluster, Uuid) {
    let mut cluster = Cluster::of(2).with_assigned("t", &[&[1, 2]]);
    let home = cluster.partition("t", 0).directory(BrokerId(1)).unwrap();
    cluster.add_directory(1, Uuid([5; 16]));
    (cluster, home)
}

fn lost(directory: Uuid) -> impl FnOnce(&mut BrokerHeartbeatRequest) {
    move |request| request.offline_log_dirs = vec![directory]
}

#[test]
fn a_replica_whose_directory_failed_is_neither_leader_nor_in_sync() {
    let (mut cluster, home) = cluster();
    cluster.heartbeat_with(1, lost(home));
    assert_eq!((cluster.leader("t", 0), cluster.isr("t", 0)), (2, vec![2]));
    let broker = cluster.image.brokers.get(BrokerId(1)).unwrap();
    assert_eq!(*broker.log_dirs, [Uuid([5; 16])]);
    let before = cluster.image.clone();
    cluster.heartbeat_with(1, lost(home));
    assert_eq!(cluster.image, before, "it is known already");
}

#[test]
fn a_failed_directory_elsewhere_changes_nothing_here() {
    let (mut cluster, _) = cluster();
    cluster.heartbeat_with(1, lost(Uuid([5; 16])));
    assert_eq!(
        (cluster.leader("t", 0), cluster.isr("t", 0)),
        (1, vec![1, 2])
    );
}

#[test]
fn a_broker_that_comes_back_without_a_directory_does_not_lead_what_lay_there() {
    let (mut cluster, home) = cluster();
    cluster.alter_isr("t", 0, &[1]);
    cluster.heartbeat(1, true);
    assert_eq!(cluster.leader("t", 0), -1);
    cluster.heartbeat_with(1, lost(home));
    assert!(!cluster.image.brokers.get(BrokerId(1)).unwrap().fenced);
    assert_eq!(cluster.leader("t", 0), -1);
}

#[test]
fn cordoned_directories_are_noted_once() {
    let (mut cluster, home) = cluster();
    cluster.heartbeat_with(1, |request| request.cordoned_log_dirs = Some(vec![home]));
    let broker = cluster.image.brokers.get(BrokerId(1)).unwrap();
    assert_eq!(broker.cordoned_log_dirs.as_deref(), Some(&[home][..]));
    assert!(broker.has_uncordoned_directory());
    let before = cluster.image.clone();
    cluster.heartbeat_with(1, |request| request.cordoned_log_dirs = Some(vec![home]));
    assert_eq!(cluster.image, before);
}
