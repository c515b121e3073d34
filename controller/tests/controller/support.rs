//! A controller on a simulated disk, with config rules that accept almost everything.

use ottla_controller::controller::{Balancing, Bootstrap, Limits, Timing};
use ottla_controller::decide::{self, ConfigRules, Refusal};
use ottla_controller::image::{ConfigResource, ConfigValues, Partition, ResourceKind};
use ottla_controller::raft::{Blocking, NoWire, Peer, RaftId, Wire};
use ottla_controller::{BrokerId, Controller, ControllerOptions, MetadataOffset, ProposeError};
use ottla_protocol::messages::broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
use ottla_protocol::messages::broker_registration::{
    BrokerRegistrationRequest, BrokerRegistrationResponse, Feature,
};
use ottla_protocol::messages::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreateTopicsRequest, CreateTopicsResponse,
};
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use ottla_protocol::{ErrorCode, Uuid};
use ottla_storage::disk::SimulatedDisk;
use std::sync::Arc;
use std::time::Duration;

pub const CLUSTER: &str = "cluster-of-a-test";

/// Refuses the key "refused"; everything else goes.
#[derive(Debug)]
pub struct Lenient;

impl ConfigRules for Lenient {
    fn check(
        &self,
        _: &ConfigResource,
        _: &ConfigValues,
        after: &ConfigValues,
    ) -> Result<(), Refusal> {
        match after.get("refused") {
            Some(_) => Err(Refusal::new(ErrorCode::INVALID_CONFIG, "refused")),
            None => Ok(()),
        }
    }

    fn is_list(&self, _: ResourceKind, name: &str) -> bool {
        name == "cleanup.policy"
    }

    fn default_value(&self, _: ResourceKind, name: &str) -> Option<String> {
        (name == "cleanup.policy").then(|| "delete".to_owned())
    }

    fn node_value_for_topic(&self, name: &str) -> Option<String> {
        (name == decide::MIN_IN_SYNC_REPLICAS).then(|| "1".to_owned())
    }

    fn default_partitions(&self) -> i32 {
        1
    }

    fn default_replication_factor(&self) -> i16 {
        1
    }
}

pub fn member(node: i32) -> RaftId {
    let mut directory = [7; 16];
    directory[15] = u8::try_from(node).unwrap();
    RaftId {
        node: BrokerId(node),
        directory: Uuid(directory),
    }
}

/// Options of a node that is alone. Blocking jobs run at once; time is tokio's, which a test may pause.
pub fn options(disk: &SimulatedDisk, seed: u64) -> ControllerOptions {
    let blocking: Blocking = Arc::new(|job| job());
    let start = tokio::time::Instant::now();
    ControllerOptions {
        id: member(1),
        peer: Peer::default(),
        bootstrap: Bootstrap::Alone {
            cluster_id: CLUSTER.to_owned(),
        },
        directory: "/metadata".into(),
        disk: Arc::new(disk.clone()),
        log_thread: blocking.clone(),
        snapshot_thread: blocking,
        wire: Arc::new(NoWire),
        rules: Arc::new(Lenient),
        clock: Arc::new(move || start.elapsed()),
        seed,
        session_timeout: Duration::from_secs(9),
        timing: Timing::default(),
        balancing: Balancing::default(),
        limits: Limits::default(),
    }
}

pub fn with_wire(disk: &SimulatedDisk, node: i32, wire: Arc<dyn Wire>) -> ControllerOptions {
    let seed = u64::try_from(node).unwrap();
    ControllerOptions {
        id: member(node),
        wire,
        bootstrap: Bootstrap::Join { cluster_id: None },
        ..options(disk, seed)
    }
}

/// Starts a controller that is alone, and so the active one.
pub async fn start(options: ControllerOptions) -> Controller {
    Controller::start(options).await.unwrap()
}

pub fn topic(name: &str, partitions: i32) -> CreateTopicsRequest {
    let topic = CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: -1,
        ..Default::default()
    };
    CreateTopicsRequest {
        topics: vec![topic],
        ..Default::default()
    }
}

pub async fn create_topic(
    controller: &Controller,
    name: &str,
    partitions: i32,
) -> Result<(CreateTopicsResponse, MetadataOffset), ProposeError> {
    let request = topic(name, partitions);
    controller
        .propose(move |image, turn| decide::create_topics(image, turn.rules, &request, turn.dice))
        .await
}

