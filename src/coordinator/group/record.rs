//! What the group coordinator stores, in Kafka's formats, and the state that the records make.
//!
//! Written: OffsetCommit (kind 1, value version 4, or 1 where the client set an expiry) and GroupMetadata (kind 2, value
//! version 4), and tombstones of both. Records of other kinds are skipped when loading.

use super::super::{Encoded, Found};
use super::small_map::SmallMap;
use bytes::Bytes;
use imbl::OrdMap;
use ottla_protocol::records::consumer_offsets::classic::{
    GroupMetadataKey, GroupMetadataValue, MemberMetadata, OffsetCommitKey, OffsetCommitValue,
};
use ottla_protocol::records::consumer_offsets::{GroupRecordKey, GroupRecordValue};
use ottla_protocol::{DecodeError, EncodeError, Str, Uuid};
use std::sync::Arc;

const GROUP_VERSION: i16 = 4;
const OFFSET_VERSION: i16 = 4;
/// The only version that says when an offset expires.
const EXPIRING_OFFSET_VERSION: i16 = 1;

/// A record; without a value it deletes.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    Group {
        group: Arc<str>,
        value: Option<Arc<Recorded>>,
    },
    Offset {
        group: Arc<str>,
        topic: Arc<str>,
        partition: i32,
        value: Option<Arc<Committed>>,
    },
}

/// A group as its last record says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// `None` for a group that only keeps offsets.
    pub protocol_type: Option<Str>,
    pub generation: i32,
    pub protocol: Option<Str>,
    pub leader: Option<Str>,
    pub state_timestamp_ms: Option<i64>,
    pub members: Vec<RecordedMember>,
}

/// A member as its group's record says.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedMember {
    pub id: Str,
    pub instance_id: Option<Str>,
    pub client_id: Str,
    pub client_host: Str,
    pub rebalance_timeout_ms: i32,
    pub session_timeout_ms: i32,
    pub subscription: Bytes,
    pub assignment: Bytes,
}

/// A committed offset.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    pub offset: i64,
    /// −1: not said.
    pub leader_epoch: i32,
    pub metadata: Str,
    pub commit_timestamp_ms: i64,
    /// Only where the client asked for a retention of its own (OffsetCommit v2–4).
    pub expire_timestamp_ms: Option<i64>,
    /// Zero in records of before topic ids.
    pub topic_id: Uuid,
}

/// The offsets of one topic, by partition.
pub type TopicOffsets = SmallMap<i32, Arc<Committed>>;
/// The offsets of one group, by topic.
pub type GroupOffsets = SmallMap<Arc<str>, TopicOffsets>;

/// Everything that the records say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Durable {
    /// A group exists when it is here.
    pub groups: OrdMap<Arc<str>, Arc<Recorded>>,
    pub offsets: OrdMap<Arc<str>, GroupOffsets>,
}

impl Durable {
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::Group {
                group,
                value: Some(value),
            } => {
                self.groups.insert(group.clone(), value.clone());
            }
            Record::Group { group, value: None } => {
                self.groups.remove(group);
            }
            Record::Offset {
                group,
                topic,
                partition,
                value: Some(value),
            } => {
                if !self.groups.contains_key(group) {
                    // Committing without membership makes a group.
                    self.groups.insert(group.clone(), Arc::default());
                }
                let topics = self.offsets.entry(group.clone()).or_default();
                topics
                    .get_or_default(topic.clone())
                    .insert(*partition, value.clone());
            }
            Record::Offset {
                group,
                topic,
                partition,
                value: None,
            } => {
                self.remove_offset(group, topic, *partition);
            }
        }
    }

    fn remove_offset(&mut self, group: &Arc<str>, topic: &Arc<str>, partition: i32) {
        let Some(topics) = self.offsets.get_mut(group) else {
            return;
        };
        if let Some(partitions) = topics.get_mut(topic) {
            partitions.remove(&partition);
            if partitions.is_empty() {
                topics.remove(topic);
            }
        }
        if topics.is_empty() {
            self.offsets.remove(group);
        }
    }

    /// The committed offset of a partition.
    pub fn offset(&self, group: &str, topic: &str, partition: i32) -> Option<&Arc<Committed>> {
        self.offsets.get(group)?.get(topic)?.get(&partition)
    }
}

