//! Static members, leaving, deleting, listing.

use super::stage::{GROUP, Stage, client};
use crate::coordinator::group::{Record, Recorded, describe, list};
use ottla_protocol::messages::list_groups::ListGroupsRequest;
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_static_member_comes_back_under_a_new_id_without_a_rebalance() {
    let mut stage = Stage::new();
    let (members, generation) = stage.settle(&[
        client("a").of_instance("one"),
        client("b").of_instance("two"),
    ]);
    let records = stage.log.len();
    let back = stage.join(&client("b").of_instance("two"));
    let answer = stage.joined(back).expect("at once");
    assert_eq!(
        (answer.error_code, answer.generation_id, stage.state()),
        (ErrorCode::NONE, generation, "Stable")
    );
    assert!(answer.member_id != members[1].member_id && !answer.skip_assignment);
    assert_eq!(stage.log.len(), records + 1, "the new id is stored");
    let fenced = stage.sync_as(&members[1].member_id, Some("two"), generation, &[]);
    assert_eq!(
        stage.synced(fenced).map(|answer| answer.error_code),
        Some(ErrorCode::FENCED_INSTANCE_ID)
    );
    let synced = stage.sync_as(&answer.member_id, Some("two"), generation, &[]);
    assert_eq!(
        &stage.synced(synced).expect("at once").assignment[..],
        b"a",
        "with its old assignment"
    );
}

#[test]
fn a_static_leader_that_comes_back_is_told_to_skip_assigning_if_it_understands() {
    for (version, skips, members_told) in [(9, true, 1), (8, false, 0)] {
        let mut stage = Stage::new();
        let (members, _) = stage.settle(&[client("a").of_instance("one")]);
        let back = stage.join(&client("a").of_instance("one").at_version(version));
        let answer = stage.joined(back).expect("at once");
        assert_eq!(
            (answer.skip_assignment, answer.members.len()),
            (skips, members_told)
        );
        let leader = if skips {
            &answer.member_id
        } else {
            &members[0].member_id
        };
        assert_eq!(
            &answer.leader, leader,
            "an older client must not take itself for the leader"
        );
    }
}

#[test]
fn a_static_member_that_offers_something_else_rebalances() {
    let mut stage = Stage::new();
    let both: &[(&str, &str)] = &[("range", "1"), ("sticky", "2")];
    stage.settle(&[client("a").of_instance("one").offering(both)]);
    let back = stage.join(&client("a").of_instance("one").offering(&[("sticky", "2")]));
    assert_eq!(
        stage.joined(back).expect("the only member").generation_id,
        2
    );
    assert_eq!(stage.state(), "CompletingRebalance");
}

#[test]
fn a_parked_request_of_a_replaced_static_member_is_fenced() {
    let mut stage = Stage::new();
    let first = stage.join(&client("a").of_instance("one"));
    let second = stage.join(&client("a").of_instance("one"));
    assert_eq!(
        stage.joined(first).map(|answer| answer.error_code),
        Some(ErrorCode::FENCED_INSTANCE_ID)
    );
    stage.pass(3 * SECOND);
    assert_eq!(
        stage.joined(second).map(|answer| answer.error_code),
        Some(ErrorCode::NONE)
    );
}

#[test]
fn static_members_keep_their_place_through_a_rebalance_they_miss() {
    let mut stage = Stage::new();
    let mut patient = client("a").of_instance("one");
    patient.session_timeout_ms = 300_000;
    let (members, _) = stage.settle(&[patient, client("b")]);
    let (_, joining) = stage.enter(&client("c"));
    let rejoining = stage.join(&members[1]);
    stage.pass(61 * SECOND);
    assert_eq!(
        stage.joined(joining).expect("over").error_code,
        ErrorCode::NONE
    );
    let answer = stage.joined(rejoining).expect("over");
    assert_eq!(
        (answer.members.len(), &answer.leader),
        (3, &members[1].member_id)
    );
}

#[test]
fn leaving_rebalances_the_rest_and_the_last_leaves_the_group_empty() {
    let mut stage = Stage::new();
    let (members, _) = stage.settle(&[client("a"), client("b")]);
    let left = stage.leave(&[(&members[0].member_id, None)]);
    assert_eq!(
        (left.error_code, left.members[0].error_code),
        (ErrorCode::NONE, ErrorCode::NONE)
    );
    assert_eq!(stage.state(), "PreparingRebalance");
    stage.leave(&[(&members[1].member_id, None)]);
    assert_eq!(stage.state(), "Empty");
}

#[test]
fn members_are_removed_by_instance_and_each_has_an_error_of_its_own() {
    let mut stage = Stage::new();
    let (members, _) = stage.settle(&[client("a").of_instance("one"), client("b"), client("c")]);
    let left = stage.leave(&[
        ("", Some("one")),
        ("", Some("nobody")),
        ("", None),
        ("stranger", None),
        (&members[1].member_id, None),
    ]);
    let errors: Vec<_> = left
        .members
        .iter()
        .map(|member| member.error_code)
        .collect();
    let unknown = ErrorCode::UNKNOWN_MEMBER_ID;
    assert_eq!(
        errors,
        [ErrorCode::NONE, unknown, unknown, unknown, ErrorCode::NONE]
    );
    let mut stage = Stage::new();
    stage.settle(&[client("a").of_instance("one")]);
    let fenced = stage.leave(&[("other", Some("one"))]);
    assert_eq!(fenced.members[0].error_code, ErrorCode::FENCED_INSTANCE_ID);
}

