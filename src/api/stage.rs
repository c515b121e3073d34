//! How far a node has come: it answers its quorum as soon as it listens, and everybody else once it has metadata.

use super::{Caller, Context, Meta};
use crate::auth::Authority;
use crate::auth::logins::Logins;
use crate::metadata::seat::Seat;
use crate::metrics::Metrics;
use crate::world::Clock;
use ottla_controller::watch;
use std::sync::Arc;
use std::time::Duration;

/// How long a request that came too early waits for the node; clients give up sooner.
const READY_MAX: Duration = Duration::from_secs(30);

/// See the module.
pub struct Stage {
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub seat: Arc<Seat>,
    /// `None` where everybody may do everything.
    pub authority: Option<Arc<Authority>>,
    /// Who may log in: nodes of the quorum do that before there is metadata.
    pub logins: Arc<Logins>,
    context: watch::Sender<Option<Arc<Context>>>,
}

impl Stage {
    pub fn new(
        clock: Clock,
        metrics: Arc<Metrics>,
        seat: Arc<Seat>,
        authority: Option<Arc<Authority>>,
        logins: Arc<Logins>,
    ) -> Self {
        Self {
            clock,
            metrics,
            seat,
            authority,
            logins,
            context: watch::Sender::new(None),
        }
    }

    /// Who sent a request, to be asked whether they may, by what this node knows so far.
    pub fn caller(&self, meta: &Meta) -> Caller {
        let image = self.seat.controller.metadata().image();
        Caller::of(self.authority.as_ref(), &image, meta)
    }

    /// From now on everybody is served.
    pub fn is_ready(&self, context: Arc<Context>) {
        self.context.send_replace(Some(context));
    }

    /// From now on only the quorum is, and nothing else kept alive.
    pub fn is_over(&self) {
        self.context.send_replace(None);
    }

    /// The context, if the node is ready.
    pub fn context(&self) -> Option<Arc<Context>> {
        self.context.borrow().clone()
    }

    /// The context once the node is ready; `None` if that takes too long.
    pub async fn until_ready(&self) -> Option<Arc<Context>> {
        let mut context = self.context.subscribe();
        let ready = context.wait_for(Option::is_some);
        let ready = tokio::time::timeout(READY_MAX, ready).await;
        ready.ok()?.ok()?.clone()
    }
}
