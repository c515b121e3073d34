//! What handlers may touch. Made once by `broker.rs` and shared by all requests of a node.

use super::{Caller, Meta, errors};
use crate::auth::Authority;
use crate::auth::logins::Logins;
use crate::config::{BrokerConfig, BrokerValues, Layers, Settings, Unset};
use crate::coordinator::group::Groups;
use crate::fetch::Fetches;
use crate::logging::Loggers;
use crate::metadata::auto_create::AutoCreate;
use crate::metadata::controller_link::ControllerLink;
use crate::metadata::producer_ids::ProducerIdSource;
use crate::metadata::sightings::Sightings;
use crate::metrics::Metrics;
use crate::partition::Table;
use crate::peers::Peers;
use crate::quota::{ClientQuotas, Throttles};
use crate::world::Clock;
use arc_swap::ArcSwap;
use ottla_controller::ids::{BrokerId, MetadataOffset};
use ottla_controller::image::{ConfigResource, ConfigValues, Image, ResourceKind};
use ottla_controller::{Controller, Metadata, Outcome, Turn};
use ottla_protocol::ErrorCode;
use std::sync::Arc;
use std::time::Duration;

/// How long an answer waits for the logs of what was decided.
const LOGS_OPEN_MAX: Duration = Duration::from_secs(5);

/// The parts of a node that handlers use.
pub struct Context {
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub node_id: BrokerId,
    pub config: Arc<BrokerConfig>,
    /// Limits and switches in force; replaced when the dynamic configuration changes.
    pub values: Arc<ArcSwap<BrokerValues>>,
    pub metadata: Metadata,
    pub controller: Controller,
    /// The active controller, whichever node it is.
    pub controller_link: ControllerLink,
    /// Connections to other nodes.
    pub peers: Peers,
    pub auto_create: AutoCreate,
    pub producer_ids: ProducerIdSource,
    pub partitions: Arc<Table>,
    pub groups: Arc<Groups>,
    pub fetches: Arc<Fetches>,
    /// Who may do what; `None` where everybody may do everything.
    pub authority: Option<Arc<Authority>>,
    /// Which of the other brokers cannot be seen just now.
    pub sightings: Arc<Sightings>,
    /// What clients may use.
    pub quotas: Arc<ClientQuotas>,
    /// What throttled replicas may use.
    pub throttles: Arc<Throttles>,
    /// Who may log in, and what makes delegation tokens.
    pub logins: Arc<Logins>,
    /// What is logged.
    pub loggers: Arc<Loggers>,
}

impl Context {
    /// Who sent a request, to be asked whether they may.
    pub fn caller(&self, meta: &Meta) -> Caller {
        match &self.authority {
            None => Caller::ANYBODY,
            authority => Caller::of(authority.as_ref(), &self.metadata.image(), meta),
        }
    }

    /// Limits and switches in force now.
    pub fn values(&self) -> Arc<BrokerValues> {
        self.values.load_full()
    }

    /// Whether the node founded its cluster alone, names no peers, and has none.
    pub fn is_lone(&self, image: &Image) -> bool {
        self.config.quorum.is_alone() && image.brokers.iter().count() <= 1
    }

    /// Has the controller decide. Returns when this broker shows the outcome: in its image, and in its logs.
    ///
    /// # Errors
    /// NOT_CONTROLLER, or what else a client is told when there is no decision.
    pub async fn decide<R, F>(&self, decide: F) -> Result<R, ErrorCode>
    where
        R: Send + 'static,
        F: FnOnce(&Image, &mut Turn<'_>) -> Outcome<R> + Send + 'static,
    {
        let (response, offset) = self
            .controller
            .propose(decide)
            .await
            .map_err(|error| errors::not_decided(&error))?;
        self.logs_open(offset).await;
        Ok(response)
    }

    /// Waits until the logs of the metadata up to `offset` are open here; not for ever, because a slow disk delays the logs but
    /// not what is decided already.
    pub async fn logs_open(&self, offset: MetadataOffset) {
        drop(tokio::time::timeout(LOGS_OPEN_MAX, self.partitions.applied_up_to(offset)).await);
    }

    /// Everything that configures this broker, as of `image`.
    pub fn layers(&self, image: &Image) -> NodeLayers {
        NodeLayers::of(self.config.clone(), self.node_id, image)
    }
}

/// The layers of a node's configuration, held together.
pub struct NodeLayers {
    config: Arc<BrokerConfig>,
    broker: Option<Arc<ConfigValues>>,
    cluster: Option<Arc<ConfigValues>>,
}

impl NodeLayers {
    pub fn of(config: Arc<BrokerConfig>, node_id: BrokerId, image: &Image) -> Self {
        let set = |name: String| {
            image
                .configs
                .of(&ConfigResource::new(ResourceKind::Broker, name))
                .cloned()
        };
        Self {
            config,
            broker: set(node_id.to_string()),
            cluster: set(String::new()),
        }
    }

    /// The layers by reference, as everything in `config` takes them.
    pub fn as_layers(&self) -> Layers<'_> {
        self.config
            .layers(settings(&self.broker), settings(&self.cluster))
    }
}

fn settings(values: &Option<Arc<ConfigValues>>) -> &dyn Settings {
    values.as_deref().map_or(&Unset, |values| values)
}
