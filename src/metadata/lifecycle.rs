//! A broker's life in its cluster: registered, unfenced, kept alive by heartbeats, taken out of service.
//!
//! ```text
//!   register (fenced, gets its epoch) ─▶ logs opened ─▶ heartbeat "let me serve" ─▶ unfenced ─▶ heartbeats … ─▶ shut down
//! ```
//! Guarantees: an older process of the same node is fenced by the epoch. Source: `BrokerLifecycleManager` (KIP-631).

use super::controller_link::{AskError, ControllerLink};
use ottla_controller::Metadata;
use ottla_controller::ids::{BrokerEpoch, BrokerId, MetadataOffset};
use ottla_protocol::messages::broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
use ottla_protocol::messages::broker_registration::BrokerRegistrationRequest;
use ottla_protocol::{ErrorCode, Uuid};
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Between attempts while there is no active controller.
const RETRY: Duration = Duration::from_millis(50);
/// How long the active controller is looked for before it is said that it cannot be found.
const ASK_MAX: Duration = Duration::from_secs(5);

/// A registered broker.
#[derive(Clone)]
pub struct Membership {
    controller: ControllerLink,
    metadata: Metadata,
    broker: BrokerId,
    epoch: BrokerEpoch,
    /// Log directories that have failed: what every heartbeat says (KIP-858).
    offline: Arc<Mutex<Vec<Uuid>>>,
    /// Log directories that take no new partitions, once that is known (KIP-1066).
    cordoned: Arc<Mutex<Option<Vec<Uuid>>>>,
}

/// Why the controller does not take the broker in.
#[derive(Clone, Debug)]
pub enum LifecycleError {
    Refused(ErrorCode),
    Asking(AskError),
}

impl fmt::Display for LifecycleError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(to, "the controller refused this broker: {error}"),
            Self::Asking(error) => error.fmt(to),
        }
    }
}

impl Membership {
    /// Registers the broker; waits as long as there is no active controller.
    ///
    /// # Errors
    /// See [`LifecycleError`].
    pub async fn register(
        controller: &ControllerLink,
        metadata: &Metadata,
        request: &BrokerRegistrationRequest,
    ) -> Result<Self, LifecycleError> {
        loop {
            match controller.ask(request, ASK_MAX).await {
                Ok(answer) if answer.error_code == ErrorCode::NONE => {
                    return Ok(Self {
                        controller: controller.clone(),
                        metadata: metadata.clone(),
                        broker: BrokerId(request.broker_id),
                        epoch: BrokerEpoch(answer.broker_epoch),
                        offline: Arc::default(),
                        cordoned: Arc::default(),
                    });
                }
                // The session of a process that was killed has not run out yet.
                Ok(answer) if answer.error_code == ErrorCode::DUPLICATE_BROKER_REGISTRATION => {}
                Ok(answer) => return Err(LifecycleError::Refused(answer.error_code)),
                Err(AskError::Stopped) => return Err(LifecycleError::Asking(AskError::Stopped)),
                Err(error @ AskError::TimedOut(_)) => {
                    tracing::warn!(%error, "this broker is not registered yet");
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    pub fn epoch(&self) -> BrokerEpoch {
        self.epoch
    }

    /// From now on heartbeats say that these log directories have failed.
    pub fn report_offline(&self, directories: Vec<Uuid>) {
        *self.offline.lock() = directories;
    }

    /// From now on heartbeats say that these log directories, and no others, take no new partitions.
    pub fn report_cordoned(&self, directories: Vec<Uuid>) {
        *self.cordoned.lock() = Some(directories);
    }

    /// Asks to serve until the controller agrees. `applied`: the metadata up to here is in force on this broker.
    ///
    /// # Errors
    /// See [`LifecycleError`].
    pub async fn unfence(&self, applied: MetadataOffset) -> Result<(), LifecycleError> {
        loop {
            let offset = applied.max(self.metadata.image().offset);
            match self.heartbeat(offset, false).await {
                Ok(answer) if !answer.is_fenced => return Ok(()),
                Err(LifecycleError::Asking(AskError::Stopped)) => {
                    return Err(LifecycleError::Asking(AskError::Stopped));
                }
                Err(LifecycleError::Refused(error)) if error == ErrorCode::STALE_BROKER_EPOCH => {
                    return Err(LifecycleError::Refused(error));
                }
                Ok(_) | Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// One heartbeat while serving.
    ///
    /// # Errors
    /// See [`LifecycleError`].
    pub async fn alive(&self) -> Result<BrokerHeartbeatResponse, LifecycleError> {
        self.heartbeat(self.metadata.image().offset, false).await
    }

    /// Asks to be taken out of service; `true` once leadership has moved and the broker may stop.
    ///
    /// # Errors
    /// As [`Membership::alive`].
    pub async fn leave(&self) -> Result<bool, LifecycleError> {
        let answer = self.heartbeat(self.metadata.image().offset, true).await?;
        Ok(answer.should_shut_down)
    }

    async fn heartbeat(
        &self,
        current: MetadataOffset,
        want_shut_down: bool,
    ) -> Result<BrokerHeartbeatResponse, LifecycleError> {
        let request = BrokerHeartbeatRequest {
            broker_id: self.broker.0,
            broker_epoch: self.epoch.0,
            current_metadata_offset: current.0,
            want_shut_down,
            offline_log_dirs: self.offline.lock().clone(),
            cordoned_log_dirs: self.cordoned.lock().clone(),
            ..Default::default()
        };
        match self.controller.ask(&request, ASK_MAX).await {
            Ok(answer) if answer.error_code == ErrorCode::NONE => Ok(answer),
            Ok(answer) => Err(LifecycleError::Refused(answer.error_code)),
            Err(error) => Err(LifecycleError::Asking(error)),
        }
    }
}