#[test]
fn a_member_that_leaves_while_it_joins_is_sent_back() {
    let mut stage = Stage::new();
    let (a, joining) = stage.enter(&client("a"));
    stage.leave(&[(&a.member_id, None)]);
    assert_eq!(
        stage.joined(joining).map(|answer| answer.error_code),
        Some(ErrorCode::UNKNOWN_MEMBER_ID)
    );
    stage.pass(3 * SECOND);
    assert_eq!(stage.state(), "Empty");
}

#[test]
fn strangers_and_those_of_other_generations_are_told_so() {
    let mut stage = Stage::new();
    assert_eq!(
        stage.beat("x", 1),
        ErrorCode::UNKNOWN_MEMBER_ID,
        "no such group"
    );
    let unknown = stage.sync("x", 1, &[]);
    assert_eq!(
        stage.synced(unknown).map(|answer| answer.error_code),
        Some(ErrorCode::UNKNOWN_MEMBER_ID)
    );
    let nobody = stage.leave(&[("x", None)]);
    assert_eq!(
        (nobody.error_code, nobody.members[0].error_code),
        (ErrorCode::NONE, ErrorCode::UNKNOWN_MEMBER_ID)
    );
    let (members, generation) = stage.settle(&[client("a")]);
    assert_eq!(stage.beat("x", generation), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(
        stage.beat(&members[0].member_id, generation + 1),
        ErrorCode::ILLEGAL_GENERATION
    );
    let old = stage.sync(&members[0].member_id, generation - 1, &[]);
    assert_eq!(
        stage.synced(old).map(|answer| answer.error_code),
        Some(ErrorCode::ILLEGAL_GENERATION)
    );
    let late = stage.join(&client("x").known_as("x-99"));
    assert_eq!(
        stage.joined(late).map(|answer| answer.error_code),
        Some(ErrorCode::UNKNOWN_MEMBER_ID)
    );
}

#[test]
fn only_a_group_without_members_is_deleted_and_its_offsets_go_with_it() {
    let mut stage = Stage::new();
    assert_eq!(stage.delete_group(), ErrorCode::GROUP_ID_NOT_FOUND);
    let (members, generation) = stage.settle(&[client("a")]);
    assert_eq!(
        stage.commit("t", &members[0].member_id, generation),
        ErrorCode::NONE
    );
    assert_eq!(stage.delete_group(), ErrorCode::NON_EMPTY_GROUP);
    stage.leave(&[(&members[0].member_id, None)]);
    assert_eq!(stage.delete_group(), ErrorCode::NONE);
    assert_eq!(stage.durable, crate::coordinator::group::Durable::default());
}

#[test]
fn groups_are_listed_by_state_and_type_in_any_case() {
    let mut stage = Stage::new();
    stage.settle(&[client("a")]);
    let listed = |states: &[&str], types: &[&str]| {
        let request = ListGroupsRequest {
            states_filter: states.iter().map(|state| Str::from(*state)).collect(),
            types_filter: types.iter().map(|kind| Str::from(*kind)).collect(),
            ..Default::default()
        };
        stage.view(|view| list::list(&view, &request)).len()
    };
    for (states, types, count) in [
        (&[][..], &[][..], 1),
        (&["stable"], &[], 1),
        (&["Empty", " STABLE "], &["classic"], 1),
        (&["Empty"], &[], 0),
        (&["nonsense"], &[], 0),
        (&[], &["Consumer", "Share"], 0),
        (&[], &["CLASSIC"], 1),
    ] {
        assert_eq!(listed(states, types), count, "{states:?} {types:?}");
    }
}

#[test]
fn a_description_shows_what_members_offer_once_the_group_is_stable() {
    let mut stage = Stage::new();
    let unknown = |stage: &Stage, version| {
        stage.view(|view| describe::describe(&view, &GROUP.into(), version))
    };
    assert_eq!(
        (
            unknown(&stage, 5).error_code,
            unknown(&stage, 5).group_state.as_str()
        ),
        (ErrorCode::NONE, "Dead")
    );
    assert_eq!(unknown(&stage, 6).error_code, ErrorCode::GROUP_ID_NOT_FOUND);
    assert_eq!(
        unknown(&stage, 6).error_message.as_deref(),
        Some("Group g not found.")
    );
    stage.settle(&[client("a").of_instance("one")]);
    let shown = unknown(&stage, 6);
    let member = &shown.members[0];
    assert_eq!(
        (shown.group_state.as_str(), shown.protocol_data.as_str()),
        ("Stable", "range")
    );
    assert_eq!(
        (member.client_id.as_str(), member.client_host.as_str()),
        ("a", "/127.0.0.1")
    );
    assert_eq!(
        (&member.member_metadata[..], &member.member_assignment[..]),
        (&b"m"[..], &b"a"[..])
    );
    stage.enter(&client("b"));
    let shown = unknown(&stage, 6);
    assert_eq!(
        (shown.group_state.as_str(), shown.protocol_data.as_str()),
        ("PreparingRebalance", "")
    );
    assert!(
        shown
            .members
            .iter()
            .all(|member| member.member_metadata.is_empty())
    );
}

#[test]
fn a_thousand_groups_at_rest_have_no_timers_and_no_copies() {
    let mut stage = Stage::new();
    stage.restart();
    let before = stage.timers.len();
    for number in 0..1_000 {
        let recorded = Recorded {
            protocol_type: Some("consumer".into()),
            ..Recorded::default()
        };
        let record = Record::Group {
            group: format!("g{number}").into(),
            value: Some(Arc::new(recorded)),
        };
        stage.log.push(record);
    }
    stage.restart();
    assert_eq!(stage.durable.groups.len(), 1_000);
    assert_eq!((stage.timers.len(), stage.volatile.live.len()), (before, 0));
}
