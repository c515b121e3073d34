//! An image with brokers, and decisions applied to it.

use crate::support::{CLUSTER, Lenient, registration, topic};
use ottla_controller::delta::Delta;
use ottla_controller::{Dice, Image, Liveness, Outcome, decide};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::broker_heartbeat::BrokerHeartbeatRequest;
use ottla_protocol::messages::create_topics::{CreateTopicsRequest, CreateTopicsResponse};
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
        let known = self
            .image
            .brokers
            .get(ottla_controller::BrokerId(broker))
            .unwrap();
        let request = BrokerHeartbeatRequest {
            broker_id: broker,
            broker_epoch: known.epoch.0,
            current_metadata_offset: self.image.offset.0,
            want_fence,
            ..Default::default()
        };
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

    /// Applies the records and gives the answer.
    pub fn take<R>(&mut self, outcome: Outcome<R>) -> R {
        let mut delta = Delta::default();
        for record in &outcome.records {
            self.image.apply(record, &mut delta).unwrap();
        }
        outcome.response
    }
}
