//! A few nodes with logs and followers, and a stand-in for the controller that keeps Kafka's rules of ISRs and elections.

use super::wire::{Network, Wire};
use crate::config::{BrokerValues, Layers, ReplicationValues, Unset};
use crate::fetch::Fetches;
use crate::partition::tests::{START_MS, directory_id, topic_config, topic_id};
use crate::partition::{Directory, Partition, Table, TableOptions, Threads};
use crate::quota::{Throttles, Window};
use crate::replication::{AskController, Followers, FollowersOptions, propose_isrs};
use crate::world::{Clock, Pace, Rng, Workers};
use futures::future::{BoxFuture, FutureExt};
use ottla_controller::delta::Delta;
use ottla_controller::ids::{BrokerId, MetadataOffset};
use ottla_controller::image::{ConfigResource, Image, config_record};
use ottla_controller::{Level, Update, image};
use ottla_protocol::messages::alter_partition::{
    AlterPartitionRequest, AlterPartitionResponse, RequestPartitionData, ResponsePartitionData,
    ResponseTopicData,
};
use ottla_protocol::messages::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, AssignReplicasToDirsResponse,
};
use ottla_protocol::records::metadata::{
    MetadataRecord, PartitionChangeRecord, PartitionRecord, RegisterBrokerRecord, TopicRecord,
};
use ottla_protocol::{ErrorCode, Uuid};
use ottla_storage::dir::LogDirectory;
use ottla_storage::disk::SimulatedDisk;
use ottla_storage::segment::FileCache;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub const TOPIC: &str = "orders";
/// Of throttles that nothing throttles.
const WINDOW: Window = Window {
    samples: 11,
    size: Duration::from_secs(1),
};

/// The log directories of every node; partitions are spread over them.
const PATHS: [&str; 2] = ["/logs", "/more"];
pub const LAG_MAX: Duration = Duration::from_secs(5);

/// A running node.
pub struct Node {
    pub table: Arc<Table>,
    pub fetches: Fetches,
    pub followers: Arc<Followers>,
    tasks: Vec<JoinHandle<()>>,
}

impl Node {
    /// Nothing of it runs on, whoever still holds it: an answer that is under way does.
    fn end(&self) {
        self.followers.stop();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.end();
    }
}

/// All of it.
pub struct Bench {
    pub clock: Clock,
    pub rng: Rng,
    pub network: Arc<Network>,
    disks: BTreeMap<i32, SimulatedDisk>,
    pub nodes: Mutex<BTreeMap<i32, Arc<Node>>>,
    image: Arc<Level<Arc<Image>>>,
    /// How long a sync takes, by node and number of its directory, from its next start on.
    pub sync_times: Mutex<BTreeMap<(i32, usize), Duration>>,
    /// In force on every node.
    pub values: Mutex<ReplicationValues>,
}

impl Bench {
    pub fn new(seed: u64, nodes: i32) -> Arc<Self> {
        let rng = Rng::seeded(seed);
        Arc::new(Self {
            clock: Clock::simulated(START_MS),
            network: Network::new(rng.clone()),
            rng,
            disks: (1..=nodes).map(|id| (id, SimulatedDisk::new())).collect(),
            nodes: Mutex::default(),
            image: Arc::default(),
            sync_times: Mutex::default(),
            values: Mutex::new(values().replication),
        })
    }

    /// Nodes 1 to `nodes`, and a topic on all of them.
    pub async fn with_topic(
        seed: u64,
        nodes: i32,
        partitions: i32,
        config: &[(&str, &str)],
    ) -> Arc<Self> {
        let bench = Self::new(seed, nodes);
        for id in 1..=nodes {
            bench.start(id).await;
        }
        bench.create(partitions, config);
        bench
    }

