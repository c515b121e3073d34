//! A broker's life in its cluster: registered, unfenced, kept alive by heartbeats, taken out of service.
//!
//! ```text
//!   register (fenced, gets its epoch) ─▶ logs opened ─▶ heartbeat "let me serve" ─▶ unfenced ─▶ heartbeats … ─▶ shut down
//! ```
//! Guarantees: an older process of the same node is fenced by the epoch. Source: `BrokerLifecycleManager` (KIP-631).

use ottla_controller::ids::{BrokerEpoch, BrokerId, MetadataOffset};
use ottla_controller::{Controller, ProposeError, decide};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
use ottla_protocol::messages::broker_registration::BrokerRegistrationRequest;
use std::fmt;
use std::time::Duration;

/// Between attempts while there is no active controller.
const RETRY: Duration = Duration::from_millis(50);

/// A registered broker.
#[derive(Clone)]
pub struct Membership {
    controller: Controller,
    broker: BrokerId,
    epoch: BrokerEpoch,
}

/// Why the controller does not take the broker in.
#[derive(Clone, Debug)]
pub enum LifecycleError {
    Refused(ErrorCode),
    Stopped,
}

impl fmt::Display for LifecycleError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(to, "the controller refused this broker: {error}"),
            Self::Stopped => to.write_str("the controller has stopped"),
        }
    }
}

impl Membership {
    /// Registers the broker; waits as long as there is no active controller.
    ///
    /// # Errors
    /// See [`LifecycleError`].
    pub async fn register(
        controller: &Controller,
        request: &BrokerRegistrationRequest,
    ) -> Result<Self, LifecycleError> {
        loop {
            let asked = request.clone();
            let decided = controller
                .propose(move |image, turn| {
                    decide::register_broker(image, turn.rules, turn.liveness, &asked, turn.now)
                })
                .await;
            match decided {
                Ok((answer, _)) if answer.error_code == ErrorCode::NONE => {
                    return Ok(Self {
                        controller: controller.clone(),
                        broker: BrokerId(request.broker_id),
                        epoch: BrokerEpoch(answer.broker_epoch),
                    });
                }
                // The session of a process that was killed has not run out yet.
                Ok((answer, _))
                    if answer.error_code == ErrorCode::DUPLICATE_BROKER_REGISTRATION => {}
                Ok((answer, _)) => return Err(LifecycleError::Refused(answer.error_code)),
                Err(ProposeError::Stopped) => return Err(LifecycleError::Stopped),
                Err(ProposeError::NotController { .. }) => {}
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    pub fn epoch(&self) -> BrokerEpoch {
        self.epoch
    }

    /// Asks to serve until the controller agrees. `applied`: the metadata up to here is in force on this broker.
    ///
    /// # Errors
    /// See [`LifecycleError`].
    pub async fn unfence(&self, applied: MetadataOffset) -> Result<(), LifecycleError> {
        loop {
            let offset = applied.max(self.controller.metadata().image().offset);
            match self.heartbeat(offset, false).await {
                Ok(answer) if !answer.is_fenced => return Ok(()),
                Err(LifecycleError::Stopped) => return Err(LifecycleError::Stopped),
                Err(LifecycleError::Refused(error)) if error == ErrorCode::STALE_BROKER_EPOCH => {
                    return Err(LifecycleError::Refused(error));
                }
                Ok(_) | Err(LifecycleError::Refused(_)) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// One heartbeat while serving.
    ///
    /// # Errors
    /// See [`LifecycleError`]; NOT_CONTROLLER while there is no active controller.
    pub async fn alive(&self) -> Result<BrokerHeartbeatResponse, LifecycleError> {
        self.heartbeat(self.controller.metadata().image().offset, false)
            .await
    }

    /// Asks to be taken out of service; `true` once leadership has moved and the broker may stop.
    ///
    /// # Errors
    /// As [`Membership::alive`].
    pub async fn leave(&self) -> Result<bool, LifecycleError> {
        let answer = self
            .heartbeat(self.controller.metadata().image().offset, true)
            .await?;
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
            ..Default::default()
        };
        let decided = self
            .controller
            .propose(move |image, turn| {
                decide::broker_heartbeat(image, turn.rules, turn.liveness, &request, turn.now)
            })
            .await;
        match decided {
            Ok((answer, _)) if answer.error_code == ErrorCode::NONE => Ok(answer),
            Ok((answer, _)) => Err(LifecycleError::Refused(answer.error_code)),
            Err(ProposeError::NotController { .. }) => {
                Err(LifecycleError::Refused(ErrorCode::NOT_CONTROLLER))
            }
            Err(ProposeError::Stopped) => Err(LifecycleError::Stopped),
        }
    }
}
