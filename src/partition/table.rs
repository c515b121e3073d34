//! The partitions of this node: found by id or name, kept in step with the metadata, opened and deleted.
//!
//! ```text
//!   metadata update ─▶ changes::choose ─▶ deletions ─▶ open or create, roles ─▶ configs ─▶ `applied` moves
//!   directory fails ─▶ its partitions end (KAFKA_STORAGE_ERROR) ─▶ `failures` moves
//! ```
//! Guarantees: a partition that cannot be opened is quarantined with one log line and the rest is served; a directory that
//! the metadata does not know is reported, never renamed, written or deleted. [`Table::apply`] is for one task.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::{StreamExt, stream};
use ottla_controller::ids::{BrokerId, MetadataOffset, TopicId};
use ottla_controller::image::{self, Image};
use ottla_controller::watch;
use ottla_controller::{Level, Update};
use ottla_protocol::{ErrorCode, Uuid};
use parking_lot::Mutex;

use super::changes::{self, Change};
use super::deletion::Doomed;
use super::directory::Directory;
use super::home::Home;
use super::hosted::{Hosted, Place};
use super::moving::Moves;
use super::placements;
use super::proposals::Replicating;
use super::replica::Partition;
use super::role::Role;
use super::topic::Topic;
use super::waits::Ended;
use crate::config::TopicConfig;
use crate::world::{Clock, Rng};

/// Partitions opened or changed at the same time; the directories' threads do the work.
const AT_ONCE: usize = 64;
/// How many partitions between two lines about the progress of opening.
const PROGRESS_EVERY: usize = 1_000;

/// What the configuration of a topic is, by the metadata and the topic's name.
pub type ConfigOf = Box<dyn Fn(&Image, &str) -> TopicConfig + Send + Sync>;

/// What the table needs besides directories.
pub struct TableOptions {
    pub me: BrokerId,
    pub clock: Clock,
    pub rng: Rng,
    pub topic_config: ConfigOf,
    /// `producer.id.expiration.ms`.
    pub producer_expiration: Duration,
    /// `replica.lag.time.max.ms`.
    pub replica_lag_max: Duration,
}

/// See the module.
pub struct Table {
    pub(super) options: TableOptions,
    pub(super) homes: Vec<Home>,
    replicating: Arc<Replicating>,
    pub(super) moves: Moves,
    /// Not served because their directory is not here: they begin anew once nobody counts on them.
    pub(super) lost: Mutex<BTreeSet<(TopicId, i32)>>,
    hosted: ArcSwap<Hosted>,
    applied: Level<MetadataOffset>,
    opening: watch::Sender<Opening>,
    failures: watch::Sender<Failures>,
    pub(super) doomed: Mutex<Vec<Doomed>>,
    applying: tokio::sync::Mutex<()>,
}

/// Which directories have failed. The last one, or that of the metadata, takes the process down: the owner decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    pub directories: Vec<Uuid>,
    pub are_all_failed: bool,
}

/// How far the logs of the last update are opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    pub done: usize,
    pub of: usize,
}

impl Table {
    /// Looks at the directories; opens nothing yet. From here on the directories count as in use.
    pub fn open(options: TableOptions, directories: Vec<Arc<Directory>>) -> Arc<Self> {
        let homes: Vec<Home> = directories.into_iter().map(Home::open).collect();
        Arc::new_cyclic(|table: &Weak<Self>| {
            for home in &homes {
                let (table, directory) = (table.clone(), Arc::downgrade(&home.directory));
                home.directory.when_failed(move || {
                    if let (Some(table), Some(directory)) = (table.upgrade(), directory.upgrade()) {
                        table.directory_failed(&directory);
                    }
                });
            }
            Self {
                failures: watch::Sender::new(failures(&homes)),
                replicating: Arc::new(Replicating {
                    standings: Default::default(),
                    proposals: Default::default(),
                    placements: Default::default(),
                    starts_moved: Default::default(),
                    lag_max: options.replica_lag_max,
                    shrunk: Default::default(),
                    expanded: Default::default(),
                    received_bytes: Default::default(),
                    received: Default::default(),
                }),
                moves: Moves::default(),
                lost: Mutex::default(),
                options,
                homes,
                hosted: ArcSwap::default(),
                applied: Level::new(MetadataOffset::NONE),
                opening: watch::Sender::default(),
                doomed: Mutex::default(),
                applying: tokio::sync::Mutex::default(),
            }
        })
    }

    /// The broker epoch of the last stop, if every directory says that it was clean (KIP-966).
    pub fn previous_broker_epoch(&self) -> Option<i64> {
        let mut epochs = self.homes.iter().map(|home| home.clean_in_epoch);
        let first = epochs.next()??;
        epochs.all(|epoch| epoch == Some(first)).then_some(first)
    }

