//! What stands before a node has metadata: its directories claimed, its listeners bound, its controller started, and its quorum answered.
//!
//! Everything of the quorum runs on the controller's runtime; only a broker that has no listener for controllers hears its quorum on the
//! inter-broker listener, on the runtime that serves its clients.

use super::certificates;
use super::controller::{self, ControlRuntime};
use super::directories::{self, Claimed};
use super::listeners::{self, Bound};
use super::logins;
use super::world::World;
use super::{StartError, in_force};
use crate::api::Stage;
use crate::auth::{Audit, AuditFile, Authority, Authorizer};
use crate::config::{BrokerConfig, BrokerValues, Founding};
use crate::metadata::controller_link::ControllerLink;
use crate::metadata::evidence::Evidence;
use crate::metadata::joining::Joining;
use crate::metadata::raft_wire::RaftWire;
use crate::metadata::seat::Seat;
use crate::metadata::sightings::Sightings;
use crate::metadata::succession::Succession;
use crate::metrics::Metrics;
use crate::net::dial::Dialer;
use crate::net::listener::Listener;
use crate::net::server::Server;
use crate::net::settings::SocketOptions;
use crate::net::tls::Certificates;
use crate::net::world::Net;
use crate::peers::Peers;
use ottla_controller::Controller;
use ottla_controller::ids::{BrokerId, MetadataOffset};
use ottla_controller::image::Image;
use ottla_controller::raft::{Peer, PeerEndpoint};
use std::sync::Arc;
use tokio::sync::watch;

/// See the module.
pub struct Foundation<N: Net> {
    pub runtime: ControlRuntime,
    pub claimed: Claimed,
    pub certificates: Arc<Certificates>,
    pub controller: Controller,
    pub stage: Arc<Stage>,
    /// Connections of the quorum, for its runtime.
    pub peers: Peers,
    /// Those that answer the quorum already.
    pub servers: Vec<Server>,
    /// Those that are served once the node is ready.
    pub waiting: Vec<Listener<N>>,
    /// All of them.
    pub seen: listeners::Seen,
    /// Says why this node must not go on, should its quorum refuse it.
    pub refused: watch::Receiver<Option<String>>,
    /// `None` where everybody may do everything.
    pub authority: Option<Arc<Authority>>,
    pub sightings: Arc<Sightings>,
}

impl<N: Net> Foundation<N> {
    /// Lays it.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn lay(
        config: &Arc<BrokerConfig>,
        world: &World<N>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let values = in_force(config, BrokerId(config.node_id), &Image::default());
        let settings = logins::settings(config)?;
        let claimed = directories::claim(config, world)?;
        let certificates = certificates::open(config, world, metrics)?;
        let runtime = ControlRuntime::start(&world.threading)?;
        let bound = listeners::bind(config, &values, world, &runtime, &certificates).await?;
        let peer = own_peer(config, &bound.seen);
        let dialer = Dialer::new(
            world.net.clone(),
            SocketOptions::default(),
            certificates.clone(),
        );
        let dial = logins::dial(config, &settings, dialer, &world.rng);
        let peers = controller::peers(world, dial);
        let wire = controller::wire(&peers, config);
        let started = controller::start(
            &runtime,
            config,
            &claimed,
            world,
            peer.clone(),
            wire.clone(),
        );
        let controller = started.await?;
        let sightings =
            look_for_evidence(config, world, &certificates, &controller, &wire, &runtime);
        let cluster_id = claimed.cluster_id.clone();
        let seat = Seat::new(controller.clone(), peer, cluster_id, &config.quorum);
        let seat = Arc::new(seat);
        let authority = authority(config, world)?;
        let link = {
            let me = BrokerId(config.node_id);
            ControllerLink::new(controller.clone(), peers.clone(), me)
        };
        let known = (controller.metadata().clone(), link);
        let logins = logins::start(config, settings, world, &runtime, known).await?;
        let (clock, metrics) = (world.clock.clone(), metrics.clone());
        let stage = Stage::new(clock, metrics, seat.clone(), authority.clone(), logins);
        let stage = Arc::new(stage);
        let seen = bound.seen.clone();
        let (servers, waiting) =
            serve_quorum(bound, config, &stage, &values, world, &runtime).await?;
        let refused = join(config, seat, &peers, wire, &runtime);
        Ok(Self {
            runtime,
            claimed,
            certificates,
            controller,
            stage,
            peers,
            servers,
            waiting,
            seen,
            refused,
            authority,
            sightings,
        })
    }

    /// Waits until this node has the metadata of its cluster.
    ///
    /// # Errors
    /// [`StartError::Cluster`] when the cluster refuses this node.
    pub async fn metadata(&self) -> Result<Arc<Image>, StartError> {
        let mut refused = self.refused.clone();
        tokio::select! {
            biased;
            refused = until_refused(&mut refused) => Err(StartError::Cluster(refused)),
            image = self.controller.metadata().at_least(MetadataOffset(0)) => image.map_err(|_| StartError::Stopped),
        }
    }
}

