//! How a node comes to belong to a quorum. What to do next is decided here, purely; `joining` does it.
//!
//! ```text
//!   no log, voters are named ──all of them are there, without a log, and name the same──▶ found the cluster together
//!                      └──one of them has a log──▶ be taken in          └──one is missing──▶ wait, and say for whom
//!   no log, servers are named ──one of them knows a leader──▶ be taken in
//!   a log ──the leader does not have this node as and where it is──▶ tell the leader
//! ```
//! A node never founds a cluster from memory that it lost: another that remembers is enough to forbid it, and one that cannot be asked
//! as well (architecture 10).

use super::quorum_messages::JoinQuorumResponse;
use crate::config::{Address, Founding, Voter};
use crate::peers::LinkError;
use ottla_controller::ids::BrokerId;
use ottla_controller::raft::{Peer, PeerEndpoint, RaftId};
use ottla_protocol::ErrorCode;
use std::collections::BTreeMap;

/// What another node said when it was asked.
pub type Said = Result<JoinQuorumResponse, LinkError>;

/// What is known.
pub struct Situation<'a> {
    pub me: RaftId,
    pub founding: &'a Founding,
    /// This node has no log.
    pub is_empty: bool,
    /// Of the controller listeners in the founding membership.
    pub listener: &'a str,
    pub answers: &'a [(Address, Said)],
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Found the cluster with exactly these.
    Found(BTreeMap<RaftId, Peer>),
    /// Tell the leader, which is there, what this node is and wants.
    Tell(Address),
    /// Ask again later; says what for.
    Wait(String),
    /// This node belongs to another cluster, or its configuration contradicts that of another: it must not go on.
    Refused(String),
}

/// Decides from what the others said.
pub fn choose(situation: &Situation<'_>) -> Step {
    for (address, said) in situation.answers {
        if let Ok(answer) = said
            && answer.error_code == ErrorCode::INCONSISTENT_CLUSTER_ID
        {
            let reason = answer.error_message.as_deref().unwrap_or_default();
            return Step::Refused(format!(
                "node {} at {address} belongs to another cluster: {reason}; use an empty log.dirs, or correct the address",
                answer.node_id
            ));
        }
    }
    if let Some(leader) = leader(situation.answers) {
        return Step::Tell(leader);
    }
    match situation.founding {
        Founding::Together(voters) if situation.is_empty && is_listed(voters, situation.me) => {
            found(situation, voters)
        }
        _ => Step::Wait(why_no_leader(situation)),
    }
}

/// Where the leader is, if anybody knows: whoever remembers, with the address as known to most.
fn leader(answers: &[(Address, Said)]) -> Option<Address> {
    for (address, said) in answers {
        let Ok(answer) = said else { continue };
        if answer.leader_id >= 0 && answer.leader_id == answer.node_id {
            return Some(address.clone());
        }
    }
    let known = answers.iter().filter_map(|(_, said)| said.as_ref().ok());
    let endpoint = known.filter_map(|answer| answer.leader_endpoints.first());
    endpoint.last().map(|endpoint| Address {
        host: endpoint.host.to_string(),
        port: endpoint.port,
    })
}

fn is_listed(voters: &[Voter], me: RaftId) -> bool {
    voters.iter().any(|voter| voter.node_id == me.node.0)
}

fn found(situation: &Situation<'_>, voters: &[Voter]) -> Step {
    let mut ids: Vec<i32> = voters.iter().map(|voter| voter.node_id).collect();
    ids.sort_unstable();
    let mut members = BTreeMap::new();
    for voter in voters {
        let id = if voter.node_id == situation.me.node.0 {
            situation.me
        } else {
            match asked(situation.answers, voter, &ids) {
                Ok(id) => id,
                Err(step) => return step,
            }
        };
        let endpoint = PeerEndpoint {
            listener: situation.listener.to_owned(),
            host: voter.address.host.clone(),
            port: voter.address.port,
        };
        let endpoints = vec![endpoint];
        members.insert(id, Peer { endpoints });
    }
    Step::Found(members)
}

/// The id of a voter that is ready to found the cluster.
fn asked(answers: &[(Address, Said)], voter: &Voter, ids: &[i32]) -> Result<RaftId, Step> {
    let (node_id, address) = (voter.node_id, &voter.address);
    let said = answers.iter().find(|(asked, _)| asked == address);
    let answer = match said {
        Some((_, Ok(answer))) => answer,
        Some((_, Err(error))) => {
            return Err(Step::Wait(format!(
                "to found the cluster, every node of controller.quorum.voters must be there, and node {node_id} at {address} is not: {error}"
            )));
        }
        None => {
            return Err(Step::Wait(format!(
                "node {node_id} at {address} was not asked yet"
            )));
        }
    };
    if answer.node_id != node_id {
        return Err(Step::Refused(format!(
            "controller.quorum.voters says that node {node_id} is at {address}, but node {} is there",
            answer.node_id
        )));
    }
    if !answer.is_empty {
        return Err(Step::Wait(format!(
            "node {node_id} at {address} has belonged to a cluster, which has no leader at present: too few of its voters are there"
        )));
    }
    if answer.voters != ids {
        return Err(Step::Wait(format!(
            "node {node_id} at {address} names other nodes in controller.quorum.voters: {:?} instead of {ids:?}",
            answer.voters
        )));
    }
    Ok(RaftId {
        node: BrokerId(node_id),
        directory: answer.directory_id,
    })
}