impl Record {
    pub fn encode(&self) -> Result<Encoded, EncodeError> {
        match self {
            Self::Group { group, value } => {
                let key = GroupRecordKey::from(GroupMetadataKey {
                    group: Str::from(&**group),
                });
                let value = value
                    .as_ref()
                    .map(|value| GroupRecordValue::from(value.stored()));
                encoded(&key, value.map(|value| (value, GROUP_VERSION)))
            }
            Self::Offset {
                group,
                topic,
                partition,
                value,
            } => {
                let key = GroupRecordKey::from(OffsetCommitKey {
                    group: Str::from(&**group),
                    topic: Str::from(&**topic),
                    partition: *partition,
                });
                encoded(&key, value.as_ref().map(|value| value.stored()))
            }
        }
    }

    /// `None` for kinds that are not ours: newer ones, and those of other kinds of groups.
    pub fn decode(found: Found) -> Result<Option<Self>, DecodeError> {
        if found.transaction.is_some() {
            // Offsets of transactions: nobody writes them before transactions are built.
            return Ok(None);
        }
        let key = match GroupRecordKey::decode(found.key) {
            Err(DecodeError::UnknownRecordType(_)) => return Ok(None),
            key => key?,
        };
        let kind = key.kind();
        let value = match found.value {
            None => None,
            Some(bytes) => Some(GroupRecordValue::decode(kind, bytes)?.0),
        };
        Ok(match (key, value) {
            (GroupRecordKey::GroupMetadata(key), None) => Some(Self::Group {
                group: (&*key.group).into(),
                value: None,
            }),
            (GroupRecordKey::GroupMetadata(key), Some(GroupRecordValue::GroupMetadata(value))) => {
                let value = Some(Arc::new(Recorded::from_stored(&value)));
                Some(Self::Group {
                    group: (&*key.group).into(),
                    value,
                })
            }
            (GroupRecordKey::OffsetCommit(key), None) => Some(offset(&key, None)),
            (GroupRecordKey::OffsetCommit(key), Some(GroupRecordValue::OffsetCommit(value))) => {
                Some(offset(&key, Some(Arc::new(Committed::from_stored(&value)))))
            }
            _ => None,
        })
    }
}

fn offset(key: &OffsetCommitKey, value: Option<Arc<Committed>>) -> Record {
    Record::Offset {
        group: (&*key.group).into(),
        topic: (&*key.topic).into(),
        partition: key.partition,
        value,
    }
}

fn encoded(
    key: &GroupRecordKey,
    value: Option<(GroupRecordValue, i16)>,
) -> Result<Encoded, EncodeError> {
    Ok(Encoded {
        key: key.encode()?,
        value: value
            .map(|(value, version)| value.encode(version))
            .transpose()?,
    })
}

impl Recorded {
    fn stored(&self) -> GroupMetadataValue {
        let members = self.members.iter().map(|member| MemberMetadata {
            member_id: member.id.clone(),
            group_instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout: member.rebalance_timeout_ms,
            session_timeout: member.session_timeout_ms,
            subscription: member.subscription.clone(),
            assignment: member.assignment.clone(),
            ..Default::default()
        });
        GroupMetadataValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            current_state_timestamp: self.state_timestamp_ms.unwrap_or(-1),
            members: members.collect(),
            ..Default::default()
        }
    }

    /// Copies what it keeps: the log's bytes are many, and go.
    fn from_stored(value: &GroupMetadataValue) -> Self {
        let members = value.members.iter().map(|member| RecordedMember {
            id: member.member_id.detached(),
            instance_id: member.group_instance_id.as_ref().map(Str::detached),
            client_id: member.client_id.detached(),
            client_host: member.client_host.detached(),
            // Version 0 had none.
            rebalance_timeout_ms: match member.rebalance_timeout {
                -1 => member.session_timeout,
                timeout_ms => timeout_ms,
            },
            session_timeout_ms: member.session_timeout,
            subscription: Bytes::copy_from_slice(&member.subscription),
            assignment: Bytes::copy_from_slice(&member.assignment),
        });
        Self {
            protocol_type: Some(value.protocol_type.detached()).filter(|name| !name.is_empty()),
            generation: value.generation,
            protocol: value.protocol.as_ref().map(Str::detached),
            leader: value.leader.as_ref().map(Str::detached),
            state_timestamp_ms: Some(value.current_state_timestamp).filter(|at| *at != -1),
            members: members.collect(),
        }
    }
}