    /// The partition of a topic by id.
    ///
    /// # Errors
    /// UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER when it is another node's (or not opened here
    /// yet), KAFKA_STORAGE_ERROR when it is quarantined.
    pub fn by_id(
        &self,
        image: &Image,
        id: TopicId,
        index: i32,
    ) -> Result<Arc<Partition>, ErrorCode> {
        match self.hosted.load().place(id, index) {
            Some(place) => place.partition(),
            None => Err(match image.topics.by_id(id) {
                None => ErrorCode::UNKNOWN_TOPIC_ID,
                Some(topic) => not_hosted(topic, index),
            }),
        }
    }

    /// The partition of a topic by name.
    ///
    /// # Errors
    /// As [`Table::by_id`], UNKNOWN_TOPIC_OR_PARTITION for an unknown topic.
    pub fn by_name(
        &self,
        image: &Image,
        name: &str,
        index: i32,
    ) -> Result<Arc<Partition>, ErrorCode> {
        match image.topics.id_of(name) {
            Some(id) => self.by_id(image, id, index),
            None => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        }
    }

    /// All partitions of this node as of now.
    pub fn hosted(&self) -> Arc<Hosted> {
        self.hosted.load_full()
    }

    /// Resolves when the metadata up to `offset` is in force here.
    pub async fn applied_up_to(&self, offset: MetadataOffset) {
        self.applied.until(|applied| *applied >= offset).await;
    }

    /// How far opening logs is.
    pub fn opening(&self) -> watch::Receiver<Opening> {
        self.opening.subscribe()
    }

    /// Which directories have failed so far.
    pub fn failures(&self) -> watch::Receiver<Failures> {
        self.failures.subscribe()
    }

    /// What the partitions share in order to replicate.
    pub fn replicating(&self) -> &Arc<Replicating> {
        &self.replicating
    }

    pub fn directories(&self) -> impl Iterator<Item = &Arc<Directory>> {
        self.homes.iter().map(|home| &home.directory)
    }

    /// Partition directories that the metadata does not know. Right only after the first [`Table::apply`].
    pub fn unknown_directories(&self) -> Vec<PathBuf> {
        let paths = |home: &Home| {
            home.unclaimed
                .lock()
                .values()
                .map(|found| found.path.clone())
                .collect::<Vec<_>>()
        };
        self.homes.iter().flat_map(paths).collect()
    }

    /// Brings this node in step with the metadata. Resolves when everything is in force.
    pub async fn apply(self: &Arc<Self>, update: &Update) {
        let _applying = self.applying.lock().await;
        if !update.delta.brokers.is_empty() {
            self.replicating.standings.set(&update.image);
            self.expand_isrs();
        }
        let (mut hosts, mut deleted) = (Vec::new(), Vec::new());
        for change in changes::choose(update, self.options.me) {
            match change {
                Change::DeleteTopic(id) => {
                    let hosted = self.hosted();
                    let places = hosted
                        .topic(id)
                        .map(|topic| topic.places.keys().map(|index| (id, *index)));
                    deleted.extend(places.into_iter().flatten());
                }
                Change::DeletePartition(id, index) => deleted.push((id, index)),
                Change::Host {
                    topic,
                    index,
                    partition,
                } => hosts.push((topic, index, partition)),
                Change::Reconfigure(topic) => self.reconfigure(&update.image, &topic).await,
            }
        }
        self.delete_all(deleted).await;
        self.moves.forget_preferred(|(id, index)| {
            let partition = update.image.topics.partition(*id, *index);
            partition.is_none() || self.hosted().place(*id, *index).is_some()
        });
        self.host_all(&update.image, hosts).await;
        if self
            .applied
            .with(|applied| *applied == MetadataOffset::NONE)
        {
            self.homes.iter().for_each(Home::report_unknown);
        }
        self.applied.set(update.image.offset);
    }

    async fn host_all(
        self: &Arc<Self>,
        image: &Image,
        hosts: Vec<(Arc<image::Topic>, i32, Arc<image::Partition>)>,
    ) {
        let total = hosts.len();
        self.opening.send_replace(Opening { done: 0, of: total });
        let mut topics = std::collections::BTreeMap::new();
        let opening = stream::iter(hosts).map(|(topic, index, partition)| {
            let own = topics
                .entry(topic.id)
                .or_insert_with(|| self.topic(image, &topic))
                .clone();
            self.host(own, index, partition)
        });
        let mut done = opening.buffer_unordered(AT_ONCE).enumerate();
        while let Some((count, (topic, index, place))) = done.next().await {
            if let Some(place) = place {
                self.change(|hosted| hosted.insert(&topic, index, place.clone()));
            }
            let done = count + 1;
            self.opening.send_replace(Opening { done, of: total });
            if total > PROGRESS_EVERY && done % PROGRESS_EVERY == 0 {
                tracing::info!(opened = done, total, "opening partitions");
            }
        }
    }

