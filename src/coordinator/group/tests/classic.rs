//! Joining, syncing, rebalancing.

use super::stage::{Stage, client};
use ottla_protocol::ErrorCode;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_dynamic_member_is_given_its_id_in_a_first_round() {
    let mut stage = Stage::new();
    let first = stage.join(&client("a"));
    let answer = stage.joined(first).expect("at once");
    assert_eq!(
        (answer.error_code, answer.member_id.as_str()),
        (ErrorCode::MEMBER_ID_REQUIRED, "a-1")
    );
    assert_eq!(stage.state(), "Empty");
    assert!(
        stage.durable.groups.contains_key("g"),
        "the group exists from here on"
    );
    let second = stage.join(&client("a").known_as("a-1"));
    assert_eq!(
        (stage.joined(second), stage.state()),
        (None, "PreparingRebalance")
    );
    stage.pass(3 * SECOND);
    let answer = stage.joined(second).expect("the initial delay is over");
    assert_eq!(
        (
            answer.error_code,
            answer.generation_id,
            answer.leader.as_str()
        ),
        (ErrorCode::NONE, 1, "a-1")
    );
    assert_eq!(
        (answer.members.len(), answer.protocol_name.as_deref()),
        (1, Some("range"))
    );
    let old = stage.join(&client("b").at_version(3));
    assert_eq!(stage.joined(old), None, "older clients join at once");
}

#[test]
fn an_id_that_was_not_used_is_forgotten_after_the_session_timeout() {
    let mut stage = Stage::new();
    stage.join(&client("a"));
    stage.pass(11 * SECOND);
    let late = stage.join(&client("a").known_as("a-1"));
    assert_eq!(
        stage.joined(late).map(|answer| answer.error_code),
        Some(ErrorCode::UNKNOWN_MEMBER_ID)
    );
}

#[test]
fn every_new_member_prolongs_the_initial_delay_up_to_the_rebalance_timeout() {
    let mut stage = Stage::new();
    let (_, first) = stage.enter(&client("a"));
    stage.pass(2 * SECOND);
    let (_, second) = stage.enter(&client("b"));
    stage.pass(2 * SECOND);
    assert_eq!(
        (stage.joined(first), stage.joined(second)),
        (None, None),
        "b came within the delay"
    );
    stage.pass(2 * SECOND);
    let (first, second) = (
        stage.joined(first).expect("over"),
        stage.joined(second).expect("over"),
    );
    assert_eq!((first.generation_id, second.generation_id), (1, 1));
    assert_eq!(
        (first.members.len(), second.members.len()),
        (2, 0),
        "only the leader learns of the members"
    );
}

#[test]
fn followers_wait_for_the_leaders_assignment_and_each_gets_its_own() {
    let mut stage = Stage::new();
    let (a, first) = stage.enter(&client("a"));
    let (b, _) = stage.enter(&client("b"));
    stage.pass(6 * SECOND);
    let leader = stage.joined(first).expect("over").leader;
    assert_eq!(leader, a.member_id);
    let follower = stage.sync(&b.member_id, 1, &[]);
    assert_eq!(
        (stage.synced(follower), stage.state()),
        (None, "CompletingRebalance")
    );
    assert_eq!(
        stage.beat(&b.member_id, 1),
        ErrorCode::NONE,
        "a heartbeat between joining and syncing"
    );
    let own = stage.sync(
        &a.member_id,
        1,
        &[(&a.member_id, "for a"), (&b.member_id, "for b")],
    );
    assert_eq!(
        &stage.synced(own).expect("assigned").assignment[..],
        b"for a"
    );
    assert_eq!(
        &stage.synced(follower).expect("assigned").assignment[..],
        b"for b"
    );
    assert_eq!(stage.state(), "Stable");
    let again = stage.sync(&b.member_id, 1, &[]);
    assert_eq!(
        &stage.synced(again).expect("at once").assignment[..],
        b"for b"
    );
}

#[test]
fn a_member_that_joins_late_starts_a_rebalance_that_the_others_hear_of_by_heartbeat() {
    let mut stage = Stage::new();
    let (members, generation) = stage.settle(&[client("a")]);
    let a = members[0].clone();
    let (b, joining) = stage.enter(&client("b"));
    assert_eq!(
        (stage.joined(joining), stage.state()),
        (None, "PreparingRebalance")
    );
    assert_eq!(
        stage.beat(&a.member_id, generation),
        ErrorCode::REBALANCE_IN_PROGRESS
    );
    let syncing = stage.sync(&a.member_id, generation, &[]);
    assert_eq!(
        stage.synced(syncing).map(|answer| answer.error_code),
        Some(ErrorCode::REBALANCE_IN_PROGRESS)
    );
    let rejoining = stage.join(&a);
    let answer = stage.joined(rejoining).expect("all have joined");
    assert_eq!(
        (answer.generation_id, answer.members.len()),
        (generation + 1, 2)
    );
    assert_eq!(
        stage.joined(joining).expect("too").generation_id,
        generation + 1
    );
    assert_eq!(
        stage.beat(&b.member_id, generation),
        ErrorCode::ILLEGAL_GENERATION
    );
}

#[test]
fn members_that_do_not_rejoin_in_time_are_out() {
    let mut stage = Stage::new();
    let (members, _) = stage.settle(&[client("a"), client("b")]);
    let (_, joining) = stage.enter(&client("c"));
    let rejoining = stage.join(&members[1]);
    for _ in 0..60 {
        stage.pass(SECOND);
    }
    let answer = stage
        .joined(rejoining)
        .expect("the rebalance timeout is over");
    assert_eq!(
        answer.leader, members[1].member_id,
        "somebody who is there leads"
    );
    assert_eq!(
        (answer.members.len(), stage.joined(joining).is_some()),
        (2, true)
    );
    assert_eq!(
        stage.beat(&members[0].member_id, answer.generation_id),
        ErrorCode::UNKNOWN_MEMBER_ID
    );
}

