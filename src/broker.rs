//! A node: every part built in order, and stopped in reverse. The wiring, readable top to bottom.
//!
//! ```text
//!   directories ─▶ controller (metadata log, image) ─▶ listeners bound ─▶ registered ─▶ logs opened ─▶ unfenced ─▶ serving
//! ```
//! Nothing is decided here. [`Node`] runs on any [`World`]; [`run`] is the process around it.

mod controller;
mod coordination;
mod cordon;
mod directories;
mod error;
mod listeners;
mod process;
mod registration;
mod replication;
mod upkeep;
mod world;

pub use error::StartError;
pub use process::run;
pub use world::{Threading, World};

use crate::admin::Phase;
use crate::api::context::NodeLayers;
use crate::api::{self, Context};
use crate::background;
use crate::config::{BrokerConfig, BrokerValues, TopicConfig, Unset};
use crate::coordinator::group::Groups;
use crate::fetch::Fetches;
use crate::metadata::auto_create::AutoCreate;
use crate::metadata::controller_link::ControllerLink;
use crate::metadata::lifecycle::Membership;
use crate::metadata::producer_ids::ProducerIdSource;
use crate::metrics::Metrics;
use crate::net::dial::Dialer;
use crate::net::listener::Listener;
use crate::net::server::Server;
use crate::net::settings::SocketOptions;
use crate::net::world::Net;
use crate::partition::{Gauges, Opening, Table, TableOptions};
use crate::peers::{LinkSettings, Peers};
use crate::replication::Followers;
use arc_swap::ArcSwap;
use ottla_controller::Metadata;
use ottla_controller::ids::{BrokerId, MetadataOffset};
use ottla_controller::image::{ConfigResource, Image};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long leaving the cluster may take before the node stops anyway.
const LEAVE_MAX: Duration = Duration::from_secs(5);

/// A running node.
pub struct Node {
    pub metrics: Arc<Metrics>,
    /// What clients of each listener are told, in the order of `listeners`.
    pub advertised: Vec<Arc<api::Listener>>,
    phase: watch::Sender<Phase>,
    context: Arc<Context>,
    membership: Membership,
    followers: Arc<Followers>,
    server: Server,
    background: background::Stopper,
    /// Held until the end: the lock of a metadata directory that is no log directory.
    _metadata_lock: Option<ottla_storage::dir::LogDirectory>,
}

impl Node {
    /// Builds and starts every part; resolves when the node serves.
    ///
    /// # Errors
    /// See [`StartError`]; what was started is stopped again by being dropped.
    pub async fn start<N: Net>(
        config: Arc<BrokerConfig>,
        world: World<N>,
        phase: watch::Sender<Phase>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let node_id = BrokerId(config.node_id);
        let directories = directories::open(&config, &world)?;
        let session_timeout = upkeep::session_timeout(&config);
        let controller = controller::start(&config, &directories, &world, session_timeout).await?;
        let metadata = controller.metadata().clone();
        let image = metadata
            .at_least(MetadataOffset(0))
            .await
            .map_err(|_| StartError::Stopped)?;
        let values = Arc::new(ArcSwap::from_pointee(in_force(&config, node_id, &image)));

        let network = listeners::bind(&config, &values.load(), &world).await?;
        let table_options = table_options(&config, &world, &values.load());
        let partitions = Table::open(table_options, directories.log_dirs);
        let request = registration::request(&config, &image, &network, &partitions, &world.rng);
        let peers = peers(&world, &values.load());
        let link = ControllerLink::new(controller.clone(), peers.clone(), node_id);
        let membership = Membership::register(&link, &metadata, &request).await?;
        cordon::put_in_force(&values.load(), &partitions, &membership);

        let (stopper, stop) = background::stop();
        let groups = groups(&world, &values, &metadata, &metrics);
        let replicating = replication::Parts {
            config: &config,
            values: &values,
            metadata: &metadata,
            peers: &peers,
            link: &link,
            table: &partitions,
            membership: &membership,
        };
        let followers = replication::start(&replicating, &world, &stop);
        let parts = upkeep::Parts {
            partitions: partitions.clone(),
            groups: groups.clone(),
            followers: followers.clone(),
        };
        upkeep::follow_metadata(&metadata, node_id, parts, stop.clone());
        let applied = MetadataOffset(membership.epoch().0);
        open_logs(&partitions, applied, &phase).await;
        membership.unfence(applied).await?;

        let fetches = fetches(&world, &values.load());
        let context = Arc::new(Context {
            clock: world.clock.clone(),
            metrics: metrics.clone(),
            node_id,
            is_lone: true,
            values: values.clone(),
            metadata: metadata.clone(),
            controller,
            controller_link: link.clone(),
            peers,
            auto_create: AutoCreate::new(metadata.clone(), link.clone()),
            producer_ids: ProducerIdSource::new(link, node_id, membership.epoch()),
            partitions: partitions.clone(),
            groups,
            fetches,
            loggers: world.loggers.clone(),
            config: config.clone(),
        });
        metrics.register(Arc::new(Gauges(partitions)));
        metrics.register(context.fetches.clone());
        let advertised = advertised(&network);
        let server = listeners::serve(network, &context, &values.load(), &world).await?;
        upkeep::start(&context, &membership, server.gate(), &world, &stop);
        phase.send_replace(Phase::Ready);
        Ok(Self {
            metrics,
            advertised,
            phase,
            context,
            membership,
            followers,
            server,
            background: stopper,
            _metadata_lock: directories.metadata_lock,
        })
    }

