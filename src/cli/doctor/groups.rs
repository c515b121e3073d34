//! Judgements about groups that do not come to rest, and who holds them up. Pure.
//!
//! Members of the newer protocol (KIP-848) show how far each of them is. Those of the classic protocol do not: a coordinator tells only what the
//! whole group waits for, and so whom it may be waiting for.

use super::finding::{Check, Finding, named};
use crate::cli::group::described::{Group, Member};
use std::time::Duration;

/// Whether a group in this state is on its way to another.
pub fn is_rebalancing(state: &str) -> bool {
    matches!(
        state,
        "PreparingRebalance" | "CompletingRebalance" | "Assigning" | "Reconciling"
    )
}

/// What one group looked like, again and again, over a time.
pub fn judge(looks: &[Group], watched: Duration) -> Option<Finding> {
    let last = looks.last()?;
    let seconds = watched.as_secs();
    let restless = looks.iter().filter(|look| is_rebalancing(&look.state));
    let restless = restless.count();
    if restless == looks.len() {
        let (who, remedy) = holders(last);
        return Some(Finding::warning(
            Check::Groups,
            format!(
                "group {} has not finished its rebalance ({}) for at least {seconds} s: {who}",
                last.name, last.state
            ),
            remedy,
        ));
    }
    let starts = looks.windows(2).filter(|pair| {
        let begins = !is_rebalancing(&pair[0].state) && is_rebalancing(&pair[1].state);
        let again = pair[0].epoch != pair[1].epoch;
        begins || again
    });
    match starts.count() {
        0 | 1 => None,
        times => Some(Finding::warning(
            Check::Groups,
            format!(
                "group {} began {times} rebalances within {seconds} s",
                last.name
            ),
            "look for members that come and go: a session.timeout.ms or max.poll.interval.ms that is too short, or processes that are restarted",
        )),
    }
}

fn holders(group: &Group) -> (String, &'static str) {
    let name = |member: &Member| {
        let instance = member.instance.as_ref();
        let instance = instance.map_or(String::new(), |id| format!(" ({id})"));
        format!("{} at {}{instance}", member.client_id, member.host)
    };
    let is_late = |member: &&Member| {
        let is_behind = match (member.epoch, group.epoch) {
            (Some(own), Some(epoch)) => own < epoch,
            _ => false,
        };
        is_behind
            || member
                .shall_have
                .as_ref()
                .is_some_and(|wanted| *wanted != member.has)
    };
    let late: Vec<String> = group.members.iter().filter(is_late).map(name).collect();
    let all: Vec<String> = group.members.iter().map(name).collect();
    let stuck = "look at what these processes do between two polls, and restart those that hang; max.poll.interval.ms bounds the wait";
    match (&*group.state, late.is_empty()) {
        (_, false) => (
            format!(
                "{} of {} members have not taken over what they shall have: {}",
                late.len(),
                all.len(),
                named(&late)
            ),
            stuck,
        ),
        ("PreparingRebalance", _) => (
            format!(
                "it waits until all {} members have joined again, or their time is over: {}",
                all.len(),
                named(&all)
            ),
            stuck,
        ),
        ("CompletingRebalance", _) => (
            format!(
                "it waits for its leader, one of {} members, to share the partitions out: {}",
                all.len(),
                named(&all)
            ),
            stuck,
        ),
        _ => (
            format!("it has {} members: {}", all.len(), named(&all)),
            stuck,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn member(client_id: &str, epoch: Option<i32>, has: i32, shall_have: Option<i32>) -> Member {
        let keys =
            |count| -> BTreeSet<_> { (0..count).map(|index| ("t".to_owned(), index)).collect() };
        Member {
            id: format!("id of {client_id}"),
            instance: None,
            client_id: client_id.to_owned(),
            host: "10.0.0.7".to_owned(),
            has: keys(has),
            shall_have: shall_have.map(keys),
            epoch,
        }
    }

    fn group(state: &str, epoch: Option<i32>, members: Vec<Member>) -> Group {
        Group {
            name: "g".to_owned(),
            kind: "consumer",
            state: state.to_owned(),
            coordinator: 1,
            epoch,
            assignor: String::new(),
            members,
        }
    }

    fn says(looks: &[Group]) -> String {
        let found = judge(looks, Duration::from_secs(5));
        found.map(|finding| finding.says).unwrap_or_default()
    }

    #[test]
    fn who_holds_a_group_of_the_newer_protocol_up_is_named() {
        let late = group(
            "Reconciling",
            Some(4),
            vec![
                member("quick", Some(4), 2, Some(2)),
                member("slow", Some(3), 3, Some(1)),
            ],
        );
        let expected = "group g has not finished its rebalance (Reconciling) for at least 5 s: 1 of 2 members have not taken over what they shall have: slow at 10.0.0.7";
        assert_eq!(says(&[late.clone(), late]), expected);
    }

    #[test]
    fn what_a_classic_group_waits_for_is_said() {
        let members = || vec![member("a", None, 0, None), member("b", None, 0, None)];
        for (state, part) in [
            (
                "PreparingRebalance",
                "it waits until all 2 members have joined again, or their time is over: a at 10.0.0.7, b at 10.0.0.7",
            ),
            (
                "CompletingRebalance",
                "it waits for its leader, one of 2 members",
            ),
        ] {
            let found = says(&[group(state, None, members())]);
            assert!(found.contains(part), "{found}");
        }
    }

    #[test]
    fn a_group_that_comes_to_rest_is_nothing_to_speak_of_and_one_that_never_does_is() {
        let at = |state| group(state, None, Vec::new());
        let (rests, moves) = (at("Stable"), at("PreparingRebalance"));
        assert_eq!(says(&[moves.clone(), rests.clone(), rests.clone()]), "");
        assert_eq!(says(&[rests.clone(), moves.clone()]), "");
        let found = says(&[rests.clone(), moves.clone(), rests, moves]);
        assert_eq!(found, "group g began 2 rebalances within 5 s");
    }
}
