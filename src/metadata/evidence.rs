//! Fencing at the speed of evidence (architecture 11): every node holds a connection to the inter-broker listener of each other broker
//! that serves, and dials again at once when one closes. Refused: nobody listens there any more, and the active controller fences the broker.
//!
//! ```text
//!   dial ─▶ held ─▶ closed: doubted ─▶ dial ─▶ held, and after a moment believed …
//!     └────────────────────────────────┴─▶ refused ─▶ fenced, if this node is the active controller, or once it is
//! ```
//! Guarantees: silence fences nobody here, that is for the session's end; a new active controller knows already, or dials before it fences; an older
//! incarnation than the registered one cannot be fenced in its place. Does not look at controllers: that is [`super::succession`].

use super::sightings::Sightings;
use crate::peers::{Destination, Dial, Stream};
use futures::future::BoxFuture;
use ottla_controller::ids::{BrokerEpoch, BrokerId};
use ottla_controller::image::{Broker, Image};
use ottla_controller::{Controller, Level, ProposeError, decide};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;

/// A dial that takes longer says nothing.
const DIAL_MAX: Duration = Duration::from_secs(2);
/// Pauses between dials without a connection that lasts or a refusal. A process that ends may still take a connection, and lose it at once.
const PAUSE_FIRST: Duration = Duration::from_millis(2);
const PAUSE_LONGEST: Duration = Duration::from_millis(100);
/// A connection that lasts this long is believed in.
const LASTS: Duration = Duration::from_millis(20);

/// What looking needs.
#[derive(Clone)]
pub struct Evidence {
    pub controller: Controller,
    pub dial: Arc<dyn Dial>,
    pub me: BrokerId,
    /// The inter-broker listener's name.
    pub listener: Arc<str>,
    pub sightings: Arc<Sightings>,
}

/// The incarnation that is watched, by whom. Dropping the set ends its task.
type Watched = BTreeMap<BrokerId, (BrokerEpoch, JoinSet<()>)>;

impl Evidence {
    /// Looks until the controller stops.
    pub async fn run(self) {
        let mut activity = self.controller.activity();
        let is_active = Arc::new(Level::new(*activity.borrow_and_update()));
        let mut updates = self.controller.metadata().subscribe();
        let mut watched = Watched::new();
        loop {
            tokio::select! {
                biased;
                changed = activity.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    is_active.set(*activity.borrow_and_update());
                }
                update = updates.next() => match update {
                    Some(update) => self.watch(&update.image, &mut watched, &is_active),
                    None => return,
                },
            }
        }
    }

    /// Watches exactly the brokers that serve, by this image.
    fn watch(&self, image: &Image, watched: &mut Watched, is_active: &Arc<Level<bool>>) {
        watched.retain(|id, (epoch, _)| match image.brokers.get(*id) {
            Some(broker) if !broker.fenced => broker.epoch == *epoch,
            Some(_) => {
                self.sightings.lose(*id);
                false
            }
            None => {
                self.sightings.find(*id);
                false
            }
        });
        for broker in image.brokers.iter() {
            if broker.fenced || broker.id == self.me || watched.contains_key(&broker.id) {
                continue;
            }
            self.sightings.find(broker.id);
            if let Some(watching) = self.watching(broker, is_active.clone()) {
                let mut task = JoinSet::new();
                task.spawn(watching);
                watched.insert(broker.id, (broker.epoch, task));
            }
        }
    }

    fn watching(
        &self,
        broker: &Broker,
        is_active: Arc<Level<bool>>,
    ) -> Option<BoxFuture<'static, ()>> {
        let endpoint = broker.endpoint(&self.listener)?;
        let to = Destination::new(&self.listener, &endpoint.host, endpoint.port);
        let (evidence, id, epoch) = (self.clone(), broker.id, broker.epoch);
        Some(Box::pin(async move {
            loop {
                let (lost, found) = (
                    || evidence.sightings.lose(id),
                    || evidence.sightings.find(id),
                );
                until_refused(&*evidence.dial, &to, lost, found).await;
                if is_active.with(|is_active| *is_active) {
                    tracing::warn!(broker = %id, "fencing, because its listener refuses connections");
                    if evidence.fence(id, epoch).await {
                        return;
                    }
                }
                // A leader that is new may not write yet. Whoever is another node's follower looks again all the same: it may be back.
                let comes_to_lead = is_active.until(|is_active| *is_active);
                drop(tokio::time::timeout(PAUSE_LONGEST, comes_to_lead).await);
            }
        }))
    }

    /// Says whether it is decided.
    async fn fence(&self, broker: BrokerId, epoch: BrokerEpoch) -> bool {
        let decided = self.controller.propose(move |image, turn| {
            decide::fence_gone_broker(image, turn.rules, turn.liveness, broker, epoch)
        });
        match decided.await {
            // Or it was fenced or replaced already.
            Ok(_) | Err(ProposeError::Stopped) => true,
            Err(ProposeError::NotController { .. }) => {
                // Where this node is believed to be active, the loop would not pause.
                tokio::time::sleep(PAUSE_FIRST).await;
                false
            }
        }
    }
}

/// Resolves when a dial is refused. `lost` is called when a connection has closed, or none can be made, `found` when one lasts.
pub(super) async fn until_refused(
    dial: &dyn Dial,
    to: &Destination,
    lost: impl Fn(),
    mut found: impl FnMut(),
) {
    let mut pause = PAUSE_FIRST;
    loop {
        match tokio::time::timeout(DIAL_MAX, dial.dial(to)).await {
            Ok(Ok(mut stream)) => {
                // The other side has nothing to say to who asks nothing: what is read is the end.
                if tokio::time::timeout(LASTS, ended(&mut *stream))
                    .await
                    .is_err()
                {
                    found();
                    ended(&mut *stream).await;
                    lost();
                    pause = PAUSE_FIRST;
                    continue;
                }
                lost();
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => return lost(),
            // It may be far away, or its name unknown.
            Ok(Err(_)) | Err(_) => {}
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_LONGEST);
    }
}

/// However it ended, there is nothing to be learnt from it.
async fn ended(stream: &mut dyn Stream) {
    let _ended = stream.read(&mut [0; 1]).await;
}
