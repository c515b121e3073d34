//! What a request costs its client: the time that a thread works on it (KIP-124), and the partitions it creates and deletes (KIP-599).

use super::dispatch::Ticket;
use super::{Api, Context, Meta};
use crate::quota::{Client, Kind, Mode, Mutations};
use ottla_protocol::Str;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A request whose time is counted, because somebody's is limited.
pub(super) struct Charged {
    context: Arc<Context>,
    user: Str,
    client_id: Option<Str>,
    worked_ns: AtomicU64,
}

impl Charged {
    /// `None` where time counts for nobody, or not for this request.
    #[inline]
    pub fn of<A: Api>(
        context: &Arc<Context>,
        meta: &Meta,
        request: &A::Request,
        ticket: &Ticket,
    ) -> Option<Self> {
        let is_counted = context.quotas.limits_any(Kind::Request)
            && !ticket.is_forwarded
            && !A::is_exempt(request);
        is_counted.then(|| Self {
            context: context.clone(),
            user: meta.principal.name.clone(),
            client_id: meta.client_id.clone(),
            worked_ns: AtomicU64::new(0),
        })
    }

    /// Counts the time of a handler at work; that of its waiting is nobody's.
    pub async fn work<T>(&self, handling: impl Future<Output = T>) -> T {
        let mut handling = Box::pin(handling);
        std::future::poll_fn(move |context| {
            let began = self.context.clock.elapsed();
            let polled = handling.as_mut().poll(context);
            let worked = self.context.clock.elapsed().saturating_sub(began);
            let worked_ns = u64::try_from(worked.as_nanos()).unwrap_or(u64::MAX);
            self.worked_ns.fetch_add(worked_ns, Ordering::Relaxed);
            polled
        })
        .await
    }

    /// How long the client has to wait.
    pub fn settle(self) -> Duration {
        let client = Client {
            user: &self.user,
            id: self.client_id.as_deref().unwrap_or_default(),
        };
        let worked = Duration::from_nanos(self.worked_ns.load(Ordering::Relaxed));
        self.context.quotas.worked(client, worked)
    }
}

/// What a client may create and delete with this request; from the version on that knows of the error it is refused what is too much.
pub(super) fn mutations(context: &Context, meta: &Meta, error_from: i16) -> Mutations {
    let mode = match meta.api_version >= error_from {
        true => Mode::Strict,
        false => Mode::Permissive,
    };
    Mutations::new(&context.quotas, meta.client(), mode)
}
