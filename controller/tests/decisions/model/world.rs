//! A cluster, and what its replicas' logs would hold.

use super::rules::{check_change, check_partition};
use super::step::{Place, Step};
use crate::support::{CLUSTER, Lenient, registration, topic};
use ottla_controller::delta::Delta;
use ottla_controller::image::{Image, LeaderRecovery, Partition};
use ottla_controller::{BrokerId, Dice, Liveness, Outcome, TopicId, decide};
use ottla_protocol::messages::alter_partition::{
    AlterPartitionRequest, BrokerState, RequestPartitionData, RequestTopicData,
};
use ottla_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use ottla_protocol::messages::assign_replicas_to_dirs as dirs;
use ottla_protocol::messages::broker_heartbeat::BrokerHeartbeatRequest;
use ottla_protocol::messages::delete_topics::DeleteTopicsRequest;
use ottla_protocol::messages::elect_leaders::{ElectLeadersRequest, TopicPartitions};
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use ottla_protocol::messages::unregister_broker::UnregisterBrokerRequest;
use ottla_protocol::messages::update_features::{FeatureUpdateKey, UpdateFeaturesRequest};
use ottla_protocol::{ErrorCode, Uuid};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const SESSION: Duration = Duration::from_secs(9);

/// A log by the numbers of its records, which are never used twice.
type Log = Vec<u32>;
type Key = (TopicId, i32);

/// A broker's process as it started last.
struct Process {
    incarnation: u8,
    directories: [Uuid; 2],
    epoch: i64,
}

pub struct World {
    image: Image,
    liveness: Liveness,
    dice: Dice,
    now: Duration,
    keeps_eligible: bool,
    processes: BTreeMap<i32, Process>,
    /// What each broker's replica of a partition holds.
    logs: BTreeMap<(Key, BrokerId), Log>,
    committed: BTreeMap<Key, Log>,
    next_record: u32,
}

impl World {
    pub fn new(keeps_eligible: bool) -> Self {
        let mut world = World {
            image: Image::default(),
            liveness: Liveness::new(SESSION),
            dice: Dice::new(5),
            now: Duration::ZERO,
            keeps_eligible,
            processes: BTreeMap::new(),
            logs: BTreeMap::new(),
            committed: BTreeMap::new(),
            next_record: 0,
        };
        let outcome = decide::bootstrap(&world.image, &Lenient, CLUSTER);
        world.apply(outcome);
        if !keeps_eligible {
            let update = FeatureUpdateKey {
                feature: "eligible.leader.replicas.version".into(),
                max_version_level: 0,
                upgrade_type: 2,
                ..Default::default()
            };
            let request = UpdateFeaturesRequest {
                feature_updates: vec![update],
                ..Default::default()
            };
            let outcome = decide::update_features(&world.image, &Lenient, &request, 2);
            world.apply(outcome);
        }
        for broker in 1..5 {
            world.restart(broker, true, true);
            world.heartbeat(broker, |_| {});
        }
        for number in 0..2 {
            world.create(number, 2, 3);
        }
        world
    }

