//! A node: every part built in order, and stopped in reverse. The wiring, readable top to bottom.
//!
//! ```text
//!   foundation (directories, listeners bound, controller, quorum) ─▶ image ─▶ registered ─▶ logs opened ─▶ unfenced ─▶ serving
//! ```
//! Nothing is decided here. [`Node`] runs on any [`World`]; [`run`] is the process around it.

mod catching_up;
mod certificates;
mod clock_jump;
mod controller;
mod coordination;
mod cordon;
mod directories;
mod error;
mod foundation;
mod gauges;
mod listeners;
mod logins;
mod process;
mod provisioning;
mod quotas;
mod registration;
mod replication;
mod upkeep;
mod world;

pub use error::StartError;
pub use process::run;
pub use world::{Threading, World};

use crate::admin::Phase;
use crate::api::context::NodeLayers;
use crate::api::{self, Context, Stage};
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
use crate::net::server::Server;
use crate::net::settings::SocketOptions;
use crate::net::tls::Certificates;
use crate::net::world::Net;
use crate::partition::{Gauges, Opening, Table, TableOptions};
use crate::peers::{LinkSettings, Peers};
use crate::replication::Followers;
use arc_swap::ArcSwap;
use controller::ControlRuntime;
use foundation::Foundation;
use ottla_controller::ids::{BrokerEpoch, BrokerId, MetadataOffset};
use ottla_controller::image::{ConfigResource, Image};
use ottla_controller::{Controller, Metadata};
use ottla_protocol::messages::broker_registration::BrokerRegistrationRequest;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long leaving the cluster may take before the node stops anyway.
const LEAVE_MAX: Duration = Duration::from_secs(5);
/// Of a node that is no broker.
const NO_EPOCH: BrokerEpoch = BrokerEpoch(-1);

/// A running node.
pub struct Node {
    pub metrics: Arc<Metrics>,
    /// What clients of each listener are told, in the order of `listeners`.
    pub advertised: Vec<Arc<api::Listener>>,
    /// Where controllers reach it.
    pub controllers: Vec<Arc<api::Listener>>,
    phase: watch::Sender<Phase>,
    runtime: ControlRuntime,
    context: Arc<Context>,
    stage: Arc<Stage>,
    /// Of a broker.
    membership: Option<Membership>,
    followers: Arc<Followers>,
    /// The controllers' first.
    servers: Vec<Server>,
    refused: watch::Receiver<Option<String>>,
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
        let foundation = Foundation::lay(&config, &world, &metrics).await?;
        phase.send_replace(Phase::Waiting("the metadata quorum has not been heard"));
        let image = foundation.metadata().await?;
        let Foundation {
            runtime,
            claimed,
            certificates,
            controller,
            stage,
            mut servers,
            waiting,
            seen,
            refused,
            peers: quorum_peers,
            authority,
            sightings,
        } = foundation;
        let cluster_id = image.cluster_id.as_deref().unwrap_or_default();
        let directories = claimed.adopt(&config, &world, cluster_id)?;
        let metadata = controller.metadata().clone();
        let values = Arc::new(ArcSwap::from_pointee(in_force(&config, node_id, &image)));
        let table_options = table_options(&config, &world, &values.load());
        let partitions = Table::open(table_options, directories.log_dirs);
        let quorum_link = ControllerLink::new(controller.clone(), quorum_peers, node_id);
        let request = registration::request(&config, &image, &seen, &partitions, &world.rng);
        phase.send_replace(Phase::Waiting(
            "the active controller has not registered this broker",
        ));
        let membership = register(&config, &runtime, quorum_link, &metadata, request).await?;
        let epoch = membership.as_ref().map_or(NO_EPOCH, Membership::epoch);

