//! One proposal on its way: decided by the leader, committed by the quorum, answered when applied.

use super::{ProposeError, Turn};
use crate::ids::MetadataOffset;
use crate::image::Image;
use crate::outcome::Outcome;
use ottla_protocol::records::metadata::MetadataRecord;
use tokio::sync::oneshot;

/// A proposal whose answer's type only its maker knows.
pub(super) trait Proposal: Send {
    /// Decides; called once, and only on the leader.
    fn decide(&mut self, image: &Image, turn: &mut Turn<'_>) -> Vec<MetadataRecord>;

    /// Tells the proposer: the offset at which the image shows the outcome, or why there is none.
    fn answer(self: Box<Self>, result: Result<MetadataOffset, ProposeError>);
}

pub(super) struct Typed<R, F> {
    decide: Option<F>,
    response: Option<R>,
    reply: oneshot::Sender<Result<(R, MetadataOffset), ProposeError>>,
}

pub(super) type Reply<R> = oneshot::Receiver<Result<(R, MetadataOffset), ProposeError>>;

impl<R, F> Typed<R, F>
where
    R: Send + 'static,
    F: FnOnce(&Image, &mut Turn<'_>) -> Outcome<R> + Send + 'static,
{
    pub fn boxed(decide: F) -> (Box<dyn Proposal>, Reply<R>) {
        let (reply, answered) = oneshot::channel();
        (
            Box::new(Typed {
                decide: Some(decide),
                response: None,
                reply,
            }),
            answered,
        )
    }
}

impl<R, F> Proposal for Typed<R, F>
where
    R: Send + 'static,
    F: FnOnce(&Image, &mut Turn<'_>) -> Outcome<R> + Send + 'static,
{
    fn decide(&mut self, image: &Image, turn: &mut Turn<'_>) -> Vec<MetadataRecord> {
        let decide = self.decide.take().expect("a proposal is decided once");
        let outcome = decide(image, turn);
        self.response = Some(outcome.response);
        outcome.records
    }

    fn answer(self: Box<Self>, result: Result<MetadataOffset, ProposeError>) {
        let Typed {
            response, reply, ..
        } = *self;
        let answer = result.map(|offset| {
            (
                response.expect("answered with success only once decided"),
                offset,
            )
        });
        // Whoever asked may have gone.
        let _ = reply.send(answer);
    }
}