#[test]
fn a_silent_member_is_lost_and_the_last_ones_loss_leaves_the_group_empty() {
    let mut stage = Stage::new();
    let (members, generation) = stage.settle(&[client("a"), client("b")]);
    for _ in 0..4 {
        stage.pass(3 * SECOND);
        stage.beat(&members[0].member_id, generation);
    }
    assert_eq!(stage.state(), "PreparingRebalance", "b was lost");
    stage.pass(11 * SECOND);
    assert_eq!(stage.state(), "Empty");
    let group = stage.group().expect("it stays");
    assert_eq!(
        (
            group.generation,
            group.protocol.clone(),
            group.leader.clone()
        ),
        (generation + 1, None, None)
    );
    assert!(
        stage.volatile.live.is_empty(),
        "a group at rest costs its record only"
    );
}

#[test]
fn a_member_that_does_not_sync_in_time_is_out() {
    let mut stage = Stage::new();
    let (a, first) = stage.enter(&client("a"));
    let (b, _) = stage.enter(&client("b"));
    stage.pass(6 * SECOND);
    assert!(stage.joined(first).is_some());
    stage.sync(&a.member_id, 1, &[(&a.member_id, "a"), (&b.member_id, "b")]);
    for _ in 0..61 {
        stage.pass(SECOND);
        stage.beat(&a.member_id, 1);
        stage.beat(&b.member_id, 1);
    }
    assert_eq!(stage.state(), "PreparingRebalance");
    assert_eq!(stage.beat(&b.member_id, 1), ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn the_protocol_with_the_most_votes_among_those_all_offer_is_chosen() {
    let mut stage = Stage::new();
    let offers: [&[(&str, &str)]; 3] = [
        &[("sticky", "1"), ("range", "2")],
        &[("range", "3"), ("only", "4"), ("sticky", "5")],
        &[("range", "6"), ("sticky", "7")],
    ];
    let names = ["a", "b", "c"];
    let clients: Vec<_> = names
        .iter()
        .zip(offers)
        .map(|(name, offers)| client(name).offering(offers))
        .collect();
    stage.settle(&clients);
    assert_eq!(
        stage.group().expect("there").protocol.as_deref(),
        Some("range")
    );
    let stranger = stage.join(&client("d").offering(&[("only", "8")]));
    let refused = Some(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    assert_eq!(
        stage.joined(stranger).map(|answer| answer.error_code),
        refused
    );
    let mut other = client("e").offering(&[("range", "9")]);
    other.protocol_type = "consumer";
    let other = stage.join(&other);
    assert_eq!(stage.joined(other).map(|answer| answer.error_code), refused);
    let nothing = stage.join(&client("f").offering(&[]));
    assert_eq!(
        stage.joined(nothing).map(|answer| answer.error_code),
        refused
    );
}

#[test]
fn joining_again_rebalances_only_for_a_leader_or_with_something_new() {
    let mut stage = Stage::new();
    let (members, generation) = stage.settle(&[client("a"), client("b")]);
    let same = stage.join(&members[1]);
    let answer = stage.joined(same).expect("at once");
    assert_eq!(
        (answer.generation_id, answer.members.len(), stage.state()),
        (generation, 0, "Stable")
    );
    let changed = stage.join(&members[1].clone().offering(&[("range", "changed")]));
    assert_eq!(
        (stage.joined(changed), stage.state()),
        (None, "PreparingRebalance")
    );
    let mut stage = Stage::new();
    let (members, _) = stage.settle(&[client("a"), client("b")]);
    let leader = stage.join(&members[0]);
    assert_eq!(
        (stage.joined(leader), stage.state()),
        (None, "PreparingRebalance")
    );
}

#[test]
fn a_group_has_no_more_members_than_allowed() {
    let mut stage = Stage::with(|values| values.max_size = 2);
    stage.settle(&[client("a"), client("b")]);
    let third = stage.join(&client("c"));
    assert_eq!(
        stage.joined(third).map(|answer| answer.error_code),
        Some(ErrorCode::GROUP_MAX_SIZE_REACHED)
    );
    assert_eq!(stage.state(), "Stable");
}

#[test]
fn a_smaller_limit_sheds_members_when_the_shard_is_loaded() {
    let mut stage = Stage::new();
    let (members, _) = stage.settle(&[client("a"), client("b")]);
    let mut smaller = crate::config::BrokerValues::clone(&stage.shard.values.load());
    smaller.groups.max_size = 1;
    stage.shard.values.store(smaller.into());
    stage.restart();
    assert_eq!(stage.state(), "PreparingRebalance");
    let (stays, goes) = (stage.join(&members[1]), stage.join(&members[0]));
    assert_eq!(
        stage.joined(goes).map(|answer| answer.error_code),
        Some(ErrorCode::GROUP_MAX_SIZE_REACHED)
    );
    assert_eq!(stage.joined(stays), None);
}

#[test]
fn a_restart_brings_back_exactly_the_last_assignment() {
    let mut stage = Stage::new();
    let (members, generation) = stage.settle(&[client("a"), client("b")]);
    stage.restart();
    assert_eq!(stage.state(), "Stable");
    for member in &members {
        assert_eq!(stage.beat(&member.member_id, generation), ErrorCode::NONE);
        let again = stage.sync(&member.member_id, generation, &[]);
        assert_eq!(&stage.synced(again).expect("at once").assignment[..], b"a");
    }
    stage.pass(11 * SECOND);
    assert_eq!(stage.state(), "Empty", "sessions run again after loading");
}
