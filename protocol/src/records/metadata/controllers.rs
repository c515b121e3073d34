//! Controllers that registered with the active one.

use crate::derive::Message;
use crate::{Str, TaggedFields, Uuid};

/// A Kafka controller's incarnation registered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct RegisterControllerRecord {
    pub controller_id: i32,
    pub incarnation_id: Uuid,
    pub zk_migration_ready: bool,
    pub end_points: Vec<ControllerEndpoint>,
    pub features: Vec<ControllerFeature>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RegisterControllerRecord::end_points`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ControllerEndpoint {
    pub name: Str,
    pub host: Str,
    pub port: u16,
    pub security_protocol: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`RegisterControllerRecord::features`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ControllerFeature {
    pub name: Str,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// A controller was forgotten (metadata version 4.4-IV2).
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct UnregisterControllerRecord {
    pub controller_id: i32,
    pub unknown_tagged_fields: TaggedFields,
}
