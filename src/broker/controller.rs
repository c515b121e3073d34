//! Starting the controller where nothing else can slow it down (architecture 6): on a runtime and threads of its own, together with the
//! listeners and links of the quorum and the broker's heartbeats.

use super::StartError;
use super::directories::{Claimed, METADATA_DIRECTORY};
use super::world::{Threading, World};
use crate::config::{BrokerConfig, Founding, Rules, Unset};
use crate::metadata::raft_wire::RaftWire;
use crate::net::world::Net;
use crate::partition::Room;
use crate::peers::{Backoff, Dial, LinkSettings, Peers};
use crate::world::Workers;
use ottla_controller::controller::{Balancing, Bootstrap, Limits, Timing};
use ottla_controller::ids::BrokerId;
use ottla_controller::raft::{Blocking, Peer, RaftId};
use ottla_controller::{Controller, ControllerOptions};
use ottla_protocol::Str;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Of links between controllers: they are near, and a lost moment is a longer election.
const QUORUM_BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(20),
    longest: Duration::from_millis(200),
};
const QUORUM_CONNECT_MAX: Duration = Duration::from_secs(2);
/// A piece of a snapshot is 1 MiB, entries go in requests of about as much.
const QUORUM_ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;

/// The runtime of everything that must not wait for disks or for data: of its own, or the current one under simulation.
pub struct ControlRuntime {
    handle: Handle,
    /// Dropped to end the thread.
    _end: Option<oneshot::Sender<()>>,
}

impl ControlRuntime {
    /// # Errors
    /// [`StartError::Threads`].
    pub fn start(threading: &Threading) -> Result<Self, StartError> {
        match threading {
            Threading::Tasks(_) => Ok(Self {
                handle: Handle::current(),
                _end: None,
            }),
            Threading::Own => Self::on_its_own_thread().map_err(StartError::threads),
        }
    }

    fn on_its_own_thread() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (end, ended) = oneshot::channel::<()>();
        let handle = runtime.handle().clone();
        let run = move || {
            // Ended by dropping the sender: there is nothing to receive.
            let _ = runtime.block_on(ended);
            // A name that is being resolved must not hold up the end.
            runtime.shutdown_background();
        };
        std::thread::Builder::new()
            .name("controller".to_owned())
            .spawn(run)?;
        Ok(Self {
            handle,
            _end: Some(end),
        })
    }

    /// Runs a future there and waits for its outcome.
    ///
    /// # Errors
    /// [`StartError::Stopped`] when it panicked, or the runtime has ended.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StartError> {
        self.handle
            .spawn(work)
            .await
            .map_err(|_| StartError::Stopped)
    }

    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// Connections of the quorum. Use them on its runtime only.
pub fn peers<N: Net>(world: &World<N>, dial: Arc<dyn Dial>) -> Peers {
    let settings = LinkSettings {
        client_id: Str::from_static("ottla-quorum"),
        answer_max_bytes: QUORUM_ANSWER_MAX_BYTES,
        connect_max: QUORUM_CONNECT_MAX,
        backoff: QUORUM_BACKOFF,
        ..LinkSettings::default()
    };
    Peers::new(dial, world.clock.clone(), world.rng.clone(), settings)
}

/// Carries raft's requests.
pub fn wire(peers: &Peers, config: &BrokerConfig) -> RaftWire {
    let named = match &config.quorum.founding {
        Founding::Together(voters) => voters
            .iter()
            .map(|voter| (BrokerId(voter.node_id), voter.address.clone()))
            .collect(),
        Founding::Alone | Founding::Seek(_) => BTreeMap::new(),
    };
    let listener = config.listeners.toward_controllers.as_str();
    RaftWire::new(peers.clone(), named, listener.into())
}

