//! What brokers ask of the active controller: each kind of request with what it decides.
//!
//! To add one: implement [`ControllerRequest`] for it here, and serve it with an API in `src/api/`.

use super::controller_link::ControllerRequest;
use crate::peers::Lane;
use ottla_controller::image::Image;
use ottla_controller::{Outcome, Turn, decide};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::allocate_producer_ids::AllocateProducerIdsRequest;
use ottla_protocol::messages::alter_partition::AlterPartitionRequest;
use ottla_protocol::messages::assign_replicas_to_dirs::AssignReplicasToDirsRequest;
use ottla_protocol::messages::broker_heartbeat::BrokerHeartbeatRequest;
use ottla_protocol::messages::broker_registration::BrokerRegistrationRequest;
use ottla_protocol::messages::create_topics::{CreatableTopicResult, CreateTopicsRequest};
use ottla_protocol::messages::describe_user_scram_credentials::DescribeUserScramCredentialsRequest;

/// How a broker lives: registrations and heartbeats wait for nothing else.
const LIFECYCLE: Lane = Lane::of("lifecycle");
const ASKS: Lane = Lane::of("controller");
/// What commits of leaders and moves of leadership wait for.
const REPLICATION: Lane = Lane::of("isr");

/// Of a request whose answer has one error for the whole.
macro_rules! answers_as_a_whole {
    () => {
        fn refused(&self, error_code: ErrorCode) -> Self::Response {
            Self::Response {
                error_code,
                ..Default::default()
            }
        }

        fn is_not_controller(response: &Self::Response) -> bool {
            response.error_code == ErrorCode::NOT_CONTROLLER
        }
    };
}

impl ControllerRequest for BrokerRegistrationRequest {
    const LANE: Lane = LIFECYCLE;

    fn decide(&self, image: &Image, turn: &mut Turn<'_>) -> Outcome<Self::Response> {
        decide::register_broker(image, turn.rules, turn.liveness, self, turn.now)
    }

    answers_as_a_whole!();
}

impl ControllerRequest for BrokerHeartbeatRequest {
    const LANE: Lane = LIFECYCLE;

    fn decide(&self, image: &Image, turn: &mut Turn<'_>) -> Outcome<Self::Response> {
        decide::broker_heartbeat(image, turn.rules, turn.liveness, self, turn.now)
    }

    answers_as_a_whole!();
}

impl ControllerRequest for AllocateProducerIdsRequest {
    const LANE: Lane = ASKS;

    fn decide(&self, image: &Image, _: &mut Turn<'_>) -> Outcome<Self::Response> {
        decide::allocate_producer_ids(image, self)
    }

    answers_as_a_whole!();
}

impl ControllerRequest for AlterPartitionRequest {
    const LANE: Lane = REPLICATION;

    fn decide(&self, image: &Image, turn: &mut Turn<'_>) -> Outcome<Self::Response> {
        decide::alter_partition(image, turn.rules, self)
    }

    answers_as_a_whole!();
}

impl ControllerRequest for AssignReplicasToDirsRequest {
    const LANE: Lane = REPLICATION;

    fn decide(&self, image: &Image, turn: &mut Turn<'_>) -> Outcome<Self::Response> {
        decide::assign_replicas_to_dirs(image, turn.rules, self)
    }

    answers_as_a_whole!();
}

/// Of a broker that does not know a user and wants to be sure.
impl ControllerRequest for DescribeUserScramCredentialsRequest {
    const LANE: Lane = Lane::of("credentials");

    fn decide(&self, image: &Image, _: &mut Turn<'_>) -> Outcome<Self::Response> {
        Outcome::unchanged(decide::describe_user_scram_credentials(image, self))
    }

    answers_as_a_whole!();
}

impl ControllerRequest for CreateTopicsRequest {
    const LANE: Lane = ASKS;

    fn decide(&self, image: &Image, turn: &mut Turn<'_>) -> Outcome<Self::Response> {
        decide::create_topics(image, turn.rules, self, turn.dice)
    }

    fn refused(&self, error_code: ErrorCode) -> Self::Response {
        let topics = self.topics.iter().map(|topic| CreatableTopicResult {
            name: topic.name.clone(),
            error_code,
            error_message: Some(error_code.message().into()),
            ..Default::default()
        });
        Self::Response {
            topics: topics.collect(),
            ..Default::default()
        }
    }

    fn is_not_controller(response: &Self::Response) -> bool {
        let refused = |error: ErrorCode| error == ErrorCode::NOT_CONTROLLER;
        response
            .topics
            .iter()
            .any(|topic| refused(topic.error_code))
    }
}
