//! Starting a controller: open the log, start openraft, become a cluster if there is none, and run the tasks.

use super::completion::Completions;
use super::leader::Leader;
use super::{Bootstrap, Controller, ControllerOptions, Task};
use crate::dice::Dice;
use crate::liveness::Liveness;
use crate::publish;
use crate::raft::{
    DecidedMembers, LogStore, Network, Runtime, Server, SnapshotFiles, StateMachine, Types,
};
use crate::watch;
use openraft::{Config, Raft, SnapshotPolicy};
use openraft_rt::{AsyncRuntime, WatchReceiver};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Why a controller does not start.
#[derive(Debug)]
pub enum StartError {
    /// The log cannot be read or created.
    Log(io::Error),
    /// The timing contradicts itself.
    Timing(String),
    Raft(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Log(error) => write!(to, "the metadata log cannot be opened: {error}"),
            StartError::Timing(reason) => {
                write!(to, "the quorum's timing contradicts itself: {reason}")
            }
            StartError::Raft(reason) => {
                write!(to, "the metadata quorum cannot be started: {reason}")
            }
        }
    }
}

impl std::error::Error for StartError {}

impl Controller {
    /// Starts a controller on the current tokio runtime, which runs all its tasks. Reads the log and the snapshot before it
    /// returns, so it blocks the runtime for as long as that takes. A quorum of one is active when it returns, with all that
    /// was ever acknowledged applied; in a larger one, whoever starts learns later who leads.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(options: ControllerOptions) -> Result<Controller, StartError> {
        let seed = options.seed;
        Runtime::scope(seed, start(options)).await
    }
}

async fn start(options: ControllerOptions) -> Result<Controller, StartError> {
    let log = LogStore::open(
        options.disk.clone(),
        &options.directory,
        options.limits.segment_bytes,
        options.log_thread.clone(),
    )
    .map_err(StartError::Log)?;
    let (publisher, metadata) = publish::channel();
    let files = SnapshotFiles {
        disk: options.disk.clone(),
        directory: options.directory.clone(),
        blocking: options.snapshot_thread.clone(),
    };
    check_snapshot_meets_log(&log, &files).map_err(StartError::Log)?;
    let decided = DecidedMembers::default();
    let network = Network {
        wire: options.wire.clone(),
        decided: decided.clone(),
    };
    let config = Arc::new(config(&options).map_err(StartError::Timing)?);
    let state_machine = StateMachine::new(publisher, files, decided.clone());
    let raft = Raft::new(options.id, config, network, log.clone(), state_machine)
        .await
        .map_err(raft_error)?;
    let is_alone = lead_if_alone(&raft, &options).await?;

    let (proposals, proposed) = mpsc::channel(options.limits.proposals);
    let (tasks, working) = mpsc::channel(options.limits.proposals);
    let (stop, stopping) = watch::channel(false);
    let (end, stopped) = watch::channel(None);
    let (leads, is_active) = watch::channel(false);
    let (completions, completing) = Completions::new(options.limits.proposals);
    let leader = Leader {
        dice: Dice::new(options.seed ^ 0x6f74_746c_6121),
        liveness: Liveness::new(options.session_timeout),
        active: None,
        generations: 0,
        last_term: 0,
        leads,
        snapshot_at_bytes: 0,
        unfinished: None,
        proposals: proposed,
        completions,
        metadata: metadata.clone(),
        raft: raft.clone(),
        log,
        options: options.clone(),
    };
    Runtime::spawn(completing);
    let server = Arc::new(Server::new(options.id, raft.clone()));
    Runtime::spawn(run(leader, work(working), raft.clone(), stopping, end));
    let controller = Controller {
        metadata,
        proposals,
        tasks,
        server,
        stop,
        stopped,
        is_active,
        raft,
        decided,
        id: options.id,
    };
    if is_alone {
        controller.until_active().await.map_err(StartError::Raft)?;
        rest_without_peers(&controller.raft);
    }
    Ok(controller)
}

