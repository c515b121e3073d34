//! UpdateRaftVoter (key 82, version 0): a Kafka controller updates its endpoints among the voters (KIP-853).

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields, Uuid};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 82, response = UpdateRaftVoterResponse, versions = "0", flexible = "0..")]
pub struct UpdateRaftVoterRequest {
    pub cluster_id: Option<Str>,
    pub current_leader_epoch: i32,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener>,
    pub kraft_version_feature: KRaftVersionFeature,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`UpdateRaftVoterRequest::listeners`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Listener {
    pub name: Str,
    pub host: Str,
    pub port: u16,
    pub unknown_tagged_fields: TaggedFields,
}

/// The value of [`UpdateRaftVoterRequest::kraft_version_feature`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct KRaftVersionFeature {
    pub min_supported_version: i16,
    pub max_supported_version: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0", flexible = "0..")]
pub struct UpdateRaftVoterResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[kafka(tag = 0)]
    pub current_leader: CurrentLeader,
    pub unknown_tagged_fields: TaggedFields,
}

/// The value of [`UpdateRaftVoterResponse::current_leader`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CurrentLeader {
    #[kafka(default = -1)]
    pub leader_id: i32,
    #[kafka(default = -1)]
    pub leader_epoch: i32,
    pub host: Str,
    pub port: i32,
    pub unknown_tagged_fields: TaggedFields,
}
