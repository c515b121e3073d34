//! The metadata of the cluster as one immutable value.
//!
//! An [`Image`] is what all applied records amount to. Its maps are persistent and their values shared, so a clone costs a
//! few reference counts at any size and a change touches what it changes. Handlers take one at their top and pass `&Image`
//! down; deciding functions get one and return records; only [`Image::apply`] makes the next one. The same records in the
//! same order give the same image on every node: applying has no clock, no randomness and no other input.

mod acls;
mod apply;
mod brokers;
mod configs;
mod features;
mod partition;
mod producer_ids;
mod quotas;
mod records;
mod scram;
mod tokens;
mod topics;

pub use acls::{Acls, acl_record};
pub use apply::ApplyError;
pub use brokers::{Broker, Brokers, Endpoint, VersionRange};
pub use configs::{ConfigResource, ConfigValues, Configs, ResourceKind, config_record};
pub use features::{
    BOOTSTRAP, ELIGIBLE_LEADER_REPLICAS_VERSION, Features, KRAFT_VERSION, METADATA_VERSION,
    METADATA_VERSION_ELR, METADATA_VERSION_MAX, METADATA_VERSION_MIN, METADATA_VERSION_SCRAM,
    METADATA_VERSION_TOKENS, SUPPORTED, feature_record, supported,
};
pub use partition::{LeaderRecovery, NO_LEADER_CHANGE, Partition};
pub use producer_ids::ProducerIds;
pub use quotas::{
    ClientQuotas, QuotaEntity, QuotaEntityKind, QuotaLimit, QuotaLimits, Whom, quota_record,
};
pub use scram::{ScramCredential, ScramCredentials, ScramKey};
pub use tokens::{DelegationToken, DelegationTokens};
pub use topics::{Topic, Topics};

use crate::ids::MetadataOffset;
use std::sync::Arc;

/// All metadata up to `offset`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// The offset of the last record applied.
    pub offset: MetadataOffset,
    /// Set by the first record of a cluster and never again; `None` only before it.
    pub cluster_id: Option<Arc<str>>,
    pub topics: Topics,
    pub brokers: Brokers,
    pub configs: Configs,
    pub features: Features,
    pub producer_ids: ProducerIds,
    pub acls: Acls,
    pub client_quotas: ClientQuotas,
    pub scram: ScramCredentials,
    pub tokens: DelegationTokens,
}
