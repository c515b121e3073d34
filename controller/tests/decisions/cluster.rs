//! An image with brokers, and decisions applied to it.

use crate::support::{CLUSTER, Lenient, registration, topic};
use ottla_controller::delta::Delta;
use ottla_controller::image::Partition;
use ottla_controller::{BrokerId, Dice, Image, Liveness, Outcome, TopicId, decide};
use ottla_protocol::messages::alter_partition::{
    AlterPartitionRequest, BrokerState, RequestPartitionData, RequestTopicData,
};
use ottla_protocol::messages::broker_heartbeat::BrokerHeartbeatRequest;
use ottla_protocol::messages::create_topics::{
    CreatableReplicaAssignment, CreateTopicsRequest, CreateTopicsResponse,
};
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use ottla_protocol::records::metadata::{BrokerRegistrationChangeRecord, MetadataRecord};
use ottla_protocol::{ErrorCode, Uuid};
use std::sync::Arc;
use std::time::Duration;

pub struct Cluster {
    pub image: Image,
    pub dice: Dice,
    liveness: Liveness,
}

impl Cluster {
    /// Brokers 1 to `count`, all alive.
    pub fn of(count: i32) -> Self {
        let mut cluster = Cluster {
            image: Image::default(),
            dice: Dice::new(1),
            liveness: Liveness::new(Duration::from_secs(9)),
        };
        cluster.take(decide::bootstrap(&cluster.image, &Lenient, CLUSTER));
        for broker in 1..=count {
            cluster.register(broker);
            cluster.heartbeat(broker, false);
        }
        cluster
    }

    pub fn register(&mut self, broker: i32) {
        let request = registration(broker, u8::try_from(broker).unwrap(), -1);
        let now = Duration::ZERO;
        let outcome =
            decide::register_broker(&self.image, &Lenient, &mut self.liveness, &request, now);
        assert_eq!(self.take(outcome).error_code, ErrorCode::NONE);
    }

    pub fn heartbeat(&mut self, broker: i32, want_fence: bool) {
        self.heartbeat_with(broker, |request| request.want_fence = want_fence);
    }

    pub fn heartbeat_with(&mut self, broker: i32, with: impl FnOnce(&mut BrokerHeartbeatRequest)) {
        let known = self.image.brokers.get(BrokerId(broker)).unwrap();
        let mut request = BrokerHeartbeatRequest {
            broker_id: broker,
            broker_epoch: known.epoch.0,
            current_metadata_offset: self.image.offset.0,
            ..Default::default()
        };
        with(&mut request);
        let now = Duration::ZERO;
        let outcome =
            decide::broker_heartbeat(&self.image, &Lenient, &mut self.liveness, &request, now);
        assert_eq!(self.take(outcome).error_code, ErrorCode::NONE);
    }

    pub fn create(&mut self, request: &CreateTopicsRequest) -> CreateTopicsResponse {
        let outcome = decide::create_topics(&self.image, &Lenient, request, &mut self.dice);
        self.take(outcome)
    }

    pub fn with_topic(mut self, name: &str, partitions: i32) -> Self {
        let created = self.create(&topic(name, partitions));
        assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
        self
    }

    /// A topic with these replicas per partition.
    pub fn with_assigned(mut self, name: &str, partitions: &[&[i32]]) -> Self {
        let mut request = topic(name, -1);
        let assignment = |(partition_index, replicas): (i32, &&[i32])| CreatableReplicaAssignment {
            partition_index,
            broker_ids: replicas.to_vec(),
            ..Default::default()
        };
        request.topics[0].assignments = (0..).zip(partitions).map(assignment).collect();
        let created = self.create(&request);
        assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
        self
    }

    pub fn set_topic_config(&mut self, name: &str, key: &str, value: &str) {
        let config = AlterableConfig {
            name: key.into(),
            value: Some(value.into()),
            ..Default::default()
        };
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: 2,
                resource_name: name.into(),
                configs: vec![config],
                ..Default::default()
            }],
            ..Default::default()
        };
        let outcome = decide::incremental_alter_configs(&self.image, &Lenient, &request);
        let response = self.take(outcome);
        assert_eq!(response.responses[0].error_code, ErrorCode::NONE);
    }

    pub fn topic_id(&self, name: &str) -> TopicId {
        self.image.topics.id_of(name).unwrap()
    }

    pub fn partition(&self, name: &str, index: i32) -> Arc<Partition> {
        let topic = self.image.topics.by_name(name).unwrap();
        topic.partition(index).unwrap().clone()
    }

    /// One more directory that is online on the broker.
    pub fn add_directory(&mut self, broker: i32, directory: Uuid) {
        let known = self.image.brokers.get(BrokerId(broker)).unwrap();
        let change = BrokerRegistrationChangeRecord {
            broker_id: broker,
            broker_epoch: known.epoch.0,
            log_dirs: known.log_dirs.iter().copied().chain([directory]).collect(),
            ..Default::default()
        };
        let records = vec![MetadataRecord::BrokerRegistrationChange(change)];
        self.take(Outcome {
            records,
            response: (),
        });
    }

    pub fn isr(&self, name: &str, index: i32) -> Vec<i32> {
        numbers(&self.partition(name, index).isr)
    }

    pub fn eligible(&self, name: &str, index: i32) -> Vec<i32> {
        numbers(&self.partition(name, index).eligible_leader_replicas)
    }

    /// The leader says who is in sync with it; what it is answered.
    pub fn alter_isr(&mut self, name: &str, index: i32, isr: &[i32]) -> ErrorCode {
        let request = self.isr_request(name, index, isr);
        let outcome = decide::alter_partition(&self.image, &Lenient, &request);
        let response = self.take(outcome);
        assert_eq!(response.error_code, ErrorCode::NONE);
        response.topics[0].partitions[0].error_code
    }

    /// What the leader asks when it takes these members into its ISR.
    pub fn isr_request(&self, name: &str, index: i32, isr: &[i32]) -> AlterPartitionRequest {
        let partition = self.partition(name, index);
        let asker = self.leader(name, index);
        let member = |broker_id: &i32| BrokerState {
            broker_id: *broker_id,
            broker_epoch: self.epoch(*broker_id),
            ..Default::default()
        };
        let asked = RequestPartitionData {
            partition_index: index,
            leader_epoch: partition.leader_epoch.0,
            partition_epoch: partition.partition_epoch.0,
            new_isr_with_epochs: isr.iter().map(member).collect(),
            ..Default::default()
        };
        AlterPartitionRequest {
            broker_id: asker,
            broker_epoch: self.epoch(asker),
            topics: vec![RequestTopicData {
                topic_id: self.topic_id(name).0,
                partitions: vec![asked],
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    pub fn replicas(&self, name: &str, index: i32) -> Vec<i32> {
        numbers(&self.partition(name, index).replicas)
    }

    /// The partition's leader, -1 for none.
    pub fn leader(&self, name: &str, index: i32) -> i32 {
        self.partition(name, index)
            .leader
            .map_or(-1, |leader| leader.0)
    }

    /// The epoch of a registered broker.
    pub fn epoch(&self, broker: i32) -> i64 {
        self.image.brokers.get(BrokerId(broker)).unwrap().epoch.0
    }

    /// Applies the records and gives the answer.
    pub fn take<R>(&mut self, outcome: Outcome<R>) -> R {
        let mut delta = Delta::default();
        for record in &outcome.records {
            self.image.apply(record, &mut delta).unwrap();
        }
        outcome.response
    }
}

fn numbers(brokers: &[BrokerId]) -> Vec<i32> {
    brokers.iter().map(|broker| broker.0).collect()
}