/// Ticks time elections and heartbeats, a hundred times a second. A leader without peers needs neither; a change of the membership turns
/// them on again.
fn rest_without_peers(raft: &Raft<Types, StateMachine>) {
    let membership = raft.metrics().borrow_watched().membership_config.clone();
    if membership.nodes().count() == 1 {
        raft.runtime_config().tick(false);
    }
}

/// A log whose beginning was purged is nothing without the snapshot that took its place.
fn check_snapshot_meets_log(log: &LogStore, files: &SnapshotFiles) -> io::Result<()> {
    let (purged, reached) = (log.purged(), files.reaches()?);
    if purged <= reached {
        return Ok(());
    }
    let name = |id: Option<_>| id.map_or("its beginning".to_owned(), |id| format!("entry {id}"));
    let message = format!(
        "the log goes on after {}, but the snapshot ends at {}",
        name(purged),
        name(reached)
    );
    Err(io::Error::new(io::ErrorKind::InvalidData, message))
}

/// Runs the tasks until told to stop or until openraft stops by itself, and says which.
async fn run(
    leader: Leader,
    working: impl Future<Output = ()> + Send,
    raft: Raft<Types, StateMachine>,
    mut stopping: watch::Receiver<bool>,
    end: watch::Sender<Option<String>>,
) {
    let failed = failure(&raft);
    let reason = tokio::select! {
        biased;
        _ = stopping.wait_for(|stop| *stop) => String::new(),
        reason = failed => reason,
        () = leader.run() => String::new(),
        () = working => String::new(),
    };
    // It fails when a task of openraft's panicked, which its state says already.
    let _ = raft.shutdown().await;
    end.send_replace(Some(reason));
}

/// Waits until openraft stops by itself.
async fn failure(raft: &Raft<Types, StateMachine>) -> String {
    let mut metrics = raft.metrics();
    loop {
        if let Err(fatal) = &metrics.borrow_watched().running_state {
            return fatal.to_string();
        }
        if metrics.changed().await.is_err() {
            return "openraft is gone".to_owned();
        }
    }
}

async fn work(mut tasks: mpsc::Receiver<Task>) {
    while let Some(task) = tasks.recv().await {
        Runtime::spawn(task);
    }
}

/// A quorum of one has nobody to wait for; whether this is one.
async fn lead_if_alone(
    raft: &Raft<Types, StateMachine>,
    options: &ControllerOptions,
) -> Result<bool, StartError> {
    if raft.is_initialized().await.map_err(raft_error)? {
        let membership = raft.metrics().borrow_watched().membership_config.clone();
        let is_alone = membership.voter_ids().eq([options.id]);
        if is_alone {
            raft.trigger().elect(false).await.map_err(raft_error)?;
        }
        return Ok(is_alone);
    }
    let is_alone = matches!(options.bootstrap, Bootstrap::Alone { .. });
    if is_alone {
        let members = BTreeMap::from([(options.id, options.peer.clone())]);
        raft.initialize(members).await.map_err(raft_error)?;
    }
    Ok(is_alone)
}

fn config(options: &ControllerOptions) -> Result<Config, String> {
    let config = Config {
        cluster_name: "ottla".to_owned(),
        heartbeat_interval: options.timing.heartbeat_ms,
        election_timeout_min: options.timing.election_min_ms,
        election_timeout_max: options.timing.election_max_ms,
        enable_pre_vote: Some(true),
        enable_leader_restore: Some(false),
        snapshot_policy: SnapshotPolicy::LogsSinceLast(options.limits.snapshot_entries),
        max_in_snapshot_log_to_keep: options.limits.kept_entries,
        replication_lag_threshold: options.limits.snapshot_entries + options.limits.kept_entries,
        install_snapshot_timeout: 10_000,
        ..Default::default()
    };
    config.validate().map_err(|error| error.to_string())
}

fn raft_error(error: impl fmt::Display) -> StartError {
    StartError::Raft(error.to_string())
}