    /// Resolves when the node cannot go on: its metadata log or its last log directory has failed. Says why.
    pub async fn failed(&self) -> String {
        let mut failures = self.context.partitions.failures();
        tokio::select! {
            biased;
            reason = self.context.controller.stopped() => {
                format!("the metadata log failed: {}", reason.unwrap_or_else(|| "the controller stopped".to_owned()))
            }
            _ = failures.wait_for(|failures| failures.are_all_failed) => "every log directory has failed".to_owned(),
        }
    }

    /// Stops every part in reverse: no new requests, what is in flight is answered, logs are flushed and checkpointed.
    pub async fn stop(self) {
        self.phase.send_replace(Phase::Stopping);
        // A lone node has nobody to hand its partitions to, so what is in flight is finished while it still leads them.
        // Groups and fetches first, so that parked requests are answered and hold up no connection.
        self.context.groups.runtime.stop();
        self.context.fetches.stop();
        self.server.stop().await;
        if tokio::time::timeout(LEAVE_MAX, leave(&self.membership))
            .await
            .is_err()
        {
            tracing::warn!(
                "the controller did not release this broker in time; stopping all the same"
            );
        }
        self.background.stop();
        self.followers.stop();
        self.context
            .partitions
            .shutdown(self.membership.epoch().0)
            .await;
        self.context.controller.shutdown().await;
    }
}

/// Waits until the logs of the metadata up to `applied` are open, and shows how far that is.
async fn open_logs(partitions: &Table, applied: MetadataOffset, phase: &watch::Sender<Phase>) {
    let mut opening = partitions.opening();
    let mut opened = std::pin::pin!(partitions.applied_up_to(applied));
    loop {
        tokio::select! {
            biased;
            () = &mut opened => return,
            // An error means that the table is gone, and then everything is.
            Ok(()) = opening.changed() => {}
        }
        let Opening { done, of } = *opening.borrow_and_update();
        phase.send_replace(Phase::Recovering { done, of });
    }
}

async fn leave(membership: &Membership) {
    loop {
        match membership.leave().await {
            Ok(false) => tokio::time::sleep(Duration::from_millis(20)).await,
            Ok(true) => return,
            Err(error) => {
                return tracing::warn!(%error, "could not leave the cluster in good order");
            }
        }
    }
}

/// The values as the metadata has them.
fn in_force(config: &Arc<BrokerConfig>, node_id: BrokerId, image: &Image) -> BrokerValues {
    let layers = NodeLayers::of(config.clone(), node_id, image);
    BrokerValues::resolve(&layers.as_layers())
}

/// Connections to other nodes, for everything but the quorum itself.
fn peers<N: Net>(world: &World<N>, values: &BrokerValues) -> Peers {
    let sockets = SocketOptions::of(&values.connections);
    let dialer = Arc::new(Dialer::new(world.net.clone(), sockets));
    let (clock, rng) = (world.clock.clone(), world.rng.clone());
    Peers::new(dialer, clock, rng, LinkSettings::default())
}

fn advertised<N: Net>(network: &[Listener<N>]) -> Vec<Arc<api::Listener>> {
    network.iter().map(|one| one.seen().clone()).collect()
}

fn groups<N: Net>(
    world: &World<N>,
    values: &Arc<ArcSwap<BrokerValues>>,
    metadata: &Metadata,
    metrics: &Metrics,
) -> Arc<Groups> {
    let (clock, rng) = (world.clock.clone(), world.rng.clone());
    let groups = Groups::new(
        values.clone(),
        metadata.clone(),
        clock,
        rng,
        &metrics.coordinators,
    );
    metrics.register(groups.clone());
    groups
}

fn fetches<N: Net>(world: &World<N>, values: &BrokerValues) -> Arc<Fetches> {
    let slots = fetch_session_slots(values);
    let fetches = Fetches::new(slots, world.clock.clone(), world.rng.clone());
    Arc::new(fetches)
}

fn fetch_session_slots(values: &BrokerValues) -> usize {
    usize::try_from(values.requests.fetch_session_slots).unwrap_or(usize::MAX)
}

fn table_options<N: Net>(
    config: &Arc<BrokerConfig>,
    world: &World<N>,
    values: &BrokerValues,
) -> TableOptions {
    let (config, me) = (config.clone(), BrokerId(config.node_id));
    let topic_config = move |image: &Image, topic: &str| {
        let layers = NodeLayers::of(config.clone(), me, image);
        let own = image.configs.of(&ConfigResource::topic(topic));
        let own = own.map_or(&Unset as &dyn crate::config::Settings, |values| {
            values.as_ref()
        });
        TopicConfig::resolve(&layers.as_layers(), own)
    };
    TableOptions {
        me,
        clock: world.clock.clone(),
        rng: world.rng.clone(),
        topic_config: Box::new(topic_config),
        producer_expiration: values.log.producer_expiration,
        replica_lag_max: values.replication.lag_max,
    }
}
