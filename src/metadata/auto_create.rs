//! Creates topics that a client asks for by name (`auto.create.topics.enable`).
//!
//! Guarantees: a name is being created at most once at a time, however many clients ask; a client waits a bounded time and is
//! then told that the topic is not there yet. Does not decide whether a client may: the handler has asked already.
//! Source: `DefaultAutoTopicCreationManager`; unlike it, waits for the topic.

use super::controller_link::ControllerLink;
use crate::world::{Clock, Quiet};
use ottla_controller::Metadata;
use ottla_controller::decide::reason_invalid_topic_name;
use ottla_controller::image::Image;
use ottla_protocol::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use ottla_protocol::{ErrorCode, Str};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long a client waits for its topics: long enough for a quorum under load, short enough not to look dead.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// See the module.
pub struct AutoCreate {
    metadata: Metadata,
    controller: ControllerLink,
    in_flight: Mutex<BTreeSet<Str>>,
    clock: Clock,
    refusals: Quiet,
}

impl AutoCreate {
    pub fn new(metadata: Metadata, controller: ControllerLink, clock: Clock) -> Self {
        Self {
            metadata,
            controller,
            in_flight: Mutex::default(),
            clock,
            refusals: Quiet::default(),
        }
    }

    /// Creates those of `names` that `image` lacks and that may exist. Returns an image with them, or the latest one when that
    /// took too long or was refused.
    pub async fn ensure(
        &self,
        image: Arc<Image>,
        names: &BTreeSet<Str>,
        describe: impl Fn(&Str) -> CreatableTopic,
    ) -> Arc<Image> {
        let missing: Vec<Str> = names
            .iter()
            .filter(|name| is_creatable(&image, name))
            .cloned()
            .collect();
        if missing.is_empty() {
            return image;
        }
        let claimed = self.claim(&missing);
        let creation = async {
            if !claimed.names.is_empty() {
                self.create(claimed.names.iter().map(&describe).collect())
                    .await;
            }
            self.appeared(&missing).await;
        };
        // Dropping `claimed` lets others try again, also when the time is up or the client has gone.
        drop(tokio::time::timeout(WAIT_MAX, creation).await);
        self.metadata.image()
    }

    async fn create(&self, topics: Vec<CreatableTopic>) {
        let request = CreateTopicsRequest {
            topics,
            ..Default::default()
        };
        let results = match self.controller.ask(&request, WAIT_MAX).await {
            Ok(response) => response.topics,
            Err(error) => return tracing::warn!(%error, "topics were not created on first use"),
        };
        let is_there = [ErrorCode::NONE, ErrorCode::TOPIC_ALREADY_EXISTS];
        let mut refused = results
            .iter()
            .filter(|topic| !is_there.contains(&topic.error_code));
        // One line, and rarely: a client may ask for a hundred thousand of them, again and again.
        if let Some(topic) = refused.next()
            && let Some(left_out) = self.refusals.admits(self.clock.elapsed())
        {
            tracing::warn!(
                topic = %topic.name, error = topic.error_code.name(), reason = topic.error_message.as_deref(),
                and_others = refused.count(), left_out,
                "a topic was not created on first use"
            );
        }
    }

    /// Resolves when none of the topics is being created by anybody any more.
    async fn appeared(&self, names: &[Str]) {
        let mut updates = self.metadata.subscribe();
        loop {
            let image = self.metadata.image();
            let is_pending =
                |name: &Str| image.topics.by_name(name).is_none() && self.is_claimed(name);
            if !names.iter().any(is_pending) || updates.next().await.is_none() {
                return;
            }
        }
    }

    fn is_claimed(&self, name: &Str) -> bool {
        self.in_flight.lock().contains(name)
    }

    fn claim(&self, names: &[Str]) -> Claim<'_> {
        let mut in_flight = self.in_flight.lock();
        // Detached: a claim must not keep the request's whole frame alive.
        let names = names
            .iter()
            .filter(|name| in_flight.insert(name.detached()))
            .cloned()
            .collect();
        Claim { owner: self, names }
    }
}

/// The right to create some topics, until dropped.
struct Claim<'a> {
    owner: &'a AutoCreate,
    names: Vec<Str>,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut in_flight = self.owner.in_flight.lock();
        for name in &self.names {
            in_flight.remove(name.as_str());
        }
    }
}

fn is_creatable(image: &Image, name: &Str) -> bool {
    image.topics.by_name(name).is_none() && reason_invalid_topic_name(name).is_none()
}