    pub fn create(&self, partitions: i32, config: &[(&str, &str)]) {
        let all: Vec<i32> = self.disks.keys().copied().collect();
        let mut records = vec![MetadataRecord::Topic(TopicRecord {
            name: TOPIC.into(),
            topic_id: topic_id(TOPIC).0,
            ..Default::default()
        })];
        for index in 0..partitions {
            let mut replicas = all.clone();
            replicas.rotate_left(usize::try_from(index).unwrap() % all.len());
            records.push(MetadataRecord::Partition(PartitionRecord {
                partition_id: index,
                topic_id: topic_id(TOPIC).0,
                leader: replicas[0],
                isr: replicas.clone(),
                directories: vec![Uuid::default(); replicas.len()],
                replicas,
                leader_epoch: 0,
                partition_epoch: 0,
                ..Default::default()
            }));
        }
        let resource = ConfigResource::topic(TOPIC);
        records.extend(config.iter().map(|(name, value)| {
            MetadataRecord::Config(config_record(&resource, name, Some(value)))
        }));
        self.publish(&records);
    }

    /// Starts a node on its disk. It is registered, and everything of the metadata is in force on it.
    pub async fn start(self: &Arc<Self>, id: i32) {
        self.register(id, false);
        let epoch = self.image().brokers.get(BrokerId(id)).unwrap().epoch;
        let table = self.table(id);
        let fetches = Fetches::new(100, self.clock.clone(), self.rng.clone());
        let followers = Followers::new(FollowersOptions {
            me: BrokerId(id),
            clock: self.clock.clone(),
            table: table.clone(),
            throttles: Arc::new(Throttles::new(self.clock.clone(), WINDOW, WINDOW)),
            leaders: Arc::new(Wire {
                bench: Arc::downgrade(self),
                from: id,
            }),
            values: self.values(),
            broker_epoch: Box::new(move || epoch),
        });
        let controller: Arc<dyn AskController> = Arc::new(ToController {
            bench: Arc::downgrade(self),
            from: id,
        });
        let proposing = propose_isrs(
            table.replicating().clone(),
            controller,
            BrokerId(id),
            move || epoch,
        );
        let (applied, mut first) = watch::channel(false);
        let tasks = vec![
            tokio::spawn(proposing),
            tokio::spawn(follow(
                self.image.clone(),
                table.clone(),
                followers.clone(),
                self.rng.clone(),
                applied,
            )),
            tokio::spawn(shrink(table.clone())),
        ];
        let node = Arc::new(Node {
            table,
            fetches,
            followers,
            tasks,
        });
        first.wait_for(|applied| *applied).await.unwrap();
        self.nodes.lock().insert(id, node);
    }

    fn values(self: &Arc<Self>) -> Box<dyn Fn() -> ReplicationValues + Send + Sync> {
        let (bench, defaults) = (Arc::downgrade(self), values().replication);
        Box::new(move || {
            bench
                .upgrade()
                .map_or_else(|| defaults.clone(), |bench| bench.values.lock().clone())
        })
    }

    fn table(&self, id: i32) -> Arc<Table> {
        let files = FileCache::new(Arc::new(self.disks[&id].clone()), 100);
        let directory = |(index, path): (usize, &&str)| {
            let held = LogDirectory::open(PathBuf::from(path), files.clone()).unwrap();
            let sync = self.sync_times.lock().get(&(id, index)).copied();
            let pace = Pace::new(move |name| match name.contains("sync") {
                true => sync.unwrap_or_default(),
                false => Duration::ZERO,
            });
            let threads = match sync {
                None => Threads::tasks(),
                Some(_) => Threads::of(index, |name, count| {
                    Ok(Workers::paced(name, count, pace.clone()))
                })
                .unwrap(),
            };
            Directory::new(held, directory_id(path), self.clock.clone(), threads)
        };
        let directories = PATHS.iter().enumerate().map(directory).collect();
        let options = TableOptions {
            me: BrokerId(id),
            clock: self.clock.clone(),
            rng: self.rng.clone(),
            topic_config: Box::new(topic_config),
            producer_expiration: Duration::from_secs(24 * 3600),
            replica_lag_max: LAG_MAX,
        };
        Table::open(options, directories)
    }

    /// The process dies; the controller hears of it.
    pub async fn kill(&self, id: i32) {
        if let Some(node) = self.nodes.lock().remove(&id) {
            node.end();
        }
        // Tasks that were aborted are gone only when they would have run.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.disks[&id].process_death();
        self.fence(id);
    }

    /// As [`Bench::kill`], and what was not synced is gone.
    pub async fn lose_power(&self, id: i32) {
        self.kill(id).await;
        self.disks[&id].power_loss(self.rng.next_u64());
    }

