//! All listeners of a node, and their end.

use super::connection::Serving;
use super::limits::Gate;
use super::listener::{Accepting, Listener};
use super::world::Net;
use ottla_controller::watch;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The running network of a node. Dropping it stops it without waiting.
pub struct Server {
    stop: watch::Sender<bool>,
    gone: mpsc::Receiver<()>,
    gate: Arc<Gate>,
}

impl Server {
    /// Accepts on all `listeners`.
    pub fn start<N: Net>(listeners: Vec<Listener<N>>, serving: Arc<Serving>) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (alive, gone) = mpsc::channel(1);
        let settings = &serving.settings;
        let gate = Gate::new(
            settings.connections.clone(),
            settings.protected_listener.clone(),
        );
        let accepting = Accepting {
            serving,
            gate: gate.clone(),
            stop: stopping,
            alive,
        };
        for listener in listeners {
            listener.serve(&accepting);
        }
        Self { stop, gone, gate }
    }

    /// The connection limits, which may change while running.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Stops accepting and reading, lets what is in flight finish (for at most `Settings::drain`), and returns when every connection
    /// is closed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // Nothing is ever sent: it ends when the last task has let go.
        let _ = self.gone.recv().await;
    }
}

#[cfg(test)]
mod tests;
