//! ListConfigResources (key 74), versions 0-1.
//!
//! Version 0 (ListClientMetricsResources) lists client metrics subscriptions only; v1 any kind (KIP-1142).

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType};
use crate::metadata::view::View;
use ottla_controller::image::{Image, ResourceKind};
use ottla_protocol::messages::list_config_resources::{
    ConfigResource, ListConfigResourcesRequest, ListConfigResourcesResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const BROKER_LOGGER: i8 = 8;
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;

pub struct ListConfigResources;

impl Api for ListConfigResources {
    type Request = ListConfigResourcesRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const NEEDS: Needs = &[(Operation::DescribeConfigs, ResourceType::Cluster)];

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: ListConfigResourcesRequest,
    ) -> Reply<ListConfigResourcesResponse> {
        if let Err(error) = context
            .caller(&meta)
            .may(Operation::DescribeConfigs, Resource::Cluster)
        {
            return Reply::Now(ListConfigResourcesResponse {
                error_code: error,
                ..Default::default()
            });
        }
        let supported: &[i8] = match meta.api_version {
            0 => &[CLIENT_METRICS],
            _ => &[TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP],
        };
        let asked: &[i8] = if request.resource_types.is_empty() {
            supported
        } else {
            &request.resource_types
        };
        if asked.iter().any(|kind| !supported.contains(kind)) {
            let error_code = ErrorCode::UNSUPPORTED_VERSION;
            return Reply::Now(ListConfigResourcesResponse {
                error_code,
                ..Default::default()
            });
        }
        let image = context.metadata.image();
        Reply::Now(list(
            View {
                image: &image,
                listener: &meta.peer.listener.name,
            },
            asked,
        ))
    }
}

/// In Kafka's order of kinds, each kind once.
fn list(view: View<'_>, asked: &[i8]) -> ListConfigResourcesResponse {
    let mut config_resources = Vec::new();
    let mut add = |kind: i8, name: String| {
        config_resources.push(ConfigResource {
            resource_name: Str::from(name),
            resource_type: kind,
            ..Default::default()
        });
    };
    for kind in [GROUP, CLIENT_METRICS, BROKER_LOGGER, BROKER, TOPIC] {
        match kind {
            _ if !asked.contains(&kind) => {}
            TOPIC => view
                .image
                .topics
                .iter()
                .for_each(|topic| add(kind, topic.name.to_string())),
            BROKER | BROKER_LOGGER => view
                .all_brokers()
                .for_each(|(broker, _)| add(kind, broker.id.to_string())),
            _ => with_configs(view.image, kind).for_each(|name| add(kind, name)),
        }
    }
    ListConfigResourcesResponse {
        config_resources,
        ..Default::default()
    }
}

fn with_configs(image: &Image, kind: i8) -> impl Iterator<Item = String> {
    let kind = ResourceKind::from_wire(kind);
    image
        .configs
        .iter()
        .filter(move |(resource, _)| Some(resource.kind) == kind)
        .map(|(resource, _)| resource.name.to_string())
}
