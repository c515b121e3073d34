//! InitProducerId (key 22, versions 0–6): gives a producer its id and epoch, and fences its predecessor. Version 6 is unstable in Kafka.
//!
//! * 2: flexible
//! * 3: an epoch can be raised (KIP-360)
//! * 4: knows PRODUCER_FENCED
//! * 5: may be refused as abortable (KIP-890)
//! * 6: two-phase commit (KIP-939)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 22, response = InitProducerIdResponse, versions = "0..=6", flexible = "2..")]
pub struct InitProducerIdRequest {
    pub transactional_id: Option<Str>,
    pub transaction_timeout_ms: i32,
    #[kafka(versions = "3..", default = -1)]
    pub producer_id: i64,
    #[kafka(versions = "3..", default = -1)]
    pub producer_epoch: i16,
    #[kafka(versions = "6..")]
    pub enable2_pc: bool,
    #[kafka(versions = "6..")]
    pub keep_prepared_txn: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=6", flexible = "2..")]
pub struct InitProducerIdResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[kafka(default = -1)]
    pub producer_id: i64,
    pub producer_epoch: i16,
    #[kafka(versions = "6..", default = -1)]
    pub ongoing_txn_producer_id: i64,
    #[kafka(versions = "6..", default = -1)]
    pub ongoing_txn_producer_epoch: i16,
    pub unknown_tagged_fields: TaggedFields,
}