    /// Takes a step and checks everything.
    pub fn take(&mut self, step: &Step) {
        self.now += Duration::from_millis(100);
        let before = self.image.clone();
        let mut may_lose = false;
        match step {
            Step::Restart {
                broker,
                clean,
                wiped,
            } => self.restart(*broker, *clean, *wiped),
            Step::Serve { broker } => self.heartbeat(*broker, |_| {}),
            Step::Fence { broker } => self.heartbeat(*broker, |request| request.want_fence = true),
            Step::ShutDown { broker } => {
                self.heartbeat(*broker, |request| request.want_shut_down = true);
            }
            Step::Silence { broker } => self.silence(*broker),
            Step::Unregister { broker } => self.unregister(*broker),
            Step::LoseDirectory { broker, higher } => self.lose_directory(*broker, *higher),
            Step::Assign {
                broker,
                place,
                higher,
            } => self.assign(*broker, *place, *higher),
            Step::Create {
                topic,
                partitions,
                replicas,
            } => self.create(*topic, *partitions, *replicas),
            Step::Delete { topic } => self.delete(*topic),
            Step::Write { place } => self.write(*place),
            Step::AlterIsr { place, members } => self.alter_isr(*place, *members),
            Step::Elect { place, unclean } => {
                may_lose = *unclean;
                self.elect(*place, *unclean);
            }
            Step::Reassign {
                place,
                first,
                count,
            } => {
                let replicas = (0..*count).map(|step| (first - 1 + step) % 4 + 1).collect();
                self.reassign(*place, Some(replicas));
            }
            Step::Cancel { place } => self.reassign(*place, None),
            Step::Minimum { topic, replicas } => self.configure(
                topic.map(|it| (2, name(it))).unwrap_or((4, String::new())),
                "min.insync.replicas",
                &replicas.to_string(),
            ),
            Step::Unclean { topic, allowed } => self.configure(
                (2, name(*topic)),
                "unclean.leader.election.enable",
                &allowed.to_string(),
            ),
            Step::Balance => {
                let outcome = decide::elect_preferred_leaders(&self.image, &Lenient);
                self.apply(outcome);
            }
            Step::Leaderless => {
                let outcome = decide::elect_for_leaderless(&self.image, &Lenient);
                self.apply(outcome);
            }
        }
        self.check(&before, may_lose, step);
    }

    fn check(&mut self, before: &Image, may_lose: bool, step: &Step) {
        let image = self.image.clone();
        for (topic, index, after) in image.topics.partitions() {
            check_partition(&image, after, self.keeps_eligible);
            let key = (topic.id, index);
            let Some(before) = before.topics.partition(topic.id, index) else {
                self.committed.insert(key, Log::new());
                continue;
            };
            check_change(before, after);
            let elected = after.leader.filter(|_| after.leader != before.leader);
            if let Some(leader) = elected.filter(|_| self.keeps_eligible) {
                let log = self.logs.entry((key, leader)).or_default().clone();
                let loses = may_lose
                    || decide_unclean(&image, &topic.name)
                    || *before.last_known_eligible == [leader];
                let recovering = after.leader_recovery == LeaderRecovery::Recovering;
                let committed = self.committed.entry(key).or_default();
                if loses && recovering {
                    *committed = log;
                } else {
                    assert!(
                        log.starts_with(committed),
                        "{step:?} lost what was committed: {before:?} became {after:?}"
                    );
                }
            }
        }
    }

    // ── brokers ──

    fn restart(&mut self, broker: i32, clean: bool, wiped: bool) {
        let old = self.processes.get(&broker);
        let incarnation = old.map_or(0, |it| it.incarnation) + 1;
        let previous_epoch = old.map_or(-1, |it| it.epoch);
        let directories = match old {
            Some(old) if !wiped => old.directories,
            _ => [self.dice.uuid(), self.dice.uuid()],
        };
        let clean = clean && !wiped;
        let mut request = registration(broker, 0, if clean { previous_epoch } else { -1 });
        request.incarnation_id = Uuid([incarnation; 16]);
        request.incarnation_id.0[0] = u8::try_from(broker).unwrap();
        request.log_dirs = directories.to_vec();
        // Whoever held the directories is gone; an empty broker waits for the session of the one before it.
        self.now += SESSION;
        let (image, now) = (self.image.clone(), self.now);
        let outcome = decide::register_broker(&image, &Lenient, &mut self.liveness, &request, now);
        let response = self.apply(outcome);
        assert_eq!(response.error_code, ErrorCode::NONE);
        for ((_, holder), log) in &mut self.logs {
            if *holder == BrokerId(broker) && !clean {
                log.truncate(if wiped { 0 } else { log.len() / 2 });
            }
        }
        let process = Process {
            incarnation,
            directories,
            epoch: response.broker_epoch,
        };
        self.processes.insert(broker, process);
    }