pub fn registration(
    broker: i32,
    incarnation: u8,
    previous_epoch: i64,
) -> BrokerRegistrationRequest {
    let mut directory = [9; 16];
    directory[15] = u8::try_from(broker).unwrap();
    let supports = |name: &str, max| Feature {
        name: name.into(),
        min_supported_version: 0,
        max_supported_version: max,
        ..Default::default()
    };
    BrokerRegistrationRequest {
        broker_id: broker,
        cluster_id: CLUSTER.into(),
        incarnation_id: Uuid([incarnation; 16]),
        features: vec![
            supports("metadata.version", 30),
            supports("kraft.version", 1),
            supports("eligible.leader.replicas.version", 1),
        ],
        log_dirs: vec![Uuid(directory)],
        previous_broker_epoch: previous_epoch,
        ..Default::default()
    }
}

pub async fn register(
    controller: &Controller,
    request: BrokerRegistrationRequest,
) -> BrokerRegistrationResponse {
    let decided = controller
        .propose(move |image, turn| {
            decide::register_broker(image, turn.rules, turn.liveness, &request, turn.now)
        })
        .await;
    decided.unwrap().0
}

pub async fn heartbeat(
    controller: &Controller,
    request: BrokerHeartbeatRequest,
) -> BrokerHeartbeatResponse {
    let decided = controller
        .propose(move |image, turn| {
            decide::broker_heartbeat(image, turn.rules, turn.liveness, &request, turn.now)
        })
        .await;
    decided.unwrap().0
}

/// Registers a broker and unfences it; its epoch.
pub async fn bring_up(
    controller: &Controller,
    broker: i32,
    incarnation: u8,
    previous_epoch: i64,
) -> i64 {
    let registered = register(
        controller,
        registration(broker, incarnation, previous_epoch),
    )
    .await;
    assert_eq!(registered.error_code, ErrorCode::NONE);
    let alive = heartbeat(
        controller,
        alive(controller, broker, registered.broker_epoch),
    )
    .await;
    assert_eq!(
        (alive.error_code, alive.is_fenced),
        (ErrorCode::NONE, false)
    );
    registered.broker_epoch
}

pub fn alive(controller: &Controller, broker: i32, epoch: i64) -> BrokerHeartbeatRequest {
    BrokerHeartbeatRequest {
        broker_id: broker,
        broker_epoch: epoch,
        current_metadata_offset: controller.metadata().image().offset.0,
        ..Default::default()
    }
}

/// A topic of one partition on these brokers.
pub async fn create_on(controller: &Controller, name: &str, brokers: &[i32]) {
    let assignment = CreatableReplicaAssignment {
        broker_ids: brokers.to_vec(),
        ..Default::default()
    };
    let topic = CreatableTopic {
        name: name.into(),
        num_partitions: -1,
        replication_factor: -1,
        assignments: vec![assignment],
        ..Default::default()
    };
    let request = CreateTopicsRequest {
        topics: vec![topic],
        ..Default::default()
    };
    let created = controller
        .propose(move |image, turn| decide::create_topics(image, turn.rules, &request, turn.dice))
        .await
        .unwrap();
    assert_eq!(created.0.topics[0].error_code, ErrorCode::NONE);
}

/// Partition 0 as it is now.
pub fn partition(controller: &Controller, topic: &str) -> Arc<Partition> {
    controller
        .metadata()
        .image()
        .topics
        .by_name(topic)
        .unwrap()
        .partition(0)
        .unwrap()
        .clone()
}

pub async fn set_topic_config(controller: &Controller, topic: &str, key: &str, value: &str) {
    let config = AlterableConfig {
        name: key.into(),
        value: Some(value.into()),
        ..Default::default()
    };
    let request = IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: 2,
            resource_name: topic.into(),
            configs: vec![config],
            ..Default::default()
        }],
        ..Default::default()
    };
    let altered = controller
        .propose(move |image, turn| decide::incremental_alter_configs(image, turn.rules, &request))
        .await
        .unwrap();
    assert_eq!(altered.0.responses[0].error_code, ErrorCode::NONE);
}
