//! Random sequences of everything, restarts included. [`Stage`] checks after each step that the log replays to the live state
//! and that no request is answered twice.

use super::stage::{Stage, client};
use crate::coordinator::group::Answer;
use ottla_protocol::Str;
use proptest::prelude::*;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
enum Step {
    Join(usize),
    Return(usize),
    Sync(usize),
    Beat(usize),
    Leave(usize),
    Commit(usize),
    CommitAlone,
    Delete,
    Pass(u64),
    Restart,
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const INSTANCES: [Option<&str>; 4] = [None, None, Some("one"), Some("two")];

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..NAMES.len();
    prop_oneof![
        3 => who().prop_map(Step::Join),
        3 => who().prop_map(Step::Return),
        4 => who().prop_map(Step::Sync),
        2 => who().prop_map(Step::Beat),
        1 => who().prop_map(Step::Leave),
        2 => who().prop_map(Step::Commit),
        1 => Just(Step::CommitAlone),
        1 => Just(Step::Delete),
        3 => (1..20_000_u64).prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn the_log_says_what_lives_and_a_group_is_never_stuck(steps in prop::collection::vec(step(), 0..80)) {
        let mut stage = Stage::new();
        stage.restart();
        let mut parked = Vec::new();
        for step in steps {
            parked.extend(perform(&mut stage, step));
            check(&stage)?;
        }
        // Everybody falls silent: every request is answered in the end, and the group empties.
        for _ in 0..400 {
            stage.pass(Duration::from_secs(1));
        }
        prop_assert!(stage.state() == "Empty" || stage.state() == "Dead", "{}", stage.state());
        prop_assert!(stage.volatile.live.is_empty());
    }
}

fn id(stage: &Stage, who: usize) -> Option<Str> {
    let group = stage.group()?;
    let member = group
        .members()
        .find(|member| *member.client_id == *NAMES[who]);
    member.map(|member| member.id.clone())
}

fn perform(stage: &mut Stage, step: Step) -> Option<u64> {
    let generation = stage.group().map_or(0, |group| group.generation);
    let of = |who: usize| {
        let client =
            client(NAMES[who]).offering(&[("range", "m"), (["even", "odd"][who % 2], "n")]);
        INSTANCES[who].map_or(client.clone(), |instance| client.of_instance(instance))
    };
    match step {
        Step::Join(who) => return Some(stage.enter(&of(who)).1),
        Step::Return(who) => {
            let id = id(stage, who)?;
            return Some(stage.join(&of(who).known_as(&id)));
        }
        Step::Sync(who) => {
            let id = id(stage, who)?;
            let all: Vec<Str> = stage.group()?.member_ids();
            let assignments: Vec<_> = all.iter().map(|id| (id.as_str(), "x")).collect();
            return Some(stage.sync_as(&id, INSTANCES[who], generation, &assignments));
        }
        Step::Beat(who) => {
            let id = id(stage, who)?;
            stage.beat(&id, generation);
        }
        Step::Leave(who) => {
            let id = id(stage, who)?;
            stage.leave(&[(&id, INSTANCES[who])]);
        }
        Step::Commit(who) => {
            let id = id(stage, who)?;
            stage.commit(["t", "u"][who % 2], &id, generation);
        }
        Step::CommitAlone => drop(stage.commit("t", "", -1).name()),
        Step::Delete => drop(stage.delete_group().name()),
        Step::Pass(time_ms) => stage.pass(Duration::from_millis(time_ms)),
        Step::Restart => stage.restart(),
    }
    None
}

/// What is counted over members is what the members say, and a stable group is as it is stored.
fn check(stage: &Stage) -> Result<(), TestCaseError> {
    let Some(group) = stage.group() else {
        return Ok(());
    };
    let joining = group
        .members()
        .filter(|member| member.joining.is_some())
        .count();
    prop_assert_eq!(joining, group.joining());
    let mut offered = std::collections::BTreeMap::new();
    for protocol in group.members().flat_map(|member| &member.protocols) {
        *offered.entry(protocol.name.clone()).or_insert(0) += 1;
    }
    prop_assert!(offered.iter().eq(group.offered().iter()));
    for member in group.members() {
        for ticket in [member.joining, member.syncing].into_iter().flatten() {
            prop_assert!(
                !stage.answers.contains_key(&ticket.0),
                "parked and answered"
            );
        }
        if let Some(instance) = &member.instance_id {
            prop_assert_eq!(group.static_member(instance), Some(&member.id));
        }
    }
    if let Some(leader) = &group.leader {
        prop_assert!(group.member(leader).is_some(), "the leader is a member");
    }
    let is_settled = group.state.name() == "Stable" && group.pending_syncs.is_empty();
    let recorded = &stage.durable.groups["g"];
    if is_settled {
        let ids: Vec<_> = recorded
            .members
            .iter()
            .map(|member| member.id.clone())
            .collect();
        prop_assert_eq!(ids, group.member_ids());
        prop_assert_eq!(recorded.generation, group.generation);
    }
    let joins = stage
        .answers
        .values()
        .filter(|answer| matches!(answer, Answer::Join(_)))
        .count();
    prop_assert!(joins <= stage.answers.len());
    Ok(())
}
