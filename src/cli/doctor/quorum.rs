//! Judgements about the metadata quorum and the brokers that are registered. Pure.

use super::finding::{Check, Finding, named};
use ottla_protocol::messages::describe_cluster::DescribeClusterBroker;
use ottla_protocol::messages::describe_quorum::{ReplicaState, ResponsePartitionData};

/// A voter that has not asked for so long counts for nothing.
const SILENT_MS: i64 = 10_000;
/// One that has been behind for so long will not catch up by itself.
const BEHIND_MS: i64 = 60_000;

/// The quorum as its leader sees it.
pub fn judge(quorum: &ResponsePartitionData, brokers: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    let voters = &quorum.current_voters;
    if quorum.leader_id < 0 {
        findings.push(Finding::problem(
            Check::Quorum,
            "the metadata quorum has no leader: no topic can be made, and no partition gets another leader",
            "start more than half of the voters",
        ));
        return findings;
    }
    if let (1, 2..) = (voters.len(), brokers) {
        findings.push(Finding::warning(
            Check::Quorum,
            format!("node {} is the only voter of the metadata quorum of {brokers} brokers: without it nothing can be decided", quorum.leader_id),
            "make it three voters (controller.quorum.auto.join.enable=true, or kafka-metadata-quorum.sh add-controller)",
        ));
    } else if voters.len() > 1 && voters.len().is_multiple_of(2) {
        findings.push(Finding::warning(
            Check::Quorum,
            format!(
                "the metadata quorum has {} voters, which bear no more failures than {}",
                voters.len(),
                voters.len() - 1
            ),
            "have an odd number of voters",
        ));
    }
    findings.extend(followers(quorum));
    findings
}

/// How the other voters follow the leader; all times are the leader's.
fn followers(quorum: &ResponsePartitionData) -> Vec<Finding> {
    let voters = &quorum.current_voters;
    let mut findings = Vec::new();
    let leader = voters.iter().find(|one| one.replica_id == quorum.leader_id);
    let now_ms = leader.map_or(-1, |leader| leader.last_fetch_timestamp);
    if now_ms < 0 {
        return findings;
    }
    let others = || {
        voters
            .iter()
            .filter(|one| one.replica_id != quorum.leader_id)
    };
    let is_silent = |one: &&ReplicaState| now_ms - one.last_fetch_timestamp > SILENT_MS;
    let silent: Vec<i32> = others()
        .filter(is_silent)
        .map(|one| one.replica_id)
        .collect();
    if !silent.is_empty() {
        let left = voters.len() - silent.len();
        let spare = left.saturating_sub(voters.len() / 2 + 1);
        findings.push(Finding::problem(
            Check::Quorum,
            format!("voters {} of the metadata quorum have not asked its leader, node {}, lately: {spare} more may fail", named(&silent), quorum.leader_id),
            "start them, or look at the network between them and the leader",
        ));
    }
    let is_behind = |one: &&ReplicaState| {
        one.log_end_offset < quorum.high_watermark
            && one.last_caught_up_timestamp >= 0
            && now_ms - one.last_caught_up_timestamp > BEHIND_MS
    };
    let behind = others().filter(|one| !is_silent(one)).filter(is_behind);
    let behind: Vec<i32> = behind.map(|one| one.replica_id).collect();
    if !behind.is_empty() {
        findings.push(Finding::warning(
            Check::Quorum,
            format!(
                "voters {} of the metadata quorum have been behind for more than a minute",
                named(&behind)
            ),
            "look at their disks and at the network",
        ));
    }
    findings
}

/// Those that are registered.
pub fn judge_brokers(brokers: &[DescribeClusterBroker]) -> Vec<Finding> {
    let fenced = brokers.iter().filter(|broker| broker.is_fenced);
    let fenced: Vec<i32> = fenced.map(|broker| broker.broker_id).collect();
    let mut findings = Vec::new();
    if !fenced.is_empty() {
        findings.push(Finding::problem(
            Check::Brokers,
            format!(
                "brokers {} are registered and not there (fenced)",
                named(&fenced)
            ),
            "start them, or take them out for good with `ottla cluster drain ID`",
        ));
    }
    let racks = brokers
        .iter()
        .filter(|broker| broker.rack.is_some())
        .count();
    if racks > 0 && racks < brokers.len() {
        let without = brokers.iter().filter(|broker| broker.rack.is_none());
        let without: Vec<i32> = without.map(|broker| broker.broker_id).collect();
        findings.push(Finding::warning(
            Check::Brokers,
            format!("brokers {} have no rack, and others do: replicas are then placed without regard to racks", named(&without)),
            "set broker.rack on every broker",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voter(replica_id: i32, fetched: i64, caught_up: i64, end: i64) -> ReplicaState {
        ReplicaState {
            replica_id,
            log_end_offset: end,
            last_fetch_timestamp: fetched,
            last_caught_up_timestamp: caught_up,
            ..Default::default()
        }
    }

    fn quorum(leader_id: i32, current_voters: Vec<ReplicaState>) -> ResponsePartitionData {
        ResponsePartitionData {
            leader_id,
            high_watermark: 100,
            current_voters,
            ..Default::default()
        }
    }

    fn lines(findings: &[Finding]) -> String {
        let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
        lines.join("\n")
    }

    #[test]
    fn a_healthy_quorum_is_nothing_to_speak_of() {
        let well = |id| voter(id, 1_000_000, 1_000_000, 100);
        assert_eq!(judge(&quorum(1, vec![well(1), well(2), well(3)]), 3), []);
        assert_eq!(judge(&quorum(1, vec![well(1)]), 1), []);
    }

    #[test]
    fn what_is_wrong_with_a_quorum_is_said() {
        let well = |id| voter(id, 1_000_000, 1_000_000, 100);
        for (quorum, brokers, part) in [
            (quorum(-1, vec![well(1)]), 1, "has no leader"),
            (quorum(1, vec![well(1)]), 3, "node 1 is the only voter"),
            (
                quorum(1, vec![well(1), well(2)]),
                2,
                "has 2 voters, which bear no more failures than 1",
            ),
            (
                quorum(1, vec![well(1), well(2), voter(3, 980_000, 980_000, 90)]),
                3,
                "voters 3 of the metadata quorum have not asked its leader, node 1, lately: 0 more may fail",
            ),
            (
                quorum(1, vec![well(1), well(2), voter(3, -1, -1, -1)]),
                3,
                "voters 3 of the metadata quorum have not asked",
            ),
            (
                quorum(1, vec![well(1), well(2), voter(3, 999_000, 900_000, 90)]),
                3,
                "voters 3 of the metadata quorum have been behind",
            ),
        ] {
            let found = lines(&judge(&quorum, brokers));
            assert!(found.contains(part), "{part}: {found}");
        }
    }

    #[test]
    fn brokers_that_are_gone_or_lack_a_rack_are_named() {
        let broker = |broker_id, rack: Option<&str>, is_fenced| DescribeClusterBroker {
            broker_id,
            rack: rack.map(Into::into),
            is_fenced,
            ..Default::default()
        };
        let found = judge_brokers(&[
            broker(1, Some("a"), false),
            broker(2, None, true),
            broker(3, Some("b"), false),
        ]);
        let found = lines(&found);
        assert!(
            found.contains("brokers 2 are registered and not there"),
            "{found}"
        );
        assert!(found.contains("brokers 2 have no rack"), "{found}");
        assert_eq!(judge_brokers(&[broker(1, None, false)]), []);
    }
}
