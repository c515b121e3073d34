//! Finalised feature levels, and which levels this build supports (KIP-584, KIP-1022).
//!
//! Only what is built may be finalised: the features of transactions, consumer groups, share groups and streams are
//! supported at 0 alone until their capability exists, so that nobody can switch on what does not work.

use super::brokers::VersionRange;
use imbl::OrdMap;
use imbl::ordmap::DiffIter;
use imbl::shared_ptr::DefaultSharedPtr;
use ottla_protocol::records::metadata::FeatureLevelRecord;
use std::sync::Arc;

/// Gates the kinds and versions of metadata records.
pub const METADATA_VERSION: &str = "metadata.version";
/// The version of the quorum's own records; Kafka derives dynamic quorums from level 1.
pub const KRAFT_VERSION: &str = "kraft.version";
/// Eligible leader replicas (KIP-966).
pub const ELIGIBLE_LEADER_REPLICAS_VERSION: &str = "eligible.leader.replicas.version";

/// The lowest `metadata.version` that can be finalised: 3.3-IV3, as in Kafka 4.
pub const METADATA_VERSION_MIN: i16 = 7;
/// The highest: 4.3-IV0.
pub const METADATA_VERSION_MAX: i16 = 30;
/// From this level on (3.5-IV2) there are SCRAM credentials.
pub const METADATA_VERSION_SCRAM: i16 = 11;
/// From this level on (3.6-IV2) there are delegation tokens.
pub const METADATA_VERSION_TOKENS: i16 = 14;
/// From this level on (4.0-IV1) records may carry eligible leader replicas.
pub const METADATA_VERSION_ELR: i16 = 23;

/// What a node of this build supports, by name. Features that are listed with 0 to 0 are known and not built.
pub const SUPPORTED: [(&str, VersionRange); 3] = [
    (
        ELIGIBLE_LEADER_REPLICAS_VERSION,
        VersionRange { min: 0, max: 1 },
    ),
    (KRAFT_VERSION, VersionRange { min: 0, max: 1 }),
    (
        METADATA_VERSION,
        VersionRange {
            min: METADATA_VERSION_MIN,
            max: METADATA_VERSION_MAX,
        },
    ),
];

/// The levels that a new cluster starts with.
pub const BOOTSTRAP: [(&str, i16); 3] = [
    (METADATA_VERSION, METADATA_VERSION_MAX),
    (KRAFT_VERSION, 1),
    (ELIGIBLE_LEADER_REPLICAS_VERSION, 1),
];

/// What this build supports of a feature; unknown features are supported at 0 only.
pub fn supported(name: &str) -> VersionRange {
    let found = SUPPORTED.iter().find(|(known, _)| *known == name);
    found.map_or(VersionRange { min: 0, max: 0 }, |(_, range)| *range)
}

/// The finalised levels; a feature at level 0 is not listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    levels: OrdMap<Arc<str>, i16>,
}

impl Features {
    /// The level of a feature, 0 where it is not finalised.
    pub fn level(&self, name: &str) -> i16 {
        self.levels.get(name).copied().unwrap_or(0)
    }

    /// Whether eligible leader replicas are kept and elected.
    pub fn has_eligible_leader_replicas(&self) -> bool {
        self.level(ELIGIBLE_LEADER_REPLICAS_VERSION) > 0
    }

    /// Every finalised feature by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, i16)> {
        self.levels.iter().map(|(name, level)| (name, *level))
    }

    pub(crate) fn diff<'a>(
        &'a self,
        after: &'a Self,
    ) -> DiffIter<'a, 'a, Arc<str>, i16, DefaultSharedPtr> {
        self.levels.diff(&after.levels)
    }

    pub(super) fn apply(&mut self, record: &FeatureLevelRecord) -> Arc<str> {
        let name: Arc<str> = Arc::from(&*record.name);
        if record.feature_level == 0 {
            self.levels.remove(&name);
        } else {
            self.levels.insert(name.clone(), record.feature_level);
        }
        name
    }
}

/// The record that finalises a level.
pub fn feature_record(name: &str, level: i16) -> FeatureLevelRecord {
    FeatureLevelRecord {
        name: name.into(),
        feature_level: level,
        ..Default::default()
    }
}
