//! The one task that decides: proposals in order, each against everything decided before it.
//!
//! ```text
//!   standby ──this node leads, and applied its predecessors' entries──▶ active: decided = applied image
//!      ▲                                                                  │ decide, apply to `decided`, write with_leader(term)
//!      └────────────────────── another term, or another leader ───────────┘
//! ```
//! Several decisions may be under way. They are built on each other, so a write is only valid in the term in which it was
//! decided: openraft refuses it in any other, and the state machine refuses one that does not begin at its offset. When one fails, all
//! that was built on it is void: the image is taken anew, a generation later, when nothing of the old one is under way.

use super::chores::Chore;
use super::completion::{Completions, Decided, Write};
use super::options::ControllerOptions;
use super::proposal::{Proposal, Typed};
use super::{ProposeError, Turn, membership};
use crate::decide;
use crate::delta::Delta;
use crate::dice::Dice;
use crate::ids::{BrokerId, MetadataOffset};
use crate::image::Image;
use crate::liveness::Liveness;
use crate::outcome::Outcome;
use crate::publish::Metadata;
use crate::raft::{Batch, LogStore, Runtime, StateMachine, Types};
use crate::watch;
use openraft::Raft;
use openraft::impls::ProgressResponder;
use openraft_rt::{AsyncRuntime, WatchReceiver};
use ottla_protocol::records::metadata::MetadataRecord;
use std::time::Duration;
use tokio::sync::mpsc;

/// The deciding task's state.
pub(super) struct Leader {
    pub options: ControllerOptions,
    pub raft: Raft<Types, StateMachine>,
    pub log: LogStore,
    pub metadata: Metadata,
    pub proposals: mpsc::Receiver<Box<dyn Proposal>>,
    pub completions: Completions,
    pub dice: Dice,
    pub liveness: Liveness,
    pub active: Option<Active>,
    /// How often an image was taken to decide on.
    pub generations: u64,
    /// The last term in which this node was active.
    pub last_term: u64,
    /// Whether `active` is set, for those who wait for it.
    pub leads: watch::Sender<bool>,
    /// How many bytes were in the log when the last snapshot was asked for.
    pub snapshot_at_bytes: u64,
    /// The unfinished change of the membership that the last look found.
    pub unfinished: Option<u64>,
}

/// What only the active controller has.
pub(super) struct Active {
    term: u64,
    generation: u64,
    /// All that was decided, committed or not.
    decided: Image,
    preferred: Chore,
    leaderless: Chore,
}

enum Standing {
    Follower {
        leader: Option<BrokerId>,
    },
    /// Elected, but entries of earlier leaders are not applied yet.
    Arriving,
    Leading {
        term: u64,
    },
}