    fn heartbeat(&mut self, broker: i32, with: impl FnOnce(&mut BrokerHeartbeatRequest)) {
        let mut request = BrokerHeartbeatRequest {
            broker_id: broker,
            broker_epoch: self.processes[&broker].epoch,
            current_metadata_offset: self.image.offset.0,
            ..Default::default()
        };
        with(&mut request);
        let (image, now) = (self.image.clone(), self.now);
        let outcome = decide::broker_heartbeat(&image, &Lenient, &mut self.liveness, &request, now);
        self.apply(outcome);
    }

    fn silence(&mut self, broker: i32) {
        self.now += SESSION;
        for other in (1..5).filter(|other| *other != broker) {
            let offset = self.image.offset;
            self.liveness.hear(BrokerId(other), offset, self.now);
        }
        loop {
            let image = self.image.clone();
            let fence = decide::fence_silent_broker(&image, &Lenient, &mut self.liveness, self.now);
            if self.apply(fence).is_none() {
                return;
            }
        }
    }

    fn unregister(&mut self, broker: i32) {
        let request = UnregisterBrokerRequest {
            broker_id: broker,
            ..Default::default()
        };
        let image = self.image.clone();
        let outcome = decide::unregister_broker(&image, &Lenient, &mut self.liveness, &request);
        self.apply(outcome);
    }

    fn lose_directory(&mut self, broker: i32, higher: bool) {
        let lost = self.processes[&broker].directories[usize::from(higher)];
        self.heartbeat(broker, |request| request.offline_log_dirs = vec![lost]);
    }

    fn assign(&mut self, broker: i32, place: Place, higher: bool) {
        let Some((id, index, _)) = self.find(place) else {
            return;
        };
        let process = &self.processes[&broker];
        let topic = dirs::RequestTopicData {
            topic_id: id.0,
            partitions: vec![dirs::RequestPartitionData {
                partition_index: index,
                ..Default::default()
            }],
            ..Default::default()
        };
        let request = dirs::AssignReplicasToDirsRequest {
            broker_id: broker,
            broker_epoch: process.epoch,
            directories: vec![dirs::RequestDirectoryData {
                id: process.directories[usize::from(higher)],
                topics: vec![topic],
                ..Default::default()
            }],
            ..Default::default()
        };
        let outcome = decide::assign_replicas_to_dirs(&self.image, &Lenient, &request);
        self.apply(outcome);
    }

    // ── topics ──

    fn create(&mut self, number: u8, partitions: usize, replicas: i16) {
        let mut request = topic(&name(number), i32::try_from(partitions).unwrap());
        request.topics[0].replication_factor = replicas;
        let outcome = decide::create_topics(&self.image, &Lenient, &request, &mut self.dice);
        self.apply(outcome);
        for (topic, index, _) in self.image.topics.partitions() {
            self.committed.entry((topic.id, index)).or_default();
        }
    }

    fn delete(&mut self, number: u8) {
        let request = DeleteTopicsRequest {
            topic_names: vec![name(number).into()],
            ..Default::default()
        };
        let outcome = decide::delete_topics(&self.image, &request);
        self.apply(outcome);
    }