/// Who decides who may do what, if somebody does.
fn authority<N: Net>(
    config: &BrokerConfig,
    world: &World<N>,
) -> Result<Option<Arc<Authority>>, StartError> {
    let Some(policy) = &config.authorization else {
        return Ok(None);
    };
    let file = match &policy.audit_file {
        None => None,
        Some(path) => Some(AuditFile {
            path: path.clone(),
            disk: world.disk.clone(),
            workers: world.workers("audit", 1).map_err(StartError::threads)?,
        }),
    };
    let lines_per_second = policy.audit_lines_per_second;
    Ok(Some(Arc::new(Authority {
        authorizer: Arc::new(Authorizer::new(policy.clone())),
        audit: Audit::new(world.clock.clone(), lines_per_second, file),
    })))
}

/// Resolves with the reason, should there be one.
pub async fn until_refused(refused: &mut watch::Receiver<Option<String>>) -> String {
    match refused.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone().unwrap_or_default(),
        Err(_) => std::future::pending().await,
    }
}

/// Starts whoever must answer before there is metadata.
async fn serve_quorum<N: Net>(
    bound: Bound<N>,
    config: &BrokerConfig,
    stage: &Arc<Stage>,
    values: &BrokerValues,
    world: &World<N>,
    runtime: &ControlRuntime,
) -> Result<(Vec<Server>, Vec<Listener<N>>), StartError> {
    let serving = listeners::serving(stage, config, values, world).await?;
    let controllers = bound.controllers;
    let for_controllers = serving.clone();
    let server = runtime.run(async move { Server::start(controllers, for_controllers) });
    let mut servers = vec![server.await?];
    let is_early =
        |listener: &Listener<N>| !config.quorum.is_alone() && listener.seen().serves.quorum;
    let (early, waiting): (Vec<_>, Vec<_>) = bound.clients.into_iter().partition(is_early);
    if !early.is_empty() {
        servers.push(Server::start(early, serving));
    }
    Ok((servers, waiting))
}

/// A node that names no other, and belongs to a quorum of one, has nobody to look for.
fn join(
    config: &BrokerConfig,
    seat: Arc<Seat>,
    peers: &Peers,
    wire: RaftWire,
    runtime: &ControlRuntime,
) -> watch::Receiver<Option<String>> {
    let (refuse, refused) = watch::channel(None);
    let quorum = seat.controller.quorum();
    if config.quorum.is_alone() && quorum.voters.len() + quorum.observers.len() <= 1 {
        return refused;
    }
    let listener = config.listeners.of_quorum();
    let joining = Joining {
        seat,
        founding: config.quorum.founding.clone(),
        peers: peers.clone(),
        wire,
        listener: listener.map_or(String::new(), |name| name.as_str().to_owned()),
    };
    runtime.handle().spawn(async move {
        if let Some(reason) = joining.run().await {
            refuse.send_replace(Some(reason));
        }
    });
    refused
}

/// Looks after brokers and voters whose process has ended.
fn look_for_evidence<N: Net>(
    config: &BrokerConfig,
    world: &World<N>,
    certificates: &Arc<Certificates>,
    controller: &Controller,
    wire: &RaftWire,
    runtime: &ControlRuntime,
) -> Arc<Sightings> {
    let sightings = Sightings::new(world.clock.clone());
    let dial = Arc::new(Dialer::new(
        world.net.clone(),
        SocketOptions::default(),
        certificates.clone(),
    ));
    let evidence = Evidence {
        controller: controller.clone(),
        dial: dial.clone(),
        me: BrokerId(config.node_id),
        listener: config.listeners.inter_broker.as_str().into(),
        sightings: sightings.clone(),
    };
    runtime.handle().spawn(evidence.run());
    if config.quorum.roles.controller {
        let succession = Succession {
            controller: controller.clone(),
            dial,
            wire: wire.clone(),
        };
        runtime.handle().spawn(succession.run());
    }
    sightings
}

/// Where the quorum reaches this node: as the voters are listed, or else as advertised.
fn own_peer(config: &BrokerConfig, seen: &listeners::Seen) -> Peer {
    let quorum = seen.controllers.iter().chain(&seen.clients);
    let Some(own) = quorum.into_iter().find(|listener| listener.serves.quorum) else {
        return Peer::default();
    };
    let (mut host, mut port) = (own.advertised.host.to_string(), own.advertised.port);
    if let Founding::Together(voters) = &config.quorum.founding
        && let Some(voter) = voters.iter().find(|voter| voter.node_id == config.node_id)
    {
        (host, port) = (voter.address.host.clone(), voter.address.port);
    }
    Peer {
        endpoints: vec![PeerEndpoint {
            listener: own.name.clone(),
            host,
            port,
        }],
    }
}