/// Starts it, and resolves once its log is read.
pub async fn start<N: Net>(
    runtime: &ControlRuntime,
    config: &Arc<BrokerConfig>,
    claimed: &Claimed,
    world: &World<N>,
    peer: Peer,
    wire: RaftWire,
) -> Result<Controller, StartError> {
    let thread = |name| {
        world
            .workers(name, 1)
            .map(blocking)
            .map_err(StartError::threads)
    };
    let clock = world.clock.clone();
    let bootstrap = match &claimed.cluster_id {
        Some(cluster_id) if config.quorum.is_alone() => Bootstrap::Alone {
            cluster_id: cluster_id.clone(),
        },
        cluster_id => Bootstrap::Join {
            cluster_id: cluster_id.clone(),
        },
    };
    let options = ControllerOptions {
        id: RaftId {
            node: BrokerId(config.node_id),
            directory: claimed.metadata_id,
        },
        peer: match config.quorum.is_alone() {
            // The quorum need not know where its only member is, which may change with every start.
            true => Peer::default(),
            false => peer,
        },
        bootstrap,
        directory: config.metadata_log_dir.join(METADATA_DIRECTORY),
        disk: world.disk.clone(),
        log_thread: thread("metadata-log")?,
        snapshot_thread: thread("metadata-snap")?,
        wire: Arc::new(wire),
        rules: Arc::new(rules(config, world)),
        clock: Arc::new(move || clock.elapsed()),
        seed: world.rng.next_u64(),
        session_timeout: super::upkeep::session_timeout(config),
        timing: timing(fetch_timeout_ms(config)),
        balancing: balancing(config),
        limits: Limits::default(),
    };
    let started = runtime.run(Controller::start(options)).await?;
    started.map_err(StartError::controller)
}

fn fetch_timeout_ms(config: &BrokerConfig) -> u64 {
    let number = config
        .layers(&Unset, &Unset)
        .broker_number("controller.quorum.fetch.timeout.ms");
    u64::try_from(number).unwrap_or(0)
}

/// A voter that hears nothing stands for election when its leader's lease has run out and a random time has passed; both are chosen so that it
/// has by the time `controller.quorum.fetch.timeout.ms` is over.
fn timing(fetch_timeout_ms: u64) -> Timing {
    let election_max_ms = (fetch_timeout_ms / 2).max(200);
    Timing {
        heartbeat_ms: election_max_ms / 10,
        election_min_ms: election_max_ms / 2,
        election_max_ms,
        ..Timing::default()
    }
}

fn rules<N: Net>(config: &Arc<BrokerConfig>, world: &World<N>) -> Rules {
    let path = config.metadata_log_dir.clone();
    let room = Room::new(world.disk.clone(), path, world.clock.clone());
    Rules::new(config.clone()).while_there_is_room(move || room.is_full())
}

fn balancing(config: &BrokerConfig) -> Balancing {
    let layers = config.layers(&Unset, &Unset);
    let number = |key| u64::try_from(layers.broker_number(key)).unwrap_or(u64::MAX);
    let enabled = layers.broker_flag("auto.leader.rebalance.enable");
    let preferred = Duration::from_secs(number("leader.imbalance.check.interval.seconds"));
    Balancing {
        preferred: enabled.then_some(preferred),
        leaderless: Duration::from_millis(number("unclean.leader.election.interval.ms")),
    }
}

fn blocking(workers: Workers) -> Blocking {
    Arc::new(move |job| workers.submit(job))
}

#[cfg(test)]
mod tests {
    use super::timing;

    #[test]
    fn a_silent_leader_is_followed_no_longer_than_the_fetch_timeout() {
        for fetch_timeout_ms in [2_000, 400, 10_000] {
            let timing = timing(fetch_timeout_ms);
            let lease_ms = timing.election_max_ms;
            assert!(lease_ms + timing.election_max_ms <= fetch_timeout_ms);
            assert!(lease_ms >= 10 * timing.heartbeat_ms);
            assert!(timing.election_min_ms < timing.election_max_ms);
        }
        assert_eq!(timing(0), timing(400), "no shorter than openraft's own");
    }
}