    fn configure(&mut self, (resource_type, resource_name): (i8, String), key: &str, value: &str) {
        let config = AlterableConfig {
            name: key.into(),
            value: Some(value.into()),
            ..Default::default()
        };
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type,
                resource_name: resource_name.into(),
                configs: vec![config],
                ..Default::default()
            }],
            ..Default::default()
        };
        let outcome = decide::incremental_alter_configs(&self.image, &Lenient, &request);
        self.apply(outcome);
    }

    // ── partitions ──

    fn find(&self, (number, index): Place) -> Option<(TopicId, i32, Arc<Partition>)> {
        let topic = self.image.topics.by_name(&name(number))?;
        Some((topic.id, index, topic.partition(index)?.clone()))
    }

    fn write(&mut self, place: Place) {
        let Some((id, index, partition)) = self.find(place) else {
            return;
        };
        let Some(leader) = partition.leader else {
            return;
        };
        let key = (id, index);
        self.next_record += 1;
        let log = self.logs.entry((key, leader)).or_default();
        log.push(self.next_record);
        let log = log.clone();
        if partition.isr.len() >= self.minimum(place.0, &partition) {
            for member in &partition.isr {
                self.logs.insert((key, *member), log.clone());
            }
            self.committed.insert(key, log);
        }
    }

    fn minimum(&self, number: u8, partition: &Partition) -> usize {
        let set = |resource| {
            let value = self.image.configs.value(&resource, "min.insync.replicas")?;
            value.parse::<usize>().ok()
        };
        use ottla_controller::image::ConfigResource;
        let own = set(ConfigResource::topic(&name(number)));
        let minimum = own.or_else(|| set(ConfigResource::cluster_default()));
        minimum.unwrap_or(1).min(partition.replicas.len())
    }

    /// Proposes members; who was not in sync has first caught up with the leader.
    fn alter_isr(&mut self, place: Place, members: u8) {
        let Some((id, index, partition)) = self.find(place) else {
            return;
        };
        let Some(leader) = partition.leader else {
            return;
        };
        let is_asked = |it: &&BrokerId| **it == leader || members & (1 << it.0) != 0;
        let asked: Vec<BrokerId> = partition
            .replicas
            .iter()
            .filter(is_asked)
            .copied()
            .collect();
        let log = self.logs.entry(((id, index), leader)).or_default().clone();
        for member in &asked {
            let registered = self.image.brokers.get(*member);
            if registered.is_some_and(|it| it.is_active()) {
                self.logs.insert(((id, index), *member), log.clone());
            }
        }
        let state = |broker: &BrokerId| BrokerState {
            broker_id: broker.0,
            broker_epoch: self.processes[&broker.0].epoch,
            ..Default::default()
        };
        let request = AlterPartitionRequest {
            broker_id: leader.0,
            broker_epoch: self.processes[&leader.0].epoch,
            topics: vec![RequestTopicData {
                topic_id: id.0,
                partitions: vec![RequestPartitionData {
                    partition_index: index,
                    leader_epoch: partition.leader_epoch.0,
                    partition_epoch: partition.partition_epoch.0,
                    new_isr_with_epochs: asked.iter().map(state).collect(),
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let outcome = decide::alter_partition(&self.image, &Lenient, &request);
        self.apply(outcome);
    }

    fn elect(&mut self, place: Option<Place>, unclean: bool) {
        let named = |(number, index): Place| {
            vec![TopicPartitions {
                topic: name(number).into(),
                partitions: vec![index],
                ..Default::default()
            }]
        };
        let request = ElectLeadersRequest {
            election_type: i8::from(unclean),
            topic_partitions: place.map(named),
            ..Default::default()
        };
        let outcome = decide::elect_leaders(&self.image, &Lenient, &request);
        self.apply(outcome);
    }

    fn reassign(&mut self, (number, index): Place, replicas: Option<Vec<i32>>) {
        let partition = ReassignablePartition {
            partition_index: index,
            replicas,
            ..Default::default()
        };
        let request = AlterPartitionReassignmentsRequest {
            allow_replication_factor_change: true,
            topics: vec![ReassignableTopic {
                name: name(number).into(),
                partitions: vec![partition],
                ..Default::default()
            }],
            ..Default::default()
        };
        let outcome = decide::alter_partition_reassignments(&self.image, &Lenient, &request);
        self.apply(outcome);
    }

    fn apply<R>(&mut self, outcome: Outcome<R>) -> R {
        let mut delta = Delta::default();
        for record in &outcome.records {
            self.image.apply(record, &mut delta).unwrap();
        }
        outcome.response
    }
}

fn name(number: u8) -> String {
    format!("t{number}")
}

fn decide_unclean(image: &Image, topic: &str) -> bool {
    use ottla_controller::image::ConfigResource;
    let key = "unclean.leader.election.enable";
    let value = image.configs.value(&ConfigResource::topic(topic), key);
    value.is_some_and(|value| **value == *"true")
}