    pub fn is_alive(&self, id: i32) -> bool {
        self.nodes.lock().contains_key(&id)
    }

    pub fn node(&self, id: i32) -> Option<Arc<Node>> {
        self.nodes.lock().get(&id).cloned()
    }

    pub fn ids(&self) -> Vec<i32> {
        self.disks.keys().copied().collect()
    }

    pub fn image(&self) -> Arc<Image> {
        self.image.with(Arc::clone)
    }

    /// What the metadata says of a partition.
    pub fn metadata(&self, index: i32) -> Arc<image::Partition> {
        let image = self.image();
        let topic = image.topics.by_name(TOPIC).unwrap();
        topic.partition(index).unwrap().clone()
    }

    pub fn partition(&self, id: i32, index: i32) -> Option<Arc<Partition>> {
        let node = self.node(id)?;
        node.table.by_name(&self.image(), TOPIC, index).ok()
    }

    pub fn leader(&self, index: i32) -> Option<Arc<Partition>> {
        self.partition(self.metadata(index).leader?.0, index)
    }

    /// Elects somebody in sync other than the present leader, if there is anybody.
    pub fn elect_another(&self, index: i32) {
        let partition = self.metadata(index);
        let others = partition
            .isr
            .iter()
            .filter(|broker| Some(**broker) != partition.leader && self.is_alive(broker.0));
        let others: Vec<_> = others.copied().collect();
        if !others.is_empty() {
            let pick = self.rng.below(others.len() as u64);
            self.elect(index, others[usize::try_from(pick).unwrap()].0);
        }
    }

    pub fn elect(&self, index: i32, leader: i32) {
        self.change(index, |record| record.leader = leader);
    }

    pub fn change(&self, index: i32, change: impl Fn(&mut PartitionChangeRecord)) {
        let mut record = PartitionChangeRecord {
            topic_id: topic_id(TOPIC).0,
            partition_id: index,
            ..Default::default()
        };
        change(&mut record);
        self.publish(&[MetadataRecord::PartitionChange(record)]);
    }

    fn register(&self, id: i32, is_fenced: bool) {
        let known = self.image();
        let known = known.brokers.get(BrokerId(id));
        let broker_epoch = match known.filter(|_| is_fenced) {
            Some(broker) => broker.epoch.0,
            None => self.image().offset.0 + 1,
        };
        self.publish(&[MetadataRecord::RegisterBroker(RegisterBrokerRecord {
            broker_id: id,
            broker_epoch,
            fenced: is_fenced,
            ..Default::default()
        })]);
        if !is_fenced {
            self.lead_the_leaderless(id);
        }
    }

    fn lead_the_leaderless(&self, id: i32) {
        for index in self.indexes() {
            let partition = self.metadata(index);
            if partition.leader.is_none() && partition.isr.contains(&BrokerId(id)) {
                self.elect(index, id);
            }
        }
    }

    /// It leads nothing any more, and leaves every ISR that it is not the last of.
    fn fence(&self, id: i32) {
        self.register(id, true);
        for index in self.indexes() {
            let partition = self.metadata(index);
            let rest: Vec<i32> = partition
                .isr
                .iter()
                .map(|broker| broker.0)
                .filter(|broker| *broker != id)
                .collect();
            if rest.len() == partition.isr.len() {
                continue;
            }
            let leads = partition.leader == Some(BrokerId(id));
            let next = rest.iter().copied().find(|broker| self.is_alive(*broker));
            self.change(index, |record| {
                if !rest.is_empty() {
                    record.isr = Some(rest.clone());
                }
                if leads {
                    record.leader = next.unwrap_or(-1);
                }
            });
        }
    }

    fn indexes(&self) -> Vec<i32> {
        let image = self.image();
        let topic = image.topics.by_name(TOPIC);
        topic
            .into_iter()
            .flat_map(|topic| topic.partitions.keys().copied().collect::<Vec<_>>())
            .collect()
    }

    fn publish(&self, records: &[MetadataRecord]) {
        let (mut image, mut delta) = (Image::clone(&self.image()), Delta::default());
        for record in records {
            image.apply(record, &mut delta).unwrap();
            image.offset = MetadataOffset(image.offset.0 + 1);
        }
        self.image.set(Arc::new(image));
    }

