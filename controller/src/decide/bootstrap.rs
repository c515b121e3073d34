//! The first records of a cluster: its id and the features it starts with.

use super::rules::ConfigRules;
use super::update_features::on_eligible_leader_replicas;
use crate::image::{BOOTSTRAP, Image, feature_record};
use crate::outcome::Outcome;
use ottla_protocol::records::metadata::{ClusterRecord, MetadataRecord};

/// Decides the first batch of a new cluster. On one that has its id already this changes nothing, so a controller may ask
/// every time it becomes active.
pub fn bootstrap(image: &Image, rules: &dyn ConfigRules, cluster_id: &str) -> Outcome<()> {
    if image.cluster_id.is_some() {
        return Outcome::unchanged(());
    }
    let cluster = ClusterRecord {
        cluster_id: cluster_id.into(),
        ..Default::default()
    };
    let mut records = vec![MetadataRecord::Cluster(cluster)];
    let levels = BOOTSTRAP.iter().filter(|(_, level)| *level > 0);
    records.extend(
        levels.map(|(name, level)| MetadataRecord::FeatureLevel(feature_record(name, *level))),
    );
    records.extend(on_eligible_leader_replicas(image, rules, 1));
    Outcome {
        records,
        response: (),
    }
}
