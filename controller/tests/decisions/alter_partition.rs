//! AlterPartition: who may change an ISR to what.

use crate::cluster::Cluster;
use crate::support::Lenient;
use ottla_controller::decide;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_partition::{
    AlterPartitionRequest, RequestPartitionData, ResponsePartitionData,
};

/// Partition 0 of "t" on brokers 1, 2 and 3, led by 1.
fn cluster() -> Cluster {
    Cluster::of(4).with_assigned("t", &[&[1, 2, 3]])
}

fn request(cluster: &Cluster, isr: &[i32]) -> AlterPartitionRequest {
    cluster.isr_request("t", 0, isr)
}

fn decide(cluster: &mut Cluster, request: &AlterPartitionRequest) -> ResponsePartitionData {
    let outcome = decide::alter_partition(&cluster.image, &Lenient, request);
    let response = cluster.take(outcome);
    assert_eq!(response.error_code, ErrorCode::NONE);
    response.topics[0].partitions[0].clone()
}

#[test]
fn a_leader_shrinks_and_expands_its_isr() {
    let mut cluster = cluster();
    let shrink = request(&cluster, &[1, 2]);
    let answer = decide(&mut cluster, &shrink);
    assert_eq!(
        (answer.error_code, answer.isr, answer.partition_epoch),
        (ErrorCode::NONE, vec![1, 2], 1)
    );
    let expand = request(&cluster, &[1, 2, 3]);
    let answer = decide(&mut cluster, &expand);
    assert_eq!(
        (answer.isr, answer.partition_epoch, answer.leader_epoch),
        (vec![1, 2, 3], 2, 0)
    );
    assert_eq!(cluster.isr("t", 0), [1, 2, 3]);
}

#[test]
fn asking_for_what_is_changes_nothing_and_answers_it() {
    let mut cluster = cluster();
    let same = request(&cluster, &[1, 2, 3]);
    let answer = decide(&mut cluster, &same);
    assert_eq!(
        (answer.error_code, answer.partition_epoch),
        (ErrorCode::NONE, 0)
    );
}

#[test]
fn everything_but_the_leader_of_the_current_epochs_is_refused_with_its_code() {
    type Change = fn(&mut AlterPartitionRequest);
    let cases: [(&str, Change, ErrorCode); 11] = [
        (
            "leader epoch ahead",
            |r| asked(r).leader_epoch += 1,
            ErrorCode::NOT_CONTROLLER,
        ),
        (
            "partition epoch ahead",
            |r| asked(r).partition_epoch += 1,
            ErrorCode::NOT_CONTROLLER,
        ),
        (
            "leader epoch behind",
            |r| asked(r).leader_epoch -= 1,
            ErrorCode::FENCED_LEADER_EPOCH,
        ),
        (
            "partition epoch behind",
            |r| asked(r).partition_epoch -= 1,
            ErrorCode::INVALID_UPDATE_VERSION,
        ),
        (
            "unknown partition",
            |r| asked(r).partition_index = 9,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ),
        (
            "unknown topic",
            |r| r.topics[0].topic_id.0[3] ^= 1,
            ErrorCode::UNKNOWN_TOPIC_ID,
        ),
        (
            "without itself",
            |r| drop(asked(r).new_isr_with_epochs.remove(0)),
            ErrorCode::INVALID_REQUEST,
        ),
        (
            "a broker without a replica",
            |r| asked(r).new_isr_with_epochs[1].broker_id = 4,
            ErrorCode::INVALID_REQUEST,
        ),
        (
            "a member twice",
            |r| {
                let first = asked(r).new_isr_with_epochs[0].clone();
                asked(r).new_isr_with_epochs.push(first);
            },
            ErrorCode::INVALID_REQUEST,
        ),
        (
            "recovering again",
            |r| asked(r).leader_recovery_state = 1,
            ErrorCode::INVALID_REQUEST,
        ),
        (
            "an older incarnation",
            |r| asked(r).new_isr_with_epochs[1].broker_epoch -= 1,
            ErrorCode::INELIGIBLE_REPLICA,
        ),
    ];
    for (what, change, code) in cases {
        let mut cluster = cluster();
        let before = cluster.image.clone();
        let mut request = request(&cluster, &[1, 2]);
        change(&mut request);
        assert_eq!(decide(&mut cluster, &request).error_code, code, "{what}");
        assert_eq!(cluster.image, before, "{what}");
    }
}

fn asked(request: &mut AlterPartitionRequest) -> &mut RequestPartitionData {
    &mut request.topics[0].partitions[0]
}

#[test]
fn a_follower_may_not_change_the_isr() {
    let mut cluster = cluster();
    let mut request = request(&cluster, &[1, 2]);
    request.broker_id = 2;
    request.broker_epoch = cluster.epoch(2);
    assert_eq!(
        decide(&mut cluster, &request).error_code,
        ErrorCode::INVALID_REQUEST
    );
}

#[test]
fn an_older_incarnation_of_the_asker_is_refused_as_a_whole() {
    let cluster = cluster();
    let mut request = request(&cluster, &[1, 2]);
    request.broker_epoch -= 1;
    let outcome = decide::alter_partition(&cluster.image, &Lenient, &request);
    assert_eq!(outcome.response.error_code, ErrorCode::STALE_BROKER_EPOCH);
    assert!(outcome.response.topics.is_empty() && outcome.records.is_empty());
}

#[test]
fn a_fenced_broker_is_not_taken_into_the_isr() {
    let mut cluster = cluster();
    cluster.heartbeat(3, true);
    assert_eq!(cluster.isr("t", 0), [1, 2]);
    let request = request(&cluster, &[1, 2, 3]);
    assert_eq!(
        decide(&mut cluster, &request).error_code,
        ErrorCode::INELIGIBLE_REPLICA
    );
}

#[test]
fn version_2_names_members_without_their_incarnation() {
    let mut cluster = cluster();
    let mut request = request(&cluster, &[]);
    asked(&mut request).new_isr = vec![1, 3];
    assert_eq!(decide(&mut cluster, &request).isr, [1, 3]);
}

#[test]
fn who_drops_below_the_minimum_becomes_eligible_and_ceases_to_be_when_it_is_back() {
    let mut cluster = cluster();
    cluster.set_topic_config("t", "min.insync.replicas", "2");
    let shrink = request(&cluster, &[1]);
    decide(&mut cluster, &shrink);
    assert_eq!(cluster.eligible("t", 0), [2, 3]);
    let expand = request(&cluster, &[1, 3]);
    decide(&mut cluster, &expand);
    assert_eq!(cluster.eligible("t", 0), []);
}

#[test]
fn a_lower_minimum_makes_nobody_eligible_who_may_miss_what_is_committed_now() {
    let mut cluster = cluster();
    cluster.set_topic_config("t", "min.insync.replicas", "2");
    let shrink = request(&cluster, &[1]);
    decide(&mut cluster, &shrink);
    assert_eq!(cluster.eligible("t", 0), [2, 3]);
    cluster.set_topic_config("t", "min.insync.replicas", "3");
    assert_eq!(
        cluster.eligible("t", 0),
        [2, 3],
        "nothing was committed without them"
    );
    cluster.set_topic_config("t", "min.insync.replicas", "1");
    assert_eq!(cluster.eligible("t", 0), []);
}
