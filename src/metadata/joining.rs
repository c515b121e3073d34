//! Brings this node into its quorum and keeps it there: asks, founds, is taken in, and tells the leader where it is now.
//!
//! Runs on the controller's runtime for as long as the node does. What to do is decided by [`super::forming`].

use super::forming::{self, Said, Situation, Step};
use super::quorum_messages::Wish;
use super::raft_wire::RaftWire;
use super::seat::Seat;
use crate::config::{Address, Founding};
use crate::peers::{Lane, Peers};
use ottla_controller::controller::QuorumStatus;
use ottla_protocol::ErrorCode;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const VERSION: i16 = 0;
const LANE: Lane = Lane::of("joining");
/// How long one node may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// Between attempts.
const RETRY: Duration = Duration::from_millis(100);
/// How often all is looked over while nothing is to be done.
const REST: Duration = Duration::from_secs(5);
/// The least time between two looks while nothing is to be done.
const SETTLED: Duration = Duration::from_millis(500);
/// A follower that knows its leader but is not listed yet gives the leader this long.
const PATIENCE: Duration = Duration::from_millis(500);
/// The same reason to wait is logged again after this many attempts.
const SAID_AGAIN: u32 = 100;

/// See the module.
pub struct Joining {
    pub seat: Arc<Seat>,
    pub founding: Founding,
    pub peers: Peers,
    pub wire: RaftWire,
    /// Of the controller listeners.
    pub listener: String,
}

impl Joining {
    /// Runs until the controller has stopped, or this node must not go on: says why.
    pub async fn run(self) -> Option<String> {
        let mut said = Waiting::default();
        if let Step::Refused(why) = self.first_look().await {
            return Some(why);
        }
        // Whom this node follows may be gone, or lead no more, and this node not hear of it.
        let mut trusts_own = true;
        loop {
            let quorum = self.seat.controller.quorum();
            if quorum.is_stopped {
                return None;
            }
            if quorum.leader.is_some() && self.seat.is_as_wished(&quorum) {
                said = Waiting::default();
                let changed = self.seat.controller.quorum_changed();
                drop(tokio::time::timeout(REST, changed).await);
                // The quorum's numbers change with every heartbeat: looking at each would cost more than all the rest of an idle node.
                tokio::time::sleep(SETTLED).await;
                continue;
            }
            match self.step(&quorum, trusts_own).await {
                Step::Refused(why) => return Some(why),
                Step::Wait(why) => said.say(why),
                Step::Tell(leader) => {
                    let told = self.tell(&leader).await;
                    trusts_own = told.is_ok();
                    if let Err(why) = told {
                        said.say(why);
                    }
                }
                Step::Found(members) => {
                    tracing::info!(voters = members.len(), "founding a cluster");
                    if let Err(error) = self.seat.controller.initialize(members).await {
                        said.say(error.to_string());
                    }
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// A node with a cluster of its own has nobody to ask; that those it names belong to another must be seen all the same.
    async fn first_look(&self) -> Step {
        let quorum = self.seat.controller.quorum();
        self.choose(&quorum).await
    }

    async fn choose(&self, quorum: &QuorumStatus) -> Step {
        let answers = self.ask_all(quorum).await;
        forming::choose(&Situation {
            me: self.seat.me(),
            founding: &self.founding,
            is_empty: quorum.is_empty,
            listener: &self.listener,
            answers: &answers,
        })
    }

    async fn step(&self, quorum: &QuorumStatus, trusts_own: bool) -> Step {
        if let Some(leader) = quorum.leader.filter(|_| trusts_own) {
            if leader == self.seat.me() {
                return self.correct_own().await;
            }
            let member = quorum.voters.iter().find(|member| member.id == leader);
            let address = member.and_then(|member| self.wire.address(member.id.node, &member.peer));
            if let Some(address) = address {
                return Step::Tell(address);
            }
        }
        self.choose(quorum).await
    }

    /// The leader itself corrects what the quorum knows of it.
    async fn correct_own(&self) -> Step {
        let introduction = self.seat.introduction(self.seat.wish());
        let answer = self.seat.answer(introduction).await;
        let why = answer.error_message.map(|message| message.to_string());
        Step::Wait(why.unwrap_or_default())
    }

    async fn ask_all(&self, quorum: &QuorumStatus) -> Vec<(Address, Said)> {
        let mut addresses: BTreeSet<Address> = match &self.founding {
            Founding::Alone => BTreeSet::new(),
            Founding::Seek(servers) => servers.iter().cloned().collect(),
            Founding::Together(voters) => voters
                .iter()
                .filter(|voter| voter.node_id != self.seat.me().node.0)
                .map(|voter| voter.address.clone())
                .collect(),
        };
        let others = quorum.voters.iter();
        let others = others.filter(|member| member.id.node != self.seat.me().node);
        addresses.extend(others.filter_map(|one| self.wire.address(one.id.node, &one.peer)));
        let asked = addresses.into_iter().map(|address| async move {
            let said = self.ask(&address, Wish::Look).await;
            (address, said)
        });
        futures::future::join_all(asked).await
    }

    async fn ask(&self, address: &Address, wish: Wish) -> Said {
        let link = self.peers.link(self.wire.controller_at(address), LANE);
        let introduction = self.seat.introduction(wish);
        link.request(VERSION, &introduction, ANSWER_MAX).await
    }

    /// Tells the leader; an error is a reason to wait and to tell it again.
    async fn tell(&self, leader: &Address) -> Result<(), String> {
        let answer = match self.ask(leader, self.seat.wish()).await {
            Ok(answer) => answer,
            Err(error) => return Err(format!("the leader at {leader}: {error}")),
        };
        match answer.error_code {
            // What it granted shows in this node's log soon.
            ErrorCode::NONE | ErrorCode::REQUEST_TIMED_OUT => {
                let changed = self.seat.controller.quorum_changed();
                drop(tokio::time::timeout(PATIENCE, changed).await);
                Ok(())
            }
            ErrorCode::NOT_CONTROLLER => Err(format!("the node at {leader} leads no more")),
            _ => Err(format!(
                "the leader at {leader} did not take this node in: {}",
                answer.error_message.as_deref().unwrap_or_default()
            )),
        }
    }
}

/// Says why the node waits: once, and again after a while.
#[derive(Default)]
struct Waiting {
    why: String,
    repeated: u32,
}

impl Waiting {
    fn say(&mut self, why: String) {
        self.repeated += 1;
        if why != self.why || self.repeated >= SAID_AGAIN {
            if !why.is_empty() {
                tracing::warn!(reason = why, "waiting to join the quorum");
            }
            self.why = why;
            self.repeated = 0;
        }
    }
}
