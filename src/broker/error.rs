//! Why a node does not start, in one sentence for its operator.

use crate::metadata::lifecycle::LifecycleError;
use std::fmt;

/// See the module.
#[derive(Clone, Debug)]
pub enum StartError {
    /// What is configured cannot be: says which key, and what to do.
    Config(String),
    /// A log directory cannot be used: what was found, and what to do.
    Directory(String),
    /// A listener cannot be bound.
    Listener {
        listener: String,
        reason: String,
    },
    Controller(String),
    /// The keys or certificates of a listener cannot be used: says which, and why.
    Certificates(String),
    /// This node cannot belong to the cluster that its configuration names: says why.
    Cluster(String),
    /// The operating system refused a thread or a runtime.
    Threads(String),
    Registration(LifecycleError),
    /// The controller stopped while the node was starting.
    Stopped,
}

impl StartError {
    pub(super) fn threads(error: impl fmt::Display) -> Self {
        Self::Threads(error.to_string())
    }

    pub(super) fn controller(error: impl fmt::Display) -> Self {
        Self::Controller(error.to_string())
    }
}

impl From<LifecycleError> for StartError {
    fn from(error: LifecycleError) -> Self {
        Self::Registration(error)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(reason)
            | Self::Directory(reason)
            | Self::Controller(reason)
            | Self::Certificates(reason)
            | Self::Cluster(reason) => to.write_str(reason),
            Self::Listener { listener, reason } => {
                write!(
                    to,
                    "listener {listener} cannot be bound: {reason}; is another broker running, or the address not this machine's?"
                )
            }
            Self::Threads(reason) => write!(to, "a thread could not be started: {reason}"),
            Self::Registration(error) => write!(to, "this broker could not join: {error}"),
            Self::Stopped => to.write_str("the controller stopped while the node was starting"),
        }
    }
}

impl std::error::Error for StartError {}