    /// What AlterPartition decides, in short (`ReplicationControlManager.alterPartition`).
    fn alter(&self, asked: &AlterPartitionRequest) -> AlterPartitionResponse {
        let partitions = asked.topics[0]
            .partitions
            .iter()
            .map(|partition| self.alter_one(asked.broker_id, partition));
        AlterPartitionResponse {
            topics: vec![ResponseTopicData {
                topic_id: asked.topics[0].topic_id,
                partitions: partitions.collect(),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    fn alter_one(&self, from: i32, asked: &RequestPartitionData) -> ResponsePartitionData {
        let index = asked.partition_index;
        let now = self.metadata(index);
        let image = self.image();
        let is_eligible = asked.new_isr_with_epochs.iter().all(|member| {
            let broker = image.brokers.get(BrokerId(member.broker_id));
            broker.is_some_and(|broker| {
                broker.is_active() && [-1, broker.epoch.0].contains(&member.broker_epoch)
            })
        });
        let error_code = match () {
            () if now.leader != Some(BrokerId(from))
                || asked.leader_epoch != now.leader_epoch.0 =>
            {
                ErrorCode::FENCED_LEADER_EPOCH
            }
            () if asked.partition_epoch != now.partition_epoch.0 => {
                ErrorCode::INVALID_UPDATE_VERSION
            }
            () if !is_eligible => ErrorCode::INELIGIBLE_REPLICA,
            () => ErrorCode::NONE,
        };
        if error_code == ErrorCode::NONE {
            let isr = asked.new_isr_with_epochs.iter();
            let isr: Vec<i32> = isr.map(|member| member.broker_id).collect();
            self.change(index, |record| record.isr = Some(isr.clone()));
        }
        let now = self.metadata(index);
        ResponsePartitionData {
            partition_index: index,
            error_code,
            leader_id: now.leader.unwrap_or(BrokerId::NONE).0,
            leader_epoch: now.leader_epoch.0,
            isr: now.isr.iter().map(|broker| broker.0).collect(),
            partition_epoch: now.partition_epoch.0,
            ..Default::default()
        }
    }
}

struct ToController {
    bench: Weak<Bench>,
    from: i32,
}

impl AskController for ToController {
    fn alter_partition(
        &self,
        request: AlterPartitionRequest,
    ) -> BoxFuture<'_, Result<AlterPartitionResponse, String>> {
        async move {
            let bench = self.bench.upgrade().ok_or("gone")?;
            bench.network.crosses(self.from, 0).await?;
            let answer = bench.alter(&request);
            bench.network.crosses(0, self.from).await?;
            Ok(answer)
        }
        .boxed()
    }

    fn assign_replicas_to_dirs(
        &self,
        _: AssignReplicasToDirsRequest,
    ) -> BoxFuture<'_, Result<AssignReplicasToDirsResponse, String>> {
        std::future::ready(Err("nobody asks that of this bench".to_owned())).boxed()
    }
}

/// Each node hears of the metadata a little later than the others.
async fn follow(
    images: Arc<Level<Arc<Image>>>,
    table: Arc<Table>,
    followers: Arc<Followers>,
    rng: Rng,
    applied: watch::Sender<bool>,
) {
    let mut before = Arc::<Image>::default();
    loop {
        let image = images.with(Arc::clone);
        let delta = Arc::new(Delta::between(&before, &image));
        let update = Update {
            before: before.clone(),
            image: image.clone(),
            delta,
        };
        table.apply(&update).await;
        followers.follow(&update);
        before = image;
        applied.send_replace(true);
        images.until(|image| image.offset > before.offset).await;
        tokio::time::sleep(Duration::from_millis(rng.below(20))).await;
    }
}

async fn shrink(table: Arc<Table>) {
    loop {
        tokio::time::sleep(LAG_MAX / 2).await;
        table.shrink_isrs();
    }
}

pub fn values() -> BrokerValues {
    BrokerValues::resolve(&Layers {
        broker: &Unset,
        cluster: &Unset,
        node: &Unset,
    })
}
