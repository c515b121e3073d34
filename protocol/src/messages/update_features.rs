//! UpdateFeatures (key 57, versions 0–2): raises and lowers finalised features (KIP-584).
//!
//! * 1: upgrade type and dry run
//! * 2: errors are for the whole, not for a feature

use crate::derive::Message;
use crate::{ErrorCode, Str, TaggedFields};

/// What is asked: see the head of this file.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(key = 57, response = UpdateFeaturesResponse, versions = "0..=2", flexible = "0..")]
pub struct UpdateFeaturesRequest {
    #[kafka(default = 60000)]
    pub timeout_ms: i32,
    pub feature_updates: Vec<FeatureUpdateKey>,
    #[kafka(versions = "1..")]
    pub validate_only: bool,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`UpdateFeaturesRequest::feature_updates`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FeatureUpdateKey {
    pub feature: Str,
    pub max_version_level: i16,
    #[kafka(versions = "0")]
    pub allow_downgrade: bool,
    #[kafka(versions = "1..", default = 1)]
    pub upgrade_type: i8,
    pub unknown_tagged_fields: TaggedFields,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Message)]
#[kafka(versions = "0..=2", flexible = "0..")]
pub struct UpdateFeaturesResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    #[kafka(versions = "0..=1", ignorable)]
    pub results: Vec<UpdatableFeatureResult>,
    pub unknown_tagged_fields: TaggedFields,
}

/// An element of [`UpdateFeaturesResponse::results`].
#[derive(Clone, Debug, PartialEq, Message)]
pub struct UpdatableFeatureResult {
    pub feature: Str,
    pub error_code: ErrorCode,
    pub error_message: Option<Str>,
    pub unknown_tagged_fields: TaggedFields,
}
