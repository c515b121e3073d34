//! DescribeCluster (key 60), versions 0-2.
//!
//! v1 endpoint type (KIP-919); v2 fenced brokers (KIP-1073). Only brokers are described here: a controller listener answers
//! for controllers.

use super::{Api, Caller, Context, Meta, Needs, Operation, Reply, ResourceType, Scope};
use crate::auth::operations;
use crate::metadata::view::View;
use ottla_controller::image::Image;
use ottla_protocol::messages::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

const ENDPOINT_BROKER: i8 = 1;
const ENDPOINT_CONTROLLER: i8 = 2;

pub struct DescribeCluster;

impl Api for DescribeCluster {
    type Request = DescribeClusterRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const NEEDS: Needs = &[
        (Operation::Describe, ResourceType::Cluster),
        (Operation::Alter, ResourceType::Cluster),
    ];
    const SCOPE: Scope = Scope::Everywhere;

    async fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: DescribeClusterRequest,
    ) -> Reply<DescribeClusterResponse> {
        Reply::Now(match request.endpoint_type {
            ENDPOINT_BROKER => describe(
                &context.metadata.image(),
                &meta,
                &context.caller(&meta),
                &request,
            ),
            other => refused(other, meta.api_version),
        })
    }
}

/// `AuthHelper.computeDescribeClusterResponse`: version 0 knows none of the special errors.
fn refused(endpoint_type: i8, version: i16) -> DescribeClusterResponse {
    let (error, message) = match endpoint_type {
        ENDPOINT_CONTROLLER => (
            ErrorCode::MISMATCHED_ENDPOINT_TYPE,
            "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER".to_owned(),
        ),
        other => (ErrorCode::UNSUPPORTED_ENDPOINT_TYPE, format!("Unsupported endpoint type {other}")),
    };
    DescribeClusterResponse {
        error_code: if version == 0 {
            ErrorCode::INVALID_REQUEST
        } else {
            error
        },
        error_message: Some(Str::from(message)),
        ..Default::default()
    }
}

fn describe(
    image: &Image,
    meta: &Meta,
    caller: &Caller,
    request: &DescribeClusterRequest,
) -> DescribeClusterResponse {
    let view = View {
        image,
        listener: &meta.peer.listener.name,
    };
    let brokers: Vec<_> = view
        .all_brokers()
        .filter(|(broker, _)| !broker.fenced || request.include_fenced_brokers)
        .map(|(broker, endpoint)| DescribeClusterBroker {
            broker_id: broker.id.0,
            host: Str::from(&*endpoint.host),
            port: i32::from(endpoint.port),
            rack: broker.rack.as_deref().map(Str::from),
            is_fenced: broker.fenced,
            ..Default::default()
        })
        .collect();
    DescribeClusterResponse {
        endpoint_type: ENDPOINT_BROKER,
        cluster_id: image
            .cluster_id
            .as_deref()
            .map(Str::from)
            .unwrap_or_default(),
        controller_id: view
            .alive_brokers()
            .next()
            .map_or(-1, |(broker, _)| broker.id.0),
        brokers,
        cluster_authorized_operations: match request.include_cluster_authorized_operations {
            true => caller.operations_on_cluster(),
            false => operations::NOT_ASKED,
        },
        ..Default::default()
    }
}