    /// The topic as it is hosted already, or new.
    fn topic(&self, image: &Image, topic: &image::Topic) -> Arc<Topic> {
        match self.hosted.load().topic(topic.id) {
            Some(hosted) => hosted.topic.clone(),
            None => Topic::new(
                topic.id,
                topic.name.clone(),
                (self.options.topic_config)(image, &topic.name),
            ),
        }
    }

    /// Takes the role, and opens the partition first if it is not hosted yet. Returns what is new in the table.
    async fn host(
        self: &Arc<Self>,
        topic: Arc<Topic>,
        index: i32,
        partition: Arc<image::Partition>,
    ) -> (Arc<Topic>, i32, Option<Place>) {
        let role = Role::of(&partition, self.options.me);
        let known = self.hosted.load().place(topic.id(), index).cloned();
        let begins_anew = placements::may_begin_anew(&partition, self.options.me)
            && self.lost.lock().remove(&(topic.id(), index));
        let known = known.filter(|_| !begins_anew);
        let (now, place) = match known {
            Some(known) => (known, None),
            None => {
                let opened = self.open_partition(&topic, index, &partition).await;
                if let Place::Open(open) = &opened {
                    self.resume_move(open).await;
                }
                (opened.clone(), Some(opened))
            }
        };
        let actual = match &now {
            Place::Open(open) => Some(open.directory().id()),
            Place::Quarantined(_) => None,
        };
        let assigned = partition.directory(self.options.me);
        if let Some(told) = placements::to_tell(&partition, assigned, actual) {
            self.replicating
                .placements
                .submit((topic.id(), index), told);
        }
        let Place::Open(open) = now else {
            return (topic, index, place);
        };
        if assigned == actual {
            self.forget_move(&open).await;
        }
        // An error means that the writer is gone, and the partition with it.
        drop(open.take_role(role).await);
        (topic, index, place)
    }

    /// A replica that moved lies where the cluster knows it to lie.
    async fn forget_move(self: &Arc<Self>, partition: &Arc<Partition>) {
        let key = (partition.topic.id(), partition.index);
        if !self.moves.settled.lock().remove(&key) {
            return;
        }
        let (directory, moved) = (partition.directory(), partition.clone());
        let reads = directory.threads().reads.clone();
        let forgetting = reads.run(move || {
            let forgotten = directory
                .held()
                .map(|held| held.forget_move(moved.topic.name(), moved.index));
            if let Some(Err(failure)) = forgotten {
                directory.report(&failure);
            }
        });
        // A panic there is logged by the thread.
        let _ = forgetting.await;
    }

    async fn reconfigure(&self, image: &Image, topic: &image::Topic) {
        let hosted = self.hosted();
        let Some(hosted) = hosted.topic(topic.id) else {
            return;
        };
        hosted
            .topic
            .reconfigure((self.options.topic_config)(image, &topic.name));
        let in_force = hosted.topic.in_force();
        let log_config = Arc::new(in_force.log_config(self.options.producer_expiration));
        for place in hosted.places.values() {
            if let Place::Open(partition) = place {
                partition.reconfigure(log_config.clone()).await;
            }
        }
    }

    pub(super) fn change(&self, change: impl Fn(&mut Hosted)) {
        self.hosted.rcu(|hosted| {
            let mut next = Hosted::clone(hosted);
            change(&mut next);
            next
        });
    }

    fn directory_failed(&self, directory: &Arc<Directory>) {
        for partition in self.hosted.load().partitions() {
            if Arc::ptr_eq(&partition.directory(), directory) {
                partition.end(Ended::DirectoryFailed);
            }
        }
        self.failures.send_replace(failures(&self.homes));
    }
}

fn failures(homes: &[Home]) -> Failures {
    let failed = homes.iter().filter(|home| home.directory.is_offline());
    let directories: Vec<Uuid> = failed.map(|home| home.directory.id()).collect();
    Failures {
        are_all_failed: directories.len() == homes.len(),
        directories,
    }
}

fn not_hosted(topic: &image::Topic, index: i32) -> ErrorCode {
    match topic.partition(index) {
        None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Some(_) => ErrorCode::NOT_LEADER_OR_FOLLOWER,
    }
}