fn why_no_leader(situation: &Situation<'_>) -> String {
    let said: Vec<String> = situation
        .answers
        .iter()
        .map(|(address, said)| match said {
            Ok(answer) if answer.is_empty => format!("{address} belongs to no cluster yet"),
            Ok(_) => format!("{address} knows of no leader"),
            Err(error) => format!("{address}: {error}"),
        })
        .collect();
    let hint = match situation.founding {
        Founding::Seek(_) if situation.is_empty => {
            "; a new cluster begins with a node that names no other, or with controller.quorum.voters"
        }
        _ => "",
    };
    format!("no leader is known: {}{hint}", said.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::quorum_messages::QuorumEndpoint;
    use ottla_protocol::Uuid;

    fn id(node: i32) -> RaftId {
        RaftId {
            node: BrokerId(node),
            directory: Uuid([node as u8; 16]),
        }
    }

    fn address(node: i32) -> Address {
        Address {
            host: format!("h{node}"),
            port: 9093,
        }
    }

    fn together() -> Founding {
        let voter = |node_id| Voter {
            node_id,
            address: address(node_id),
        };
        Founding::Together([1, 2, 3].map(voter).to_vec())
    }

    fn empty(node: i32) -> JoinQuorumResponse {
        JoinQuorumResponse {
            node_id: node,
            directory_id: id(node).directory,
            is_empty: true,
            voters: vec![1, 2, 3],
            leader_id: -1,
            ..Default::default()
        }
    }

    fn remembers(node: i32) -> JoinQuorumResponse {
        JoinQuorumResponse {
            is_empty: false,
            ..empty(node)
        }
    }

    fn step(founding: &Founding, answers: Vec<Said>) -> Step {
        let answers: Vec<_> = answers
            .into_iter()
            .zip(2..)
            .map(|(said, node)| (address(node), said))
            .collect();
        choose(&Situation {
            me: id(1),
            founding,
            is_empty: true,
            listener: "CONTROLLER",
            answers: &answers,
        })
    }

    fn waits_for(step: &Step, part: &str) {
        assert!(
            matches!(step, Step::Wait(why) if why.contains(part)),
            "{step:?}"
        );
    }

    #[test]
    fn the_listed_voters_found_the_cluster_when_all_are_there_and_none_remembers_one() {
        let Step::Found(members) = step(&together(), vec![Ok(empty(2)), Ok(empty(3))]) else {
            panic!("founds");
        };
        let ids: Vec<RaftId> = members.keys().copied().collect();
        assert_eq!(ids, [id(1), id(2), id(3)]);
        assert_eq!(members[&id(2)].endpoints[0].host, "h2");
    }

    #[test]
    fn one_that_is_missing_or_remembers_a_cluster_forbids_founding_another() {
        let missing = step(&together(), vec![Ok(empty(2)), Err(LinkError::Refused)]);
        waits_for(&missing, "node 3 at h3:9093 is not");
        let remembering = step(&together(), vec![Ok(empty(2)), Ok(remembers(3))]);
        waits_for(&remembering, "has belonged to a cluster");
    }

    #[test]
    fn voters_that_name_others_do_not_found_a_cluster_together() {
        let other = JoinQuorumResponse {
            voters: vec![1, 2],
            ..empty(3)
        };
        waits_for(
            &step(&together(), vec![Ok(empty(2)), Ok(other)]),
            "names other nodes",
        );
        let wrong = step(&together(), vec![Ok(empty(3)), Ok(empty(3))]);
        assert!(matches!(wrong, Step::Refused(_)));
    }

    #[test]
    fn a_leader_that_anybody_knows_is_told_and_nothing_founded() {
        let leads = JoinQuorumResponse {
            leader_id: 3,
            ..remembers(3)
        };
        let told = step(&together(), vec![Err(LinkError::Refused), Ok(leads)]);
        assert_eq!(told, Step::Tell(address(3)));
        let knows = JoinQuorumResponse {
            leader_id: 7,
            leader_endpoints: vec![QuorumEndpoint {
                host: "h7".into(),
                port: 9093,
                ..Default::default()
            }],
            ..remembers(2)
        };
        let told = step(&Founding::Seek(vec![address(2)]), vec![Ok(knows)]);
        assert_eq!(told, Step::Tell(address(7)));
    }

    #[test]
    fn a_node_of_another_cluster_is_refused() {
        let other = JoinQuorumResponse {
            error_code: ErrorCode::INCONSISTENT_CLUSTER_ID,
            error_message: Some("this is cluster b, not a".into()),
            ..remembers(2)
        };
        let refused = step(&together(), vec![Ok(other), Ok(empty(3))]);
        assert!(matches!(&refused, Step::Refused(why) if why.contains("this is cluster b, not a")));
    }

    #[test]
    fn a_node_that_seeks_a_cluster_never_founds_one() {
        let servers = Founding::Seek(vec![address(2), address(3)]);
        waits_for(
            &step(&servers, vec![Ok(empty(2)), Ok(empty(3))]),
            "a new cluster begins with",
        );
    }
}
