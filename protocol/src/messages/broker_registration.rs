//! BrokerRegistration (key 62, versions 0–4): a starting broker makes itself known to the controller.
//!
//! * 1: migration from ZooKeeper
//! * 2: directories (KIP-858)
//! * 3: the epoch of its last clean shutdown (KIP-966)
//! * 4: features may begin at 0

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 62, response = BrokerRegistrationResponse, versions = "0..=4", flexible = "0..")]
pub struct BrokerRegistrationRequest {
    pub broker_id: i32,
    pub cluster_id: Str,
    pub incarnation_id: Uuid,
    pub listeners: Vec<Listener>,
    pub features: Vec<Feature>,
    pub rack: Option<Str>,
    #[kafka(versions = "1..")]
    pub is_migrating_zk_broker: bool,
    #[kafka(versions = "2..", ignorable)]
    pub log_dirs: Vec<Uuid>,
    #[kafka(versions = "3..", default = -1, ignorable)]
    pub previous_broker_epoch: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`BrokerRegistrationRequest::listeners`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Listener {
    pub name: Str,
    pub host: Str,
    pub port: u16,
    pub security_protocol: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`BrokerRegistrationRequest::features`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Feature {
    pub name: Str,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=4", flexible = "0..")]
pub struct BrokerRegistrationResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[kafka(default = -1)]
    pub broker_epoch: i64,
    pub unknown_tagged_fields: TaggedFields,
}
