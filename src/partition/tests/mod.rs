//! Partitions on a simulated disk, one behaviour per file, and the bench they stand on.

mod append;
mod crashes;
mod deletion;
mod directories;
mod flush;
mod followers;
mod moving;
mod reading;
mod restart;
mod scale;
mod together;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_controller::delta::Delta;
use ottla_controller::ids::{BrokerId, TopicId};
use ottla_controller::image::{ConfigResource, Image, config_record};
use ottla_controller::{MetadataOffset, Update};
use ottla_protocol::Uuid;
use ottla_protocol::records::metadata::{
    MetadataRecord, PartitionChangeRecord, PartitionRecord, RegisterBrokerRecord,
    RemoveTopicRecord, TopicRecord,
};
use ottla_storage::batch::{BatchBuilder, NewRecord};
use ottla_storage::dir::LogDirectory;
use ottla_storage::disk::{Disk, SimulatedDisk};
use ottla_storage::offset::{LeaderEpoch, Offset};
use ottla_storage::producers::Proof;
use ottla_storage::segment::{FileCache, Patience};

use super::*;
use crate::config::{Layers, TopicConfig, Unset};
use crate::world::{Clock, Rng};

pub const ME: BrokerId = BrokerId(1);
/// Long enough for anything.
pub const SOON: Duration = Duration::from_secs(60);
pub const START_MS: i64 = 1_700_000_000_000;
/// The epoch that every topic of these tests begins with.
pub const FIRST: LeaderEpoch = LeaderEpoch(0);

/// One node: a disk, its directories, the metadata as it would publish it.
pub struct Node {
    pub disk: SimulatedDisk,
    pub table: Arc<Table>,
    pub image: Arc<Image>,
    pub clock: Clock,
}

pub fn topic_id(name: &str) -> TopicId {
    let mut bytes = [7; 16];
    for (byte, from) in bytes.iter_mut().zip(name.bytes()) {
        *byte = from;
    }
    TopicId(Uuid(bytes))
}

pub fn directory_id(path: &str) -> Uuid {
    topic_id(path).0
}

pub fn topic_config(image: &Image, name: &str) -> TopicConfig {
    let own: BTreeMap<String, String> = image
        .configs
        .of(&ConfigResource::topic(name))
        .map(|values| {
            values
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect()
        })
        .unwrap_or_default();
    TopicConfig::resolve(
        &Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        },
        &own,
    )
}

impl Node {
    /// With one directory, `/logs`, and no threads: for paused time.
    pub fn new() -> Self {
        Self::on(SimulatedDisk::new(), &["/logs"], |_| Threads::tasks())
    }

    /// With threads of its own for each directory.
    pub fn with_threads(paths: &[&str]) -> Self {
        Self::on(SimulatedDisk::new(), paths, |index| {
            Threads::start(index).unwrap()
        })
    }

    pub fn on(disk: SimulatedDisk, paths: &[&str], threads: impl Fn(usize) -> Threads) -> Self {
        let (mut node, _) = Self::on_disk(Arc::new(disk.clone()), paths, threads);
        node.disk = disk;
        node
    }

    /// On another kind of disk: then [`Node::disk`] means nothing.
    pub fn on_disk(
        disk: Arc<dyn Disk>,
        paths: &[&str],
        threads: impl Fn(usize) -> Threads,
    ) -> (Self, Arc<FileCache>) {
        let clock = Clock::simulated(START_MS);
        let files = FileCache::new(disk, 100);
        let directories = paths
            .iter()
            .enumerate()
            .map(|(index, path)| {
                let held = LogDirectory::open(PathBuf::from(path), files.clone()).unwrap();
                Directory::new(held, directory_id(path), clock.clone(), threads(index))
            })
            .collect();
        let options = TableOptions {
            me: ME,
            clock: clock.clone(),
            rng: Rng::seeded(1),
            topic_config: Box::new(topic_config),
            producer_expiration: Duration::from_secs(24 * 3600),
            replica_lag_max: Duration::from_secs(30),
        };
        let table = Table::open(options, directories);
        (
            Self {
                disk: SimulatedDisk::new(),
                table,
                image: Arc::default(),
                clock,
            },
            files,
        )
    }

    /// The same disk and metadata after the process died without a word, or after a stop.
    pub async fn restarted(self, paths: &[&str]) -> Self {
        self.disk.process_death();
        self.again(paths).await
    }

    pub async fn again(self, paths: &[&str]) -> Self {
        let Self { disk, image, .. } = self;
        let mut node = Self::on(disk, paths, |_| Threads::tasks());
        let (before, delta) = (
            node.image.clone(),
            Delta::between(&Image::default(), &image),
        );
        node.image = image.clone();
        node.table
            .apply(&Update {
                before,
                image,
                delta: Arc::new(delta),
            })
            .await;
        node
    }

