//! UpdateFeatures: only what is built can be finalised.

use crate::cluster::Cluster;
use crate::support::Lenient;
use ottla_controller::decide;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::update_features::{
    FeatureUpdateKey, UpdateFeaturesRequest, UpdateFeaturesResponse,
};

fn update(cluster: &mut Cluster, updates: &[(&str, i16, i8)]) -> UpdateFeaturesResponse {
    let key = |(feature, max_version_level, upgrade_type): &(&str, i16, i8)| FeatureUpdateKey {
        feature: (*feature).into(),
        max_version_level: *max_version_level,
        upgrade_type: *upgrade_type,
        ..Default::default()
    };
    let feature_updates = updates.iter().map(key).collect();
    let request = UpdateFeaturesRequest {
        feature_updates,
        ..Default::default()
    };
    let outcome = decide::update_features(&cluster.image, &Lenient, &request, 2);
    cluster.take(outcome)
}

#[test]
fn a_feature_goes_down_and_up_again() {
    let mut cluster = Cluster::of(1);
    let name = "eligible.leader.replicas.version";
    assert_eq!(
        update(&mut cluster, &[(name, 0, 2)]).error_code,
        ErrorCode::NONE
    );
    assert!(!cluster.image.features.has_eligible_leader_replicas());
    assert_eq!(
        update(&mut cluster, &[(name, 1, 1)]).error_code,
        ErrorCode::NONE
    );
    assert!(cluster.image.features.has_eligible_leader_replicas());
}

#[test]
fn what_is_not_built_or_not_meant_is_refused() {
    let mut cluster = Cluster::of(1);
    let cases = [
        (
            "transaction.version",
            2,
            1,
            "Invalid update version 2 for feature transaction.version. Local controller does not support this feature.",
        ),
        (
            "metadata.version",
            31,
            1,
            "Invalid update version 31 for feature metadata.version. Local controller only supports versions 7-30",
        ),
        (
            "metadata.version",
            29,
            1,
            "Invalid update version 29 for feature metadata.version. Can't downgrade the version of this feature without",
        ),
        (
            "metadata.version",
            29,
            2,
            "Invalid metadata.version 29. Refusing to perform the requested downgrade",
        ),
        (
            "metadata.version",
            30,
            9,
            "Invalid update version 30 for feature metadata.version. The controller does not support the given upgrade type.",
        ),
        (
            "kraft.version",
            -1,
            1,
            "Invalid update version -1 for feature kraft.version. A feature version cannot be less than 0.",
        ),
    ];
    for (name, level, kind, message) in cases {
        let response = update(&mut cluster, &[(name, level, kind)]);
        assert_eq!(response.error_code, ErrorCode::INVALID_UPDATE_VERSION);
        let said = response.error_message.unwrap();
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn all_are_updated_or_none() {
    let mut cluster = Cluster::of(1);
    let before = cluster.image.clone();
    let updates = [
        ("eligible.leader.replicas.version", 0, 2),
        ("group.version", 1, 1),
    ];
    assert_eq!(
        update(&mut cluster, &updates).error_code,
        ErrorCode::INVALID_UPDATE_VERSION
    );
    assert_eq!(cluster.image, before);
}
