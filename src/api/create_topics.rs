//! CreateTopics (key 19), versions 2-7.
//!
//! v4 defaults by -1 (KIP-464); v5 flexible, answers with the effective configs (KIP-525); v6 quota errors (KIP-599);
//! v7 topic ids. Decided by the controller; answered once this broker's own image has the topics, so that a client that asks
//! it next finds them.

use super::charged::mutations;
use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Route};
use crate::config::describe;
use ottla_controller::decide;
use ottla_controller::image::Image;
use ottla_protocol::messages::create_topics::{
    CreatableTopicConfigs, CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Clients of this version and later know of the quota: they are refused, others wait.
const QUOTA_ERROR_FROM: i16 = 6;

pub struct CreateTopics;

impl Api for CreateTopics {
    type Request = CreateTopicsRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 2..=7;
    const NEEDS: Needs = &[
        (Operation::Create, ResourceType::Cluster),
        (Operation::Create, ResourceType::Topic),
        (Operation::DescribeConfigs, ResourceType::Topic),
    ];
    const ROUTE: Route = Route::Controller;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        mut request: CreateTopicsRequest,
    ) -> Reply<CreateTopicsResponse> {
        let caller = context.caller(&meta);
        let hidden = match caller.could(Operation::Create, Resource::Cluster) {
            true => Vec::new(),
            false => caller.take_refused(&mut request.topics, |topic| {
                caller.may(Operation::Create, Resource::Topic(&topic.name))
            }),
        };
        let request = Arc::new(request);
        let asked = request.clone();
        let mut permits = mutations(&context, &meta, QUOTA_ERROR_FROM);
        let decided = context
            .decide(move |image, turn| {
                let mut take = |partitions| permits.take(partitions);
                let mut outcome =
                    decide::create_topics_within(image, turn.rules, &asked, turn.dice, &mut take);
                outcome.response.throttle_time_ms = permits.throttle_time_ms();
                outcome
            })
            .await;
        let mut response = match decided {
            Ok(response) => response,
            Err(error) => refused(&request, error),
        };
        if meta.api_version >= 5 {
            let image = context.metadata.image();
            let created = |topic: &&mut CreatableTopicResult| topic.error_code == ErrorCode::NONE;
            response
                .topics
                .iter_mut()
                .filter(created)
                .for_each(|topic| {
                    match caller.could(Operation::DescribeConfigs, Resource::Topic(&topic.name)) {
                        true => add_configs(&context, &image, &request, topic),
                        false => hide_configs(topic),
                    }
                });
        }
        let hidden = hidden.iter();
        response
            .topics
            .extend(hidden.map(|(topic, error)| not_created(&topic.name, *error)));
        Reply::Now(response)
    }
}

fn refused(request: &CreateTopicsRequest, error_code: ErrorCode) -> CreateTopicsResponse {
    let topics = request.topics.iter();
    CreateTopicsResponse {
        topics: topics
            .map(|topic| not_created(&topic.name, error_code))
            .collect(),
        ..Default::default()
    }
}

fn not_created(name: &Str, error_code: ErrorCode) -> CreatableTopicResult {
    CreatableTopicResult {
        name: name.clone(),
        error_code,
        error_message: Some(Str::from_static(error_code.message())),
        ..Default::default()
    }
}

/// To who may create a topic and not see its configuration (`ReplicationControlManager.createTopic`).
fn hide_configs(topic: &mut CreatableTopicResult) {
    topic.topic_config_error_code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    (topic.num_partitions, topic.replication_factor) = (-1, -1);
}

/// The configuration that the topic has, or with `validate_only` would have.
fn add_configs(
    context: &Context,
    image: &Image,
    request: &CreateTopicsRequest,
    result: &mut CreatableTopicResult,
) {
    let asked = request
        .topics
        .iter()
        .find(|topic| topic.name == result.name);
    let own: BTreeMap<String, String> = asked
        .into_iter()
        .flat_map(|topic| &topic.configs)
        .filter_map(|config| Some((config.name.to_string(), config.value.as_ref()?.to_string())))
        .collect();
    let layers = context.layers(image);
    let configs = describe::topic(&layers.as_layers(), &own)
        .into_iter()
        .map(|entry| CreatableTopicConfigs {
            name: Str::from(entry.name),
            value: entry.value.map(Str::from),
            read_only: entry.is_read_only,
            config_source: entry.source.wire_id(),
            is_sensitive: entry.is_sensitive,
            ..Default::default()
        });
    result.configs = Some(configs.collect());
}
