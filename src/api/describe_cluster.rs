//! DescribeCluster (key 60), versions 0-2.
//!
//! v1 endpoint type (KIP-919); v2 fenced brokers (KIP-1073). A listener of controllers answers for the members of the quorum, one of
//! clients for brokers, one of both for what is asked. Kafka's controllers describe those that have registered, ours the voters: a node
//! that follows the quorum without voting is a broker. Source: `AuthHelper`, `ControllerApis.handleDescribeCluster`.

use super::{Api, Caller, Context, Meta, Needs, Operation, Reply, ResourceType, Scope};
use crate::auth::operations;
use crate::metadata::view::View;
use ottla_controller::controller::{MemberStatus, QuorumStatus};
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
        let serves = meta.peer.listener.serves;
        let (image, caller) = (context.metadata.image(), context.caller(&meta));
        Reply::Now(match request.endpoint_type {
            ENDPOINT_BROKER if serves.clients => describe(&image, &meta, &caller, &request),
            ENDPOINT_CONTROLLER if serves.controllers => {
                let status = context.controller.quorum();
                describe_controllers(
                    &image,
                    &status,
                    &meta.peer.listener.name,
                    operations(&caller, &request),
                )
            }
            other => refused(other, serves.clients, meta.api_version),
        })
    }
}

fn describe_controllers(
    image: &Image,
    status: &QuorumStatus,
    listener: &str,
    operations: i32,
) -> DescribeClusterResponse {
    let node = |member: &MemberStatus| {
        let endpoints = &member.peer.endpoints;
        let on_listener = endpoints.iter().find(|one| one.listener == listener);
        let endpoint = on_listener.or(endpoints.first())?;
        Some(DescribeClusterBroker {
            broker_id: member.id.node.0,
            host: Str::from(&*endpoint.host),
            port: i32::from(endpoint.port),
            ..Default::default()
        })
    };
    DescribeClusterResponse {
        endpoint_type: ENDPOINT_CONTROLLER,
        cluster_id: cluster_id(image),
        controller_id: status.leader.map_or(-1, |leader| leader.node.0),
        brokers: status.voters.iter().filter_map(node).collect(),
        cluster_authorized_operations: operations,
        ..Default::default()
    }
}

fn cluster_id(image: &Image) -> Str {
    image
        .cluster_id
        .as_deref()
        .map(Str::from)
        .unwrap_or_default()
}

fn operations(caller: &Caller, request: &DescribeClusterRequest) -> i32 {
    match request.include_cluster_authorized_operations {
        true => caller.operations_on_cluster(),
        false => operations::NOT_ASKED,
    }
}

/// `AuthHelper.computeDescribeClusterResponse`: version 0 knows none of the special errors.
fn refused(endpoint_type: i8, is_broker: bool, version: i16) -> DescribeClusterResponse {
    let (error, message) = match endpoint_type {
        ENDPOINT_CONTROLLER | ENDPOINT_BROKER => {
            let (here, wanted) = match is_broker {
                true => ("BROKER", "CONTROLLER"),
                false => ("CONTROLLER", "BROKER"),
            };
            (
                ErrorCode::MISMATCHED_ENDPOINT_TYPE,
                format!(
                    "The request was sent to an endpoint of type {here}, but we wanted an endpoint of type {wanted}"
                ),
            )
        }
        other => (
            ErrorCode::UNSUPPORTED_ENDPOINT_TYPE,
            format!("Unsupported endpoint type {other}"),
        ),
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
        cluster_id: cluster_id(image),
        controller_id: view
            .alive_brokers()
            .next()
            .map_or(-1, |(broker, _)| broker.id.0),
        brokers,
        cluster_authorized_operations: operations(caller, request),
        ..Default::default()
    }
}
