//! What becomes of a node that asks to belong to the quorum. Pure.
//!
//! A raft id is a node id and the id of the directory with its log. A node that comes back with another directory has lost what it voted
//! for and what it stored: its old id leaves in the same change that takes the new one in as a learner, so nobody counts on either. A
//! learner that has caught up may become a voter.

use crate::raft::{Peer, RaftId};
use std::collections::{BTreeMap, BTreeSet};

/// A learner this many entries behind has caught up: the rest comes with the change that makes it a voter.
const CAUGHT_UP_ENTRIES: u64 = 100;

/// A node that asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    pub id: RaftId,
    /// Where it is now.
    pub peer: Peer,
    /// Whether it is to vote once it has caught up.
    pub votes: bool,
}

/// The members as the leader sees them.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub members: BTreeMap<RaftId, Member>,
    /// The leader's last entry.
    pub last: Option<u64>,
}

/// One of them.
#[derive(Clone, Debug, Default)]
pub struct Member {
    pub peer: Peer,
    pub votes: bool,
    /// The leader heard it just now.
    pub is_alive: bool,
    /// The last entry that it is known to have.
    pub matched: Option<u64>,
}

/// What the leader does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is all that it asks for.
    Complete,
    /// It is a learner and not yet near enough to vote.
    CatchingUp,
    Change(Change),
    Refused(String),
}

/// One change of the membership.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub leaving_voters: BTreeSet<RaftId>,
    pub leaving_learners: BTreeSet<RaftId>,
    /// Added, or found at another place than before.
    pub nodes: BTreeMap<RaftId, Peer>,
    pub new_voters: BTreeSet<RaftId>,
    /// Whether the newcomer is all that it asked for afterwards.
    pub completes: bool,
}

/// Decides one step; a newcomer asks until there is none left.
pub fn decide(known: &Known, newcomer: &Newcomer) -> Admission {
    let earlier = |votes: bool| {
        let members = known.members.iter();
        let same = members.filter(move |(id, member)| {
            id.node == newcomer.id.node && **id != newcomer.id && member.votes == votes
        });
        same.map(|(id, _)| *id).collect::<BTreeSet<RaftId>>()
    };
    let (leaving_voters, leaving_learners) = (earlier(true), earlier(false));
    let mut leaving = leaving_voters.iter().chain(&leaving_learners);
    if let Some(alive) = leaving.find(|id| known.members[*id].is_alive) {
        return Admission::Refused(format!(
            "another process is node {} and alive, with directory {}: node ids must differ",
            alive.node, alive.directory
        ));
    }
    let voters = known.members.values().filter(|member| member.votes);
    if voters.count() <= leaving_voters.len() {
        return Admission::Refused("the last voter cannot be replaced".to_owned());
    }
    let found = known.members.get(&newcomer.id);
    let is_elsewhere = found.is_none_or(|member| member.peer != newcomer.peer);
    if is_elsewhere || !leaving_voters.is_empty() || !leaving_learners.is_empty() {
        let votes = found.is_some_and(|member| member.votes);
        let node = (newcomer.id, newcomer.peer.clone());
        return Admission::Change(Change {
            leaving_voters,
            leaving_learners,
            nodes: is_elsewhere.then_some(node).into_iter().collect(),
            completes: votes || !newcomer.votes,
            ..Change::default()
        });
    }
    let member = &known.members[&newcomer.id];
    if member.votes || !newcomer.votes {
        return Admission::Complete;
    }
    let reached = member.matched.map_or(0, |last| last + 1);
    let end = known.last.map_or(0, |last| last + 1);
    if reached == 0 || reached + CAUGHT_UP_ENTRIES < end {
        return Admission::CatchingUp;
    }
    Admission::Change(Change {
        new_voters: BTreeSet::from([newcomer.id]),
        completes: true,
        ..Change::default()
    })
}

