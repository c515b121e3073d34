//! UpdateFeatures (57): raises or lowers finalised feature levels, all of them or none (KIP-584, KIP-1022).

use super::Refusal;
use super::rules::{ConfigRules, MIN_IN_SYNC_REPLICAS};
use crate::image::{
    ConfigResource, ELIGIBLE_LEADER_REPLICAS_VERSION, Image, KRAFT_VERSION, METADATA_VERSION,
    METADATA_VERSION_ELR, METADATA_VERSION_MIN, NO_LEADER_CHANGE, VersionRange, config_record,
    feature_record, supported,
};
use crate::outcome::Outcome;
use ottla_protocol::messages::update_features::{
    FeatureUpdateKey, UpdatableFeatureResult, UpdateFeaturesRequest, UpdateFeaturesResponse,
};
use ottla_protocol::records::metadata::{MetadataRecord, PartitionChangeRecord};
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeSet;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Upgrade,
    SafeDowngrade,
    UnsafeDowngrade,
}

impl Kind {
    fn of(update: &FeatureUpdateKey) -> Option<Self> {
        match update.upgrade_type {
            1 if update.allow_downgrade => Some(Kind::SafeDowngrade), // version 0 of the request
            1 => Some(Kind::Upgrade),
            2 => Some(Kind::SafeDowngrade),
            3 => Some(Kind::UnsafeDowngrade),
            _ => None,
        }
    }
}

/// Decides a request. `version` is the request's: from 2 on there are no results per feature, only one error for all.
pub fn update_features(
    image: &Image,
    rules: &dyn ConfigRules,
    request: &UpdateFeaturesRequest,
    version: i16,
) -> Outcome<UpdateFeaturesResponse> {
    match updates(image, rules, request) {
        Err(refusal) => Outcome::unchanged(UpdateFeaturesResponse {
            error_code: refusal.code,
            error_message: refusal.message.map(|reason| {
                format!("The update failed for all features since the following feature had an error: {reason}").into()
            }),
            ..Default::default()
        }),
        Ok(mut records) => {
            if request.validate_only {
                records.clear();
            }
            let named = if version <= 1 {
                &*request.feature_updates
            } else {
                &[]
            };
            let result = |update: &FeatureUpdateKey| UpdatableFeatureResult {
                feature: update.feature.clone(),
                error_message: Some(Str::from_static(ErrorCode::NONE.message())),
                ..Default::default()
            };
            let results = named.iter().map(result).collect();
            Outcome {
                records,
                response: UpdateFeaturesResponse {
                    error_message: None,
                    results,
                    ..Default::default()
                },
            }
        }
    }
}

fn updates(
    image: &Image,
    rules: &dyn ConfigRules,
    request: &UpdateFeaturesRequest,
) -> Result<Vec<MetadataRecord>, Refusal> {
    let mut seen = BTreeSet::new();
    let mut records = Vec::new();
    for update in &request.feature_updates {
        if !seen.insert(&*update.feature) {
            return Err(Refusal::invalid_request("Duplicate feature in request."));
        }
        check(image, request, update)?;
        let (name, level) = (&*update.feature, update.max_version_level);
        records.push(MetadataRecord::FeatureLevel(feature_record(name, level)));
        if name == ELIGIBLE_LEADER_REPLICAS_VERSION {
            records.extend(on_eligible_leader_replicas(image, rules, level));
        }
    }
    Ok(records)
}

fn check(
    image: &Image,
    request: &UpdateFeaturesRequest,
    update: &FeatureUpdateKey,
) -> Result<(), Refusal> {
    let (name, level) = (&*update.feature, update.max_version_level);
    let refuse = |reason: &str| {
        let message = format!("Invalid update version {level} for feature {name}. {reason}");
        Err(Refusal::new(ErrorCode::INVALID_UPDATE_VERSION, message))
    };
    let Some(kind) = Kind::of(update) else {
        return refuse("The controller does not support the given upgrade type.");
    };
    if level < 0 {
        return refuse("A feature version cannot be less than 0.");
    }
    if let Some(reason) = reason_not_supported(image, name, level) {
        return refuse(&reason);
    }
    let current = image.features.level(name);
    if level < current && kind == Kind::Upgrade {
        return refuse(
            "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe \
             downgrade.",
        );
    }
    if level > current && kind != Kind::Upgrade {
        return refuse("Can't downgrade to a newer version.");
    }
    if name == KRAFT_VERSION && level < current {
        return refuse("Can't downgrade the version of this feature.");
    }
    if name == METADATA_VERSION {
        return check_metadata_version(level, current, kind);
    }
    if name == ELIGIBLE_LEADER_REPLICAS_VERSION && level > 0 {
        let raised = request
            .feature_updates
            .iter()
            .find(|other| &*other.feature == METADATA_VERSION);
        let metadata = raised.map_or(image.features.level(METADATA_VERSION), |other| {
            other.max_version_level
        });
        if metadata < METADATA_VERSION_ELR {
            return refuse(&format!(
                "{name} could not be set to {level} because it depends on {METADATA_VERSION} level {METADATA_VERSION_ELR}"
            ));
        }
    }
    Ok(())
}

