//! Brokers and their registrations.

use crate::derive::Message;
use crate::{Str, TaggedFields, Uuid};

/// A broker's incarnation registered; it is fenced until it says otherwise.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=4", flexible = "0..")]
pub struct RegisterBrokerRecord {
    pub broker_id: i32,
    #[kafka(versions = "2..")]
    pub is_migrating_zk_broker: bool,
    pub incarnation_id: Uuid,
    pub broker_epoch: i64,
    pub end_points: Vec<BrokerEndpoint>,
    pub features: Vec<BrokerFeature>,
    pub rack: Option<Str>,
    #[kafka(default = true)]
    pub fenced: bool,
    #[kafka(versions = "1..")]
    pub in_controlled_shutdown: bool,
    #[kafka(versions = "3..", tag = 0)]
    pub log_dirs: Vec<Uuid>,
    #[kafka(versions = "4..", tag = 1, default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RegisterBrokerRecord::end_points`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct BrokerEndpoint {
    pub name: Str,
    pub host: Str,
    pub port: u16,
    pub security_protocol: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RegisterBrokerRecord::features`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct BrokerFeature {
    pub name: Str,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// A broker was forgotten.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct UnregisterBrokerRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// What changed of a broker's registration: for the two states 0 is no change, 1 and -1 set and clear.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=3", flexible = "0..")]
pub struct BrokerRegistrationChangeRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
    #[kafka(tag = 0)]
    pub fenced: i8,
    #[kafka(versions = "1..", tag = 1)]
    pub in_controlled_shutdown: i8,
    #[kafka(versions = "2..", tag = 2)]
    pub log_dirs: Vec<Uuid>,
    #[kafka(versions = "3..", tag = 3, default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
    pub unknown_tagged_fields: TaggedFields,
}

/// A broker was fenced.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct FenceBrokerRecord {
    pub id: i32,
    pub epoch: i64,
    pub unknown_tagged_fields: TaggedFields,
}

/// A broker was unfenced.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct UnfenceBrokerRecord {
    pub id: i32,
    pub epoch: i64,
    pub unknown_tagged_fields: TaggedFields,
}