    pub async fn change(&mut self, records: &[MetadataRecord]) {
        let before = self.image.clone();
        let (mut image, mut delta) = (Image::clone(&before), Delta::default());
        for record in records {
            image.apply(record, &mut delta).unwrap();
            image.offset = MetadataOffset(image.offset.0 + 1);
        }
        self.image = Arc::new(image);
        self.table
            .apply(&Update {
                before,
                image: self.image.clone(),
                delta: Arc::new(delta),
            })
            .await;
    }

    pub async fn create(&mut self, topic: &str, partitions: i32, config: &[(&str, &str)]) {
        self.create_as(topic_id(topic), topic, partitions, &[1], config)
            .await;
    }

    pub async fn create_as(
        &mut self,
        id: TopicId,
        topic: &str,
        partitions: i32,
        replicas: &[i32],
        config: &[(&str, &str)],
    ) {
        let name = topic.into();
        let mut records = vec![MetadataRecord::Topic(TopicRecord {
            name,
            topic_id: id.0,
            ..Default::default()
        })];
        records.extend((0..partitions).map(|index| {
            MetadataRecord::Partition(PartitionRecord {
                partition_id: index,
                topic_id: id.0,
                replicas: replicas.to_vec(),
                isr: replicas.to_vec(),
                leader: 1,
                leader_epoch: 0,
                partition_epoch: 0,
                directories: vec![Uuid::default(); replicas.len()],
                ..Default::default()
            })
        }));
        let resource = ConfigResource::topic(topic);
        records.extend(config.iter().map(|(name, value)| {
            MetadataRecord::Config(config_record(&resource, name, Some(value)))
        }));
        self.change(&records).await;
    }

    /// These brokers are active, each in the epoch given.
    pub async fn register(&mut self, brokers: &[(i32, i64)]) {
        let record = |(broker_id, broker_epoch): &(i32, i64)| {
            MetadataRecord::RegisterBroker(RegisterBrokerRecord {
                broker_id: *broker_id,
                broker_epoch: *broker_epoch,
                fenced: false,
                ..Default::default()
            })
        };
        let records: Vec<_> = brokers.iter().map(record).collect();
        self.change(&records).await;
    }

    pub async fn configure(&mut self, topic: &str, name: &str, value: &str) {
        let record = config_record(&ConfigResource::topic(topic), name, Some(value));
        self.change(&[MetadataRecord::Config(record)]).await;
    }

    pub async fn delete(&mut self, topic: &str) {
        let topic_id = self.image.topics.id_of(topic).unwrap().0;
        self.change(&[MetadataRecord::RemoveTopic(RemoveTopicRecord {
            topic_id,
            ..Default::default()
        })])
        .await;
    }

    /// Another leader, or the same in a new epoch.
    pub async fn elect(&mut self, topic: &str, leader: i32) {
        let topic_id = topic_id(topic).0;
        let change = PartitionChangeRecord {
            topic_id,
            partition_id: 0,
            leader,
            ..Default::default()
        };
        self.change(&[MetadataRecord::PartitionChange(change)])
            .await;
    }

    pub fn partition(&self, topic: &str, index: i32) -> Arc<Partition> {
        self.table.by_name(&self.image, topic, index).unwrap()
    }
}

/// One batch of records with these values.
pub fn batch(values: &[&str]) -> Bytes {
    let mut builder = BatchBuilder::new();
    for value in values {
        builder.push(NewRecord {
            timestamp: START_MS,
            value: Some(value.as_bytes()),
            ..Default::default()
        });
    }
    builder.build()
}

pub fn options(acks: Acks) -> AppendOptions {
    AppendOptions {
        acks,
        timeout: Duration::from_secs(5),
        produce_version: 12,
        proof: Proof::NotRequired,
    }
}

pub fn ask(offset: i64) -> Ask {
    Ask {
        fetch_offset: Offset(offset),
        max_bytes: 1 << 20,
        at_least_one_batch: true,
        isolation: Isolation::ReadUncommitted,
        current_leader_epoch: None,
        last_fetched_epoch: None,
        from: Source::Leader,
    }
}

/// The bytes of an answer.
pub fn bytes_of(answer: ReadAnswer) -> Vec<u8> {
    match answer.into_records() {
        ottla_protocol::Records::Deferred(deferred) => {
            let source: &dyn std::any::Any = &*deferred.source;
            let regions = source.downcast_ref::<Regions>().unwrap();
            regions
                .0
                .iter()
                .flat_map(|region| region.to_vec(Patience::Wait).unwrap())
                .collect()
        }
        _ => Vec::new(),
    }
}

pub fn names_in(disk: &SimulatedDisk, path: &str) -> Vec<String> {
    disk.read_dir(Path::new(path))
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect()
}