impl Committed {
    fn stored(&self) -> (GroupRecordValue, i16) {
        let value = OffsetCommitValue {
            offset: self.offset,
            leader_epoch: self.leader_epoch,
            metadata: self.metadata.clone(),
            commit_timestamp: self.commit_timestamp_ms,
            expire_timestamp: self.expire_timestamp_ms.unwrap_or(-1),
            topic_id: self.topic_id,
            ..Default::default()
        };
        let version = match self.expire_timestamp_ms {
            Some(_) => EXPIRING_OFFSET_VERSION,
            None => OFFSET_VERSION,
        };
        (value.into(), version)
    }

    fn from_stored(value: &OffsetCommitValue) -> Self {
        Self {
            offset: value.offset,
            leader_epoch: value.leader_epoch,
            metadata: value.metadata.detached(),
            commit_timestamp_ms: value.commit_timestamp,
            expire_timestamp_ms: Some(value.expire_timestamp).filter(|at| *at != -1),
            topic_id: value.topic_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(record: &Record) -> Option<Record> {
        let Encoded { key, value } = record.encode().expect("encodes");
        Record::decode(Found {
            key,
            value,
            transaction: None,
        })
        .expect("decodes")
    }

    #[test]
    fn records_are_read_back_as_they_were_written() {
        let member = RecordedMember {
            id: "m".into(),
            instance_id: Some("i".into()),
            client_id: "c".into(),
            client_host: "/127.0.0.1".into(),
            rebalance_timeout_ms: 300,
            session_timeout_ms: 45,
            subscription: Bytes::from_static(b"s"),
            assignment: Bytes::from_static(b"a"),
        };
        let group = Recorded {
            protocol_type: Some("consumer".into()),
            generation: 7,
            protocol: Some("range".into()),
            leader: Some("m".into()),
            state_timestamp_ms: Some(99),
            members: vec![member],
        };
        let committed = Committed {
            offset: 5,
            leader_epoch: 2,
            metadata: "x".into(),
            commit_timestamp_ms: 11,
            expire_timestamp_ms: None,
            topic_id: Uuid([7; 16]),
        };
        let offset = |value| Record::Offset {
            group: "g".into(),
            topic: "t".into(),
            partition: 3,
            value,
        };
        for record in [
            Record::Group {
                group: "g".into(),
                value: Some(Arc::new(group)),
            },
            Record::Group {
                group: "g".into(),
                value: Some(Arc::default()),
            },
            Record::Group {
                group: "g".into(),
                value: None,
            },
            offset(Some(Arc::new(committed.clone()))),
            offset(None),
        ] {
            assert_eq!(read_back(&record).as_ref(), Some(&record));
        }
        let expiring = Committed {
            expire_timestamp_ms: Some(77),
            ..committed
        };
        let Some(Record::Offset {
            value: Some(read), ..
        }) = read_back(&offset(Some(Arc::new(expiring))))
        else {
            panic!("an offset");
        };
        assert_eq!(
            (read.expire_timestamp_ms, read.leader_epoch, read.topic_id),
            (Some(77), -1, Uuid::ZERO)
        );
    }

    #[test]
    fn records_of_other_kinds_are_skipped() {
        let key = Bytes::from_static(&[0, 99, 0, 1, b'g']);
        let found = Found {
            key,
            value: None,
            transaction: None,
        };
        assert_eq!(Record::decode(found), Ok(None));
    }

    #[test]
    fn an_offset_makes_its_group_and_its_deletion_leaves_it() {
        let mut durable = Durable::default();
        let offset = |value| Record::Offset {
            group: "g".into(),
            topic: "t".into(),
            partition: 0,
            value,
        };
        let committed = Committed {
            offset: 1,
            leader_epoch: -1,
            metadata: Str::default(),
            commit_timestamp_ms: 0,
            expire_timestamp_ms: None,
            topic_id: Uuid::ZERO,
        };
        durable.apply(&offset(Some(Arc::new(committed))));
        assert!(durable.offset("g", "t", 0).is_some());
        durable.apply(&offset(None));
        assert!(durable.offsets.is_empty() && durable.groups.contains_key("g"));
        durable.apply(&Record::Group {
            group: "g".into(),
            value: None,
        });
        assert_eq!(durable, Durable::default());
    }
}