        let peers = peers(&config, &stage, &world, &values.load(), &certificates);
        let link = ControllerLink::new(controller.clone(), peers.clone(), node_id);
        let context = Arc::new(Context {
            clock: world.clock.clone(),
            metrics: metrics.clone(),
            node_id,
            controller,
            controller_link: link.clone(),
            peers,
            auto_create: AutoCreate::new(metadata.clone(), link.clone(), world.clock.clone()),
            producer_ids: ProducerIdSource::new(link, node_id, epoch),
            partitions,
            groups: groups(&world, &values, &metadata, &metrics),
            fetches: fetches(&world, &values.load()),
            authority,
            quotas: quotas::clients(&config, &world.clock, &image, &metrics),
            throttles: quotas::throttles(&config, &world.clock, &values.load().replication),
            logins: stage.logins.clone(),
            loggers: world.loggers.clone(),
            sightings,
            config: config.clone(),
            values,
            metadata,
        });
        let (stopper, stop) = background::stop();
        let followers = replication::start(&context, membership.as_ref(), epoch, &stop);
        let cluster_gauges = gauges::ClusterGauges::new(
            context.metadata.clone(),
            context.controller.clone(),
            node_id,
        );
        metrics.register(cluster_gauges.clone());
        upkeep::follow_metadata(&context, &followers, cluster_gauges, stop.clone());
        if let Some(membership) = &membership {
            cordon::put_in_force(&context.values(), &context.partitions, membership);
            serve_partitions(&runtime, &context.partitions, membership, &phase).await?;
        }
        metrics.register(Arc::new(Gauges(context.partitions.clone())));
        metrics.register(context.fetches.clone());
        let values = context.values();
        let serving = listeners::serving(&stage, &config, &values, &world).await?;
        stage.is_ready(context.clone());
        servers.push(Server::start(waiting, serving));
        upkeep::start(&context, membership.as_ref(), &servers, &world, &stop);
        certificates::follow(&certificates, &context, &world, stop.clone())?;
        provisioning::start(&context, &world, &stop)?;
        if let Some(membership) = &membership {
            upkeep::beat(membership, &config, &world.rng, &runtime, &stop);
        }
        catching_up::start(&context, &phase, &stop);
        Ok(Self {
            metrics,
            advertised: seen.clients,
            controllers: seen.controllers,
            phase,
            runtime,
            context,
            stage,
            membership,
            followers,
            servers,
            refused,
            background: stopper,
            _metadata_lock: directories.metadata_lock,
        })
    }

    /// Its controller, and through it the metadata, for whoever looks at a node from inside.
    pub fn controller(&self) -> &Controller {
        &self.context.controller
    }

    /// Resolves when the node cannot go on: its metadata log or its last log directory has failed, or its quorum refuses it. Says why.
    pub async fn failed(&self) -> String {
        let mut failures = self.context.partitions.failures();
        let mut refused = self.refused.clone();
        tokio::select! {
            biased;
            reason = self.context.controller.stopped() => {
                format!("the metadata log failed: {}", reason.unwrap_or_else(|| "the controller stopped".to_owned()))
            }
            _ = failures.wait_for(|failures| failures.are_all_failed) => "every log directory has failed".to_owned(),
            reason = foundation::until_refused(&mut refused) => reason,
        }
    }

    /// Stops every part in reverse: no new requests, what is in flight is answered, logs are flushed and checkpointed. In a cluster, others
    /// lead its partitions before that, and the quorum too.
    pub async fn stop(self) {
        self.phase.send_replace(Phase::Stopping);
        let context = &self.context;
        // A lone node has nobody to hand its partitions to, so what is in flight is finished while it still leads them.
        let is_lone = context.metadata.image().brokers.iter().count() <= 1;
        let hands_over = context
            .config
            .layers(&Unset, &Unset)
            .broker_flag("controlled.shutdown.enable");
        if !is_lone && hands_over {
            released(&self.runtime, self.membership.as_ref()).await;
            context.controller.hand_over().await;
        }
        // Groups and fetches first, so that parked requests are answered and hold up no connection.
        context.groups.runtime.stop();
        context.fetches.stop();
        // The controllers' server is the first: it ends last, for what is still asked of them while this broker leaves.
        let mut servers = self.servers.into_iter();
        let of_controllers = servers.next();
        futures::future::join_all(servers.map(Server::stop)).await;
        if is_lone {
            released(&self.runtime, self.membership.as_ref()).await;
        }
        self.background.stop();
        self.followers.stop();
        let epoch = self.membership.as_ref().map_or(NO_EPOCH, Membership::epoch);
        context.partitions.shutdown(epoch.0).await;
        self.stage.is_over();
        if let Some(server) = of_controllers {
            server.stop().await;
        }
        context.controller.shutdown().await;
    }
}

/// Registers the broker on the controller's runtime; a node that is none has no membership.
async fn register(
    config: &BrokerConfig,
    runtime: &ControlRuntime,
    link: ControllerLink,
    metadata: &Metadata,
    request: BrokerRegistrationRequest,
) -> Result<Option<Membership>, StartError> {
    if !config.quorum.roles.broker {
        return Ok(None);
    }
    let metadata = metadata.clone();
    let registered =
        runtime.run(async move { Membership::register(&link, &metadata, &request).await });
    Ok(Some(registered.await??))
}

/// Opens the logs, and then asks to lead.
async fn serve_partitions(
    runtime: &ControlRuntime,
    partitions: &Table,
    membership: &Membership,
    phase: &watch::Sender<Phase>,
) -> Result<(), StartError> {
    let membership = membership.clone();
    let applied = MetadataOffset(membership.epoch().0);
    open_logs(partitions, applied, phase).await;
    phase.send_replace(Phase::Waiting(
        "the active controller has not let this broker serve",
    ));
    let unfenced = runtime.run(async move { membership.unfence(applied).await });
    Ok(unfenced.await??)
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

/// Waits until the controller lets the broker go, within limits.
async fn released(runtime: &ControlRuntime, membership: Option<&Membership>) {
    let Some(membership) = membership.cloned() else {
        return;
    };
    let leaving = runtime.run(async move {
        let left = tokio::time::timeout(LEAVE_MAX, leave(&membership));
        left.await.unwrap_or(false)
    });
    match leaving.await {
        Ok(true) => {
            tracing::info!("the controller has released this broker: it leads nothing any more")
        }
        _ => tracing::warn!(
            "the controller did not release this broker in time; stopping all the same"
        ),
    }
}

async fn leave(membership: &Membership) -> bool {
    loop {
        match membership.leave().await {
            Ok(false) => tokio::time::sleep(Duration::from_millis(20)).await,
            Ok(true) => return true,
            Err(error) => {
                tracing::warn!(%error, "could not leave the cluster in good order");
                return false;
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
fn peers<N: Net>(
    config: &BrokerConfig,
    stage: &Stage,
    world: &World<N>,
    values: &BrokerValues,
    certificates: &Arc<Certificates>,
) -> Peers {
    let sockets = SocketOptions::of(&values.connections);
    let dialer = Dialer::new(world.net.clone(), sockets, certificates.clone());
    let dial = logins::dial(config, &stage.logins.settings, dialer, &world.rng);
    let (clock, rng) = (world.clock.clone(), world.rng.clone());
    Peers::new(dial, clock, rng, LinkSettings::default())
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
