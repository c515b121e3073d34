//! Telling proposers, in the order in which their proposals were decided.
//!
//! A proposal without records was decided on what came before it, so it is answered only when that is committed, and fails
//! with it. A write can fail while its leader goes on leading in its term (openraft refuses it when too few members were heard of late):
//! all that was decided on it is void then, and the leader begins anew from what is applied, once everything under way has ended.

use super::ProposeError;
use super::proposal::Proposal;
use crate::ids::{BrokerId, MetadataOffset};
use crate::raft::{Applied, Types};
use crate::watch;
use openraft::errors::ClientWriteError;
use openraft::raft::ClientWriteResult;
use openraft::type_config::alias::OneshotReceiverOf;
use tokio::sync::mpsc;

/// A proposal that was decided.
pub(super) struct Decided {
    /// Which of the images that decisions are made on this one was made on.
    pub generation: u64,
    /// Where the metadata stands when everything up to this decision is applied.
    pub offset: MetadataOffset,
    pub write: Write,
    pub proposal: Box<dyn Proposal>,
}

/// What became of its records.
pub(super) enum Write {
    /// There were none.
    Nothing,
    Pending(OneshotReceiverOf<Types, ClientWriteResult<Types>>),
    Stopped,
}

/// The queue of decided proposals, bounded: when it is full, deciding waits.
pub(super) struct Completions {
    queue: mpsc::Sender<Decided>,
    pushed: u64,
    progress: watch::Receiver<Progress>,
}

/// How far the queue is.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    answered: u64,
    /// The last generation in which a write failed.
    lost: Option<u64>,
}

impl Completions {
    /// The queue and the task that works on it.
    pub fn new(limit: usize) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, receiver) = mpsc::channel(limit);
        let (report, progress) = watch::channel(Progress::default());
        let completions = Completions {
            queue,
            pushed: 0,
            progress,
        };
        (completions, run(receiver, report))
    }

    pub async fn push(&mut self, decided: Decided) {
        self.pushed += 1;
        if let Err(mpsc::error::SendError(decided)) = self.queue.send(decided).await {
            decided.proposal.answer(Err(ProposeError::Stopped));
        }
    }

    /// Whether a write of this generation has failed, and so all that follows it.
    pub fn has_lost(&self, generation: u64) -> bool {
        self.progress.borrow().lost == Some(generation)
    }

    /// Whether nothing is under way: the applied image has all that was ever written.
    pub fn is_done(&self) -> bool {
        self.progress.borrow().answered == self.pushed
    }

    /// Waits until either may have changed. Cancel safe.
    pub async fn moved(&mut self) {
        if self.progress.changed().await.is_err() {
            // The queue has ended with everything else.
            std::future::pending().await
        }
    }
}

async fn run(mut decided: mpsc::Receiver<Decided>, report: watch::Sender<Progress>) {
    // The generation in which a write failed: what was decided after it was decided on nothing.
    let mut lost: Option<(u64, ProposeError)> = None;
    while let Some(Decided {
        generation,
        offset,
        write,
        proposal,
    }) = decided.recv().await
    {
        // Waited for even when it counts no more: it may end up in the log, and then nothing may be decided before it is applied.
        let completed = complete(write).await;
        let earlier = lost.as_ref().filter(|(lost, _)| *lost == generation);
        let completed = match earlier {
            Some((_, error)) => Err(error.clone()),
            None => completed,
        };
        if let Err(error) = &completed {
            lost = Some((generation, error.clone()));
        }
        proposal.answer(completed.map(|()| offset));
        report.send_modify(|progress| {
            progress.answered += 1;
            progress.lost = lost.as_ref().map(|(generation, _)| *generation);
        });
    }
}

async fn complete(write: Write) -> Result<(), ProposeError> {
    let completed = match write {
        Write::Nothing => return Ok(()),
        Write::Stopped => return Err(ProposeError::Stopped),
        Write::Pending(completed) => completed.await,
    };
    match completed {
        Err(_) => Err(ProposeError::Stopped),
        Ok(Ok(written)) => match written.data {
            Applied::At(_) => Ok(()),
            Applied::Refused => Err(ProposeError::NotController { leader: None }),
        },
        Ok(Err(
            ClientWriteError::ForwardToLeader(to) | ClientWriteError::LogEntryDiscarded(to),
        )) => Err(ProposeError::NotController {
            leader: to.leader_id.map(|leader| -> BrokerId { leader.node }),
        }),
        Ok(Err(_)) => Err(ProposeError::NotController { leader: None }),
    }
}
