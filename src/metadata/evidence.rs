//! Fencing at the speed of evidence (architecture 11): the active controller holds a connection to the inter-broker listener of every broker
//! that serves, and dials again at once when one closes. Refused: nobody listens there any more, and the broker is fenced.
//!
//! ```text
//!   active ─▶ dial ─▶ held ─▶ closed ─▶ dial ─▶ held …
//!               └──────────────────────────┴─▶ refused ─▶ fenced
//! ```
//! Guarantees: silence fences nobody here, that is for the session's end; a new active controller dials everybody first of all; an older
//! incarnation than the registered one cannot be fenced in its place. Does not look at controllers: raft has its own elections.

use crate::peers::{Destination, Dial, Stream};
use futures::future::BoxFuture;
use ottla_controller::ids::{BrokerEpoch, BrokerId};
use ottla_controller::image::{Broker, Image};
use ottla_controller::{Controller, ProposeError, decide};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;

/// A dial that takes longer says nothing.
const DIAL_MAX: Duration = Duration::from_secs(2);
/// Before dialling again where there was neither a connection nor a refusal, or where connections do not last.
const PAUSE: Duration = Duration::from_millis(100);

/// What looking needs.
#[derive(Clone)]
pub struct Evidence {
    pub controller: Controller,
    pub dial: Arc<dyn Dial>,
    pub me: BrokerId,
    /// The inter-broker listener's name.
    pub listener: Arc<str>,
}

/// The incarnation that is watched, by whom. Dropping the set ends its task.
type Watched = BTreeMap<BrokerId, (BrokerEpoch, JoinSet<()>)>;

impl Evidence {
    /// Looks while this node is the active controller; until the controller stops.
    pub async fn run(self) {
        let mut activity = self.controller.activity();
        while activity.wait_for(|is_active| *is_active).await.is_ok() {
            let mut updates = self.controller.metadata().subscribe();
            let mut watched = Watched::new();
            loop {
                tokio::select! {
                    biased;
                    changed = activity.changed() => {
                        if changed.is_err() {
                            return;
                        }
                        if !*activity.borrow_and_update() {
                            break;
                        }
                    }
                    update = updates.next() => match update {
                        Some(update) => self.watch(&update.image, &mut watched),
                        None => return,
                    },
                }
            }
        }
    }

    /// Watches exactly the brokers that serve, by this image.
    fn watch(&self, image: &Image, watched: &mut Watched) {
        watched.retain(|id, (epoch, _)| {
            let broker = image.brokers.get(*id);
            broker.is_some_and(|broker| !broker.fenced && broker.epoch == *epoch)
        });
        for broker in image.brokers.iter() {
            if broker.fenced || broker.id == self.me || watched.contains_key(&broker.id) {
                continue;
            }
            if let Some(watching) = self.watching(broker) {
                let mut task = JoinSet::new();
                task.spawn(watching);
                watched.insert(broker.id, (broker.epoch, task));
            }
        }
    }

    fn watching(&self, broker: &Broker) -> Option<BoxFuture<'static, ()>> {
        let endpoint = broker.endpoint(&self.listener)?;
        let to = Destination::new(&self.listener, &endpoint.host, endpoint.port);
        let (evidence, id, epoch) = (self.clone(), broker.id, broker.epoch);
        Some(Box::pin(async move {
            loop {
                until_refused(&*evidence.dial, &to).await;
                if evidence.fence(id, epoch).await {
                    return;
                }
                // A leader that is new may not write yet; one that leads no more drops this task.
                tokio::time::sleep(PAUSE).await;
            }
        }))
    }

    /// Says whether it is decided.
    async fn fence(&self, broker: BrokerId, epoch: BrokerEpoch) -> bool {
        let decided = self.controller.propose(move |image, turn| {
            decide::fence_gone_broker(image, turn.rules, turn.liveness, broker, epoch)
        });
        match decided.await {
            Ok((true, _)) => {
                tracing::warn!(%broker, "fenced, because its listener refuses connections");
                true
            }
            // Fenced or replaced already.
            Ok((false, _)) | Err(ProposeError::Stopped) => true,
            Err(ProposeError::NotController { .. }) => false,
        }
    }
}

/// Resolves when a dial is refused.
async fn until_refused(dial: &dyn Dial, to: &Destination) {
    loop {
        // Dialled at once when a connection closes that lasted longer.
        let pause = tokio::time::sleep(PAUSE);
        match tokio::time::timeout(DIAL_MAX, dial.dial(to)).await {
            Ok(Ok(stream)) => closed(stream).await,
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => return,
            Ok(Err(_)) | Err(_) => {}
        }
        pause.await;
    }
}

/// The broker has nothing to say to who asks nothing: what is read is the end.
async fn closed(mut stream: Box<dyn Stream>) {
    // However it ended, there is nothing to be learnt from it.
    let _ended = stream.read(&mut [0; 1]).await;
}
