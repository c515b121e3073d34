//! Who leads now: what Produce and Fetch add to an answer that says "not here" (KIP-951).
//!
//! Collects the endpoints of the leaders that were named, on the listener the request came in on.

use super::view::View;
use ottla_controller::Metadata;
use ottla_controller::ids::{BrokerId, TopicId};
use ottla_controller::image::Image;
use ottla_protocol::{Str, Uuid};
use std::collections::BTreeSet;
use std::sync::Arc;

/// For one answer.
pub struct LeaderHints<'a> {
    metadata: &'a Metadata,
    listener: &'a str,
    /// Taken when the first hint is needed: most answers need none.
    image: Option<Arc<Image>>,
    named: BTreeSet<BrokerId>,
}

/// Where a leader that an answer named can be reached.
pub struct LeaderEndpoint {
    pub node_id: i32,
    pub host: Str,
    pub port: i32,
    pub rack: Option<Str>,
}

impl<'a> LeaderHints<'a> {
    pub fn new(metadata: &'a Metadata, listener: &'a str) -> Self {
        Self {
            metadata,
            listener,
            image: None,
            named: BTreeSet::new(),
        }
    }

    /// The partition's leader and leader epoch; -1 for what is not known. The topic is looked up by id unless that is zero.
    pub fn of(&mut self, topic: &str, topic_id: Uuid, partition: i32) -> (i32, i32) {
        let image = self.image.get_or_insert_with(|| self.metadata.image());
        let topic = match topic_id {
            Uuid::ZERO => image.topics.by_name(topic),
            id => image.topics.by_id(TopicId(id)),
        };
        let Some(partition) = topic.and_then(|topic| topic.partition(partition)) else {
            return (-1, -1);
        };
        let leader = partition.leader.unwrap_or(BrokerId::NONE);
        self.named.insert(leader);
        (leader.0, partition.leader_epoch.0)
    }

    /// The endpoints of all leaders named so far.
    pub fn endpoints(&self) -> Vec<LeaderEndpoint> {
        let Some(image) = &self.image else {
            return Vec::new();
        };
        let view = View {
            image,
            listener: self.listener,
        };
        let endpoint = |leader: &BrokerId| {
            let (broker, endpoint) = view
                .endpoint(*leader)
                .filter(|(broker, _)| !broker.fenced)?;
            Some(LeaderEndpoint {
                node_id: broker.id.0,
                host: Str::from(&*endpoint.host),
                port: i32::from(endpoint.port),
                rack: broker.rack.as_deref().map(Str::from),
            })
        };
        self.named.iter().filter_map(endpoint).collect()
    }
}
