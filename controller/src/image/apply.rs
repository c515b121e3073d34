//! Applying one record to an image, and noting in a [`Delta`] what it touched.
//!
//! A record that does not fit (a partition of a topic that is not there) is a bug of the decision that wrote it or a damaged
//! log, never an answer to a client: the controller stops on it rather than go on from a state that other nodes may not share.

use super::{ConfigResource, Image};
use crate::delta::Delta;
use crate::ids::{BrokerEpoch, BrokerId, TopicId};
use ottla_protocol::Uuid;
use ottla_protocol::records::metadata::MetadataRecord;
use std::fmt;
use std::sync::Arc;

/// Why a record cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplyError {
    TopicExists {
        id: TopicId,
        name: Arc<str>,
    },
    UnknownTopic {
        id: TopicId,
    },
    UnknownPartition {
        id: TopicId,
        partition: i32,
    },
    UnknownBroker {
        id: BrokerId,
        epoch: BrokerEpoch,
    },
    ProducerIdsWentBack {
        from: i64,
        to: i64,
    },
    ClusterIdChanged {
        from: Arc<str>,
        to: Arc<str>,
    },
    UnknownResourceKind {
        kind: i8,
    },
    UnfitAcl {
        id: Uuid,
        why: &'static str,
    },
    UnknownQuotaEntity {
        kind: String,
    },
    /// A kind of record that this version does not keep: the log was written by a newer one.
    Unsupported {
        record: String,
    },
}

impl fmt::Display for ApplyError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApplyError::TopicExists { id, name } => {
                write!(to, "topic {name} ({id}) exists already")
            }
            ApplyError::UnknownTopic { id } => write!(to, "no topic has the id {id}"),
            ApplyError::UnknownPartition { id, partition } => {
                write!(to, "topic {id} has no partition {partition}")
            }
            ApplyError::UnknownBroker { id, epoch } => {
                write!(to, "broker {id} is not registered with epoch {epoch}")
            }
            ApplyError::ProducerIdsWentBack { from, to: next } => {
                write!(to, "the next producer id would go from {from} to {next}")
            }
            ApplyError::ClusterIdChanged { from, to: next } => {
                write!(to, "the cluster id would go from {from} to {next}")
            }
            ApplyError::UnknownResourceKind { kind } => {
                write!(to, "unknown config resource type {kind}")
            }
            ApplyError::UnfitAcl { id, why } => {
                write!(to, "the access control entry {id} does not fit: {why}")
            }
            ApplyError::UnknownQuotaEntity { kind } => {
                write!(to, "unknown quota entity type {kind}")
            }
            ApplyError::Unsupported { record } => {
                write!(to, "this version does not know how to apply {record}")
            }
        }
    }
}

impl std::error::Error for ApplyError {}

impl Image {
    /// Applies the next record of the log: the image's offset grows by one.
    pub fn apply(&mut self, record: &MetadataRecord, delta: &mut Delta) -> Result<(), ApplyError> {
        self.apply_state(record, delta)?;
        self.offset.0 += 1;
        Ok(())
    }

    /// Applies a record without counting it: a snapshot's records state the image at the snapshot's offset.
    pub(crate) fn apply_state(
        &mut self,
        record: &MetadataRecord,
        delta: &mut Delta,
    ) -> Result<(), ApplyError> {
        match record {
            MetadataRecord::Topic(record) => delta.topic(self.topics.create(record)?),
            MetadataRecord::Partition(record) => {
                delta.partition(self.topics.set_partition(record)?, record.partition_id);
            }
            MetadataRecord::PartitionChange(record) => {
                delta.partition(self.topics.change_partition(record)?, record.partition_id);
            }
            MetadataRecord::RemoveTopic(record) => {
                let topic = self.topics.remove(record)?;
                let resource = ConfigResource::topic(&topic.name);
                if self.configs.remove(&resource) {
                    delta.config(resource);
                }
                delta.removed_topic(&topic);
            }
            MetadataRecord::RegisterBroker(record) => delta.broker(self.brokers.register(record)),
            MetadataRecord::UnregisterBroker(record) => {
                delta.broker(self.brokers.unregister(record)?)
            }
            MetadataRecord::FenceBroker(record) => delta.broker(self.brokers.fence(record)?),
            MetadataRecord::UnfenceBroker(record) => delta.broker(self.brokers.unfence(record)?),
            MetadataRecord::BrokerRegistrationChange(record) => {
                delta.broker(self.brokers.change(record)?)
            }
            MetadataRecord::Config(record) => {
                let unknown = ApplyError::UnknownResourceKind {
                    kind: record.resource_type,
                };
                delta.config(self.configs.apply(record).ok_or(unknown)?);
            }
            MetadataRecord::FeatureLevel(record) => delta.feature(self.features.apply(record)),
            MetadataRecord::ProducerIds(record) => {
                self.producer_ids.apply(record)?;
                delta.producer_ids = true;
            }
            MetadataRecord::ClientQuota(record) => {
                self.client_quotas.apply(record)?;
                delta.client_quotas = true;
            }
            MetadataRecord::Cluster(record) => {
                self.set_cluster_id(&record.cluster_id)?;
                delta.cluster_id = true;
            }
            MetadataRecord::AccessControlEntry(record) => delta.acl(self.acls.add(record)?),
            MetadataRecord::RemoveAccessControlEntry(record) => {
                delta.acl(self.acls.remove(record)?);
            }
            MetadataRecord::UserScramCredential(record) => delta.scram(self.scram.set(record)),
            MetadataRecord::RemoveUserScramCredential(record) => {
                delta.scram(self.scram.remove(record));
            }
            MetadataRecord::DelegationToken(record) => delta.token(self.tokens.set(record)),
            MetadataRecord::RemoveDelegationToken(record) => {
                delta.token(self.tokens.remove(record));
            }
            MetadataRecord::NoOp(_) => {}
            other => {
                return Err(ApplyError::Unsupported {
                    record: format!("{other:?}"),
                });
            }
        }
        Ok(())
    }

    fn set_cluster_id(&mut self, id: &str) -> Result<(), ApplyError> {
        match &self.cluster_id {
            Some(known) if &**known != id => Err(ApplyError::ClusterIdChanged {
                from: known.clone(),
                to: id.into(),
            }),
            _ => {
                self.cluster_id = Some(id.into());
                Ok(())
            }
        }
    }
}
