//! ElectLeaders: who leads when somebody asks for an election.

use crate::cluster::Cluster;
use crate::support::Lenient;
use ottla_controller::decide;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, TopicPartitions,
};

const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;

fn elect(cluster: &mut Cluster, kind: i8, partitions: Option<&[i32]>) -> ElectLeadersResponse {
    let named = |partitions: &[i32]| {
        vec![TopicPartitions {
            topic: "t".into(),
            partitions: partitions.to_vec(),
            ..Default::default()
        }]
    };
    let request = ElectLeadersRequest {
        election_type: kind,
        topic_partitions: partitions.map(named),
        ..Default::default()
    };
    let outcome = decide::elect_leaders(&cluster.image, &Lenient, &request);
    cluster.take(outcome)
}

fn codes(response: &ElectLeadersResponse) -> Vec<(i32, ErrorCode)> {
    let topics = response.replica_election_results.iter();
    topics
        .flat_map(|topic| &topic.partition_result)
        .map(|result| (result.partition_id, result.error_code))
        .collect()
}

/// Partition 0 is led by 2 though 1 is preferred, partition 1 by 2 as it should.
fn imbalanced() -> Cluster {
    let mut cluster = Cluster::of(3).with_assigned("t", &[&[1, 2], &[2, 3]]);
    cluster.heartbeat(1, true);
    cluster.heartbeat(1, false);
    assert_eq!(cluster.alter_isr("t", 0, &[2, 1]), ErrorCode::NONE);
    assert_eq!((cluster.leader("t", 0), cluster.leader("t", 1)), (2, 2));
    cluster
}

#[test]
fn the_preferred_leader_leads_again_and_a_needless_election_says_so() {
    let mut cluster = imbalanced();
    let response = elect(&mut cluster, PREFERRED, Some(&[0, 1, 7]));
    assert_eq!(
        codes(&response),
        [
            (0, ErrorCode::NONE),
            (1, ErrorCode::ELECTION_NOT_NEEDED),
            (7, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        ]
    );
    assert_eq!(
        (cluster.leader("t", 0), cluster.isr("t", 0)),
        (1, vec![2, 1])
    );
}

#[test]
fn all_partitions_are_asked_about_without_naming_them() {
    let mut cluster = imbalanced();
    let response = elect(&mut cluster, PREFERRED, None);
    assert_eq!(codes(&response), [(0, ErrorCode::NONE)]);
    assert_eq!(codes(&elect(&mut cluster, PREFERRED, None)), []);
    assert_eq!(codes(&elect(&mut cluster, PREFERRED, Some(&[]))), []);
}

#[test]
fn a_preferred_leader_that_is_not_in_sync_is_not_elected() {
    let mut cluster = Cluster::of(2).with_assigned("t", &[&[1, 2]]);
    cluster.heartbeat(1, true);
    cluster.heartbeat(1, false);
    assert_eq!(cluster.isr("t", 0), [2]);
    let response = elect(&mut cluster, PREFERRED, Some(&[0]));
    assert_eq!(
        codes(&response),
        [(0, ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE)]
    );
}

#[test]
fn an_unclean_election_takes_a_replica_that_is_alive_and_loses_the_rest() {
    let mut cluster = Cluster::of(2).with_assigned("t", &[&[1, 2]]);
    assert_eq!(cluster.alter_isr("t", 0, &[1]), ErrorCode::NONE);
    let response = elect(&mut cluster, UNCLEAN, Some(&[0]));
    assert_eq!(codes(&response), [(0, ErrorCode::ELECTION_NOT_NEEDED)]);
    cluster.heartbeat(1, true);
    assert_eq!(cluster.leader("t", 0), -1);
    let response = elect(&mut cluster, UNCLEAN, Some(&[0]));
    assert_eq!(codes(&response), [(0, ErrorCode::NONE)]);
    assert_eq!((cluster.leader("t", 0), cluster.isr("t", 0)), (2, vec![2]));
}

#[test]
fn nobody_alive_is_nobody_to_elect() {
    let mut cluster = Cluster::of(2).with_assigned("t", &[&[1]]);
    cluster.heartbeat(1, true);
    let response = elect(&mut cluster, UNCLEAN, Some(&[0]));
    assert_eq!(
        codes(&response),
        [(0, ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE)]
    );
}

#[test]
fn an_unknown_kind_of_election_is_refused_for_each_partition() {
    let response = elect(&mut imbalanced(), 2, Some(&[0]));
    assert_eq!(response.error_code, ErrorCode::INVALID_REQUEST);
    assert_eq!(codes(&response), [(0, ErrorCode::INVALID_REQUEST)]);
}
