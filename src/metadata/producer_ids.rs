//! Producer ids for clients, from blocks that the controller hands out.
//!
//! Guarantees: an id is given once in the life of a cluster; a block's rest is lost when the node stops, as in Kafka.
//! Source: `RPCProducerIdManager` (KIP-730), blocks of 1000.

use super::controller_link::ControllerLink;
use ottla_controller::ids::{BrokerEpoch, BrokerId};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::allocate_producer_ids::AllocateProducerIdsRequest;
use std::ops::Range;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a client waits for a block before it is told to ask again.
const ASK_MAX: Duration = Duration::from_secs(3);

/// See the module.
pub struct ProducerIdSource {
    controller: ControllerLink,
    broker: BrokerId,
    /// Of this process' registration; fences what an older process asks for.
    epoch: BrokerEpoch,
    /// An async mutex: who comes while a block is being fetched waits for it instead of fetching another.
    block: Mutex<Range<i64>>,
}

impl ProducerIdSource {
    pub fn new(controller: ControllerLink, broker: BrokerId, epoch: BrokerEpoch) -> Self {
        Self {
            controller,
            broker,
            epoch,
            block: Mutex::new(0..0),
        }
    }

    /// An id that nobody ever had.
    ///
    /// # Errors
    /// COORDINATOR_LOAD_IN_PROGRESS while no controller answers, which clients retry (`RPCProducerIdManager`).
    pub async fn next(&self) -> Result<i64, ErrorCode> {
        let mut block = self.block.lock().await;
        if block.is_empty() {
            *block = self.allocate().await?;
        }
        block.next().ok_or(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
    }

    async fn allocate(&self) -> Result<Range<i64>, ErrorCode> {
        let request = AllocateProducerIdsRequest {
            broker_id: self.broker.0,
            broker_epoch: self.epoch.0,
            ..Default::default()
        };
        match self.controller.ask(&request, ASK_MAX).await {
            Ok(answer) if answer.error_code == ErrorCode::NONE => Ok(answer.producer_id_start
                ..answer.producer_id_start + i64::from(answer.producer_id_len)),
            Ok(answer) => {
                tracing::warn!(
                    error = answer.error_code.name(),
                    "no producer ids were allocated"
                );
                Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
            }
            Err(error) => {
                tracing::warn!(%error, "no producer ids were allocated");
                Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
            }
        }
    }
}