/// Whether those who leave by the unfinished change between these voters go on as learners: not where every one of them is a node that is
/// back with another directory.
pub fn keeps_leaving(configs: &[BTreeSet<RaftId>], members: &BTreeSet<RaftId>) -> bool {
    let Some((staying, before)) = configs.split_last() else {
        return true;
    };
    let mut leaving = before.iter().flatten().filter(|id| !staying.contains(id));
    let is_back = |id: &RaftId| {
        let mut others = members.iter().filter(|other| *other != id);
        others.any(|other| other.node == id.node)
    };
    !leaving.all(is_back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::BrokerId;
    use crate::raft::PeerEndpoint;
    use ottla_protocol::Uuid;

    fn id(node: i32, directory: u8) -> RaftId {
        RaftId {
            node: BrokerId(node),
            directory: Uuid([directory; 16]),
        }
    }

    fn at(port: u16) -> Peer {
        let (listener, host) = ("CONTROLLER".to_owned(), "h".to_owned());
        Peer {
            endpoints: vec![PeerEndpoint {
                listener,
                host,
                port,
            }],
        }
    }

    fn member(votes: bool, is_alive: bool, matched: Option<u64>) -> Member {
        Member {
            peer: at(1),
            votes,
            is_alive,
            matched,
        }
    }

    /// Voters 1, 2 and 3, of which 3 is silent.
    fn three() -> Known {
        Known {
            members: BTreeMap::from([
                (id(1, 1), member(true, true, Some(900))),
                (id(2, 2), member(true, true, Some(900))),
                (id(3, 3), member(true, false, Some(500))),
            ]),
            last: Some(900),
        }
    }

    fn ask(known: &Known, id: RaftId, port: u16, votes: bool) -> Admission {
        let peer = at(port);
        decide(known, &Newcomer { id, peer, votes })
    }

    #[test]
    fn a_node_with_an_emptied_directory_is_a_new_learner_and_its_old_id_leaves() {
        let Admission::Change(change) = ask(&three(), id(3, 9), 1, true) else {
            panic!("a change");
        };
        assert_eq!(change.leaving_voters, [id(3, 3)].into());
        assert_eq!(change.nodes, [(id(3, 9), at(1))].into());
        assert!(change.new_voters.is_empty() && !change.completes);
    }

    #[test]
    fn a_learner_votes_once_it_has_caught_up() {
        let mut known = three();
        for (matched, votes) in [(None, false), (Some(700), false), (Some(850), true)] {
            known.members.insert(id(4, 4), member(false, true, matched));
            let expected = match votes {
                false => Admission::CatchingUp,
                true => Admission::Change(Change {
                    new_voters: [id(4, 4)].into(),
                    completes: true,
                    ..Change::default()
                }),
            };
            assert_eq!(ask(&known, id(4, 4), 1, true), expected, "{matched:?}");
            assert_eq!(ask(&known, id(4, 4), 1, false), Admission::Complete);
        }
    }

    #[test]
    fn a_second_process_of_a_living_node_is_refused() {
        assert!(matches!(
            ask(&three(), id(2, 9), 1, true),
            Admission::Refused(_)
        ));
    }

    #[test]
    fn a_voter_on_a_new_address_is_found_there() {
        let Admission::Change(change) = ask(&three(), id(3, 3), 7, true) else {
            panic!("a change");
        };
        assert_eq!(change.nodes, [(id(3, 3), at(7))].into());
        assert!(change.leaving_voters.is_empty() && change.completes);
        assert_eq!(ask(&three(), id(3, 3), 1, true), Admission::Complete);
    }

    #[test]
    fn the_only_voter_is_never_replaced() {
        let known = Known {
            members: BTreeMap::from([(id(1, 1), member(true, false, None))]),
            last: None,
        };
        assert!(matches!(
            ask(&known, id(1, 2), 1, true),
            Admission::Refused(_)
        ));
    }

    #[test]
    fn who_leaves_by_an_unfinished_change_stays_as_a_learner_unless_its_node_is_back() {
        let all = BTreeSet::from([id(1, 1), id(2, 2), id(3, 3)]);
        let two = BTreeSet::from([id(2, 2), id(3, 3)]);
        let leaving = [all.clone(), two];
        assert!(keeps_leaving(&leaving, &all));
        let mut members = all;
        members.insert(id(1, 9));
        assert!(!keeps_leaving(&leaving, &members));
    }
}
