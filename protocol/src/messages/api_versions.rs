//! ApiVersions (key 18, versions 0–5): tells which APIs, versions and features a broker has; the first request of a connection.
//!
//! A request in a version the broker lacks is answered in version 0 with UNSUPPORTED_VERSION, and the answer's header is always
//! version 0 (KIP-511): the error body is an `ApiVersionsResponse` encoded as version 0, which works whatever else it holds, as all
//! later fields are ignorable.
//!
//! * 3: flexible; the client's name; features (KIP-511, KIP-584)
//! * 4: features may begin at 0 (KAFKA-17492)
//! * 5: detects a connection to the wrong broker (KIP-1242)

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 18, response = ApiVersionsResponse, versions = "0..=5", flexible = "3..")]
pub struct ApiVersionsRequest {
    #[kafka(versions = "3..", ignorable)]
    pub client_software_name: Str,
    #[kafka(versions = "3..", ignorable)]
    pub client_software_version: Str,
    #[kafka(versions = "5..", default = None, ignorable)]
    pub cluster_id: Option<Str>,
    #[kafka(versions = "5..", default = -1, ignorable)]
    pub node_id: i32,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=5", flexible = "3..")]
pub struct ApiVersionsResponse {
    pub error_code: ErrorCode,
    pub api_keys: Vec<ApiVersion>,
    #[kafka(versions = "1..", ignorable)]
    pub throttle_time_ms: i32,
    #[kafka(versions = "3..", tag = 0, ignorable)]
    pub supported_features: Vec<SupportedFeatureKey>,
    #[kafka(versions = "3..", tag = 1, default = -1, ignorable)]
    pub finalized_features_epoch: i64,
    #[kafka(versions = "3..", tag = 2, ignorable)]
    pub finalized_features: Vec<FinalizedFeatureKey>,
    #[kafka(versions = "3..", tag = 3, ignorable)]
    pub zk_migration_ready: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// The range of versions of one API.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ApiVersion {
    pub api_key: i16,
    pub min_version: i16,
    pub max_version: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// The range of levels a broker can run a feature at.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SupportedFeatureKey {
    pub name: Str,
    pub min_version: i16,
    pub max_version: i16,
    pub unknown_tagged_fields: TaggedFields,
}

/// The level a feature runs at across the cluster.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FinalizedFeatureKey {
    pub name: Str,
    pub max_version_level: i16,
    pub min_version_level: i16,
    pub unknown_tagged_fields: TaggedFields,
}
