//! How a follower reaches the leaders: over links to their inter-broker listeners, looked up anew for every request.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use ottla_controller::Metadata;
use ottla_controller::ids::BrokerId;
use ottla_protocol::messages::fetch::{FetchRequest, FetchResponse};
use ottla_protocol::messages::list_offsets::{ListOffsetsRequest, ListOffsetsResponse};

use super::request::{FETCH_VERSION, LIST_OFFSETS_VERSION};
use crate::peers::{Destination, Lane, Link, Peers};

/// A broker that leads partitions, as its followers ask it.
pub trait Leader: Send + Sync {
    /// Its error is for people: whatever it was, the fetch is repeated later.
    fn fetch(
        &self,
        request: FetchRequest,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<FetchResponse, String>>;

    fn list_offsets(
        &self,
        request: ListOffsetsRequest,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<ListOffsetsResponse, String>>;
}

/// Where leaders are.
pub trait Leaders: Send + Sync {
    /// `None` while it is not known where. One `lane` is one connection: a request that nobody waits for any more holds up those
    /// behind it.
    fn find(&self, broker: BrokerId, lane: u32) -> Option<Arc<dyn Leader>>;
}

/// See the module.
pub struct RemoteLeaders {
    pub metadata: Metadata,
    pub peers: Peers,
    /// `inter.broker.listener.name`.
    pub listener: String,
}

impl Leaders for RemoteLeaders {
    fn find(&self, broker: BrokerId, lane: u32) -> Option<Arc<dyn Leader>> {
        let image = self.metadata.image();
        let endpoint = image.brokers.get(broker)?.endpoint(&self.listener)?;
        let lane = Lane {
            purpose: "replicate",
            number: lane,
        };
        let to = Destination::new(&self.listener, &endpoint.host, endpoint.port);
        let link = self.peers.link(to, lane);
        Some(Arc::new(Remote(link)))
    }
}

struct Remote(Link);

impl Leader for Remote {
    fn fetch(
        &self,
        request: FetchRequest,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<FetchResponse, String>> {
        async move {
            let answer = self.0.request(FETCH_VERSION, &request, timeout).await;
            answer.map_err(|error| error.to_string())
        }
        .boxed()
    }

    fn list_offsets(
        &self,
        request: ListOffsetsRequest,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<ListOffsetsResponse, String>> {
        async move {
            let answer = self
                .0
                .request(LIST_OFFSETS_VERSION, &request, timeout)
                .await;
            answer.map_err(|error| error.to_string())
        }
        .boxed()
    }
}
