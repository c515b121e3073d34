//! Starting the controller where nothing else can slow it down (architecture 6): on a runtime and threads of its own.

use super::StartError;
use super::directories::{Directories, METADATA_DIRECTORY};
use super::world::{Threading, World};
use crate::config::{BrokerConfig, Rules, Unset};
use crate::net::world::Net;
use crate::world::Workers;
use ottla_controller::controller::{Balancing, Bootstrap, Limits, Timing};
use ottla_controller::ids::BrokerId;
use ottla_controller::raft::{Blocking, NoWire, Peer, RaftId};
use ottla_controller::{Controller, ControllerOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Starts it, and resolves once its log is read.
pub async fn start<N: Net>(
    config: &Arc<BrokerConfig>,
    directories: &Directories,
    world: &World<N>,
    session_timeout: Duration,
) -> Result<Controller, StartError> {
    let options = options(config, directories, world, session_timeout)?;
    match &world.threading {
        Threading::Tasks(_) => Controller::start(options)
            .await
            .map_err(StartError::controller),
        Threading::Own => on_its_own_thread(options).await,
    }
}

fn options<N: Net>(
    config: &Arc<BrokerConfig>,
    directories: &Directories,
    world: &World<N>,
    session_timeout: Duration,
) -> Result<ControllerOptions, StartError> {
    let thread = |name| {
        world
            .workers(name, 1)
            .map(blocking)
            .map_err(|error| StartError::Threads(error.to_string()))
    };
    let clock = world.clock.clone();
    Ok(ControllerOptions {
        id: RaftId {
            node: BrokerId(config.node_id),
            directory: directories.metadata_id,
        },
        peer: Peer::default(),
        bootstrap: Bootstrap::Alone {
            cluster_id: directories.cluster_id.clone(),
        },
        directory: config.metadata_log_dir.join(METADATA_DIRECTORY),
        disk: world.disk.clone(),
        log_thread: thread("metadata-log")?,
        snapshot_thread: thread("metadata-snap")?,
        wire: Arc::new(NoWire),
        rules: Arc::new(Rules::new(config.clone())),
        clock: Arc::new(move || clock.elapsed()),
        seed: world.rng.next_u64(),
        session_timeout,
        timing: Timing::default(),
        balancing: balancing(config),
        limits: Limits::default(),
    })
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

/// The thread ends when the controller has stopped.
async fn on_its_own_thread(options: ControllerOptions) -> Result<Controller, StartError> {
    let (started, starting) = oneshot::channel();
    let run = move || {
        let runtime = match tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => return drop(started.send(Err(StartError::Threads(error.to_string())))),
        };
        runtime.block_on(async move {
            match Controller::start(options).await {
                Err(error) => drop(started.send(Err(StartError::controller(error)))),
                Ok(controller) => {
                    drop(started.send(Ok(controller.clone())));
                    controller.stopped().await;
                }
            }
        });
    };
    std::thread::Builder::new()
        .name("controller".to_owned())
        .spawn(run)
        .map_err(|error| StartError::Threads(error.to_string()))?;
    starting.await.unwrap_or_else(|_| {
        Err(StartError::Threads(
            "the controller's thread ended at once".to_owned(),
        ))
    })
}
