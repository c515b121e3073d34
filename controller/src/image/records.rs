//! An image as the records that make it: what a snapshot holds.
//!
//! Applying them to an empty image at the same offset gives an equal image (a property test below says so for every history
//! that the generator can think of), so a snapshot and the log it replaces cannot differ.

use super::{Image, acl_record, config_record, feature_record};
use crate::delta::Delta;
use crate::ids::{MetadataOffset, TopicId};
use ottla_protocol::records::metadata::{ClusterRecord, MetadataRecord, TopicRecord};

impl Image {
    /// The records that state this image, in an order in which they can be applied.
    pub fn to_records(&self) -> impl Iterator<Item = MetadataRecord> + '_ {
        let cluster = self.cluster_id.iter().map(|id| {
            MetadataRecord::Cluster(ClusterRecord {
                cluster_id: (&**id).into(),
                ..Default::default()
            })
        });
        let features = self
            .features
            .iter()
            .map(|(name, level)| MetadataRecord::FeatureLevel(feature_record(name, level)));
        let brokers = self
            .brokers
            .iter()
            .map(|broker| MetadataRecord::RegisterBroker(broker.to_record()));
        let configs = self.configs.iter().flat_map(|(resource, values)| {
            values.iter().map(move |(name, value)| {
                MetadataRecord::Config(config_record(resource, name, Some(value)))
            })
        });
        let producer_ids = self
            .producer_ids
            .to_record()
            .into_iter()
            .map(MetadataRecord::ProducerIds);
        let acls = self
            .acls
            .iter()
            .map(|(acl, id)| MetadataRecord::AccessControlEntry(acl_record(id, acl)));
        let client_quotas = self
            .client_quotas
            .to_records()
            .map(MetadataRecord::ClientQuota);
        cluster
            .chain(features)
            .chain(brokers)
            .chain(self.topic_records())
            .chain(configs)
            .chain(producer_ids)
            .chain(acls)
            .chain(client_quotas)
            .chain(self.credential_records())
    }

    fn credential_records(&self) -> impl Iterator<Item = MetadataRecord> + '_ {
        let scram = self.scram.to_records();
        let tokens = self.tokens.iter().map(|(id, token)| token.to_record(id));
        scram
            .map(MetadataRecord::UserScramCredential)
            .chain(tokens.map(MetadataRecord::DelegationToken))
    }

    /// The image that a snapshot's records state.
    pub fn from_records<'a>(
        offset: MetadataOffset,
        records: impl IntoIterator<Item = &'a MetadataRecord>,
    ) -> Result<Self, super::ApplyError> {
        let mut image = Image::default();
        let mut delta = Delta::default();
        for record in records {
            image.apply_state(record, &mut delta)?;
        }
        image.offset = offset;
        Ok(image)
    }

    fn topic_records(&self) -> impl Iterator<Item = MetadataRecord> + '_ {
        self.topics.iter_by_id().flat_map(|topic| {
            let TopicId(topic_id) = topic.id;
            let created = TopicRecord {
                name: (&*topic.name).into(),
                topic_id,
                ..Default::default()
            };
            let partitions = topic.partitions.iter().map(|(index, partition)| {
                MetadataRecord::Partition(partition.to_record(topic.id, *index))
            });
            std::iter::once(MetadataRecord::Topic(created)).chain(partitions)
        })
    }
}
