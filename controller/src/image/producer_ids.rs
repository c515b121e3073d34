//! Which producer ids were handed out: blocks, each given to one broker (KIP-730).

use super::ApplyError;
use crate::ids::{BrokerEpoch, BrokerId};
use ottla_protocol::records::metadata::ProducerIdsRecord;

/// The state of the allocation: everything below `next` belongs to some broker already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProducerIds {
    pub next: i64,
    /// Who took the last block; `None` before the first.
    pub last_taken_by: Option<(BrokerId, BrokerEpoch)>,
}

impl ProducerIds {
    /// The record that states this allocation; `None` before the first block.
    pub fn to_record(self) -> Option<ProducerIdsRecord> {
        let (broker, epoch) = self.last_taken_by?;
        Some(ProducerIdsRecord {
            broker_id: broker.0,
            broker_epoch: epoch.0,
            next_producer_id: self.next,
            ..Default::default()
        })
    }

    pub(super) fn apply(&mut self, record: &ProducerIdsRecord) -> Result<(), ApplyError> {
        if record.next_producer_id <= self.next {
            return Err(ApplyError::ProducerIdsWentBack {
                from: self.next,
                to: record.next_producer_id,
            });
        }
        self.next = record.next_producer_id;
        self.last_taken_by = Some((BrokerId(record.broker_id), BrokerEpoch(record.broker_epoch)));
        Ok(())
    }
}
