//! The process around a node: health, the ready line, signals.
//!
//! The first SIGTERM or SIGINT stops the node in good order, a second one ends the process at once.

use super::{Node, StartError, World, clock_jump};
use crate::admin::{Admin, Phase, Shown};
use crate::api;
use crate::config::{BrokerConfig, Settings};
use crate::logging::Loggers;
use crate::metrics::Metrics;
use crate::net::tcp::Tcp;
use ottla_storage::broken;
use std::fmt;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Ended by a signal that came while the first one was being obeyed (128 + SIGINT).
const EXIT_AT_ONCE: i32 = 130;

/// Why the process ends with a failure.
#[derive(Debug)]
pub enum Failure {
    Start(StartError),
    Admin {
        listener: String,
        error: std::io::Error,
    },
    Signals(std::io::Error),
    /// The node could not go on.
    Node(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(to),
            Self::Admin { listener, error } => {
                write!(
                    to,
                    "admin.listeners {listener} cannot be bound: {error}; choose another port, or none"
                )
            }
            Self::Signals(error) => write!(to, "signals cannot be received: {error}"),
            Self::Node(reason) => to.write_str(reason),
        }
    }
}

/// Runs a node on this machine until a signal, or until it cannot go on. `loggers` are those of the process.
///
/// # Errors
/// See [`Failure`].
pub async fn run(config: BrokerConfig, loggers: Arc<Loggers>) -> Result<(), Failure> {
    let world = World {
        loggers,
        ..World::system()
    };
    let clock = world.clock.clone();
    let mut signals = Signals::new().map_err(Failure::Signals)?;
    clock_jump::listen(&clock).map_err(Failure::Signals)?;
    if let Some(rule) = broken::named() {
        tracing::error!(rule, "a rule of this build is broken on purpose");
    }
    let (phase, shown) = watch::channel(Phase::Starting);
    let metrics = Arc::new(Metrics::new(api::labels()));
    let shown = Shown {
        phase: shown,
        metrics: metrics.clone(),
    };
    let admin = admin(&config, &shown).await?;

    let config = Arc::new(config);
    let node = tokio::select! {
        biased;
        () = signals.next() => return Ok(()),
        node = Node::start(config.clone(), world, phase, metrics) => node.map_err(Failure::Start)?,
    };
    say_ready(&config, &node, &admin, clock.elapsed());
    let failure = tokio::select! {
        biased;
        () = signals.next() => None,
        reason = node.failed() => Some(reason),
    };
    tracing::info!(reason = failure.as_deref().unwrap_or("signal"), "stopping");
    tokio::select! {
        biased;
        () = signals.next() => {
            tracing::warn!("a second signal: ending at once");
            std::process::exit(EXIT_AT_ONCE);
        }
        () = node.stop() => {}
    }
    tracing::info!("stopped");
    failure.map_or(Ok(()), |reason| Err(Failure::Node(reason)))
}

async fn admin(config: &BrokerConfig, shown: &Shown) -> Result<Vec<String>, Failure> {
    let mut addresses = Vec::new();
    for listener in &config.admin_listeners {
        let admin = Admin::<Tcp>::bind(&Tcp, &listener.host, listener.port)
            .await
            .map_err(|error| Failure::Admin {
                listener: format!("http://{}:{}", listener.host, listener.port),
                error,
            })?;
        addresses.push(format!("http://{}:{}", listener.host, admin.port));
        admin.serve(shown);
    }
    Ok(addresses)
}

/// One line, for people and for whatever waits for it.
fn say_ready(config: &BrokerConfig, node: &Node, admin: &[String], took: std::time::Duration) {
    let listeners: Vec<String> = node
        .advertised
        .iter()
        .chain(&node.controllers)
        .map(|listener| format!("{}://{}", listener.name, listener.advertised))
        .collect();
    let directories: Vec<String> = config
        .log_dirs
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    println!(
        "ottla {} ready: listeners={} admin={} log.dirs={} node.id={} took_ms={}",
        env!("CARGO_PKG_VERSION"),
        listeners.join(","),
        if admin.is_empty() {
            "none".to_owned()
        } else {
            admin.join(",")
        },
        directories.join(","),
        config.node_id,
        took.as_millis()
    );
    let also = config.node.setting("ottla.ready.line").unwrap_or_default();
    if !also.is_empty() {
        println!("{also}");
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