impl Leader {
    /// Runs until every handle is gone or openraft stops.
    pub async fn run(mut self) {
        let mut metrics = self.raft.metrics();
        let period = Duration::from_millis(self.options.timing.housekeeping_ms);
        let mut housekeeping = tokio::time::interval(period);
        housekeeping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let standing = standing(&metrics.borrow_watched().clone());
            self.follow(&standing).await;
            let accepts = match standing {
                Standing::Follower { .. } => true,
                Standing::Arriving => false,
                Standing::Leading { .. } => self.active.is_some(),
            };
            tokio::select! {
                biased;
                changed = metrics.changed() => if changed.is_err() { return },
                () = self.completions.moved() => {}
                _ = housekeeping.tick() => self.keep_house().await,
                proposal = self.proposals.recv(), if accepts => match proposal {
                    Some(proposal) => self.propose(proposal, &standing).await,
                    None => return,
                },
            }
        }
    }

    /// Becomes active or ceases to be.
    async fn follow(&mut self, standing: &Standing) {
        let Standing::Leading { term } = *standing else {
            self.active = None;
            self.leads.send_if_modified(std::mem::take);
            return;
        };
        let is_valid =
            |active: &Active| active.term == term && !self.completions.has_lost(active.generation);
        if self.active.as_ref().is_some_and(is_valid) {
            return;
        }
        self.active = None;
        if !self.completions.is_done() {
            self.leads.send_if_modified(std::mem::take);
            return;
        }
        let decided = Image::clone(&self.metadata.image());
        let now = (self.options.clock)();
        self.generations += 1;
        if term != self.last_term {
            self.last_term = term;
            self.liveness.restart(&decided, now);
            tracing::info!(term, offset = %decided.offset, "active controller");
        }
        let balancing = self.options.balancing;
        self.active = Some(Active {
            term,
            generation: self.generations,
            decided,
            preferred: Chore::new(balancing.preferred, now),
            leaderless: Chore::new(Some(balancing.leaderless), now),
        });
        self.leads.send_replace(true);
        if self.metadata.image().cluster_id.is_none() {
            let cluster_id = self.new_cluster_id();
            self.decide_own(move |image, turn| decide::bootstrap(image, turn.rules, &cluster_id))
                .await;
        }
    }

    fn new_cluster_id(&mut self) -> String {
        match &self.options.bootstrap {
            super::Bootstrap::Alone { cluster_id } => cluster_id.clone(),
            super::Bootstrap::Join {
                cluster_id: Some(cluster_id),
            } => cluster_id.clone(),
            super::Bootstrap::Join { cluster_id: None } => self.dice.uuid().to_string(),
        }
    }

    async fn keep_house(&mut self) {
        self.fence_silent_brokers().await;
        self.elect_leaders().await;
        self.finish_membership_change();
        let logged = self.log.appended_bytes();
        if logged - self.snapshot_at_bytes >= self.options.limits.snapshot_bytes {
            self.snapshot_at_bytes = logged;
            // It fails only when openraft has stopped, which the next look at the metrics shows.
            let _ = self.raft.trigger().snapshot().await;
        }
    }

    /// One that is unfinished at two looks was left by a leader before this one: whoever asks for a change takes its second step at once.
    fn finish_membership_change(&mut self) {
        let now = membership::unfinished(&self.raft);
        let before = std::mem::replace(&mut self.unfinished, now);
        if now.is_some() && now == before && self.active.is_some() {
            Runtime::spawn(membership::finish(self.raft.clone()));
        }
    }

    /// One after another, so that each election sees the one before.
    async fn fence_silent_brokers(&mut self) {
        let fence = |image: &Image, turn: &mut Turn<'_>| {
            decide::fence_silent_broker(image, turn.rules, turn.liveness, turn.now)
        };
        while let Some(Some(broker)) = self.decide_own(fence).await {
            tracing::warn!(%broker, "fenced, because it was silent for its session's time");
        }
    }

    /// One batch of each kind of election that is due.
    async fn elect_leaders(&mut self) {
        let now = (self.options.clock)();
        let Some(active) = &mut self.active else {
            return;
        };
        let preferred = active.preferred.is_due(now);
        let leaderless = active.leaderless.is_due(now);
        if preferred {
            let elect = |image: &Image, turn: &mut Turn<'_>| {
                decide::elect_preferred_leaders(image, turn.rules)
            };
            let has_more = self.decide_own(elect).await == Some(true);
            self.come_back_if(has_more, |active| &mut active.preferred);
        }
        if leaderless {
            let elect = |image: &Image, turn: &mut Turn<'_>| {
                decide::elect_for_leaderless(image, turn.rules)
            };
            let has_more = self.decide_own(elect).await == Some(true);
            self.come_back_if(has_more, |active| &mut active.leaderless);
        }
    }

    fn come_back_if(&mut self, has_more: bool, chore: impl FnOnce(&mut Active) -> &mut Chore) {
        if let Some(active) = self.active.as_mut().filter(|_| has_more) {
            chore(active).hurry();
        }
    }

    /// Decides something that nobody asked for; the answer, which holds once it is committed. `None` while not active.
    async fn decide_own<R: Clone + Send + 'static>(
        &mut self,
        decide: impl FnOnce(&Image, &mut Turn<'_>) -> Outcome<R>,
    ) -> Option<R> {
        let outcome = self.decided_by(decide)?;
        let response = outcome.response.clone();
        let (proposal, _) = Typed::boxed(move |_, _| outcome);
        self.decide(proposal).await;
        Some(response)
    }

    fn decided_by<T>(&mut self, decide: impl FnOnce(&Image, &mut Turn<'_>) -> T) -> Option<T> {
        let active = self.active.as_mut()?;
        active.share_with(&self.metadata);
        let mut turn = Turn {
            now: (self.options.clock)(),
            dice: &mut self.dice,
            liveness: &mut self.liveness,
            rules: &*self.options.rules,
        };
        Some(decide(&active.decided, &mut turn))
    }

    async fn propose(&mut self, proposal: Box<dyn Proposal>, standing: &Standing) {
        if self.active.is_some() {
            self.decide(proposal).await;
        } else {
            let leader = if let Standing::Follower { leader } = standing {
                *leader
            } else {
                None
            };
            proposal.answer(Err(ProposeError::NotController { leader }));
        }
    }

    async fn decide(&mut self, mut proposal: Box<dyn Proposal>) {
        let Some(records) = self.decided_by(|image, turn| proposal.decide(image, turn)) else {
            return;
        };
        let Some(active) = &mut self.active else {
            return;
        };
        if decide::touches_unclean_elections(&records) {
            active.leaderless.hurry();
        }
        let base_offset = MetadataOffset(active.decided.offset.0 + 1);
        active.apply(&records);
        let (term, generation) = (active.term, active.generation);
        let offset = active.decided.offset;
        let write = if records.is_empty() {
            Write::Nothing
        } else {
            self.write(
                Batch {
                    base_offset,
                    records: records.into(),
                },
                term,
            )
            .await
        };
        self.completions
            .push(Decided {
                generation,
                offset,
                write,
                proposal,
            })
            .await;
    }

    async fn write(&self, batch: Batch, term: u64) -> Write {
        let (responder, completed) = ProgressResponder::complete_only();
        let leader = openraft::impls::leader_id_std::LeaderId {
            term,
            voted_for: self.options.id,
        };
        let committed = openraft::vote::RaftLeaderId::to_committed(&leader);
        match self
            .raft
            .write(batch)
            .with_leader(committed)
            .responder(responder)
            .await
        {
            Ok(()) => Write::Pending(completed),
            Err(_) => Write::Stopped,
        }
    }
}

impl Active {
    /// Applies what was just decided, so that the next decision sees it.
    fn apply(&mut self, records: &[MetadataRecord]) {
        let mut ignored = Delta::default();
        for record in records {
            // A decision whose own records do not fit its image is a bug; going on would spread it to every node.
            self.decided
                .apply(record, &mut ignored)
                .expect("decisions fit the image they were made on");
        }
    }

    /// When nothing is under way both images are equal; taking the published one shares its memory.
    fn share_with(&mut self, metadata: &Metadata) {
        let published = metadata.image();
        if published.offset == self.decided.offset {
            self.decided = Image::clone(&published);
        }
    }
}

fn standing(metrics: &openraft::RaftMetrics<Types>) -> Standing {
    let leader = metrics.current_leader.map(|leader| leader.node);
    if !metrics.state.is_leader() || metrics.running_state.is_err() {
        return Standing::Follower {
            leader: leader.filter(|leader| *leader != metrics.id.node),
        };
    }
    let term = metrics.current_term;
    let applied_own = metrics
        .last_applied
        .is_some_and(|applied| *applied.leader_id == term);
    if applied_own {
        Standing::Leading { term }
    } else {
        Standing::Arriving
    }
}