/// Levels of `metadata.version` that differ in their records cannot be gone back on.
fn check_metadata_version(level: i16, current: i16, kind: Kind) -> Result<(), Refusal> {
    let refuse = |reason: &str| {
        let message = format!("Invalid metadata.version {level}. {reason}");
        Err(Refusal::new(ErrorCode::INVALID_UPDATE_VERSION, message))
    };
    if level < METADATA_VERSION_MIN {
        return refuse("Unable to set a metadata.version less than 3.3-IV3");
    }
    if level >= current {
        return Ok(());
    }
    match kind {
        Kind::UnsafeDowngrade => {
            refuse("Unsafe metadata downgrade is not supported in this version.")
        }
        _ => refuse(
            "Refusing to perform the requested downgrade because it might delete metadata information.",
        ),
    }
}

fn reason_not_supported(image: &Image, name: &str, level: i16) -> Option<String> {
    let reason = |what: String, range: VersionRange| {
        if range.contains(level) {
            None
        } else if range.max == 0 {
            Some(format!("{what} does not support this feature."))
        } else {
            Some(format!(
                "{what} only supports versions {}-{}",
                range.min, range.max
            ))
        }
    };
    reason("Local controller".to_owned(), supported(name)).or_else(|| {
        image.brokers.iter().find_map(|broker| {
            let range = broker
                .features
                .get(name)
                .copied()
                .unwrap_or(VersionRange { min: 0, max: 0 });
            reason(format!("Broker {}", broker.id), range)
        })
    })
}

/// Switched on, the cluster gets its own `min.insync.replicas` and brokers lose theirs; switched off, all eligible
/// replicas are dropped (KIP-966).
pub(super) fn on_eligible_leader_replicas(
    image: &Image,
    rules: &dyn ConfigRules,
    level: i16,
) -> Vec<MetadataRecord> {
    if level == 0 {
        return image
            .topics
            .partitions()
            .filter_map(dropped_eligible)
            .collect();
    }
    let cluster = ConfigResource::cluster_default();
    let mut records = Vec::new();
    if image
        .configs
        .value(&cluster, MIN_IN_SYNC_REPLICAS)
        .is_none()
    {
        let value = rules
            .node_value_for_topic(MIN_IN_SYNC_REPLICAS)
            .unwrap_or_else(|| "1".to_owned());
        records.push(MetadataRecord::Config(config_record(
            &cluster,
            MIN_IN_SYNC_REPLICAS,
            Some(&value),
        )));
    }
    for broker in image.brokers.iter() {
        let resource = ConfigResource::broker(broker.id);
        if image
            .configs
            .value(&resource, MIN_IN_SYNC_REPLICAS)
            .is_some()
        {
            records.push(MetadataRecord::Config(config_record(
                &resource,
                MIN_IN_SYNC_REPLICAS,
                None,
            )));
        }
    }
    records
}

fn dropped_eligible(
    (topic, index, partition): (
        &std::sync::Arc<crate::image::Topic>,
        i32,
        &std::sync::Arc<crate::image::Partition>,
    ),
) -> Option<MetadataRecord> {
    if partition.eligible_leader_replicas.is_empty() && partition.last_known_eligible.is_empty() {
        return None;
    }
    Some(MetadataRecord::PartitionChange(PartitionChangeRecord {
        topic_id: topic.id.0,
        partition_id: index,
        leader: NO_LEADER_CHANGE,
        eligible_leader_replicas: Some(Vec::new()),
        last_known_elr: Some(Vec::new()),
        ..Default::default()
    }))
}
