//! Telling proposers, in the order in which their proposals were decided.
//!
//! A proposal without records was decided on what came before it, so it is answered only when that is committed, and fails
//! with it.

use super::ProposeError;
use super::proposal::Proposal;
use crate::ids::{BrokerId, MetadataOffset};
use crate::raft::{Applied, Types};
use openraft::errors::ClientWriteError;
use openraft::raft::ClientWriteResult;
use openraft::type_config::alias::OneshotReceiverOf;
use tokio::sync::mpsc;

/// A proposal that was decided.
pub(super) struct Decided {
    pub term: u64,
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
pub(super) struct Completions(mpsc::Sender<Decided>);

impl Completions {
    /// The queue and the task that works on it.
    pub fn new(limit: usize) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, receiver) = mpsc::channel(limit);
        (Completions(sender), run(receiver))
    }

    pub async fn push(&self, decided: Decided) {
        if let Err(mpsc::error::SendError(decided)) = self.0.send(decided).await {
            decided.proposal.answer(Err(ProposeError::Stopped));
        }
    }
}

async fn run(mut decided: mpsc::Receiver<Decided>) {
    // The term in which a write failed: what was decided after it in this term was decided on nothing.
    let mut lost: Option<(u64, ProposeError)> = None;
    while let Some(Decided {
        term,
        offset,
        write,
        proposal,
    }) = decided.recv().await
    {
        if let Some((lost_term, error)) = &lost
            && *lost_term == term
        {
            proposal.answer(Err(error.clone()));
            continue;
        }
        match complete(write).await {
            Ok(()) => proposal.answer(Ok(offset)),
            Err(error) => {
                lost = Some((term, error.clone()));
                proposal.answer(Err(error));
            }
        }
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
